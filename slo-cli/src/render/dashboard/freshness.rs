//! Freshness of data, twice: as a probe sees it from outside, and as the service says it itself.

use slo_core::names;

use super::Content;
use super::field::{Colour, Mapping, Override, Property, Thresholds, Unit};
use super::kinds::{bands, bars, lines, stat};
use super::page::{Draft, Page};
use super::query::{PLACE, of_services};
use super::scope::{Scope, shown};
use slo_core::names::{PROBE_DATA_AGE_RECORDED as DATA_AGE, PROBE_STATE_RECORDED as PROBE_STATE};

/// What a probe finds, best first: exactly one of these is 1 for each target.
pub(crate) const PROBE_STATES: [(&str, Colour); 7] = [
    ("fresh", Colour::Green),
    ("stale", Colour::Orange),
    ("check_error", Colour::Yellow),
    ("check_timeout", Colour::Yellow),
    ("foreign", Colour::Purple),
    ("hung", Colour::Red),
    ("unreachable", Colour::Red),
];

/// What the service says of a check, best first: the words of the `Slo-Health-Status` header.
pub(crate) const CHECK_STATES: [(&str, Colour); 7] = [
    ("fresh", Colour::Green),
    ("warn", Colour::Yellow),
    ("error", Colour::Purple),
    ("timeout", Colour::Purple),
    ("invalid", Colour::Red),
    ("empty", Colour::Red),
    ("stale", Colour::Orange),
];

/// 1 for the present state of a check, 0 for the others.
pub(crate) const CHECK_STATE: &str = "slo_health_state";
/// The newest data of a check, in seconds since 1970.
pub(crate) const DATA_TIMESTAMP: &str = "slo_health_data_timestamp_seconds";
/// The label with the name of a check.
pub(crate) const CHECK: &str = "slo_health_check";
/// The label with the state of a check.
const CHECK_STATE_LABEL: &str = "slo_health_state";
/// The label with the state that a probe found.
const PROBE_STATE_LABEL: &str = "state";
/// The label with the address that was probed.
const INSTANCE: &str = "instance";

const NO_PROBE: &str = "not probed";
const NOT_SAID: &str = "no check says anything";

pub(crate) fn content(scope: &Scope<'_>) -> Content {
    // Of a service that exports nothing, probes tell all the same.
    let mut seen_in = scope.source.series_of_promises(names::OBJECTIVE.prometheus);
    seen_in.push(PROBE_STATE);
    let page = Page::new(scope.datasource())
        .put(8, 6, now_outside(scope))
        .put(8, 6, kept(scope))
        .put(8, 6, time_by_state())
        .put(16, 8, probe_states(scope))
        .put(8, 8, age_outside(scope))
        .put(16, 8, check_states(scope))
        .put(8, 8, age_inside(scope))
        .put(24, 7, not_fresh(scope));
    Content {
        description: "Whether the data that the service shows is as new as it promised: seven states from outside, seven \
            from inside, and the age of the newest data from both.",
        from: "now-24h",
        variables: scope.variables(&seen_in),
        page,
    }
}

fn now_outside(scope: &Scope<'_>) -> Draft {
    stat("Now, as probed", "What the last probe of each target found.", NO_PROBE)
        .query(scope.legend(INSTANCE), probe_code(scope))
        .words(words(&PROBE_STATES))
        .thresholds(colours(&PROBE_STATES))
}

fn kept(scope: &Scope<'_>) -> Draft {
    let fresh = of_services(PROBE_STATE, &[&is(PROBE_STATE_LABEL, "fresh")]);
    let by = scope.by(INSTANCE);
    stat(
        "Fresh in this time",
        "Share of probes in the chosen time range that found fresh data. Time without probes is not in it.",
        NO_PROBE,
    )
    .query(
        scope.legend(INSTANCE),
        format!("avg by ({by}) (avg_over_time({fresh}[$__range]))"),
    )
    .unit(Unit::Share)
    .decimals(2)
    .thresholds(Thresholds::new(
        Colour::Red,
        &[(0.95, Colour::Yellow), (0.99, Colour::Green)],
    ))
}

fn time_by_state() -> Draft {
    let states = of_services(PROBE_STATE, &[]);
    let draft = bars(
        "Time by state",
        "Of the chosen time range, the share that the targets of an environment and namespace together spent in each of the \
         seven states.",
        NO_PROBE,
    )
    .query(
        shown([PROBE_STATE_LABEL].into_iter().chain(PLACE)),
        format!(
            "avg by ({}, {PROBE_STATE_LABEL}) (avg_over_time({states}[$__range]))",
            PLACE.join(", ")
        ),
    )
    .unit(Unit::Share)
    .decimals(2)
    .from(0.0)
    .to(1.0);
    PROBE_STATES.iter().fold(draft, |draft, (state, colour)| {
        let thresholds = Thresholds::new(*colour, &[]);
        draft.field(Override::by_regex(
            format!("/^{state}( |$)/"),
            vec![Property::Thresholds(thresholds)],
        ))
    })
}

fn probe_states(scope: &Scope<'_>) -> Draft {
    bands(
        "As probed",
        "What probes found at each target. fresh: in time. stale: too old, empty or from the future. check_error, \
         check_timeout: the check itself is broken, nothing is known of the data. foreign: somebody else answered, a \
         proxy for one. hung: connected and no answer. unreachable: no connection.",
        NO_PROBE,
    )
    .query(scope.legend(INSTANCE), probe_code(scope))
    .words(words(&PROBE_STATES))
    .thresholds(colours(&PROBE_STATES))
}

fn age_outside(scope: &Scope<'_>) -> Draft {
    let age = of_services(DATA_AGE, &[]);
    lines(
        "Age of the data, as probed",
        "From the Last-Modified header of the health endpoint, which is the time of the newest data.",
        NO_PROBE,
    )
    .query(
        scope.legend(INSTANCE),
        format!("max by ({}) ({age})", scope.by(INSTANCE)),
    )
    .unit(Unit::Seconds)
    .from(0.0)
}

fn check_states(scope: &Scope<'_>) -> Draft {
    bands(
        "As the service says",
        "Each check by itself, the worst of all instances. warn is late and still in time; empty found no data, invalid \
         data from the future; error and timeout know nothing of the data.",
        NOT_SAID,
    )
    .query(scope.legend(CHECK), check_code(scope))
    .words(words(&CHECK_STATES))
    .thresholds(colours(&CHECK_STATES))
}

fn age_inside(scope: &Scope<'_>) -> Draft {
    let newest = of_services(DATA_TIMESTAMP, &[]);
    lines(
        "Age of the data, as the service says",
        "Time since the newest data that any instance has seen. A timestamp is exported and not an age, so it goes on \
         growing between two pushes. Some minutes after the last push the line ends: nobody says anything any more.",
        NOT_SAID,
    )
    .query(
        scope.legend(CHECK),
        format!("time() - max by ({}) ({newest})", scope.by(CHECK)),
    )
    .unit(Unit::Seconds)
    .from(0.0)
}

fn not_fresh(scope: &Scope<'_>) -> Draft {
    let states = of_services(PROBE_STATE, &[&format!("{PROBE_STATE_LABEL}!=\"fresh\"")]);
    let by = format!("{}, {PROBE_STATE_LABEL}", scope.by(INSTANCE));
    // Not one on the other: two targets that are down are no 200%.
    lines(
        "Not fresh, by cause",
        "Share of the probes of each target that did not find fresh data, by what they found: what the freshness budget went \
         into.",
        NO_PROBE,
    )
    .query(
        format!("{} {{{{{PROBE_STATE_LABEL}}}}}", scope.legend(INSTANCE)),
        format!("avg by ({by}) (avg_over_time({states}[$__rate_interval]))"),
    )
    .unit(Unit::Share)
    .from(0.0)
    .to(1.0)
}

/// The number of the state that each target is in.
fn probe_code(scope: &Scope<'_>) -> String {
    let states = PROBE_STATES.map(|(state, _)| of_services(PROBE_STATE, &[&is(PROBE_STATE_LABEL, state)]));
    code(&scope.by(INSTANCE), &states)
}

/// The number of the worst state that any instance is in with each check.
fn check_code(scope: &Scope<'_>) -> String {
    let states = CHECK_STATES.map(|(state, _)| of_services(CHECK_STATE, &[&is(CHECK_STATE_LABEL, state)]));
    code(&scope.by(CHECK), &states)
}

/// The place in the list, from 1, of the last series that is 1.
fn code(by: &str, states: &[String]) -> String {
    let each = (1..)
        .zip(states)
        .map(|(number, state): (u8, _)| format!("({state} == 1) * {number}"));
    format!("max by ({by}) ({})", each.collect::<Vec<_>>().join(" or "))
}

fn is(label: &str, value: &str) -> String {
    format!("{label}=\"{value}\"")
}

fn words(states: &[(&'static str, Colour)]) -> Mapping {
    Mapping::words(
        (1..)
            .zip(states)
            .map(|(number, (state, colour))| (number, *state, *colour)),
    )
}

/// The same colours as thresholds: some panels colour by those alone.
fn colours(states: &[(&str, Colour)]) -> Thresholds {
    let steps: Vec<_> = (1_u8..)
        .zip(states)
        .map(|(number, (_, colour))| (f64::from(number), *colour))
        .collect();
    Thresholds::new(Colour::Blue, &steps)
}

#[cfg(test)]
mod tests {
    use slo_health::State;

    use super::*;

    #[test]
    fn every_state_of_a_check_has_a_word_in_the_order_of_how_bad_it_is() {
        // As `Report` orders them: the worst speaks for several.
        let states = [
            State::Fresh,
            State::Warn,
            State::Error,
            State::Timeout,
            State::Invalid,
            State::Empty,
            State::Stale,
        ];
        assert_eq!(CHECK_STATES.map(|(word, _)| word), states.map(State::as_str));
    }

    #[test]
    fn a_state_is_its_place_in_the_list() {
        let two = ["a".to_owned(), "b".to_owned()];
        assert_eq!(code("c", &two), "max by (c) ((a == 1) * 1 or (b == 1) * 2)");
    }
}
