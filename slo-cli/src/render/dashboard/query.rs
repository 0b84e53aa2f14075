//! Pieces of queries: whose series are meant, and how they are summed.

use slo_core::{Outcome, names};

/// Whose promise a series is about.
pub(crate) const PROMISE: [&str; 4] = [
    names::DEPLOYMENT_ENVIRONMENT_NAME.label,
    names::SERVICE_NAMESPACE.label,
    names::SERVICE_NAME.label,
    names::SLO_NAME.label,
];

/// Where a service runs: what is summed or compared is of one place, as services of one name are others elsewhere.
pub(crate) const PLACE: [&str; 2] = [names::DEPLOYMENT_ENVIRONMENT_NAME.label, names::SERVICE_NAMESPACE.label];

/// Names of the variables that queries read.
pub(crate) const ENVIRONMENT: &str = "environment";
pub(crate) const NAMESPACE: &str = "namespace";
pub(crate) const SERVICE: &str = "service";
pub(crate) const SLO: &str = "slo";
pub(crate) const ROUTE: &str = "route";

/// The variable in which pages have the value of a label; for who links to them.
pub(crate) fn variable_of(label: &str) -> Option<&'static str> {
    let variables = [ENVIRONMENT, NAMESPACE, SERVICE, SLO];
    let at = PROMISE.iter().position(|known| *known == label)?;
    variables.get(at).copied()
}

/// The labels of a promise, as `by` and `on` take them.
pub(crate) fn promise() -> String {
    PROMISE.join(", ")
}

/// `label=~"$variable"`.
pub(crate) fn chosen(label: &str, variable: &str) -> String {
    format!("{label}=~\"${variable}\"")
}

/// A text as a regular expression that matches it alone, of letters that mean nothing to Grafana: it puts the value of a
/// constant between the quotes of a query with its backslashes doubled, and no other sign escaped.
pub(crate) fn literal_regex(text: &str) -> String {
    let mut regex = String::new();
    for sign in text.chars() {
        if sign.is_alphanumeric() || matches!(sign, '-' | '_' | ' ' | ':') {
            regex.push(sign);
        } else {
            regex.push_str(&format!("\\x{{{:x}}}", u32::from(sign)));
        }
    }
    regex
}

/// What makes a series one of the chosen services.
pub(crate) fn chosen_services() -> [String; 3] {
    [
        chosen(names::DEPLOYMENT_ENVIRONMENT_NAME.label, ENVIRONMENT),
        chosen(names::SERVICE_NAMESPACE.label, NAMESPACE),
        chosen(names::SERVICE_NAME.label, SERVICE),
    ]
}

/// The series of the chosen services.
pub(crate) fn of_services(metric: &str, more: &[&str]) -> String {
    let services = chosen_services();
    let matchers: Vec<_> = services
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    format!("{metric}{{{}}}", matchers.join(", "))
}

/// The series that have one of these names.
pub(crate) fn any_of(metrics: &[&str], matchers: &[String]) -> String {
    let (before, name) = match metrics {
        [one] => (*one, None),
        several => ("", Some(format!("__name__=~\"{}\"", several.join("|")))),
    };
    let matchers: Vec<_> = name.into_iter().chain(matchers.iter().cloned()).collect();
    match matchers.as_slice() {
        [] => before.to_owned(),
        some => format!("{before}{{{}}}", some.join(", ")),
    }
}

/// The series of the chosen SLOs.
pub(crate) fn of_slos(metric: &str, more: &[&str]) -> String {
    let slo = chosen(names::SLO_NAME.label, SLO);
    let matchers: Vec<_> = std::iter::once(slo.as_str()).chain(more.iter().copied()).collect();
    of_services(metric, &matchers)
}

/// The events of the chosen SLOs that ended like one of these.
pub(crate) fn events(outcomes: &[Outcome]) -> String {
    let words: Vec<_> = outcomes.iter().map(|outcome| outcome.as_str()).collect();
    let matcher = match words.as_slice() {
        [one] => format!("{}=\"{one}\"", names::SLO_OUTCOME.label),
        many => format!("{}=~\"{}\"", names::SLO_OUTCOME.label, many.join("|")),
    };
    of_slos(names::EVENTS.prometheus, &[&matcher])
}

/// The outcomes that count.
pub(crate) const VALID: [Outcome; 2] = [Outcome::Good, Outcome::Bad];

/// `a / b` where there is anything to divide by: no answer in the place of NaN.
pub(crate) fn share(a: &str, b: &str) -> String {
    format!("{a} / ({b} > 0)")
}

/// A length of time as PromQL writes it, in the largest unit that is exact.
pub(crate) fn range(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let exact = units.into_iter().find(|(unit, _)| seconds > 0 && seconds % unit == 0);
    match exact {
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_regular_expression_of_itself() {
        assert_eq!(literal_regex("real-estate"), "real-estate");
        assert_eq!(literal_regex("a.b\"$c"), r"a\x{2e}b\x{22}\x{24}c");
    }

    #[test]
    fn series_of_several_names_are_matched_by_name() {
        let matchers = ["x=\"1\"".to_owned()];
        assert_eq!(any_of(&["a"], &[]), "a");
        assert_eq!(any_of(&["a"], &matchers), "a{x=\"1\"}");
        assert_eq!(any_of(&["a", "b:c"], &[]), "{__name__=~\"a|b:c\"}");
        assert_eq!(any_of(&["a", "b:c"], &matchers), "{__name__=~\"a|b:c\", x=\"1\"}");
    }

    #[test]
    fn lengths_are_exact() {
        for (seconds, text) in [
            (2_592_000, "30d"),
            (129_600, "36h"),
            (300, "5m"),
            (90, "90s"),
            (0, "0s"),
        ] {
            assert_eq!(range(seconds), text);
        }
    }

    #[test]
    fn one_outcome_is_matched_as_it_is_and_several_by_a_regular_expression() {
        assert!(events(&[Outcome::Bad]).ends_with(", slo_outcome=\"bad\"}"));
        assert!(events(&VALID).ends_with(", slo_outcome=~\"good|bad\"}"));
    }
}
