//! The overview in words: what text and pages say alike.

use std::time::Duration;

use slo_core::alert::AlertState;
use slo_core::gate::{DEFAULT_MOST_EXCLUDED, Decision};
use slo_core::{BudgetBasis, Events, Exhaustion, Factor, Ratio};

use crate::status::{AlertFrom, Burn, Check, CountedFrom, Group, Mismatch, Overview, Promise, Runs, SeenBy, Standing};
use crate::status::{COMPOSITE, COUNTED_BY_ENGINE};

/// Whether all is right, in one sentence.
pub(crate) fn headline(overview: &Overview) -> String {
    match tally(overview) {
        none if none.is_empty() => verdict(overview),
        tally => format!("{}: {tally}", verdict(overview)),
    }
}

/// Whether all is right, and of how many.
pub(crate) fn verdict(overview: &Overview) -> String {
    let all = overview.promises.len();
    if all == 0 {
        return "no promise is known".to_owned();
    }
    let of_all = format!(
        "{} of {}",
        number(all, "promise", "promises"),
        number(overview.services(), "service", "services")
    );
    match overview.count(Group::Hurting) {
        0 => format!("nothing hurts, {of_all}"),
        1 => format!("1 hurts, {of_all}"),
        some => format!("{some} hurt, {of_all}"),
    }
}

/// How many promises stand in each other way than fine, and how many checks are not fresh.
pub(crate) fn tally(overview: &Overview) -> String {
    let of = |standing: &Standing| (overview.count(Group::Standing(*standing)), word(*standing));
    let others = Standing::ALL.iter().filter(|standing| **standing != Standing::Fine);
    let mut parts: Vec<_> = others
        .map(of)
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let drafts = overview.count(Group::Draft);
    if drafts > 0 {
        parts.push(number(drafts, "draft", "drafts"));
    }
    let stale = overview.checks.iter().filter(|check| !check.is_fresh()).count();
    if stale > 0 {
        parts.push(format!("{} not fresh", number(stale, "check", "checks")));
    }
    parts.join(", ")
}

/// `1 promise`, `2 promises`.
pub(crate) fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A standing as people say it.
pub(crate) fn word(standing: Standing) -> String {
    standing.as_str().replace('-', " ")
}

/// Why it stands as it does, in one sentence; empty when all is fine.
pub(crate) fn why(promise: &Promise) -> String {
    match promise.standing {
        Standing::Paging | Standing::Ticket => told(promise),
        Standing::Exhausted => overspent(promise).unwrap_or_default(),
        Standing::Gone => gone(promise),
        Standing::Stale => stale(promise),
        Standing::Burning => will_not_last(promise).unwrap_or_default(),
        Standing::NoData => no_data(promise).to_owned(),
        Standing::NoTraffic => "no valid event was counted: neither kept nor broken".to_owned(),
        Standing::MostlyExcluded => mostly_excluded(promise).unwrap_or_default(),
        Standing::WarmingUp => coverage(promise).unwrap_or_default(),
        Standing::Removed => "no instance makes this promise any more".to_owned(),
        Standing::Fine => String::new(),
    }
}

fn told(promise: &Promise) -> String {
    let Some(alert) = &promise.alert else {
        return String::new();
    };
    if let Some(why) = &alert.why {
        return why.clone();
    }
    let rates = [(&promise.hour, "1h"), (&promise.six_hours, "6h")];
    let rates: Vec<_> = rates
        .into_iter()
        .filter_map(|(burn, over)| Some(format!("{} over {over}", burn.as_ref()?.rate)))
        .collect();
    let burns = match rates.as_slice() {
        [] => String::new(),
        rates => format!("; the budget burns at {}", rates.join(" and ")),
    };
    format!("SloErrorBudgetBurn fires as a {}{burns}", alert.state)
}

fn overspent(promise: &Promise) -> Option<String> {
    let (budget, window) = (promise.budget?.decisive(), promise.window?);
    let bad = match promise.seen?.counts() {
        Some(events) => format!("{} of {} events over {window} were bad", events.bad(), events.valid()),
        None => format!("{} of the events over {window} were bad", budget.seen().error_ratio()?),
    };
    let may = crate::render::units::budget_percent(budget.target());
    let whole = match budget.basis() {
        BudgetBasis::WholeWindow => ", more than its whole window allows",
        _ => "",
    };
    Some(format!("{bad}, and {may} may be{whole}"))
}

fn stale(promise: &Promise) -> String {
    match (&promise.probe, promise.pushed_ago) {
        (Some(probe), Some(ago)) if !probe.is_fresh() && ago <= slo_core::gate::DEFAULT_OLDEST_PUSH => {
            format!("its probe finds: {}", freshness(probe))
        }
        (_, Some(ago)) => format!("nothing was pushed for {}", ago_words(ago)),
        (_, None) => "none of its counts was pushed for a day or longer".to_owned(),
    }
}

fn will_not_last(promise: &Promise) -> Option<String> {
    let burn = promise.six_hours.as_ref()?;
    let (budget, window) = (promise.budget?, promise.window?);
    let lasts = match budget.time_to_exhaustion(window.length(), burn.events) {
        Some(Exhaustion::In(time)) => format!("its budget is spent in {}", ago_words(time)),
        Some(Exhaustion::NotAtThisRate) => "its budget is spent faster than it comes back".to_owned(),
        _ => "its budget is spent".to_owned(),
    };
    Some(format!("if the last 6 h go on ({}), {lasts}", burn.rate))
}

fn no_data(promise: &Promise) -> &'static str {
    match (promise.target, promise.window, promise.sli.as_deref()) {
        (_, _, Some(COMPOSITE)) => "it is made of others and has no events of its own: they say how it stands",
        (Some(_), Some(_), Some(COUNTED_BY_ENGINE)) => {
            "an engine counts its events, and no rules of it run here: load what `slo rules --beside-fleet` writes"
        }
        (Some(_), Some(_), Some(_)) => {
            "nothing was counted, or not all of it: does anything on the way drop its series? `slo doctor` tells more"
        }
        (Some(_), Some(_), None) => {
            "nothing was counted: nobody feeds it, or it is a composite, which has no events of its own"
        }
        _ => "its objective or window is not exported as a number that can be one",
    }
}

fn gone(promise: &Promise) -> String {
    let since = promise
        .gone_since
        .map(|since| since.format(" since %Y-%m-%d %H:%M UTC").to_string());
    format!("its service pushed nothing{}", since.unwrap_or_default())
}

fn mostly_excluded(promise: &Promise) -> Option<String> {
    let events = promise.seen?.counts()?;
    Some(format!(
        "{} events were excluded and {} counted: what is left is the budget of a minority",
        events.excluded(),
        events.valid()
    ))
}

/// How much of the window was seen, where that is not all of it.
fn coverage(promise: &Promise) -> Option<String> {
    let (seen, window) = (promise.seen?, promise.window?);
    let so_far = if window.begun().is_some() {
        ", as far as it has passed,"
    } else {
        ""
    };
    Some(format!("{} of {window}{so_far} was seen", seen.coverage))
}

/// What else should be known of it.
pub(crate) fn notes(promise: &Promise) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(promise.mismatch.as_ref().map(mismatch));
    notes.extend(much_excluded(promise));
    let is_little = promise
        .seen
        .is_some_and(|seen| seen.coverage < slo_core::ErrorBudget::COVERED);
    if is_little && promise.standing.hurts() {
        notes.extend(coverage(promise));
    }
    if let Some(probe) = promise.probe.as_ref().filter(|probe| !probe.is_fresh()) {
        if promise.standing != Standing::Stale {
            notes.push(format!("its probe finds: {}", freshness(probe)));
        }
    }
    notes
}

/// Who disagrees, and about what.
fn mismatch(mismatch: &Mismatch) -> String {
    let say = if mismatch.others == 1 { "says" } else { "say" };
    format!(
        "{} of {} instances {say} otherwise: {}",
        mismatch.others,
        mismatch.instances,
        mismatch.what.join(", ")
    )
}

/// Excluded events above what is usual, lately or over the window.
fn much_excluded(promise: &Promise) -> Option<String> {
    let hour = promise.hour.as_ref().filter(|burn| burn.from == CountedFrom::Counters);
    let lately = hour.map(|burn| (burn.events, "of the last hour"));
    let window = promise
        .seen
        .and_then(|seen| seen.counts())
        .map(|events| (events, "of the window"));
    let much = |(events, _): &(Events, &str)| {
        excluded(*events).is_some_and(|share| {
            let most = u128::from(DEFAULT_MOST_EXCLUDED.ppb());
            u128::from(share.part()) * 1_000_000_000 > most * u128::from(share.whole())
        })
    };
    let (events, of) = [lately, window].into_iter().flatten().find(much)?;
    Some(format!("{} of the events {of} are excluded", excluded(events)?))
}

/// The share of events that count neither as good nor as bad.
pub(crate) fn excluded(events: Events) -> Option<Ratio> {
    Ratio::new(events.excluded(), events.all())
}

/// What is known beside the numbers of the table, for who wants all of it.
pub(crate) fn details(promise: &Promise) -> Vec<String> {
    let mut lines = Vec::new();
    let words = [("owner", &promise.owner), ("journey", &promise.journey)];
    let said = words
        .into_iter()
        .filter_map(|(what, word)| Some(format!("{what} {}", word.as_ref()?)));
    let said: Vec<_> = said.chain([format!("status {}", promise.status.as_str())]).collect();
    lines.push(said.join(", "));
    if let Some(seen) = &promise.seen {
        let counted = match seen.counts() {
            Some(events) => format!(
                "{} good, {} bad, {} excluded",
                events.good(),
                events.bad(),
                events.excluded()
            ),
            None => "shares that rules recorded".to_owned(),
        };
        lines.push(format!("{counted}; {} of the window was seen", seen.coverage));
    }
    let whole = promise
        .budget
        .filter(|budget| budget.decisive().basis() == BudgetBasis::WholeWindow);
    if let Some(seen) = whole.and_then(|budget| budget.remaining_ratio_f64()).map(left) {
        lines.push(format!("left against the whole window; of what was seen alone: {seen}"));
    }
    if let Some(begun) = promise.window.and_then(|window| window.begun()) {
        lines.push(format!("the window began at {}", begun.format("%Y-%m-%d %H:%M UTC")));
    }
    if let Some(alert) = &promise.alert {
        let from = match alert.from {
            AlertFrom::Rules => "by the engine's rules",
            AlertFrom::Computed => "computed, for no rules run for it",
        };
        let state = if alert.state == AlertState::Ok {
            "none"
        } else {
            alert.state.as_str()
        };
        lines.push(format!("alert: {state}, {from}"));
    }
    if let Some(ago) = promise.pushed_ago {
        lines.push(format!("last push {} ago", ago_words(ago)));
    }
    lines
}

/// What is left of a budget, in percent, never rounded up.
pub(crate) fn left(ratio: f64) -> String {
    // A double of 0.3 times 1000 may be a little under 300.
    let tenths = (ratio * 1_000.0 + 1e-6).floor();
    let tenths = if ratio < 0.0 { tenths.min(-1.0) } else { tenths };
    if tenths < -99_999.0 {
        "< -9999%".to_owned()
    } else if tenths.abs() >= 1_000.0 || tenths % 10.0 == 0.0 {
        format!("{:.0}%", (tenths / 10.0).floor())
    } else {
        format!("{:.1}%", tenths / 10.0)
    }
}

/// A burn rate: `0.42x`, `31x`.
pub(crate) fn rate(burn: &Burn) -> String {
    let rate = burn.rate.as_f64();
    match rate {
        rate if rate >= 9_999.5 => "> 9999x".to_owned(),
        rate if rate >= 99.95 => format!("{rate:.0}x"),
        rate if rate >= 9.995 => format!("{rate:.1}x"),
        // Never shown as nothing, or as 1 where it is more.
        rate if rate <= 0.0 => "0x".to_owned(),
        rate if rate < 0.01 => "< 0.01x".to_owned(),
        rate if burn.rate.exceeds(Factor::ONE) && rate < 1.005 => "> 1x".to_owned(),
        rate => format!("{rate:.2}x"),
    }
}

/// A length of time in its two largest units: `9d 3h`, `12m`.
pub(crate) fn ago_words(time: Duration) -> String {
    let mut rest = time.as_secs();
    let mut words = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        let count = rest / length;
        rest %= length;
        if count > 0 || (length == 1 && words.is_empty()) {
            words.push(format!("{count}{unit}"));
        } else if !words.is_empty() {
            break;
        }
        if words.len() == 2 {
            break;
        }
    }
    words.join(" ")
}

/// Who looked at the data.
pub(crate) fn looked(check: &Check) -> String {
    match &check.by {
        SeenBy::Inside { check } => format!("check {check}"),
        SeenBy::Probe { instance, job, .. } if instance.is_empty() => format!("probe {job}"),
        SeenBy::Probe { instance, .. } => format!("probe of {instance}"),
    }
}

/// What was found.
pub(crate) fn freshness(check: &Check) -> String {
    match check.data_age {
        Some(age) => format!("{}, the newest data is {} old", check.state, ago_words(age)),
        None => check.state.clone(),
    }
}

/// What the gate decided, in one line.
pub(crate) fn runs(runs: &Runs, now: chrono::DateTime<chrono::Utc>) -> String {
    let each = runs
        .by_decision
        .iter()
        .map(|(decision, count)| format!("{count} {}", decision.as_str()));
    let all = each.collect::<Vec<_>>().join(", ");
    match runs.last {
        Some((decision, at)) => {
            let ago = (now - at).to_std().unwrap_or_default();
            format!("last {} {} ago; in 30 days {all}", decision.as_str(), ago_words(ago))
        }
        None => format!("in 30 days {all}"),
    }
}

/// Whether somebody should look at what the gate decided.
pub(crate) fn is_notable(runs: &Runs) -> bool {
    let last = runs.last.map(|(decision, _)| decision);
    runs.count(Decision::Bypassed) > 0 || last.is_some_and(|last| last != Decision::Allowed)
}

/// What holds for many promises and is said once.
pub(crate) fn remarks(overview: &Overview) -> Vec<String> {
    let count = |is: &dyn Fn(&Promise) -> bool| overview.promises.iter().filter(|promise| is(promise)).count();
    let all = count(&|promise| promise.gone_since.is_none());
    let computed = count(&|promise| {
        promise
            .alert
            .as_ref()
            .is_some_and(|alert| alert.from == AlertFrom::Computed)
    });
    let recorded = count(&|promise| promise.seen.is_some_and(|seen| seen.from == CountedFrom::Rules));
    let mut remarks = Vec::new();
    if computed > 0 {
        remarks.push(format!(
            "no rules run for {}: whether they page is computed here by the standard policy, and nobody is told",
            of(computed, all)
        ));
    }
    if recorded > 0 {
        remarks.push(format!(
            "the numbers of {} are those that rules recorded",
            of(recorded, all)
        ));
    }
    remarks
}

fn of(some: usize, all: usize) -> String {
    if some == all {
        format!("any of the {}", number(all, "promise", "promises"))
    } else {
        format!("{some} of {}", number(all, "promise", "promises"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_never_rounded_up() {
        for (ratio, text) in [
            (1.0, "100%"),
            (0.999_99, "99.9%"),
            (0.3, "30%"),
            (0.000_4, "0%"),
            (0.0, "0%"),
            (-0.000_1, "-0.1%"),
            (-9.0, "-900%"),
            (-1.234, "-124%"),
            (-1e9, "< -9999%"),
            (f64::MIN_POSITIVE, "0%"),
            (-f64::MIN_POSITIVE, "-0.1%"),
        ] {
            assert_eq!(left(ratio), text, "{ratio}");
        }
    }

    #[test]
    fn times_have_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_661, "1h 1m"),
            (90_000, "1d 1h"),
            (86_460, "1d"),
        ] {
            assert_eq!(ago_words(Duration::from_secs(seconds)), text);
        }
    }
}
