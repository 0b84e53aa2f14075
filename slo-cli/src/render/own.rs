//! The rules of one spec's SLOs, with their numbers in them.

mod data;
mod said;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use slo_core::alert::{AlertPolicy, Alerts, Severity};
use slo_core::{Alerting, AlertsKind, HttpSli, Sli, Slo, SloSet, names};

use super::alerting::burn_rules;
use super::annotations::{Counted, Notes, Runbook};
use super::counters::{Counters, matchers_of};
use super::dates::Dates;
use super::planned::Planned;
use super::promql::{self, MOST_QUERY_BYTES};
use super::recorded::{AGREED, BESIDE, BUDGET, EXCLUSION_END, EXCLUSION_SAID, START};
use super::recording::{Lengths, burn_rates, each_minute, each_tile, everybodys_ratios, minutes};
use super::routing::Routing;
use super::rule_file::{Group, Rule, RuleFile};
use super::short_name::{object_name, shortened};
use super::subject::{Known, Scope, Subject, budget, length};
use super::whose::{Place, Whose};
use crate::args::{Engine, Identity, Source};
use crate::rule_window::{RuleWindow, TILE};

/// What the rules of a spec depend on.
#[derive(Clone, Debug)]
pub(crate) struct Own<'a> {
    pub(crate) set: &'a SloSet,
    pub(crate) engine: Engine,
    pub(crate) identity: Identity,
    pub(crate) source: Source,
    pub(crate) push_seconds: u64,
    pub(crate) policy: AlertPolicy,
    pub(crate) dashboard: Option<String>,
    /// Where the service runs: whose series are its own, and labels that counters of others do not have.
    pub(crate) place: Place,
    /// Only what the fleet's rules leave out: what they cannot count, and alerts of an SLO's own.
    pub(crate) beside_fleet: bool,
    /// The day from which on rules know times by date.
    pub(crate) from: Option<NaiveDate>,
}

/// One SLO that rules can be written for.
#[derive(Clone, Debug)]
pub(crate) struct Ruled<'a> {
    pub(crate) slo: &'a Slo,
    pub(crate) subject: Subject,
    pub(crate) alerts: Alerts,
}

/// Why an SLO cannot have rules, and which of its keys is why.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    key: &'static str,
    why: String,
}

impl Refusal {
    pub(crate) fn at(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }

    /// `slos.NAME.KEY: why`.
    pub(crate) fn of(self, slo: &str) -> String {
        format!("slos.{slo}.{}: {}", self.key, self.why)
    }
}

impl Ruled<'_> {
    /// Counted by an engine, of counters of others.
    pub(super) const fn is_foreign(&self) -> bool {
        self.subject.counters.engine().is_some()
    }

    /// Where its alerts go.
    pub(super) fn routing(&self) -> Routing {
        Routing::of_slo(self.slo)
    }

    /// Whether its spec says that nobody is told anything.
    fn tells_nobody(&self) -> bool {
        self.slo.alerting_rules().is_some_and(Alerting::tells_nobody)
    }
}

impl<'a> Own<'a> {
    /// The file, or why some SLO cannot have rules.
    pub(crate) fn file(&self) -> Result<RuleFile, Vec<String>> {
        let ruled = self.ruled()?;
        let mut groups = Vec::with_capacity(2 * ruled.len());
        let mut reasons = Vec::new();
        for ruled in &ruled {
            let of_one = self.groups(ruled);
            reasons.extend(
                self.too_long(ruled, &of_one)
                    .map(|refusal| refusal.of(ruled.slo.name())),
            );
            groups.extend(of_one);
        }
        if !reasons.is_empty() {
            return Err(reasons);
        }
        groups.extend(self.data(&ruled));
        Ok(RuleFile {
            heading: self.heading(&ruled),
            name: self.object_name(),
            groups,
        }
        .fitted(self.engine))
    }

    pub(super) fn whose(&self) -> Whose {
        Whose {
            identity: self.identity,
            service: self.set.service().to_owned(),
            place: self.place.clone(),
        }
    }

    /// One for each file that may be beside it. Points are only between its parts.
    fn object_name(&self) -> String {
        let whose = self.whose();
        let mut parts = vec![["slo-rules-", self.set.service()].concat()];
        parts.extend(whose.parts().iter().skip(1).map(|part| (*part).to_owned()));
        parts.extend(self.beside_fleet.then(|| "beside".to_owned()));
        let parts: Vec<_> = parts
            .iter()
            .map(|part| match part.parse::<u64>() {
                // A number alone is that of an object of several: it gets a checksum as well.
                Ok(_) => object_name(&format!("{part} "), LONGEST_OBJECT_NAME),
                Err(_) => object_name(part, LONGEST_OBJECT_NAME),
            })
            .collect();
        shortened(&parts.join("."), LONGEST_OBJECT_NAME)
    }

    fn heading(&self, ruled: &[Ruled<'_>]) -> Vec<String> {
        let (whose, where_not) = if self.beside_fleet {
            (
                "Rules for the SLOs of one service that are counted by others or have alerts of their own",
                "Beside the rules of `slo rules --fleet`, which count the service's own events.",
            )
        } else {
            (
                "Rules for the SLOs of one service",
                "Not for a store in which the rules of `slo rules --fleet` count the same events.",
            )
        };
        let mut heading = vec![
            format!("{whose}; written by `slo rules` from its spec."),
            where_not.to_owned(),
        ];
        heading.extend(self.whose().said().map(|place| format!("Counted {place}.")));
        heading.extend(self.from.zip(known_until(ruled)).map(|(from, until)| {
            format!(
                "Planned times and periods are {KNOWN_FROM}{from} until {}.",
                data::day(until)
            )
        }));
        heading
    }

    /// The SLOs with rules, in the spec's order; or every reason why there are none.
    pub(crate) fn ruled(&self) -> Result<Vec<Ruled<'a>>, Vec<String>> {
        let counted = self
            .with_events()
            .filter(|slo| !self.beside_fleet || self.is_left_by_the_fleet(slo));
        let (mut ruled, mut reasons) = (Vec::new(), Vec::new());
        for slo in counted {
            match self.rule(slo) {
                Ok(one) => ruled.push(one),
                Err(refusal) => reasons.push(refusal.of(slo.name())),
            }
        }
        if self.is_told_by_the_fleet() {
            let nothing = "no SLO is counted by others (`prometheus`) or tells somebody by alerts of its own, so nothing is missing \
                           beside the fleet's rules";
            reasons.push(format!("{nothing}; leave `--beside-fleet` out for rules of all SLOs"));
        }
        if reasons.is_empty() { Ok(ruled) } else { Err(reasons) }
    }

    /// Whether nothing of the spec is left for rules beside the fleet's.
    pub(crate) fn is_told_by_the_fleet(&self) -> bool {
        self.beside_fleet && self.left_by_the_fleet().next().is_none()
    }

    /// The SLOs that rules beside the fleet's are for.
    pub(crate) fn left_by_the_fleet(&self) -> impl Iterator<Item = &'a Slo> {
        self.with_events().filter(|slo| self.is_left_by_the_fleet(slo))
    }

    /// A composite has no events.
    fn with_events(&self) -> impl Iterator<Item = &'a Slo> {
        self.set.slos().iter().filter(|slo| slo.composite().is_none())
    }

    /// What they cannot count, and what they count and do not tell.
    fn is_left_by_the_fleet(&self, slo: &Slo) -> bool {
        is_foreign(slo) || self.is_told_beside(slo)
    }

    /// Whether the fleet's rules record it, and only its alerts are of its own.
    fn is_told_beside(&self, slo: &Slo) -> bool {
        let is_own = !is_foreign(slo) && slo.alerts_kind() == AlertsKind::Own;
        self.beside_fleet && is_own && !self.policy.for_slo(slo).is_silent()
    }

    fn rule(&self, slo: &'a Slo) -> Result<Ruled<'a>, Refusal> {
        let counters = self.counters(slo)?;
        let labels = match counters.engine() {
            Some(_) => {
                let labels = self.whose().labels().into_iter();
                labels.map(|(label, value)| (label.to_owned(), value)).collect()
            }
            None => Vec::new(),
        };
        let subject = Subject {
            identity: self.identity,
            engine: self.engine,
            push_seconds: self.push_seconds,
            counters,
            scope: Scope::Own {
                whose: self.whose(),
                slo: slo.name().to_owned(),
                target: slo.target(),
                labels,
                beside_fleet: self.is_told_beside(slo),
                probed: matches!(slo.sli(), Sli::Synthetic(_)),
            },
            window: RuleWindow::new(slo.window()).map_err(|error| Refusal::at("window", error.to_string()))?,
            known: self.known(slo)?,
        };
        Ok(Ruled {
            slo,
            subject,
            alerts: self.policy.for_slo(slo),
        })
    }

    /// Counters of others are read in one way, whatever the source of the rest; beside the fleet's rules that is what these read.
    fn counters(&self, slo: &Slo) -> Result<Counters, Refusal> {
        let whose = self.whose();
        match (slo.sli(), self.source) {
            (Sli::Prometheus(_), _) if slo.time_slices().is_some() => Err(Refusal::at(
                "sli.time_slices",
                "slices of time are judged in a process, and none counts these events; leave `time_slices` out",
            )),
            (Sli::Prometheus(sli), _) => Ok(Counters::of_engine(&whose, sli.clone())),
            (_, Source::Http) if !self.beside_fleet => Ok(Counters::of_http(&whose, readable(slo)?)),
            (_, Source::Events | Source::Http) => Ok(Counters::of_events(&whose, slo.name())),
        }
    }

    /// By a process of ours, which says then what its SLOs are.
    fn is_judged(&self, slo: &Slo) -> bool {
        (self.source == Source::Events || self.beside_fleet) && !is_foreign(slo)
    }

    /// What no process does for these rules: leave planned times out, and say when a period began.
    fn known(&self, slo: &Slo) -> Result<Known, Refusal> {
        let is_calendar = slo.window().rolling_length().is_none();
        let (key, what) = match (slo.has_exclusions(), is_calendar) {
            _ if self.is_judged(slo) => return Ok(Known::default()),
            (false, false) => return Ok(Known::default()),
            (true, _) => ("exclude", "planned times"),
            (false, true) => ("window", "the periods of its window"),
        };
        let from = self.from.ok_or_else(|| {
            let why = format!(
                "rules know {what} by date; write the day from which on they know those of the next 400 days, like \
                 `--from 2026-01-01`"
            );
            Refusal::at(key, why)
        })?;
        Ok(Known {
            exclusions: slo.has_exclusions().then(|| Dates::of_exclusions(slo, from)),
            periods: is_calendar.then(|| Dates::of_periods(slo, from)),
        })
    }

    fn groups(&self, ruled: &Ruled<'_>) -> [Group; 2] {
        let Ruled { slo, subject, alerts } = ruled;
        let (mut minute, mut tiles) = if subject.is_beside_fleet() {
            self.recorded_beside_the_fleet(ruled)
        } else {
            self.recorded(ruled)
        };
        if !alerts.is_silent() {
            let [page, ticket] = burn_rules(subject, alerts, &ruled.routing(), &self.notes(ruled));
            minute.extend(page);
            tiles.extend(ticket);
        }
        let name = self.group_of(slo.name());
        // Behind the other by name: `vmalert -replay` takes them so, and a tile may read what a minute records.
        [
            Group::new(format!("{name}.tiles"), "5m", tiles),
            Group::new(name, "1m", minute),
        ]
    }

    /// A rule that its engine would not evaluate, and nobody would notice.
    fn too_long(&self, ruled: &Ruled<'_>, groups: &[Group]) -> Option<Refusal> {
        let rules = groups.iter().flat_map(|group| &group.rules);
        let longest = rules.map(Rule::query_bytes).max();
        let bytes = longest.filter(|bytes| self.engine == Engine::Victoriametrics && *bytes > MOST_QUERY_BYTES)?;
        let (key, fewer) = if ruled.subject.counters.are_events() {
            ("alerts", "fewer conditions of alerts")
        } else {
            ("sli", "fewer routes or conditions of alerts, or several SLOs")
        };
        let why = format!(
            "a rule of it is a query of {bytes} bytes, and VictoriaMetrics takes {MOST_QUERY_BYTES} \
             (`-search.maxQueryLen`); write {fewer}"
        );
        Some(Refusal::at(key, why))
    }

    /// What is recorded each minute, and with each tile.
    fn recorded(&self, ruled: &Ruled<'_>) -> (Vec<Rule>, Vec<Rule>) {
        let Ruled { subject, alerts, .. } = ruled;
        let mut minute = self.definition(ruled);
        minute.extend(self.foreign_are_here(ruled));
        minute.extend(minutes(subject));
        minute.extend(everybodys_ratios(subject));
        minute.extend(burn_rates(subject, |ratio| subject.burn(ratio)));
        minute.extend(each_minute(subject, alerts));
        (minute, each_tile(subject, alerts))
    }

    /// The lengths of its alerts that no alert of the fleet has: that would be the same series twice. And that its alerts are
    /// here, where its service says who tells of it.
    fn recorded_beside_the_fleet(&self, ruled: &Ruled<'_>) -> (Vec<Rule>, Vec<Rule>) {
        let Ruled { slo, subject, alerts } = ruled;
        let fleets = subject.window.alerts(&self.policy, slo.target());
        let lengths = Lengths::of(alerts).without(&Lengths::of(&fleets));
        let mut minute = vec![alerts_are_here(subject, &subject.any_window_series(AGREED))];
        minute.extend(lengths.each_minute(subject));
        (minute, lengths.each_tile(subject))
    }

    /// What others count is left to these rules wherever its process says so, and nowhere else can it say that they are there:
    /// with the very labels that these add to what they count, for all else is told of another service.
    fn foreign_are_here(&self, ruled: &Ruled<'_>) -> Option<Rule> {
        let is_told = ruled.is_foreign() && !ruled.alerts.is_silent();
        let slo = promql::is(names::SLO_NAME.label, ruled.slo.name());
        let matchers: Vec<_> = self.whose().exactly().into_iter().chain([slo]).collect();
        is_told.then(|| alerts_are_here(&ruled.subject, &promql::selector(AGREED, &matchers)))
    }

    /// The first group of an SLO. Told from those of other environments.
    fn group_of(&self, slo: &str) -> String {
        format!("{}-{slo}", self.groups_of_the_service())
    }

    /// A group of no SLO, behind a point: no name of an SLO has one, and an SLO may be called `data`.
    fn group_beside(&self, what: &str) -> String {
        format!("{}.{what}", self.groups_of_the_service())
    }

    fn groups_of_the_service(&self) -> String {
        format!("slo-{}", self.whose().parts().join("-"))
    }

    /// The budget while there is something to count, for panels and to know what was seen; the period's start; the end of
    /// a planned time.
    fn definition(&self, ruled: &Ruled<'_>) -> Vec<Rule> {
        let Ruled { slo, subject, .. } = ruled;
        let present = subject.counters.presence(None);
        let expr = format!("0 * {present} + {}", budget(slo.target()));
        let mut rules = vec![Rule::record(BUDGET, expr).labels(&subject.basis_labels(true))];
        rules.extend(self.said(ruled));
        if subject.window.period().is_some() {
            rules.push(self.start(ruled));
        }
        if slo.has_exclusions() {
            rules.extend(self.exclusion_end(ruled));
        }
        if !ruled.tells_nobody() {
            rules.extend(self.bucket_missing(ruled));
            rules.extend(self.counts_differ(ruled));
        }
        rules
    }

    /// As the process says, of the place where it runs. Where the rules know it by date, that is so wherever they count, and
    /// what a process says counts before their first day alone: one of another environment may say another period.
    fn start(&self, ruled: &Ruled<'_>) -> Rule {
        let subject = &ruled.subject;
        let raw = self.exported(ruled.slo, names::WINDOW_START);
        match subject.known.periods.as_ref().map(Dates::begins) {
            None => {
                let start = self.whose().aggregate("max", &[], &raw, "5m");
                Rule::record(START, start).labels(&subject.basis_labels(false))
            }
            Some(known) => {
                let either: Vec<_> = known.into_iter().chain([self.latest(&raw)]).collect();
                Rule::record(START, either.join("\nor\n")).labels(&subject.all_basis_labels())
            }
        }
    }

    /// As the process says, or said last before it was stopped, of the place where it runs: what is planned in one environment
    /// goes on in the others. By date where the rules leave planned times out, wherever they count, and no process is asked.
    fn exclusion_end(&self, ruled: &Ruled<'_>) -> Vec<Rule> {
        let subject = &ruled.subject;
        if let Some(known) = &subject.known.exclusions {
            let rule = |ends| Rule::record(EXCLUSION_END, ends).labels(&subject.all_basis_labels());
            return known.ends().map(rule).into_iter().collect();
        }
        let whose = self.whose();
        let planned = Planned {
            end: &self.exported(ruled.slo, names::EXCLUSION_END),
            window: &self.exported(ruled.slo, names::WINDOW),
            recorded: &subject.any_window_basis(EXCLUSION_SAID),
            by: &self.identity.service_labels().join(", "),
            latest: |raw: &str| whose.aggregate("max", &[], raw, "5m"),
        };
        let labels = subject.basis_labels(false);
        planned.rules(self.engine).map(|rule| rule.labels(&labels)).into()
    }

    /// The latest of what its processes say, without labels.
    fn latest(&self, raw: &str) -> String {
        match (self.identity, self.place.environment.named()) {
            // Only there it takes more than the labels of what they say to know which of them run in this environment.
            (Identity::TargetInfo, Some(_)) => format!("max({})", self.whose().aggregate("max", &[], raw, "5m")),
            _ => format!("max({raw})"),
        }
    }

    /// A gauge that the service exports with the SLO's definition, if it is one of ours.
    fn exported(&self, slo: &Slo, metric: names::Metric) -> String {
        promql::selector(metric.prometheus, &matchers_of(&self.whose(), slo.name()))
    }

    /// A histogram without the limit as a boundary says nothing about it, and silence would look like success.
    fn bucket_missing(&self, ruled: &Ruled<'_>) -> Option<Rule> {
        let Ruled { slo, subject, .. } = ruled;
        let (bucket, limit) = (subject.counters.bucket_presence()?, slo.latency_limit()?);
        let expr = format!("{}\nunless\n{bucket}", subject.counters.presence(None));
        let summary = "{{ $labels.service_name }}: no bucket for {{ $labels.slo_name }}";
        let description = format!(
            "The duration histogram has no boundary at {}s, so nobody can say how many requests were faster. Add it to the \
             boundaries of http.server.request.duration.",
            limit.as_seconds_f64()
        );
        Some(self.ticket(ruled, "SloBucketMissing", expr, summary, &description))
    }

    /// Two queries that do not count the same events make a ratio of nothing.
    fn counts_differ(&self, ruled: &Ruled<'_>) -> Option<Rule> {
        let (expr, part) = ruled.subject.counters.engine()?.counts_that_differ();
        let summary = "{{ $labels.service_name }}: the counts of {{ $labels.slo_name }} do not fit together";
        let description = format!(
            "In the last hour its query for {part} events counted more than that for valid ones, so its ratio says nothing. \
             Every {part} event must be a valid one: compare the two queries in the spec."
        );
        Some(self.ticket(ruled, "SloCountsDiffer", expr, summary, &description))
    }

    /// About an SLO's definition, once it lasts.
    fn ticket(&self, ruled: &Ruled<'_>, name: &str, expr: String, summary: &str, description: &str) -> Rule {
        let rule = Rule::alert(name, expr).lasting("15m");
        ruled
            .routing()
            .routed(rule, Severity::Ticket, &ruled.subject.labels(false))
            .annotated(self.notes(ruled).of(summary, description))
    }

    fn notes(&self, ruled: &Ruled<'_>) -> Notes {
        let slo = ruled.slo;
        let link = |link: Option<&slo_core::Link>| link.map(|link| link.as_str().to_owned());
        Notes {
            identity: self.identity,
            dashboard: self.dashboard.clone(),
            dashboard_link: link(slo.dashboard_link()),
            runbook: Runbook::Known(link(slo.runbook_link())),
            promise: Some(slo.promise_sentence().unwrap_or(slo.name()).to_owned()),
            counted: self.counted(ruled),
            window_seconds: Some(ruled.subject.window.longest_seconds()),
        }
    }

    fn counted(&self, ruled: &Ruled<'_>) -> Counted {
        let bad = || ruled.subject.raw_bad(length(TILE));
        if self.is_judged(ruled.slo) {
            Counted::ByService
        } else if ruled.is_foreign() {
            Counted::ByOthers(bad())
        } else {
            Counted::OfRequests(bad())
        }
    }
}

/// For the fleet's rules, which leave them to others.
fn alerts_are_here(subject: &Subject, agreed: &str) -> Rule {
    let here = format!("max by ({}) ({agreed})", subject.by());
    Rule::record(BESIDE, here).labels(&subject.labels(false))
}

/// Up to when all of them know what is planned, in Unix seconds; `None` where nothing is known by date.
fn known_until(ruled: &[Ruled<'_>]) -> Option<u64> {
    let known = ruled.iter().map(|ruled| &ruled.subject.known);
    let dates = known.flat_map(|known| known.exclusions.iter().chain(&known.periods));
    dates.map(Dates::known_until).min()
}

/// What Kubernetes takes of an object's name where it becomes a label.
const LONGEST_OBJECT_NAME: usize = 63;

/// What stands before the day in the heading of a file that knows times by date.
pub(crate) const KNOWN_FROM: &str = "known by date from ";

/// Whether the labels of the duration histogram say all that the SLO asks for.
fn readable(slo: &Slo) -> Result<&HttpSli, Refusal> {
    let only = "is known to the service alone; count it by `--source events`";
    let Sli::Http(sli) = slo.sli() else {
        return Err(Refusal::at("sli", format!("what is not about HTTP requests {only}")));
    };
    if sli.is_marked() {
        let why = format!("which routes are marked {only}, or write the routes");
        return Err(Refusal::at("sli.http.routes", why));
    }
    if slo.time_slices().is_some() {
        let why = format!("which slices of time are good {only}");
        return Err(Refusal::at("sli.time_slices", why));
    }
    Ok(sli)
}

/// Counted by an engine, of counters of others.
pub(crate) const fn is_foreign(slo: &Slo) -> bool {
    matches!(slo.sli(), Sli::Prometheus(_))
}
