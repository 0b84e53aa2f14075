//! A month of two services, as they would have pushed it: the same each time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

pub(crate) const MINUTES_A_DAY: u64 = 1_440;
pub(crate) const DAYS: u64 = 31;
/// Pushes come off the round minute: on it, closed ranges hold both of their ends, and every tile looks exact.
const OFF: u64 = 17;

/// One process of one SLO: from minute to minute, with the definition that it was built with.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) instance: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) budget: &'static str,
    /// Minutes whose pushes were lost; the process counted on.
    pub(crate) lost: Vec<Range<u64>>,
}

impl Life {
    pub(crate) fn new(instance: impl Into<String>, from: u64, to: u64, budget: &'static str) -> Self {
        Self {
            instance: instance.into(),
            from,
            to,
            budget,
            lost: Vec::new(),
        }
    }

    /// The minutes in which it pushed.
    fn pushes(&self) -> impl Iterator<Item = u64> {
        (self.from..self.to).filter(|minute| !self.lost.iter().any(|lost| lost.contains(minute)))
    }
}

/// One SLO of one service.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) service: String,
    pub(crate) slo: &'static str,
    pub(crate) window_days: u64,
    /// Events a minute at noon.
    pub(crate) busy: u64,
    pub(crate) lives: Vec<Life>,
}

/// How a series says whose it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whose {
    /// By the resource attributes as labels.
    Promoted,
    /// By `job` and `instance`, with the environment in `target_info`.
    Job,
}

/// The counter that an outcome's series is.
type Pick = fn(Sums) -> u64;

/// Bad and valid events.
pub(crate) type Sums = (u64, u64);

/// Minutes with the value that was pushed in each.
type Samples = Vec<(u64, String)>;

pub(crate) const fn days(count: u64) -> u64 {
    count * MINUTES_A_DAY
}

/// Two services, three windows: a target that changes, an SLO that is added, replicas and restarts.
pub(crate) fn month() -> Vec<Told> {
    let told = |service: &str, slo, window_days, busy, lives: Vec<Life>| Told {
        service: service.to_owned(),
        slo,
        window_days,
        busy,
        lives,
    };
    let pay = vec![
        Life::new("a", 0, days(10), "0.001"),
        Life::new("b", days(10) + 3, days(22) + 7, "0.001"),
        Life::new("c", days(22) + 8, days(DAYS), "0.002"),
    ];
    let browse = vec![
        Life::new("d", 0, days(DAYS), "0.01"),
        Life::new("e", 0, days(12) + 701, "0.01"),
        Life::new("f", days(12) + 702, days(DAYS), "0.01"),
    ];
    let find = vec![Life::new("g", days(25), days(DAYS), "0.05")];
    vec![
        told("shop", "pay", 30, 20, pay),
        told("shop", "browse", 28, 4_000, browse),
        told("search", "find", 7, 300, find),
    ]
}

impl Told {
    /// Events of a minute of a life: day and night, incidents, and a job that fails at night.
    fn events(&self, life: &Life, minute: u64) -> Sums {
        let of_day = minute % MINUTES_A_DAY;
        let name = life.instance.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte));
        let seed = minute * 2_654_435_761 + name * 40_503 + self.busy;
        let noise = seed ^ (seed >> 13);
        let is_day = (420..1_320).contains(&of_day);
        let valid = if is_day {
            self.busy / 2 + noise % self.busy
        } else {
            noise % 7 / 5
        };
        let incident = minute % 9_001 < 40;
        let bad = match (incident, is_day) {
            (true, _) => valid / 3,
            (false, false) => valid * (noise % 11 / 10),
            (false, true) => u64::from(noise % 50 == 0 && valid > 0),
        };
        (bad, valid)
    }

    /// What was counted after one minute's push, up to another's: what the processes know, pushed or not.
    pub(crate) fn truth(&self, after: u64, to: u64) -> Sums {
        self.each_minute(after, to)
            .fold((0, 0), |(bad, valid), (_, (more, most))| (bad + more, valid + most))
    }

    /// The events of each minute of such a time.
    pub(crate) fn each_minute(&self, after: u64, to: u64) -> impl Iterator<Item = (u64, Sums)> {
        (after..to).map(|minute| {
            // The first push says zero; a minute's events come with the push after it.
            let lives = self
                .lives
                .iter()
                .filter(|life| (life.from + 1..life.to).contains(&minute));
            let events = lives.map(|life| self.events(life, minute));
            (
                minute,
                events.fold((0, 0), |(bad, valid), (more, most)| (bad + more, valid + most)),
            )
        })
    }

    /// Whose series a life pushes, by name and value.
    fn labels<'a>(&'a self, life: &'a Life, whose: Whose) -> Vec<(&'static str, &'a str)> {
        let own = match whose {
            Whose::Promoted => [
                ("service_name", self.service.as_str()),
                ("service_instance_id", &life.instance),
            ],
            Whose::Job => [("job", self.service.as_str()), ("instance", &life.instance)],
        };
        let environment = (whose == Whose::Promoted).then_some(("deployment_environment_name", "prod"));
        own.into_iter().chain(environment).collect()
    }

    /// Calls for each series with its name, labels and samples.
    fn series(&self, whose: Whose, mut each: impl FnMut(&'static str, &[(&str, &str)], &Samples)) {
        for life in &self.lives {
            let target = self.labels(life, whose);
            let own = [&target[..], &[("slo_name", self.slo)]].concat();
            let constant =
                |value: &str| -> Samples { life.pushes().map(|minute| (minute, value.to_owned())).collect() };
            let window = (self.window_days * 86_400).to_string();
            let agreed = [&own[..], &[("slo_status", "agreed")]].concat();
            each("slo_error_budget_ratio", &own, &constant(life.budget));
            each("slo_window_seconds", &own, &constant(&window));
            each("slo_spec_info", &agreed, &constant("1"));
            if whose == Whose::Job {
                let info = [&target[..], &[("deployment_environment_name", "prod")]].concat();
                each("target_info", &info, &constant("1"));
            }
            let picks: [(&str, Pick); 3] = [
                ("good", |(bad, valid)| valid - bad),
                ("bad", |(bad, _)| bad),
                ("excluded", |_| 0),
            ];
            for (outcome, pick) in picks {
                let labels = [&own[..], &[("slo_outcome", outcome)]].concat();
                each("slo_events_total", &labels, &self.counter(life, pick));
            }
        }
    }

    /// A counter that begins at zero and goes on while pushes are lost.
    fn counter(&self, life: &Life, pick: Pick) -> Samples {
        let totals = (life.from..life.to).scan(0, |total, minute| {
            if minute > life.from {
                *total += pick(self.events(life, minute));
            }
            Some((minute, *total))
        });
        let totals: BTreeMap<_, _> = totals.collect();
        life.pushes()
            .map(|minute| (minute, totals[&minute].to_string()))
            .collect()
    }
}

/// The moment of a minute's push, in Unix seconds.
pub(crate) const fn pushed_at(start: u64, minute: u64) -> u64 {
    start + minute * 60 + OFF
}

/// Lines for VictoriaMetrics' import.
pub(crate) fn json_lines(all: &[Told], whose: Whose, start: u64) -> String {
    let mut out = String::new();
    for told in all {
        told.series(whose, |name, labels, samples| {
            let _ = write!(out, "{{\"metric\":{{\"__name__\":\"{name}\"");
            for (label, value) in labels {
                let _ = write!(out, ",\"{label}\":\"{value}\"");
            }
            let values: Vec<_> = samples.iter().map(|(_, value)| value.as_str()).collect();
            let times: Vec<_> = samples
                .iter()
                .map(|(minute, _)| format!("{}000", pushed_at(start, *minute)))
                .collect();
            let _ = writeln!(
                out,
                "}},\"values\":[{}],\"timestamps\":[{}]}}",
                values.join(","),
                times.join(",")
            );
        });
    }
    out
}

/// A file for `promtool tsdb create-blocks-from openmetrics`, one family after the other.
///
/// Of a definition, which says the same all the time, it has each fourth push: engines look back five minutes.
pub(crate) fn open_metrics(all: &[Told], whose: Whose, start: u64) -> String {
    let mut families: BTreeMap<&'static str, String> = BTreeMap::new();
    for told in all {
        told.series(whose, |name, labels, samples| {
            let labels: Vec<_> = labels
                .iter()
                .map(|(label, value)| format!("{label}=\"{value}\""))
                .collect();
            let labels = labels.join(",");
            let family = families.entry(name).or_default();
            let is_counter = name == "slo_events_total";
            for (_, (minute, value)) in samples.iter().enumerate().filter(|(at, _)| is_counter || at % 4 == 0) {
                let _ = writeln!(family, "{name}{{{labels}}} {value} {}", pushed_at(start, *minute));
            }
        });
    }
    let mut out = String::new();
    for (name, lines) in families {
        let (family, kind) = match name.strip_suffix("_total") {
            Some(family) => (family, "counter"),
            None => (name, "gauge"),
        };
        let _ = write!(out, "# TYPE {family} {kind}\n{lines}");
    }
    out.push_str("# EOF\n");
    out
}
