//! What records budgets and burn rates: whether it is there, up to date, and at work.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use clap::{Parser as _, ValueEnum as _};
use slo_core::names::alerts::{BUDGET_BURN, PROBES_BEGIN};
use slo_core::{Slo, names};

use super::compared::Differences;
use super::expression::canonical;
use super::loaded::{self, Loaded};
use super::{Finding, Link, Patient};
use crate::args::{Engine, Identity, RulesArgs};
use crate::cmd::rules::{fleet_of, own_of};
use crate::prom::Sample;
use crate::render::own::{Own, is_foreign};
use crate::render::rule_file::RuleFile;
use crate::render::subject::WINDOW_LABEL;
use crate::render::{plain, promql, recorded};
use crate::rule_window::RuleWindow;

const HERE: Link = Link::Rules;
const SLO: &str = names::SLO_NAME.label;
/// Whose forms of a tile there are, and of groups.
const ENGINES: [Engine; 3] = [Engine::Prometheus, Engine::Victoriametrics, Engine::Mimir];

impl Patient<'_> {
    pub(super) fn rules(&self) -> Vec<Finding> {
        match self.loaded() {
            Ok(loaded) => self.judged(&loaded),
            Err(finding) => vec![finding],
        }
    }

    fn loaded(&self) -> Result<Vec<Loaded>, Finding> {
        const PATH: &str = "/api/v1/rules";
        let (source, page) = match &self.args.rules {
            Some(base) => {
                let address = format!("{}{PATH}", base.trim_end_matches('/'));
                (plain(&address), self.web.get(&address))
            }
            None => (format!("{}{PATH}", self.asking.source()), self.store.get(PATH)),
        };
        let page = page.map_err(|why| {
            let finding = Finding::broken(HERE, "loaded", format!("{source} cannot be reached: {why}"));
            finding.mend("is it up, and is this the address of what evaluates the rules?")
        })?;
        let rules = loaded::read(&page.body).filter(|_| page.is_success());
        let rules = rules.ok_or_else(|| {
            let found = format!("{source} answers with status {} and no rules", page.status);
            Finding::unknown(HERE, "loaded", found).mend("give the address of what evaluates the rules as --rules")
        })?;
        let ours: Vec<_> = rules.into_iter().filter(is_ours).collect();
        if ours.iter().any(|rule| !is_of_probes(rule)) {
            return Ok(ours);
        }
        // VictoriaMetrics has this page, and leaves the rules to vmalert.
        let found = format!("{source} has no rules of ours");
        Err(Finding::broken(HERE, "loaded", found)
            .mend("load what `slo rules --fleet` writes; where vmalert evaluates rules, give its address as --rules"))
    }

    fn judged(&self, loaded: &[Loaded]) -> Vec<Finding> {
        let fleet: Vec<_> = loaded.iter().filter(|rule| !rule.labels.contains_key(SLO)).collect();
        let own: Vec<_> = loaded.iter().filter_map(|rule| self.slo_of(rule)).collect();
        // Beside the fleet's rules, what an engine counts has rules of its own, and alerts of one's own count nothing.
        let counted = loaded.iter().filter(|rule| rule.name == recorded::VALID_TILES);
        let mut counted = counted.filter_map(|rule| self.slo_of(rule));
        let twice = counted.any(|slo| slo.sli().is_counted_here());
        let is_fleet = fleet.iter().any(|rule| rule.name == recorded::WINDOW);
        let mut findings = Vec::new();
        match (is_fleet, twice) {
            (false, _) if own.is_empty() => {
                let found = "the rules that are loaded are about other services";
                let mend = "load what `slo rules --fleet` writes, or `slo rules` of this spec";
                return vec![Finding::broken(HERE, "loaded", found).mend(mend)];
            }
            (true, true) => {
                let found = "both the fleet's rules and rules of this spec count the same events";
                findings.push(Finding::broken(HERE, "loaded", found).mend("unload one of the two"));
            }
            (true, false) => findings.extend(self.fleet_is_current(&fleet)),
            (false, _) => {}
        }
        if !own.is_empty() {
            findings.extend(self.own_are_current(loaded, is_fleet));
        }
        if is_fleet {
            findings.push(self.windows_are_known(&fleet));
            findings.extend(self.what_is_left_is_here(loaded));
        }
        findings.push(self.at_work(loaded));
        let all_ran = loaded.iter().all(|rule| rule.evaluated.is_some());
        findings.push(self.recorded_here(loaded, all_ran));
        findings
    }

    /// Rules of a spec carry its SLOs as labels, and its service as a label or in their expressions; and so do those of
    /// `slo probes`, which count no events and are written by another command.
    fn slo_of(&self, rule: &Loaded) -> Option<&Slo> {
        let service = self.args.identity.is_service(self.slos.service());
        let is_told = rule.labels.get(names::SERVICE_NAME.label).map(String::as_str) == Some(self.slos.service());
        let is_ours = is_told || canonical(&rule.query).contains(&canonical(&service));
        self.slos
            .slo(rule.labels.get(SLO)?)
            .filter(|_| is_ours && !is_of_probes(rule))
    }

    fn fleet_is_current(&self, fleet: &[&Loaded]) -> Vec<Finding> {
        let written = |windows: &mut dyn Iterator<Item = String>| {
            let again: String = windows.map(|window| format!(" --window {window}")).collect();
            format!("load what `slo rules --fleet{again}{}` writes", self.options())
        };
        let known = windows(fleet);
        let parsed: Result<Vec<RuleWindow>, _> = known.iter().map(|window| window.parse()).collect();
        let Ok(mut windows) = parsed else {
            let found = "the fleet's rules have windows that this version cannot write";
            let mend = written(&mut known.into_iter());
            return vec![Finding::warning(HERE, "current", found).mend(mend)];
        };
        windows.sort_by_key(|window| window.order());
        let mend = written(&mut windows.iter().map(ToString::to_string));
        let files = ENGINES.iter().filter_map(|engine| {
            let args = self.rules_args(&["--fleet"], windows.clone(), *engine);
            Some(fleet_of(&args).ok()?.file())
        });
        current(fleet, files, "the fleet's rules", &mend)
    }

    fn own_are_current(&self, loaded: &[Loaded], beside_fleet: bool) -> Vec<Finding> {
        let beside = if beside_fleet { " --beside-fleet" } else { "" };
        let mend = format!("load what `slo rules{beside}{}` of this spec writes", self.options());
        if beside_fleet && self.beside_fleet().is_told_by_the_fleet() {
            let found = "rules of this spec are loaded, and the fleet's leave nothing of it to them";
            return vec![Finding::warning(HERE, "current", found).mend("unload them")];
        }
        // Of this environment, or of all that have no numbers of their own.
        let environments = [self.args.environment.as_ref(), None];
        let sources = ["events", "http"].into_iter();
        let ways = sources.flat_map(|source| environments.map(|environment| (source, environment)));
        let ways = ways.flat_map(|way| ENGINES.map(|engine| (engine, way)));
        let files = ways.filter_map(|(engine, (source, environment))| {
            let mut args = self.rules_args(&["--source", source], Vec::new(), engine);
            args.beside_fleet = beside_fleet;
            args.environment_label = environment.cloned();
            own_of(&args, self.slos).file().ok()
        });
        current(
            &loaded.iter().collect::<Vec<_>>(),
            files,
            "the rules of this spec",
            &mend,
        )
    }

    /// As `slo rules` would be called; what evaluates the rules decides how tiles are counted.
    fn rules_args(&self, words: &[&str], windows: Vec<RuleWindow>, engine: Engine) -> RulesArgs {
        RulesArgs {
            engine,
            identity: self.args.identity,
            push_interval: self.args.push_interval,
            windows,
            ..RulesArgs::parse_from(["rules"].iter().chain(words))
        }
    }

    /// The options of `slo rules` that are not its defaults.
    fn options(&self) -> String {
        let mut options = String::new();
        let identity = self.args.identity.to_possible_value();
        if let Some(name) = identity.filter(|_| self.args.identity != Identity::default()) {
            options.push_str(&format!(" --identity {}", name.get_name()));
        }
        match self.args.push_interval.as_seconds() {
            60 => {}
            seconds => options.push_str(&format!(" --push-interval {seconds}s")),
        }
        options
    }

    /// Whether each SLO's window has rules.
    fn windows_are_known(&self, fleet: &[&Loaded]) -> Finding {
        let known = windows(fleet);
        let window = |slo: &&Slo| RuleWindow::new(slo.window()).map(|window| window.to_string()).ok();
        let counted = self.slos.slos().iter().filter(|slo| slo.sli().is_counted_here());
        let lost = counted.filter(|slo| window(slo).is_none_or(|window| !known.contains(&window)));
        match lost.clone().next() {
            None => Finding::fine(HERE, "windows", "every window of the spec has rules"),
            Some(slo) => {
                let found = format!("no rules for the window of {}, {}", plain(slo.name()), slo.window());
                Finding::broken(HERE, "windows", found)
                    .mend("name it as well: `slo rules --fleet --window ..` for each window in use")
            }
        }
    }

    /// Whether what the fleet's rules leave out has rules: alerts of its own, and what an engine counts; nothing where
    /// nothing is left out.
    fn what_is_left_is_here(&self, loaded: &[Loaded]) -> Option<Finding> {
        let (foreign, own): (Vec<_>, Vec<_>) = self.beside_fleet().left_by_the_fleet().partition(|slo| is_foreign(slo));
        let alerts = loaded.iter().filter(|rule| rule.name == BUDGET_BURN);
        let told: BTreeSet<&str> = alerts.filter_map(|rule| Some(self.slo_of(rule)?.name())).collect();
        let counted = self.counted_beside(loaded);
        let mute = own.iter().find(|slo| !told.contains(slo.name()));
        let mute = mute.map(|slo| format!("no rules for the alerts of {}, which are of its own", plain(slo.name())));
        let uncounted = foreign.iter().find(|slo| !counted.contains(slo.name()));
        let uncounted = uncounted.map(|slo| format!("no rules for {}, which an engine counts", plain(slo.name())));
        match mute.or(uncounted) {
            None if own.is_empty() && foreign.is_empty() => None,
            None => Some(Finding::fine(
                HERE,
                "alerts",
                "what the fleet's rules leave out has rules",
            )),
            Some(found) => {
                let mend = format!(
                    "load what `slo rules --beside-fleet{}` of this spec writes",
                    self.options()
                );
                Some(Finding::broken(HERE, "alerts", found).mend(mend))
            }
        }
    }

    /// The rules of the spec that leave to the fleet's what these tell.
    fn beside_fleet(&self) -> Own<'_> {
        own_of(
            &self.rules_args(&["--beside-fleet"], Vec::new(), Engine::default()),
            self.slos,
        )
    }

    /// The names of SLOs that rules of the spec count.
    fn counted_beside(&self, loaded: &[Loaded]) -> BTreeSet<&str> {
        let tiles = loaded.iter().filter(|rule| rule.name == recorded::VALID_TILES);
        tiles.filter_map(|rule| Some(self.slo_of(rule)?.name())).collect()
    }

    fn at_work(&self, loaded: &[Loaded]) -> Finding {
        let failing = loaded.iter().find_map(|rule| Some((rule, rule.error.as_ref()?)));
        if let Some((rule, words)) = failing {
            let found = format!("`{}` fails: {}", plain(&rule.name), plain(words));
            return Finding::broken(HERE, "evaluated", found).mend("mend what the engine says");
        }
        let now = (self.clock)();
        let late = loaded.iter().find(|rule| {
            let patience = TimeDelta::milliseconds(MISSED * seconds(rule.interval.max(60.0)));
            rule.evaluated.is_some_and(|at| now - at > patience)
        });
        if let Some(rule) = late {
            let found = format!("`{}` was last evaluated long ago", plain(&rule.name));
            return Finding::broken(HERE, "evaluated", found)
                .mend("is the engine overloaded? its log and its own metrics tell");
        }
        match loaded.iter().filter(|rule| rule.evaluated.is_none()).count() {
            0 => Finding::fine(HERE, "evaluated", format!("{} rules are evaluated", loaded.len())),
            some => Finding::warning(
                HERE,
                "evaluated",
                format!("{some} of {} rules were not evaluated yet", loaded.len()),
            )
            .mend("look again in five minutes"),
        }
    }

    /// Rules may be evaluated in one place and written to another. What an engine counts has a budget where it has rules.
    fn recorded_here(&self, loaded: &[Loaded], all_ran: bool) -> Finding {
        let label = names::SERVICE_NAME.label;
        let service = promql::is(label, self.slos.service());
        let query = format!("count by ({SLO}) ({})", promql::selector(recorded::BUDGET, &[service]));
        let series = match self.ask(HERE, "recorded", &query) {
            Ok(series) => series,
            Err(unknown) => return unknown,
        };
        let has = |slo: &&Slo| series.iter().any(|sample: &Sample| sample.label(SLO) == slo.name());
        let beside = self.counted_beside(loaded);
        let ruled = self.slos.slos().iter();
        let ruled = ruled.filter(|slo| slo.sli().is_counted_here() || beside.contains(slo.name()));
        match ruled.clone().find(|slo| !has(slo)) {
            None if ruled.count() == 0 => Finding::skipped(HERE, "recorded", "no SLO of the spec has rules here"),
            None => Finding::fine(HERE, "recorded", "the budget of every SLO with rules is recorded"),
            Some(slo) => {
                let found = format!("`{}` of {} is not in the store", recorded::BUDGET, plain(slo.name()));
                if !all_ran {
                    return Finding::warning(HERE, "recorded", found).mend("look again once all rules were evaluated");
                }
                if is_foreign(slo) {
                    return Finding::broken(HERE, "recorded", found).mend(
                        "has the engine what `valid` of its SLI asks for, and do the rules read from this store and write to it?",
                    );
                }
                Finding::broken(HERE, "recorded", found).mend(
                    "do the rules read from this store and write to it (-datasource.url and -remoteWrite.url of vmalert)?",
                )
            }
        }
    }
}

/// Whether what is loaded is what would be written now, in one of several ways.
fn current(loaded: &[&Loaded], files: impl Iterator<Item = RuleFile>, what: &str, mend: &str) -> Vec<Finding> {
    let all = files.map(|file| Differences::between(&file, loaded.iter().copied()));
    let Some(best) = all.min_by_key(Differences::weight) else {
        let found = format!("{what} hold days, and are not compared");
        return vec![Finding::skipped(HERE, "current", found).mend("`slo rules --check` compares the committed file")];
    };
    let mut findings = vec![is_current(&best, what, mend)];
    if let Some(name) = best.texts.first() {
        let found = format!(
            "{} of the alerts of {what} say something else than this version writes, `{}` first",
            best.texts.len(),
            plain(name)
        );
        findings.push(Finding::note(HERE, "texts", found).mend(mend));
    }
    findings
}

fn is_current(best: &Differences, what: &str, mend: &str) -> Finding {
    let count = best.missing.len() + best.timing.len();
    let found = match (best.missing.first(), best.timing.first()) {
        (None, None) => {
            return Finding::fine(HERE, "current", format!("{what} are those that this version writes"));
        }
        (Some(name), _) => format!("`{}` first", plain(name)),
        (None, Some(how)) => plain(how),
    };
    Finding::warning(
        HERE,
        "current",
        format!("{what} are out of date: {count} of them, {found}"),
    )
    .mend(mend)
}

/// The windows that rules were written for.
fn windows(rules: &[&Loaded]) -> BTreeSet<String> {
    rules
        .iter()
        .filter_map(|rule| rule.labels.get(WINDOW_LABEL).cloned())
        .collect()
}

fn is_ours(rule: &Loaded) -> bool {
    rule.name.starts_with("slo:") || rule.name.starts_with("Slo")
}

/// An alert of `slo probes`; what their rules record has other names than ours.
fn is_of_probes(rule: &Loaded) -> bool {
    rule.name.starts_with(PROBES_BEGIN)
}

/// In milliseconds, for a comparison that need not be exact.
#[expect(clippy::cast_possible_truncation, reason = "an interval is minutes")]
fn seconds(interval: f64) -> i64 {
    (interval.min(86_400.0) * 1_000.0) as i64
}

/// Evaluations that may be late or lost.
const MISSED: i64 = 3;
