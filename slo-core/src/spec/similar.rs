//! Did you mean?

use crate::similar::distance;

/// Words of other tools for what has another name here.
const SYNONYMS: [(&str, &str); 26] = [
    ("target", "objective"),
    ("slo", "objective"),
    ("description", "promise"),
    ("team", "owner"),
    ("path", "routes"),
    ("paths", "routes"),
    ("latency", "faster_than"),
    ("threshold", "faster_than"),
    ("period", "calendar"),
    ("zone", "time_zone"),
    ("tz", "time_zone"),
    ("timezone", "time_zone"),
    ("alerting", "alerts"),
    ("alert", "alerts"),
    ("alert_policy", "alerts"),
    ("exclusions", "exclude"),
    ("maintenance", "exclude"),
    ("runbook_url", "runbook"),
    ("dashboard_url", "dashboard"),
    ("start", "from"),
    ("end", "until"),
    ("exdate", "except"),
    ("total", "valid"),
    ("budget", "share"),
    ("min_bad_events", "minimum_bad_events"),
    ("custom", "prometheus"),
];

/// The known word that was most likely meant.
pub(super) fn closest(given: &str, known: &[&'static str]) -> Option<&'static str> {
    let given = given.to_lowercase().replace('-', "_");
    if let Some((_, ours)) = SYNONYMS
        .iter()
        .find(|(theirs, ours)| *theirs == given && known.contains(ours))
    {
        return known.iter().copied().find(|word| word == ours);
    }
    let near = known.iter().map(|word| (distance(&given, word), *word));
    // A third of the letters may differ, but at least one.
    near.filter(|(edits, word)| *edits <= (word.len() / 3).max(1))
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["name", "objective", "routes", "faster_than", "bad"];

    #[test]
    fn slips_of_the_pen_are_recognised() {
        for (given, meant) in [
            ("objectve", "objective"),
            ("Objective", "objective"),
            ("objecitve", "objective"),
            ("route", "routes"),
            ("faster-than", "faster_than"),
            ("fasterThan", "faster_than"),
            ("nmae", "name"),
            ("target", "objective"),
            ("paths", "routes"),
        ] {
            assert_eq!(closest(given, &KNOWN), Some(meant), "{given}");
        }
    }

    #[test]
    fn other_words_are_not() {
        for given in [
            "",
            "x",
            "colour",
            "severity",
            "objectives_of_the_team",
            &"a".repeat(100_000),
        ] {
            assert_eq!(closest(given, &KNOWN), None, "{given:.20}");
        }
        assert_eq!(closest("target", &["name"]), None);
    }
}
