//! Recording rules: the state of each target, and the freshness SLO over all of them.

use std::time::Duration;

use slo_core::{
    BurnWindow, Outcome, names,
    promql::{fraction, quote},
    yaml_writer::{Style, Yaml},
};

use super::{ProbeKit, promise::Promise, states::ProbeState, timing::duration};

pub(super) use slo_core::names::{PROBE_DATA_AGE_RECORDED as DATA_AGE, PROBE_STATE_RECORDED as STATE};

/// Probes of 5 minutes, over all targets, by state and outcome.
pub(super) const TILES: &str = "slo_health:probes:sum5m";
pub(super) const REMAINING: &str = "slo_health:error_budget_remaining:ratio";
const FRESH_RATIO: &str = "slo_health:fresh_ratio:period";
const ERROR_RATIO: &str = "slo_health:error_ratio:period";
const SPENT: &str = "slo_health:error_budget_spent:ratio";
const COVERAGE: &str = "slo_health:coverage:ratio";

/// The error ratio of the last so long.
pub(super) fn error_ratio(window: BurnWindow) -> String {
    format!("slo_health:error_ratio:rate{window}")
}

fn burn_rate(window: BurnWindow) -> String {
    format!("slo_health:burn_rate:{window}")
}

impl ProbeKit {
    /// Recording rules in a rule file of Prometheus or `vmalert`: `slo_health:probe_state`, exactly one of seven states
    /// per target, `slo_health:data_age_seconds`, and, with an SLO, its share of fresh probes, error ratios, burn rates,
    /// budget and coverage. The [module](super) lists them all.
    #[must_use]
    pub fn recording_rules(&self) -> String {
        document(self.recording_groups())
    }

    /// The groups of the recording rules.
    pub(super) fn recording_groups(&self) -> Vec<Yaml> {
        let mut groups = vec![self.group("states", self.timing.interval, self.state_rules())];
        if let Some(promise) = &self.promise {
            groups.push(self.group("burn", BURN_EVERY, self.burn_rules(promise)));
            groups.push(self.group("period", TILE, self.period_rules(promise)));
        }
        groups
    }

    /// `{job="..",more}`: what this kit's rules recorded and nothing else.
    pub(super) fn selector(&self, more: &str) -> String {
        of_job(&self.job, more)
    }

    /// `{job="..",more}`: the probes that this kit reads and no others.
    pub(super) fn of_probes(&self, more: &str) -> String {
        of_job(&self.source, more)
    }

    pub(super) fn group(&self, name: &str, interval: Duration, rules: Vec<Yaml>) -> Yaml {
        Yaml::map([
            ("name", Yaml::text(format!("{}: {name}", self.job))),
            ("interval", Yaml::bare(duration(interval))),
            ("rules", Yaml::List(rules)),
        ])
    }

    /// The job is in every result already. Said again, as rules of two kits in one file would look alike to `promtool`.
    fn record(&self, name: &str, expression: &str, labels: &[(&str, &str)]) -> Yaml {
        let labels = [("job", self.job.as_str())].into_iter().chain(labels.iter().copied());
        Yaml::map([
            ("record", Yaml::text(name)),
            ("expr", Yaml::text(expression)),
            ("labels", Yaml::texts(labels)),
        ])
    }

    fn state_rules(&self) -> Vec<Yaml> {
        // A guest's probes have the name of their own kit's SLO.
        let mine = self.identity.slo.as_deref().filter(|_| self.is_guest());
        let mine: Vec<_> = mine.map(|slo| (names::SLO_NAME.label, slo)).into_iter().collect();
        let state = |state: &ProbeState| {
            let labels = [&[("state", state.as_str())], mine.as_slice()].concat();
            self.record(STATE, &self.state(*state), &labels)
        };
        let mut rules: Vec<_> = ProbeState::ALL.iter().map(state).collect();
        // Only what the service itself says: a proxy's error page may have a Last-Modified, too.
        let series = self.of_probes("");
        let told = format!("probe_http_last_modified_timestamp_seconds{series} and (probe_success{series} == 1)");
        rules.push(self.record(DATA_AGE, &format!("clamp_min(time() - ({told}), 0)"), &mine));
        rules
    }

    /// 1 or 0 for each target. All labels of the target stay, since nothing is aggregated or matched by name.
    ///
    /// Why the seven always sum to 1, with `s` for `probe_success` and `c` for the status code: `s` is 1 only for a valid
    /// code, which is that of exactly one of four states; else `c` is not 0 (foreign) or 0, and then the time to connect
    /// is over 0 (hung) or not (unreachable).
    fn state(&self, state: ProbeState) -> String {
        let series = self.of_probes("");
        let no_answer = format!("(probe_http_status_code{series} == bool 0)");
        // Where not even the name is known, there is no such phase at all.
        let phase = self.of_probes(r#"phase="connect""#);
        let connect =
            format!("(sum without (phase) (probe_http_duration_seconds{phase}) or probe_success{series} * 0)");
        match state {
            ProbeState::Fresh | ProbeState::Stale | ProbeState::CheckError | ProbeState::CheckTimeout => {
                let codes = self.codes.seen_as(state).into_iter();
                let codes: Vec<_> = codes
                    .map(|code| format!("(probe_http_status_code{series} == bool {code})"))
                    .collect();
                format!("probe_success{series} * ({})", codes.join(" + "))
            }
            ProbeState::Foreign => {
                format!("(1 - probe_success{series}) * (probe_http_status_code{series} != bool 0)")
            }
            ProbeState::Hung => format!("{no_answer} * ({connect} > bool 0)"),
            ProbeState::Unreachable => format!("{no_answer} * ({connect} == bool 0)"),
        }
    }

    fn burn_rules(&self, promise: &Promise) -> Vec<Yaml> {
        let windows = promise.burn_windows();
        let ratios = windows.iter().map(|window| {
            let ratio = self.error_share(promise, window.as_duration(), &window.to_string());
            self.record(&error_ratio(*window), &ratio, &[])
        });
        let pages = promise.page_windows();
        let rates = pages.iter().map(|window| {
            // One full expression: vmalert would see the last pass of the rule above.
            let ratio = self.error_share(promise, window.as_duration(), &window.to_string());
            self.record(&burn_rate(*window), &format!("({ratio}) / {}", promise.budget()), &[])
        });
        ratios.chain(rates).collect()
    }

    fn period_rules(&self, promise: &Promise) -> Vec<Yaml> {
        let outcomes = [Outcome::Good, Outcome::Bad, Outcome::Excluded];
        let tiles = outcomes
            .into_iter()
            .filter(|outcome| !promise.states(*outcome).is_empty())
            .map(|outcome| {
                let states = self.in_states(&promise.states(outcome));
                let sum = format!(
                    "sum by ({}, state) (sum_over_time({STATE}{states}[5m]))",
                    self.identity_list()
                );
                self.record(TILES, &sum, &[(names::SLO_OUTCOME.label, outcome.as_str())])
            });
        let (window, text) = (promise.window(), promise.window_text());
        let bad = self.error_share(promise, window, text);
        let good = self.share(promise, (Outcome::Good, &self.identity_list()), window, text);
        let budget = promise.budget();
        let mut rules: Vec<_> = tiles.collect();
        rules.push(self.record(FRESH_RATIO, &good, &[]));
        rules.push(self.record(ERROR_RATIO, &bad, &[]));
        rules.push(self.record(REMAINING, &format!("1 - ({bad}) / {budget}"), &[]));
        rules.push(self.record(SPENT, &format!("({}) / {budget}", self.share_by_state(promise)), &[]));
        rules.push(self.record(COVERAGE, &self.coverage(promise), &[]));
        rules
    }

    /// The labels that the SLO's series have: one of each per SLO, whatever the targets.
    pub(super) fn identity_list(&self) -> String {
        let labels = self.identity.labels();
        let names: Vec<_> = ["job"].into_iter().chain(labels.keys().map(String::as_str)).collect();
        names.join(", ")
    }

    /// This kit's series of these states, at least one.
    pub(super) fn in_states(&self, states: &[ProbeState]) -> String {
        match states {
            [state] => self.selector(&format!("state={}", quote(state.as_str()))),
            _ if states.len() == ProbeState::ALL.len() => self.selector(""),
            _ => {
                let words: Vec<_> = states.iter().map(|state| state.as_str()).collect();
                self.selector(&format!("state=~{}", quote(&words.join("|"))))
            }
        }
    }

    /// How many probes of these states there were: from tiles where the window is long, as a month of probes in each
    /// pass would be some 86,000 samples per state.
    pub(super) fn count(&self, states: &[ProbeState], by: &str, window: Duration, text: &str) -> String {
        let series = self.in_states(states);
        format!("sum by ({by}) (sum_over_time({}{series}[{text}]))", counted_in(window))
    }

    fn error_share(&self, promise: &Promise, window: Duration, text: &str) -> String {
        self.share(promise, (Outcome::Bad, &self.identity_list()), window, text)
    }

    /// Of the valid probes; nothing, and never NaN, where there are none.
    fn share(&self, promise: &Promise, (outcome, by): (Outcome, &str), window: Duration, text: &str) -> String {
        let some = self.count(&promise.states(outcome), by, window, text);
        format!("{some} / ({} > 0)", self.count(&valid(promise), by, window, text))
    }

    fn share_by_state(&self, promise: &Promise) -> String {
        let (window, text, identity) = (promise.window(), promise.window_text(), self.identity_list());
        let by_state = format!("{identity}, state");
        let bad = self.count(&promise.states(Outcome::Bad), &by_state, window, text);
        let valid = self.count(&valid(promise), &identity, window, text);
        format!("{bad} / ignoring (state) group_left () ({valid} > 0)")
    }

    /// How many probes were seen, of those that a whole window has.
    fn coverage(&self, promise: &Promise) -> String {
        let (window, text) = (promise.window(), promise.window_text());
        let seen = self.count(&ProbeState::ALL, &self.identity_list(), window, text);
        let targets = u128::try_from(self.targets.len()).unwrap_or(u128::MAX);
        let expected = fraction(
            targets.saturating_mul(window.as_millis()),
            self.timing.interval.as_millis(),
        );
        // Edges of windows may take in one probe more.
        format!("clamp_max({seen} / {expected}, 1)")
    }
}

/// The series in which probes of so long a window are counted.
pub(super) fn counted_in(window: Duration) -> &'static str {
    if window > DIRECT { TILES } else { STATE }
}

fn of_job(job: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!("{{job={}{comma}{more}}}", quote(job))
}

/// A rule file with these groups.
pub(super) fn document(groups: Vec<Yaml>) -> String {
    Yaml::map([("groups", Yaml::List(groups))]).document(COMMENT, Style::Probes)
}

fn valid(promise: &Promise) -> Vec<ProbeState> {
    let is_valid = |state: &ProbeState| !promise.states(Outcome::Excluded).contains(state);
    ProbeState::ALL.into_iter().filter(is_valid).collect()
}

/// Up to here windows are read from the states themselves: 720 samples of each at an interval of 30 s.
const DIRECT: Duration = Duration::from_secs(6 * 3_600);
const BURN_EVERY: Duration = Duration::from_secs(60);
const TILE: Duration = Duration::from_secs(300);
const COMMENT: &str =
    "What probes of health endpoints of slo-health found: seven states, and the freshness SLO over them.";
