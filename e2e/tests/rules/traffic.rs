//! A month of two services, as they would have pushed it: the same each time.

use std::fmt::Write as _;

pub(crate) const MINUTES_A_DAY: u64 = 1_440;
pub(crate) const DAYS: u64 = 31;
/// Pushes come off the round minute: on it, closed ranges hold both of their ends, and every tile looks exact.
const OFF: u64 = 17;

/// One process of one SLO: from minute to minute, with the definition that it was built with.
#[derive(Clone, Copy, Debug)]
struct Life {
    instance: &'static str,
    from: u64,
    to: u64,
    budget: &'static str,
}

/// One SLO of one service.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) service: &'static str,
    pub(crate) slo: &'static str,
    pub(crate) window_days: u64,
    /// Events a minute at noon.
    busy: u64,
    lives: Vec<Life>,
}

/// The counter that an outcome's series is.
type Pick = fn(Sums) -> u64;

/// Bad and valid events.
pub(crate) type Sums = (u64, u64);

const fn days(count: u64) -> u64 {
    count * MINUTES_A_DAY
}

/// Two services, three windows: a target that changes, an SLO that is added, replicas and restarts.
pub(crate) fn month() -> Vec<Told> {
    let life = |instance, from, to, budget| Life {
        instance,
        from,
        to,
        budget,
    };
    let told = |service, slo, window_days, busy, lives: &[Life]| Told {
        service,
        slo,
        window_days,
        busy,
        lives: lives.to_vec(),
    };
    let pay = [
        life("a", 0, days(10), "0.001"),
        life("b", days(10) + 3, days(22) + 7, "0.001"),
        life("c", days(22) + 8, days(DAYS), "0.002"),
    ];
    let browse = [
        life("d", 0, days(DAYS), "0.01"),
        life("e", 0, days(12) + 701, "0.01"),
        life("f", days(12) + 702, days(DAYS), "0.01"),
    ];
    let find = [life("g", days(25), days(DAYS), "0.05")];
    vec![
        told("shop", "pay", 30, 20, &pay),
        told("shop", "browse", 28, 4_000, &browse),
        told("search", "find", 7, 300, &find),
    ]
}

impl Told {
    /// Events of a minute of a life: day and night, incidents, and a job that fails at night.
    fn events(&self, life: &Life, minute: u64) -> Sums {
        let of_day = minute % MINUTES_A_DAY;
        let seed = minute * 2_654_435_761 + u64::from(life.instance.as_bytes()[0]) * 40_503 + self.busy;
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

    /// What was pushed at or before the end, and after the beginning, in minutes.
    pub(crate) fn truth(&self, from: u64, to: u64) -> Sums {
        let mut sums = (0, 0);
        for life in &self.lives {
            // The first push says zero; a minute's events come with the push after it.
            for minute in (life.from + 1).max(from)..life.to.min(to) {
                let (bad, valid) = self.events(life, minute);
                sums = (sums.0 + bad, sums.1 + valid);
            }
        }
        sums
    }

    /// Calls for each series with its name, labels and samples: minute and value.
    fn series(&self, mut each: impl FnMut(&str, &[(&str, &str)], &[(u64, String)])) {
        for life in &self.lives {
            let own = [
                ("service_name", self.service),
                ("service_instance_id", life.instance),
                ("deployment_environment_name", "prod"),
                ("slo_name", self.slo),
            ];
            let constant = |value: &str| -> Vec<(u64, String)> {
                (life.from..life.to).map(|minute| (minute, value.to_owned())).collect()
            };
            each("slo_error_budget_ratio", &own, &constant(life.budget));
            each(
                "slo_window_seconds",
                &own,
                &constant(&(self.window_days * 86_400).to_string()),
            );
            each(
                "slo_spec_info",
                &[&own[..], &[("slo_status", "agreed")]].concat(),
                &constant("1"),
            );
            let picks: [(&str, Pick); 3] = [
                ("good", |(bad, valid)| valid - bad),
                ("bad", |(bad, _)| bad),
                ("excluded", |_| 0),
            ];
            for (outcome, pick) in picks {
                let mut total = 0;
                let mut samples = Vec::new();
                for minute in life.from..life.to {
                    if minute > life.from {
                        total += pick(self.events(life, minute));
                    }
                    samples.push((minute, total.to_string()));
                }
                each(
                    "slo_events_total",
                    &[&own[..], &[("slo_outcome", outcome)]].concat(),
                    &samples,
                );
            }
        }
    }
}

/// The moment of a minute's push, in Unix seconds.
pub(crate) const fn pushed_at(start: u64, minute: u64) -> u64 {
    start + minute * 60 + OFF
}

/// Lines for VictoriaMetrics' import.
pub(crate) fn json_lines(all: &[Told], start: u64) -> String {
    let mut out = String::new();
    for told in all {
        told.series(|name, labels, samples| {
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

/// A file for `promtool tsdb create-blocks-from openmetrics`, from a minute on.
pub(crate) fn open_metrics(all: &[Told], start: u64, from: u64) -> String {
    let mut out = String::from("# TYPE slo_events counter\n");
    for told in all {
        told.series(|name, labels, samples| {
            if name != "slo_events_total" {
                return;
            }
            let labels: Vec<_> = labels
                .iter()
                .map(|(label, value)| format!("{label}=\"{value}\""))
                .collect();
            let labels = labels.join(",");
            for (minute, value) in samples.iter().filter(|(minute, _)| *minute >= from) {
                let _ = writeln!(out, "{name}{{{labels}}} {value} {}", pushed_at(start, *minute));
            }
        });
    }
    out.push_str("# EOF\n");
    out
}
