//! The freshness SLO in numbers: share, budget by cause, coverage; from the probes themselves and from tiles.

use std::fmt::Write as _;
use std::time::Duration;

use e2e::{Binary, Failure, Outcome, VictoriaMetrics, eventually};
use slo_core::DownCounts;
use slo_health::probe::{ProbeKit, ProbeState};

use crate::kits::{Files, by_the_minute, run, slo};
use crate::played::{Minute, Played, Story};

const LABELS: &str = r#"job="slo-health/shop/freshness",service_name="shop",slo_name="freshness""#;

fn labelled(name: &str, more: &str) -> String {
    format!("{name}{{{LABELS}{more}}}")
}

#[test]
fn the_budget_is_split_by_cause_and_what_is_excluded_spends_none() -> Outcome {
    // 361 probes are in a window of 6 hours that holds both its ends.
    let story = Story::default()
        .finds(300, ProbeState::Fresh)
        .finds(20, ProbeState::Stale)
        .finds(5, ProbeState::CheckError)
        .finds(6, ProbeState::Hung)
        .finds(30, ProbeState::Fresh);
    for (down_counts, valid, down) in [(DownCounts::Bad, 361.0, 6.0), (DownCounts::Excluded, 355.0, 0.0)] {
        let kit = by_the_minute(&slo("6h", down_counts)?)?.build()?;
        let bad = 25.0 + down;
        let spent = |state: &str| labelled("slo_health:error_budget_spent:ratio", &format!(",state=\"{state}\""));
        let mut causes = vec![
            (spent("stale"), 20.0 / valid / 0.01),
            (spent("check_error"), 5.0 / valid / 0.01),
            (spent("check_timeout"), 0.0),
        ];
        if down_counts == DownCounts::Bad {
            causes.extend([
                (spent("foreign"), 0.0),
                (spent("hung"), 6.0 / valid / 0.01),
                (spent("unreachable"), 0.0),
            ]);
        }
        let causes: Vec<_> = causes.iter().map(|(labels, value)| (labels.as_str(), *value)).collect();
        let [ratio, fresh, remaining, coverage] = [
            "slo_health:error_ratio:period",
            "slo_health:fresh_ratio:period",
            "slo_health:error_budget_remaining:ratio",
            "slo_health:coverage:ratio",
        ]
        .map(|name| (name, labelled(name, "")));
        Played::new(&kit, &story)
            .query(360, ratio.0, &[(&ratio.1, bad / valid)])
            .query(360, fresh.0, &[(&fresh.1, 330.0 / valid)])
            .query(360, remaining.0, &[(&remaining.1, 1.0 - bad / valid / 0.01)])
            .query(360, "slo_health:error_budget_spent:ratio", &causes)
            .query(360, coverage.0, &[(&coverage.1, 1.0)])
            .play()?;
    }
    Ok(())
}

#[test]
fn a_window_without_a_valid_probe_has_no_ratio_and_no_budget_and_never_nan() -> Outcome {
    let kit = by_the_minute(&slo("6h", DownCounts::Excluded)?)?.build()?;
    let story = Story::default().finds(30, ProbeState::Unreachable);
    let coverage = labelled("slo_health:coverage:ratio", "");
    let played = Played::new(&kit, &story).query(29, "slo_health:coverage:ratio", &[(&coverage, 30.0 / 360.0)]);
    let recorded = [
        "slo_health:error_ratio:period",
        "slo_health:fresh_ratio:period",
        "slo_health:error_budget_remaining:ratio",
        "slo_health:error_budget_spent:ratio",
        "slo_health:error_ratio:rate15m",
        "slo_health:burn_rate:15m",
    ];
    recorded
        .iter()
        .fold(played, |played, name| played.query(29, name, &[]))
        .play()?;

    // Of NaN and of infinity the difference to itself is NaN, which is not 0.
    let all = r#"sum({__name__=~"slo_health:.+"})"#;
    let nan = format!("{all} - {all} != 0");
    let gone = story.then(10, Minute::ExporterGone).finds(2, ProbeState::Fresh);
    let minutes = [0, 1, 29, 35, 39, 40, 41];
    let played = minutes.iter().fold(Played::new(&kit, &gone), |played, minute| {
        played.query(*minute, &nan, &[])
    });
    played.play()
}

#[test]
fn over_days_of_two_targets_the_numbers_are_those_of_the_probes() -> Outcome {
    for down_counts in DownCounts::ALL {
        let kit = by_the_minute(&slo("4d", down_counts)?)?
            .target(slo_health::probe::ProbeTarget::new("https://other.example")?)
            .build()?;
        let past = Past::written(&kit)?;
        let of = |name: &str| past.at_the_end(name);
        let (valid, bad) = match down_counts {
            DownCounts::Excluded => (past.seen - past.down, past.stale),
            _ => (past.seen, past.stale + past.down),
        };
        close(of("slo_health:error_ratio:period")?, bad / valid)?;
        close(of("slo_health:error_budget_remaining:ratio")?, 1.0 - bad / valid / 0.01)?;
        close(of("slo_health:coverage:ratio")?, past.seen / (2.0 * 4.0 * 1_440.0))?;
        let stale = of(r#"slo_health:error_budget_spent:ratio{state="stale"}"#)?;
        close(stale, past.stale / valid / 0.01)?;
    }
    Ok(())
}

/// Three of the four days of a window, minute by minute, in `VictoriaMetrics`, and the recording rules played over them by `vmalert`, each group at its own
/// interval.
struct Past {
    store: VictoriaMetrics,
    end: u64,
    seen: f64,
    stale: f64,
    down: f64,
}

impl Past {
    fn written(kit: &ProbeKit) -> Result<Self, Failure> {
        let store = VictoriaMetrics::start()?;
        // Whole hours, so that tiles of 5 minutes end where the window does.
        let end = unix_now(&store)? / 3_600 * 3_600 - 3_600;
        let start = end - DAYS * 86_400;
        let mut past = Self {
            store,
            end,
            seen: 0.0,
            stale: 0.0,
            down: 0.0,
        };
        let mut lines = String::new();
        for (index, instance) in kit.addresses().enumerate() {
            let found: Vec<_> = (0..DAYS * 1_440)
                .map(|minute| (start + (minute + 1) * 60 - 1, found(index, minute)))
                .collect();
            for (_, state) in &found {
                past.seen += 1.0;
                past.stale += f64::from(u8::from(*state == ProbeState::Stale));
                past.down += f64::from(u8::from(*state == ProbeState::Foreign));
            }
            write_lines(&mut lines, kit, &instance, &found);
        }
        past.store.import(&lines)?;
        past.replay(kit, start)?;
        Ok(past)
    }

    fn replay(&self, kit: &ProbeKit, start: u64) -> Outcome {
        let files = Files::of(kit)?;
        eventually(Duration::from_secs(30), || {
            self.store.force_flush()?;
            match self
                .store
                .prom()
                .instant_at("count_over_time(probe_success[3d])", at(self.end))?
                .len()
            {
                2 => Ok(()),
                other => Err(format!("{other} series")),
            }
        })?;
        // Step by step, as each reads what the one before wrote, and a new series takes a flush to be seen.
        let is_tile = |record: &str| record.contains("probes:sum5m");
        let rules = kit.recording_rules();
        let steps = [
            only(&rules, "states", |_| true)?,
            only(&rules, "period", is_tile)?,
            only(&rules, "period", |record| !is_tile(record))?,
        ];
        for step in steps {
            files.write("replay.yml", &step)?;
            let (url, from, to) = (self.store.url(), rfc3339(start)?, rfc3339(self.end)?);
            let args = [
                "-rule=replay.yml",
                &format!("-datasource.url={url}"),
                &format!("-remoteWrite.url={url}"),
                &format!("-replay.timeFrom={from}"),
                &format!("-replay.timeTo={to}"),
                "-replay.rulesDelay=0s",
                "-replay.disableProgressBar",
                "-replay.maxDatapointsPerQuery=20000",
            ];
            run(Binary::VmAlert, files.folder(), &args)?;
            self.store.force_flush()?;
        }
        Ok(())
    }

    fn at_the_end(&self, name: &str) -> Result<f64, Failure> {
        let samples = self.store.prom().instant_at(name, at(self.end))?;
        match samples.as_slice() {
            [sample] => Ok(sample.value),
            other => Err(Failure::new(format!("{name} has {} series", other.len()))),
        }
    }
}

/// Every 20th probe of one target is stale, and an hour of the other is a proxy's.
fn found(target: usize, minute: u64) -> ProbeState {
    match (target, minute) {
        (0, minute) if minute % 20 == 0 => ProbeState::Stale,
        (1, 2_000..=2_059) => ProbeState::Foreign,
        _ => ProbeState::Fresh,
    }
}

fn write_lines(lines: &mut String, kit: &ProbeKit, instance: &str, found: &[(u64, ProbeState)]) {
    for (name, more) in [
        ("probe_success", ""),
        ("probe_http_status_code", ""),
        ("probe_http_duration_seconds", r#","phase":"connect""#),
    ] {
        let value = |state: ProbeState| match (name, state) {
            ("probe_http_status_code", ProbeState::Fresh) => 200,
            ("probe_http_status_code", _) => 503,
            ("probe_success", state) => u64::from(!state.is_down()),
            _ => 1,
        };
        let values: Vec<_> = found.iter().map(|(_, state)| value(*state).to_string()).collect();
        let times: Vec<_> = found.iter().map(|(at, _)| format!("{at}000")).collect();
        let _ = writeln!(
            lines,
            r#"{{"metric":{{"__name__":"{name}","job":"{}","instance":"{instance}","service_name":"shop","slo_name":"freshness"{more}}},"values":[{}],"timestamps":[{}]}}"#,
            kit.job(),
            values.join(","),
            times.join(",")
        );
    }
}

/// The document with some rules of one of its groups.
fn only(rules: &str, group: &str, keep: impl Fn(&str) -> bool) -> Result<String, Failure> {
    let no_group = || Failure::new(format!("no group {group}"));
    let is_it = |text: &&str| {
        text.lines()
            .next()
            .is_some_and(|name| name.ends_with(&format!(": {group}'")))
    };
    let of_it = rules.split("  - name: ").skip(1).find(is_it).ok_or_else(no_group)?;
    let mut parts = of_it.split("      - record: ");
    let head = parts.next().ok_or_else(no_group)?;
    let kept: Vec<_> = parts.filter(|rule| rule.lines().next().is_some_and(&keep)).collect();
    Ok(format!(
        "groups:\n  - name: {head}      - record: {}",
        kept.join("      - record: ")
    ))
}

fn rfc3339(unix_seconds: u64) -> Result<String, Failure> {
    let moment = chrono::DateTime::from_timestamp(unix_seconds.try_into()?, 0);
    let moment = moment.ok_or_else(|| Failure::new(format!("{unix_seconds} is no moment")))?;
    Ok(moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

fn unix_now(store: &VictoriaMetrics) -> Result<u64, Failure> {
    let now = store.prom().scalar("floor(time())")?;
    Ok(format!("{now:.0}").parse()?)
}

fn at(unix_seconds: u64) -> f64 {
    u32::try_from(unix_seconds).map_or(f64::MAX, f64::from)
}

fn close(value: f64, expected: f64) -> Outcome {
    if (value - expected).abs() < 1e-9 {
        Ok(())
    } else {
        Err(Failure::new(format!("{value} is not {expected}")))
    }
}

const DAYS: u64 = 3;
