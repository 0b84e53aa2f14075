//! One set of rules for every SLO of every service that exports `slo.events`, now and later.

mod definitions;

use slo_core::alert::{AlertPolicy, Severity};
use slo_core::gate::DEFAULT_MOST_EXCLUDED;
use slo_core::names::alerts::{BUDGET_BURN, DATA_MISSING, NOBODY_PUSHES, SEVERITY, TIER};
use slo_core::{Share, Target, names};

use super::alerting::{burn_rules, data_missing, silence, too_few, unless_probed, was_alive};
use super::annotations::{Counted, Notes, Runbook};
use super::beside_probes::while_probes_tell;
use super::counters::{Counters, Of};
use super::promql;
use super::recorded::{BESIDE, BUDGET, EXCLUSION_END, VALID_TILES, WINDOW};
use super::recording::{burn_rates, each_minute, each_tile, everybodys_ratios, indented, needs_own_ratios};
use super::routing::Routing;
use super::rule_file::{Group, Rule, RuleFile};
use super::subject::{Known, Scope, Subject, basis_of_the_fleet, by, length};
use super::telling::{Teller, of_told};
use crate::args::{Engine, Identity};
use crate::rule_window::{ROLLOUT, RuleWindow};

/// The group of what every SLO has.
const EVERYBODYS: &str = "slo-2-ratios";

/// The time in which much that is excluded is too much (seconds).
const EXCLUDED_OVER: u64 = 900;
/// How long services are remembered to have sent data.
const REMEMBERED: &str = "1d";

/// What the fleet's rules depend on: nothing of any service.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub(crate) engine: Engine,
    pub(crate) identity: Identity,
    pub(crate) push_seconds: u64,
    pub(crate) policy: AlertPolicy,
    pub(crate) windows: Vec<RuleWindow>,
    pub(crate) dashboard: Option<String>,
    /// Stands for all in what does not depend on the target.
    pub(crate) any_target: Target,
}

impl Fleet {
    /// The file: definitions, what all SLOs have, then a set for each window.
    ///
    /// Groups are named in the order in which they need one another: `vmalert -replay` takes them by name.
    pub(crate) fn file(&self) -> RuleFile {
        let mut groups = vec![
            Group::new("slo-1-definitions", "1m", self.definitions()),
            self.everybodys(),
        ];
        for window in &self.windows {
            self.add_window(&mut groups, *window);
        }
        groups.push(Group::new("slo-5-data", "5m", self.about_the_data()));
        RuleFile {
            heading: self.heading(),
            name: "slo-fleet".to_owned(),
            groups,
        }
        .fitted(self.engine)
    }

    fn heading(&self) -> Vec<String> {
        let windows: Vec<_> = self.windows.iter().map(ToString::to_string).collect();
        vec![
            "Rules for every SLO of every service that exports slo_events_total; written by `slo rules --fleet`."
                .to_owned(),
            format!(
                "Windows: {}. Pushes every {}s. A service that adds or changes an SLO needs no other rules.",
                windows.join(", "),
                self.push_seconds
            ),
        ]
    }

    /// Where something is promised that nobody can watch.
    fn about_the_data(&self) -> Vec<Rule> {
        vec![
            self.specs_differ(),
            self.window_without_rules(),
            self.alerts_without_rules(),
            self.much_excluded(),
            self.data_missing(),
            self.nobody_pushes(),
        ]
    }

    /// The SLOs whose events are of such a kind.
    fn of_kind(&self, matches: String) -> String {
        self.of_definitions("max", &promql::selector(names::SPEC_INFO.prometheus, &[matches]))
    }

    /// Which an engine counts, by rules of its own.
    fn counted_by_others(&self) -> String {
        self.of_kind(promql::is(names::SLO_SLI.label, "prometheus"))
    }

    fn everybodys(&self) -> Group {
        let Some(subject) = self.windows.first().map(|window| self.subject(*window)) else {
            return Group::new(EVERYBODYS, "1m", Vec::new());
        };
        let mut rules = everybodys_ratios(&subject);
        let on = subject.on();
        let budget = format!("max by ({}) ({})", subject.by(), basis_of_the_fleet(BUDGET));
        rules.extend(burn_rates(&subject, |ratio| format!("{ratio} / {on} {budget}")));
        Group::new(EVERYBODYS, "1m", rules)
    }

    fn subject(&self, window: RuleWindow) -> Subject {
        Subject {
            identity: self.identity,
            engine: self.engine,
            push_seconds: self.push_seconds,
            counters: Counters::of_the_fleet(self.identity),
            scope: Scope::Fleet,
            window,
            known: Known::default(),
        }
    }

    /// Two groups: what is read each minute, and what is added up from tiles.
    fn add_window(&self, groups: &mut Vec<Group>, window: RuleWindow) {
        let subject = self.subject(window);
        let alerts = window.alerts(&self.policy, self.any_target);
        let mut minute = each_minute(&subject, &alerts);
        let mut tiles = each_tile(&subject, &alerts);
        let [page, ticket] = burn_rules(&subject, &alerts, &Routing::default(), &self.notes());
        minute.extend(page);
        tiles.extend(ticket);
        match groups.iter_mut().find(|group| group.name == EVERYBODYS) {
            // Beside the ratios that it reads: rules of one group follow one another, groups know no order.
            Some(group) if !needs_own_ratios(&alerts) => group.rules.extend(minute),
            _ => groups.push(Group::new(format!("slo-3-{window}"), "1m", minute)),
        }
        groups.push(Group::new(format!("slo-4-{window}-tiles"), "5m", tiles));
    }

    fn notes(&self) -> Notes {
        Notes {
            identity: self.identity,
            dashboard: self.dashboard.clone(),
            dashboard_link: None,
            runbook: Runbook::Asked,
            promise: None,
            counted: Counted::ByService,
            window_seconds: None,
        }
    }

    fn ticket(&self, name: &str, expr: &str, summary: &str, description: &str) -> Rule {
        Rule::alert(name, expr)
            .label(SEVERITY, Severity::Ticket.as_str())
            .annotated(self.notes().of(summary, description))
    }

    /// Of SLOs of which somebody is told: no drafts, and none whose alerts are nobody's.
    fn of_somebodys(&self, expr: &str) -> String {
        format!(
            "{expr}\nand on ({})\n{}",
            by(self.identity),
            Teller::Somebody.series([])
        )
    }

    /// Two specs at once are a rollout; for longer, somebody forgot an instance.
    fn specs_differ(&self) -> Rule {
        let spread = |metric: &str| {
            let of = |op: &str| self.of_definitions(op, metric);
            format!("({}\n>\n{})", of("max"), of("min"))
        };
        let either = [names::ERROR_BUDGET, names::WINDOW].map(|metric| spread(metric.prometheus));
        let expr = self.of_somebodys(&format!("({})", either.join("\nor\n")));
        self.ticket(
            "SloSpecsDiffer",
            &expr,
            "{{ $labels.service_name }}: instances disagree about {{ $labels.slo_name }}",
            "Its budget or window is not the same in all instances. The newest counts for an hour after it began, then the \
             strictest. Restart the instances that run an old version.",
        )
        .lasting(ROLLOUT)
    }

    /// What others count has no budget before the first of it, nor behind the last: its rules say that they are there.
    fn window_without_rules(&self) -> Rule {
        let on = format!("on ({})", by(self.identity));
        let foreign = self.counted_by_others();
        let unknown = format!("{WINDOW}\nunless {on}\n{BUDGET}\nunless {on}\n({BESIDE} and {on} {foreign})");
        // In one order, however they were given: who compares rules knows the windows and not that.
        let mut known = self.windows.clone();
        known.sort_by_key(|window| window.order());
        let known: Vec<_> = known.iter().map(ToString::to_string).collect();
        self.ticket(
            "SloWindowWithoutRules",
            &format!("{}\n{}", self.of_somebodys(&unknown), unless_probed(self.identity)),
            "{{ $labels.service_name }}: no rules for the window of {{ $labels.slo_name }}",
            &format!(
                "Its window is {{{{ $value | humanizeDuration }}}}, and the fleet's rules know {}. Nobody would be told that its \
                 budget burns. Write the rules anew with a `--window` for it; where counters of others count it, write \
                 `slo rules --beside-fleet` from its spec, with the labels that its service has.",
                known.join(", ")
            ),
        )
        .lasting("15m")
    }

    /// Whose alerts the fleet's rules leave to others that nobody has installed.
    fn alerts_without_rules(&self) -> Rule {
        let (by, own) = (by(self.identity), Teller::ItsOwn.series([]));
        self.ticket(
            "SloAlertsWithoutRules",
            &format!(
                "max by ({by}, {TIER}) ({own})\nand on ({by})\n{BUDGET}\nunless on ({by})\n{BESIDE}\n{}",
                unless_probed(self.identity)
            ),
            "{{ $labels.service_name }}: no rules for the alerts of {{ $labels.slo_name }}",
            "Its spec says conditions, a minimum of bad events or severities of its own, and the fleet's rules tell of none of \
             these. Nobody would be told that its budget burns. Write `slo rules --beside-fleet` from its spec, with the labels \
             that its service has.",
        )
        .lasting("15m")
    }

    /// What is excluded is in no ratio: a hang whose clients leave early would read 100%. Of requests only, and not of a
    /// time that was planned.
    fn much_excluded(&self) -> Rule {
        let counters = Counters::of_the_fleet(self.identity);
        let (excluded, all) = (
            counters.read(Of::Excluded, "increase", length(EXCLUDED_OVER)),
            counters.read(Of::All, "increase", length(EXCLUDED_OVER)),
        );
        // As long as it is in the counts: of the last quarter of an hour, and pushed late.
        let planned = length(EXCLUDED_OVER + self.push_seconds + 120);
        let told = self.of_kind(promql::is_any(names::SLO_SLI.label, ["synthetic", "events"]));
        let by = by(self.identity);
        let on = format!("on ({by})");
        let most = promql::fraction(DEFAULT_MOST_EXCLUDED.ppb().into(), Share::WHOLE.ppb().into());
        let ended = basis_of_the_fleet(EXCLUSION_END);
        let few = too_few(self.policy.least_bad_events());
        let expr = format!(
            "{excluded}\n/\n({all} > 0)\n> {most}\nand {on}\n({excluded} > {few})\n\
             unless {on}\nlast_over_time({ended}[{planned}])\nunless {on}\n{told}"
        );
        let expr = of_told(&by, &Teller::Somebody.series([]), &expr);
        self.ticket(
            "SloMuchExcluded",
            &expr,
            "{{ $labels.service_name }}: {{ $value | humanizePercentage }} of the events of {{ $labels.slo_name }} are excluded",
            &format!(
                "More than {DEFAULT_MOST_EXCLUDED} over 15 minutes count neither as good nor as bad, so its error ratio says \
                 less than it seems to. Clients that give up before the answer are excluded until the route's patience ends: \
                 are answers slow?"
            ),
        )
    }

    /// Of services with a promise that is agreed, and of which somebody is told.
    fn data_missing(&self) -> Rule {
        data_missing(
            self.identity,
            &self.traffic(),
            silence(self.push_seconds),
            &Routing::default(),
            (&self.pushed(), &self.alive()),
        )
    }

    fn traffic(&self) -> String {
        format!(
            "(max_over_time({}[{REMEMBERED}]) > 0)\nand on ({by})\n{}\nunless on ({by})\n{}",
            basis_of_the_fleet(VALID_TILES),
            last_told(),
            basis_of_the_fleet(EXCLUSION_END),
            by = by(self.identity)
        )
    }

    /// What was pushed in the length of a silence.
    fn pushed(&self) -> String {
        let range = silence(self.push_seconds);
        let seen = format!("last_over_time({}[{range}])", names::EVENTS.prometheus);
        self.identity.aggregate("count", &[], &seen, &range.to_string())
    }

    fn alive(&self) -> String {
        // Those of a spec's own rules have a service.
        was_alive(&[promql::is(names::SERVICE_NAME.label, "")], silence(self.push_seconds))
    }

    /// Where all services of an environment are silent, and there are several, what they push through is down: one page
    /// in the place of many.
    fn nobody_pushes(&self) -> Rule {
        let by = self.identity.environment_labels().join(", ");
        let expr = format!(
            "count by ({by}) (\n{}\n) > 1\nunless on ({by})\n{}",
            indented(&self.missing()),
            self.pushed()
        );
        let minutes = silence(self.push_seconds).as_seconds() / 60;
        let labels = self.identity.environment_labels().iter();
        let place: String = labels
            .map(|label| format!("{{{{ with $labels.{label} }}}} of {{{{ . }}}}{{{{ end }}}}"))
            .collect();
        let notes = [
            (
                names::alerts::SUMMARY,
                format!("None of {{{{ $value }}}} services{place} sends SLO data any more. Look now."),
            ),
            (
                names::alerts::DESCRIPTION,
                format!(
                    "Services that had traffic within the last day have pushed nothing for {minutes} minutes, and no other does. \
                     Look at what they push through first: the collector, the network, the store's way in. Nothing can be said \
                     about their promises meanwhile."
                ),
            ),
        ];
        let rule = Rule::alert(NOBODY_PUSHES, expr);
        Routing::default().routed(rule, Severity::Page, &[]).annotated(notes)
    }

    /// Services whose data is missing. Where a rule sees what its group has just recorded, `ALERTS` says it: of services that
    /// push to no fleet, too, of which their own rules tell.
    fn missing(&self) -> String {
        if self.engine == Engine::Victoriametrics {
            return self.data_missing().expr().to_owned();
        }
        let firing = [
            promql::is("alertname", DATA_MISSING),
            promql::is("alertstate", "firing"),
            promql::is(names::SLO_NAME.label, ""),
        ];
        let service = self.identity.service_labels().join(", ");
        format!(
            "max by ({service}) (\n  {}\n  and on ({service})\n  {}\n)",
            promql::selector("ALERTS", &firing),
            last_told()
        )
    }
}

/// SLOs of which somebody was told within the time in which services are remembered.
fn last_told() -> String {
    format!("last_over_time({}[{REMEMBERED}])", Teller::Somebody.series([]))
}

/// The labels that tickets and pages of one SLO have in common; of each pair of names that these have.
pub(crate) fn inhibition(identity: Identity, severities: &[(String, String)]) -> String {
    let equal: String = by(identity)
        .split(", ")
        .map(|label| format!("      - {label}\n"))
        .collect();
    let rules: String = severities
        .iter()
        .map(|(page, ticket)| {
            format!(
                "  - source_matchers:\n      - alertname = \"{BUDGET_BURN}\"\n      - {SEVERITY} = \"{page}\"\n    \
                 target_matchers:\n      - alertname = \"{BUDGET_BURN}\"\n      - {SEVERITY} = \"{ticket}\"\n    \
                 equal:\n{equal}"
            )
        })
        .collect();
    format!(
        "# Below `inhibit_rules:` of alertmanager.yml; written by `slo rules --alertmanager`.\n\
         # While a page of an SLO fires, its ticket says nothing new.\n\
         inhibit_rules:\n{rules}{}{}",
        while_nobody_pushes(identity),
        while_probes_tell(identity, severities)
    )
}

/// That one service is silent is no news where all of them are.
fn while_nobody_pushes(identity: Identity) -> String {
    let labels = identity.environment_labels().iter();
    let equal: String = labels.map(|label| format!("      - {label}\n")).collect();
    let equal = if equal.is_empty() {
        equal
    } else {
        format!("    equal:\n{equal}")
    };
    format!(
        "  # While nobody pushes, one page says so.\n  - source_matchers:\n      - alertname = \"{NOBODY_PUSHES}\"\n    \
         target_matchers:\n      - alertname = \"{DATA_MISSING}\"\n{equal}"
    )
}
