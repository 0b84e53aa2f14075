//! How much of a window of minutes was seen, whenever a group at another pace asks.

use core::fmt::Write as _;

use e2e::{Binary, Failure, Outcome, VictoriaMetrics};

use crate::tools::{folder, run, slo, succeeded};

/// A ticket of which looks at a quarter of an hour.
const SPEC: &str = "version: 1\nservice: shop\nslos:\n  - { name: low, promise: P., owner: o, status: agreed, objective: 1%, window: \
                    1h, sli: { http: { routes: [/u] } } }\n";
const WINDOW: u64 = 15;
/// When it is asked, in seconds after a minute.
const PHASES: [u64; 6] = [0, 1, 29, 31, 45, 58];

/// What the rules ask, for one place.
fn asked(engine: &str) -> Result<String, Failure> {
    let folder = folder(&[("slo.yaml", SPEC)])?;
    let rules = slo(&format!(
        "rules --engine {engine} {}",
        folder.path().join("slo.yaml").display()
    ))?;
    let covered = rules.lines().map(str::trim).find(|line| {
        line.starts_with("clamp_max((sum by (") && line.contains("slo:error_budget:ratio") && line.ends_with("/ 15, 1)")
    });
    covered
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("no coverage of minutes in {rules}")))
}

/// Minutes in which rules were evaluated.
struct Past {
    minutes: Vec<u64>,
}

impl Past {
    fn new(minutes: impl Iterator<Item = u64>) -> Self {
        Self {
            minutes: minutes.collect(),
        }
    }

    /// Points within the window that ends so many seconds after the beginning.
    fn seen(&self, second: u64) -> u64 {
        let within = |minute: &&u64| **minute * 60 <= second && **minute * 60 + WINDOW * 60 > second;
        u64::try_from(self.minutes.iter().filter(within).count()).unwrap_or(0)
    }
}

/// Always there; of this minute not yet; new; and away for a while; and when each of them is asked, in minutes.
fn pasts() -> [(Past, Vec<u64>); 4] {
    [
        (Past::new(0..60), vec![20, 30, 59]),
        // The group of this minute comes later: the last point is of the minute before.
        (Past::new(0..30), vec![30]),
        (Past::new(10..60), vec![10, 11, 14, 24]),
        (Past::new((0..20).chain(30..60)), vec![30, 31, 32, 35, 36, 40, 44]),
    ]
}

/// The whole of a window that was seen, whenever it is asked; of others never more than one minute more than was seen, nor
/// more than one less.
fn bounds(past: &Past, second: u64) -> (u64, u64) {
    let seen = past.seen(second);
    let is_whole_up_to = |last: u64| (0..=WINDOW).all(|back| past.minutes.contains(&(last.wrapping_sub(back))));
    // The minute that begins may not be recorded yet.
    let minute = second / 60;
    if is_whole_up_to(minute) || is_whole_up_to(minute - 1) {
        return (WINDOW, WINDOW);
    }
    (seen.saturating_sub(1), (seen + 1).min(WINDOW))
}

#[test]
fn a_window_that_was_seen_is_whole_whenever_it_is_asked() -> Outcome {
    let asked = asked("prometheus")?;
    let mut tests = String::new();
    for (number, (past, minutes)) in pasts().iter().enumerate() {
        let values: Vec<_> = (0..60)
            .map(|minute| if past.minutes.contains(&minute) { "0.99" } else { "_" })
            .collect();
        let _ = writeln!(
            tests,
            "- name: past {number}\n  interval: 1m\n  input_series:\n  - series: \
             'slo:error_budget:ratio{{service_name=\"shop\", slo_name=\"low\", slo_window=\"1h\", slo_rules=\"own\"}}'\n    values: '{}'\n  \
             promql_expr_test:",
            values.join(" ")
        );
        for second in minutes
            .iter()
            .flat_map(|minute| PHASES.map(|phase| minute * 60 + phase))
        {
            let (least, most) = bounds(past, second);
            let _ = writeln!(
                tests,
                "  - expr: 'count(round(15 * {asked}) >= {least} <= {most})'\n    eval_time: {second}s\n    exp_samples: [{{ labels: \
                 '{{}}', value: 1 }}]"
            );
        }
    }
    let file = format!("evaluation_interval: 1m\ntests:\n{tests}");
    let folder = folder(&[("test.yaml", &file)])?;
    let output = run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    succeeded("promtool test rules", &output).map(drop)
}

/// Whose ranges are without their first moment.
#[test]
fn so_it_is_on_victoria_metrics() -> Outcome {
    let (asked, store) = (asked("victoriametrics")?, VictoriaMetrics::start()?);
    let begin = crate::engines::start()?;
    for (number, (past, _)) in pasts().iter().enumerate() {
        let times: Vec<_> = past
            .minutes
            .iter()
            .map(|minute| (begin + minute * 60) * 1_000)
            .collect();
        let labels = serde_json::json!({
            "__name__": "slo:error_budget:ratio", "service_name": "shop", "slo_name": "low", "slo_window": "1h", "slo_rules": "own",
            "deployment_environment_name": number.to_string(),
        });
        let line = serde_json::json!({ "metric": labels, "values": vec![0.99; times.len()], "timestamps": times });
        store.import(&format!("{line}\n"))?;
    }
    store.force_flush()?;
    for (number, (past, minutes)) in pasts().iter().enumerate() {
        let of_one = asked.replace(
            "slo:error_budget:ratio{",
            &format!("slo:error_budget:ratio{{deployment_environment_name=\"{number}\", "),
        );
        for second in minutes
            .iter()
            .flat_map(|minute| PHASES.map(|phase| minute * 60 + phase))
        {
            #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
            let at = (begin + second) as f64;
            let found = store.prom().instant_at(&of_one, at)?;
            let (least, most) = bounds(past, second);
            let covered = found.first().map_or(0.0, |sample| sample.value * 15.0);
            #[expect(clippy::cast_precision_loss, reason = "a few minutes")]
            let is_between = covered > least as f64 - 0.01 && covered < most as f64 + 0.01;
            assert!(
                found.len() == 1 && is_between,
                "past {number} at {second}s: {covered}, and it is {least} to {most}"
            );
        }
    }
    Ok(())
}
