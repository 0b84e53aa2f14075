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

/// One SLO of one instance.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) labels: &'static str,
    pub(crate) window_seconds: u64,
    pub(crate) budget: &'static str,
    pub(crate) status: &'static str,
    pub(crate) stretches: Vec<Stretch>,
    /// Minutes before the instance's first push.
    pub(crate) born: u64,
    /// Start of the present period, for a calendar's window.
    pub(crate) start: Option<u64>,
}

impl Story {
    pub(crate) fn new(days: u64, budget: &'static str, stretches: &[Stretch]) -> Self {
        Self {
            labels: r#"service_name="shop", deployment_environment_name="prod", service_instance_id="1", slo_name="pay""#,
            window_seconds: days * 86_400,
            budget,
            status: "agreed",
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

    /// The series in promtool's notation. A counter is pushed as 0 before its first event.
    fn series(&self) -> Vec<(String, String)> {
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
                    "slo_spec_info{{{labels}, slo_status=\"{}\", slo_promise=\"Whoever wants to pay can.\"}}",
                    self.status
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
    pub(crate) expected: Vec<Expected>,
}

impl Test {
    pub(crate) fn new(name: impl Into<String>, story: &Story) -> Self {
        Self {
            name: name.into(),
            stories: vec![story.clone()],
            expected: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, story: Story) -> Self {
        self.stories.push(story);
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
        for (series, values) in self.stories.iter().flat_map(Story::series) {
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
    format!(r#"count(ALERTS{{alertname="SloErrorBudgetBurn", severity="{severity}", alertstate="firing"}})"#)
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
