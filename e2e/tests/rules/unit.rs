//! Unit tests for `promtool test rules`, written from what happened and what must follow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use e2e::{Binary, Failure};

use crate::tools;

/// So many minutes with so many good and bad events each; or of silence, or without any data.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stretch {
    Counts {
        minutes: u64,
        good: u64,
        bad: u64,
    },
    /// A process begins anew under the same labels: a minute in which it says zero.
    Restart,
    /// Nothing is pushed.
    Gap {
        minutes: u64,
    },
}

pub(crate) const fn counts(minutes: u64, good: u64, bad: u64) -> Stretch {
    Stretch::Counts { minutes, good, bad }
}

/// What counts the events of a story.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CountedBy {
    /// `slo_events_total`, with the SLO's definition beside it: judged in the service.
    Events,
    /// The duration histogram of a service in another language, judged by status codes.
    Statuses,
    /// The same, judged by a limit of 800 ms.
    Buckets,
    /// Counters of others, by what is bad of what is valid.
    Failures,
    /// The same by what is good of it, the valid ones by an expression.
    Successes,
}

/// One SLO of one instance.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) counted_by: CountedBy,
    pub(crate) labels: &'static str,
    pub(crate) window_seconds: u64,
    pub(crate) budget: &'static str,
    pub(crate) status: &'static str,
    /// More labels of its definition, each behind a comma: who tells of it, its tier.
    pub(crate) said: &'static str,
    pub(crate) stretches: Vec<Stretch>,
    /// Minutes before the instance's first push.
    pub(crate) born: u64,
    /// Start of the present period, for a calendar's window.
    pub(crate) start: Option<u64>,
}

impl Story {
    pub(crate) fn new(days: u64, budget: &'static str, stretches: &[Stretch]) -> Self {
        Self {
            counted_by: CountedBy::Events,
            labels: r#"service_name="shop", deployment_environment_name="prod", service_instance_id="1", slo_name="pay""#,
            window_seconds: days * 86_400,
            budget,
            status: "agreed",
            said: "",
            stretches: stretches.to_vec(),
            born: 0,
            start: None,
        }
    }

    pub(crate) fn minutes(&self) -> u64 {
        let minutes = self.stretches.iter().map(|stretch| match stretch {
            Stretch::Counts { minutes, .. } | Stretch::Gap { minutes } => *minutes,
            Stretch::Restart => 1,
        });
        self.born + minutes.sum::<u64>()
    }

    pub(crate) fn counted_by(self, counted_by: CountedBy) -> Self {
        Self { counted_by, ..self }
    }

    /// The series in promtool's notation.
    fn series(&self) -> Vec<(String, String)> {
        match self.counted_by {
            CountedBy::Events => self.series_of_events(),
            CountedBy::Statuses => self.series_of_requests(&[
                ("_count", "/pay", "POST", "200", "", |good, _| good),
                ("_count", "/pay", "POST", "500", "", |_, bad| bad),
                // Nobody's business: another route, another method, no route at all.
                ("_count", "/cart", "POST", "500", "", |good, bad| good + bad),
                ("_count", "/pay", "GET", "500", "", |good, bad| good + bad),
                ("_count", "", "POST", "500", "", |good, bad| good + bad),
            ]),
            // Half of the bad ones are slow, the others fail fast.
            CountedBy::Buckets => self.series_of_requests(&[
                ("_count", "/pay", "POST", "200", "", |good, bad| good + bad.div_ceil(2)),
                ("_bucket", "/pay", "POST", "200", "0.8", |good, _| good),
                ("_bucket", "/pay", "POST", "200", "+Inf", |good, bad| {
                    good + bad.div_ceil(2)
                }),
                ("_count", "/pay", "POST", "500", "", |_, bad| bad / 2),
                ("_bucket", "/pay", "POST", "500", "0.8", |_, bad| bad / 2),
                ("_bucket", "/cart", "POST", "200", "0.8", |good, bad| good + bad),
            ]),
            CountedBy::Failures | CountedBy::Successes => self.series_of_others(),
        }
    }

    /// Counters with labels of their own, each born with its first event.
    fn series_of_others(&self) -> Vec<(String, String)> {
        let all: [(&str, Pick); 3] = [
            ("payments_total{result=\"ok\"}", |good, _| good),
            ("payments_total{result=\"failed\"}", |_, bad| bad),
            ("refunds_total{result=\"failed\"}", |good, bad| good + bad),
        ];
        all.map(|(series, pick)| (series.to_owned(), self.born_counting(pick)))
            .into()
    }

    /// Series of the duration histogram, each born with its first request: part, route, method, status, bucket, count.
    fn series_of_requests(&self, all: &[OfRequests]) -> Vec<(String, String)> {
        let series = |(part, route, method, status, le, pick): &OfRequests| {
            let more = [("http_route", route), ("http_response_status_code", status), ("le", le)];
            let more = more.iter().filter(|(_, value)| !value.is_empty());
            let more: String = more.map(|(name, value)| format!(", {name}=\"{value}\"")).collect();
            let name = "http_server_request_duration_seconds";
            let labels = r#"service_name="shop", deployment_environment_name="prod", service_instance_id="1""#;
            (
                format!("{name}{part}{{{labels}, http_request_method=\"{method}\"{more}}}"),
                self.born_counting(pick),
            )
        };
        all.iter().map(series).collect()
    }

    /// A counter without the 0 before its first event.
    fn born_counting(&self, pick: impl Fn(u64, u64) -> u64) -> String {
        let counter = self.counter(pick);
        match counter.strip_prefix("0 ") {
            Some(rest) => format!("_ {rest}"),
            None => counter,
        }
    }

    /// A counter is pushed as 0 before its first event.
    fn series_of_events(&self) -> Vec<(String, String)> {
        let labels = self.labels;
        let events = |outcome: &str| format!("slo_events_total{{{labels}, slo_outcome=\"{outcome}\"}}");
        let mut all = vec![
            (events("good"), self.counter(|good, _| good)),
            (events("bad"), self.counter(|_, bad| bad)),
            (events("excluded"), self.counter(|_, _| 0)),
            (format!("slo_error_budget_ratio{{{labels}}}"), self.gauge(self.budget)),
            (
                format!("slo_window_seconds{{{labels}}}"),
                self.gauge(&self.window_seconds.to_string()),
            ),
            (
                format!(
                    "slo_spec_info{{{labels}, slo_status=\"{}\", slo_promise=\"Whoever wants to pay can.\"{}}}",
                    self.status, self.said
                ),
                self.gauge("1"),
            ),
        ];
        if let Some(start) = self.start {
            all.push((
                format!("slo_window_start_seconds{{{labels}}}"),
                self.gauge(&start.to_string()),
            ));
        }
        all
    }

    fn counter(&self, pick: impl Fn(u64, u64) -> u64) -> String {
        let mut total = 0;
        let mut values = self.before_birth();
        values.push(format!("{total}"));
        for stretch in &self.stretches {
            match *stretch {
                Stretch::Counts { minutes: 0, .. } => {}
                Stretch::Counts { minutes, good, bad } => {
                    let each = pick(good, bad);
                    values.push(format!("{}+{each}x{}", total + each, minutes - 1));
                    total += each * minutes;
                }
                Stretch::Restart => {
                    values.push("0".to_owned());
                    total = 0;
                }
                Stretch::Gap { minutes } => values.push(format!("_x{minutes}")),
            }
        }
        values.join(" ")
    }

    fn gauge(&self, value: &str) -> String {
        let mut values = self.before_birth();
        values.push(value.to_owned());
        for stretch in &self.stretches {
            match *stretch {
                Stretch::Counts { minutes, .. } if minutes > 0 => values.push(format!("{value}x{}", minutes - 1)),
                Stretch::Restart => values.push(value.to_owned()),
                Stretch::Counts { .. } => {}
                Stretch::Gap { minutes } => values.push(format!("_x{minutes}")),
            }
        }
        values.join(" ")
    }

    fn before_birth(&self) -> Vec<String> {
        (self.born > 0)
            .then(|| format!("_x{}", self.born))
            .into_iter()
            .collect()
    }
}

type OfRequests = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Pick,
);

/// What of the good and the bad events of a minute a series counts.
type Pick = fn(u64, u64) -> u64;

/// What an expression is at a minute: nothing, or one value.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) minute: u64,
    pub(crate) expr: String,
    pub(crate) value: Option<String>,
}

/// A test of the rules.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) stories: Vec<Story>,
    /// More series, in promtool's notation.
    pub(crate) more: Vec<(String, String)>,
    pub(crate) expected: Vec<Expected>,
}

impl Test {
    pub(crate) fn new(name: impl Into<String>, story: &Story) -> Self {
        Self {
            name: name.into(),
            stories: vec![story.clone()],
            more: Vec::new(),
            expected: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, story: Story) -> Self {
        self.stories.push(story);
        self
    }

    /// One more series with these values.
    pub(crate) fn also(mut self, series: impl Into<String>, values: &str) -> Self {
        self.more.push((series.into(), values.to_owned()));
        self
    }

    /// Exactly this number, or nothing.
    pub(crate) fn expect(mut self, minute: u64, expr: impl Into<String>, value: Option<&str>) -> Self {
        self.expected.push(Expected {
            minute,
            expr: expr.into(),
            value: value.map(str::to_owned),
        });
        self
    }

    /// Within a part of this number, by a comparison that leaves 1.
    pub(crate) fn expect_near(self, minute: u64, expr: &str, value: f64, part: f64) -> Self {
        let bound = value.abs() * part;
        let near = format!("count(abs(sum({expr}) - ({value:e})) <= {bound:e})");
        self.expect(minute, near, Some("1"))
    }

    pub(crate) fn fires(self, severity: &str, minute: u64) -> Self {
        self.expect(minute, firing(severity), Some("1"))
    }

    pub(crate) fn silent(self, severity: &str, minute: u64) -> Self {
        self.expect(minute, firing(severity), None)
    }

    fn yaml(&self) -> String {
        let mut text = format!("- name: {:?}\n  interval: 1m\n  input_series:\n", self.name);
        for (series, values) in self.stories.iter().flat_map(Story::series).chain(self.more.clone()) {
            let _ = writeln!(text, "  - series: '{series}'\n    values: '{values}'");
        }
        text.push_str("  promql_expr_test:\n");
        for Expected { minute, expr, value } in &self.expected {
            let _ = writeln!(text, "  - expr: '{expr}'\n    eval_time: {minute}m");
            let sample = |value: &String| format!("    exp_samples: [{{ labels: '{{}}', value: {value} }}]\n");
            text.push_str(&value.as_ref().map_or_else(String::new, sample));
        }
        text
    }
}

/// How many alerts of a severity fire.
pub(crate) fn firing(severity: &str) -> String {
    format!("count({})", any(severity))
}

/// The alerts of a severity that fire.
pub(crate) fn any(severity: &str) -> String {
    format!(r#"ALERTS{{alertname="SloErrorBudgetBurn", severity="{severity}", alertstate="firing"}}"#)
}

/// Runs tests on rules, evaluating all groups at one interval: promtool knows no other.
pub(crate) fn run(rules: &str, every: &str, tests: &[Test]) -> Result<(), Failure> {
    let mut names: Vec<_> = rules
        .lines()
        .filter_map(|line| line.strip_prefix("  - name: "))
        .collect();
    names.sort_unstable(); // as they need one another, which is what the names are for
    let mut by_name = BTreeMap::new();
    for test in tests {
        assert!(by_name.insert(&test.name, ()).is_none(), "{} twice", test.name);
    }
    let tests: String = tests.iter().map(Test::yaml).collect();
    let file = format!(
        "rule_files: [rules.yaml]\nevaluation_interval: {every}\ngroup_eval_order: [{}]\ntests:\n{tests}",
        names.join(", ")
    );
    let folder = tools::folder(&[("rules.yaml", rules), ("test.yaml", &file)])?;
    let output = tools::run(Binary::Promtool, folder.path(), &["test", "rules", "test.yaml"])?;
    tools::succeeded("promtool test rules", &output).map(drop)
}
