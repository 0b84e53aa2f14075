//! Status codes in few words.

use slo_core::{Classification, Ending, Outcome};

/// The status codes that a spec can name.
const KNOWN: std::ops::RangeInclusive<u16> = 100..=599;

/// The codes with this outcome as exact classes, codes and ranges, ascending: `408`, `5xx`, `500-502`.
pub(crate) fn exact(rules: &Classification, outcome: Outcome) -> Vec<String> {
    KNOWN
        .step_by(100)
        .flat_map(|first| runs(first, |status| is(rules, status, outcome)))
        .collect()
}

/// The codes with this outcome as people say it: `408`, `5xx except 503`.
pub(crate) fn in_words(rules: &Classification, outcome: Outcome) -> Vec<String> {
    let hundred = |first: u16| {
        let inside = (first..first + 100)
            .filter(|status| is(rules, *status, outcome))
            .count();
        if inside <= 50 || inside == 100 {
            return runs(first, |status| is(rules, status, outcome));
        }
        let others = runs(first, |status| !is(rules, status, outcome));
        vec![format!("{}xx except {}", first / 100, others.join(", "))]
    };
    KNOWN.step_by(100).flat_map(hundred).collect()
}

fn is(rules: &Classification, status: u16, outcome: Outcome) -> bool {
    rules.judge(Ending::Answered(status)) == Some(outcome)
}

/// The codes of one hundred that are in, neighbours joined.
fn runs(first: u16, is_in: impl Fn(u16) -> bool) -> Vec<String> {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for status in (first..first + 100).filter(|status| is_in(*status)) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == status => *last = status,
            _ => runs.push((status, status)),
        }
    }
    let shown = runs.into_iter().map(|(from, to)| match to - from {
        0 => from.to_string(),
        99 => format!("{}xx", from / 100),
        _ => format!("{from}-{to}"),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Classification {
        let class = |text: &str| text.parse().unwrap();
        Classification::new()
            .bad(class("429"))
            .bad(class("428"))
            .good(class("503"))
            .excluded(class("404"))
    }

    #[test]
    fn exact_codes_are_joined_where_they_touch() {
        assert_eq!(exact(&rules(), Outcome::Bad), ["408", "428-429", "500-502", "504-599"]);
        assert_eq!(exact(&Classification::new(), Outcome::Bad), ["408", "5xx"]);
        assert_eq!(exact(&rules(), Outcome::Excluded), ["404"]);
    }

    #[test]
    fn people_say_what_is_missing_from_a_class() {
        assert_eq!(in_words(&rules(), Outcome::Bad), ["408", "428-429", "5xx except 503"]);
        assert_eq!(
            in_words(&Classification::new(), Outcome::Good),
            ["1xx", "2xx", "3xx", "4xx except 408"]
        );
    }
}
