//! Status codes as regular expressions.

use slo_core::{Classification, Ending, Outcome};

/// The codes with this outcome as alternatives, hundreds and tens joined: `408|5..`. With an empty alternative where a
/// request that ended without any code has the outcome, as the service's own errors do.
pub(crate) fn regex(rules: &Classification, outcome: Outcome) -> Option<String> {
    let is = |code: u16| rules.judge(Ending::Answered(code)) == Some(outcome);
    let mut parts = Vec::new();
    for hundred in 1..=5 {
        let codes = || hundred * 100..hundred * 100 + 100;
        if codes().all(is) {
            parts.push(format!("{hundred}.."));
            continue;
        }
        for ten in 0..10 {
            let codes = || hundred * 100 + ten * 10..hundred * 100 + ten * 10 + 10;
            if codes().all(is) {
                parts.push(format!("{hundred}{ten}."));
            } else {
                parts.extend(codes().filter(|code| is(*code)).map(|code| code.to_string()));
            }
        }
    }
    if rules.judge(Ending::ServiceError) == Some(outcome) {
        parts.push(String::new());
    }
    (!parts.is_empty()).then(|| parts.join("|"))
}

/// A code with this outcome, a usual one if it can be.
pub(crate) fn example(rules: &Classification, outcome: Outcome) -> Option<u16> {
    let all = [200, 500, 503].into_iter().chain(100..600);
    all.into_iter()
        .find(|code| rules.judge(Ending::Answered(*code)) == Some(outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_joined_and_no_code_is_an_error() {
        let class = |text: &str| text.parse().unwrap();
        let rules = Classification::new()
            .bad(class("429"))
            .good(class("503"))
            .excluded(class("404"));
        let bad = "408|429|500|501|502|504|505|506|507|508|509|51.|52.|53.|54.|55.|56.|57.|58.|59.|";
        assert_eq!(regex(&rules, Outcome::Bad).unwrap(), bad);
        assert_eq!(regex(&rules, Outcome::Excluded).unwrap(), "404");
        assert_eq!(regex(&Classification::new(), Outcome::Bad).unwrap(), "408|5..|");
        assert_eq!(regex(&Classification::new(), Outcome::Excluded), None);
    }
}
