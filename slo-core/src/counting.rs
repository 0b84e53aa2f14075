//! The rules by which an SLO's events are counted, as a text that changes when they do.

use core::fmt;

use crate::{Classification, Ending, EndingName, HttpSli, Outcome, Sli, Slo};

impl Slo {
    /// By which rules its events are counted: the `definition` of its [`SloSnapshot`](crate::SloSnapshot).
    ///
    /// Two SLOs with the same text count alike. Target, window, status and all that is written for people are not in it:
    /// they may change, and what was counted still stands. Neither is a route's patience, which depends on other SLOs.
    ///
    /// # Examples
    ///
    /// ```
    /// use slo_core::{HttpSli, Slo, Window};
    ///
    /// let purchases = HttpSli::routes(["/purchase"]).methods(["POST"]);
    /// let slo = |sli: HttpSli| Slo::new("purchase", sli, "99.9%".parse().unwrap(), Window::DAY);
    /// assert_eq!(
    ///     slo(purchases.clone()).counting_rules(),
    ///     "http, routes: /purchase, methods: POST, bad: 408 500-599 service body panic timeout"
    /// );
    /// let of_a_week = Slo::new("purchase", purchases.clone(), "99%".parse()?, Window::days(7)?);
    /// assert_eq!(of_a_week.counting_rules(), slo(purchases.clone()).counting_rules());
    /// assert_ne!(slo(purchases.faster_than("800ms".parse()?)).counting_rules(), of_a_week.counting_rules());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn counting_rules(&self) -> String {
        let mut rules = match self.sli() {
            Sli::Http(sli) => Http(sli).to_string(),
            Sli::Synthetic(sli) => format!("synthetic, path: {}", sli.path()),
            Sli::Events(sli) => format!("events, of: {}", sli.what()),
            Sli::Composite(sli) => {
                let weights = sli.weights().map(|(name, weight)| format!(" {weight} x {name}"));
                format!("composite:{}", weights.collect::<String>())
            }
            Sli::Prometheus(sli) => {
                let part = sli.bad_query().map(|bad| format!("bad: {bad}"));
                let part = part.or_else(|| sli.good_query().map(|good| format!("good: {good}")));
                format!("prometheus, {}, valid: {}", part.unwrap_or_default(), sli.valid_query())
            }
        };
        if let Some(slices) = self.time_slices() {
            rules.push_str(&format!(", {slices}"));
        }
        rules
    }
}

struct Http<'a>(&'a HttpSli);

impl fmt::Display for Http<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("http")?;
        words(f, ", routes:", self.0.route_templates())?;
        words(f, ", methods:", self.0.method_names())?;
        if let Some(limit) = self.0.limit() {
            write!(f, ", faster than {limit}")?;
        }
        let rules = self.0.classification();
        outcomes(f, ", bad:", rules, Outcome::Bad)?;
        outcomes(f, ", excluded:", rules, Outcome::Excluded)?;
        // Time decides where nothing was said, which is neither.
        match rules.judge(Ending::Cancelled) {
            Some(Outcome::Good) => f.write_str(", good: cancelled"),
            _ => Ok(()),
        }
    }
}

fn words<'a>(f: &mut fmt::Formatter<'_>, title: &str, words: impl Iterator<Item = &'a str>) -> fmt::Result {
    let mut words = words.peekable();
    if words.peek().is_some() {
        f.write_str(title)?;
    }
    words.try_for_each(|word| write!(f, " {word}"))
}

/// What the rules come to, not how they were written: the codes in ranges, then the endings.
fn outcomes(f: &mut fmt::Formatter<'_>, title: &str, rules: &Classification, outcome: Outcome) -> fmt::Result {
    let mut parts = Vec::new();
    let mut begun = None;
    for status in 100..=600_u16 {
        let is_one = status < 600 && rules.judge(Ending::Answered(status)) == Some(outcome);
        match (begun, is_one) {
            (None, true) => begun = Some(status),
            (Some(first), false) => {
                let last = status - 1;
                parts.push(if first == last {
                    format!("{first}")
                } else {
                    format!("{first}-{last}")
                });
                begun = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    let endings = ENDINGS
        .into_iter()
        .filter(|(ending, _)| rules.judge(*ending) == Some(outcome));
    parts.extend(endings.map(|(_, name)| name.as_str().to_owned()));
    words(f, title, parts.iter().map(String::as_str))
}

const ENDINGS: [(Ending, EndingName); 5] = [
    (Ending::ServiceError, EndingName::Service),
    (Ending::BodyError, EndingName::Body),
    (Ending::Panicked, EndingName::Panic),
    (Ending::TimedOut, EndingName::Timeout),
    (Ending::Cancelled, EndingName::Cancelled),
];

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{CompositeSli, EventsSli, StatusClass, SyntheticSli, TimeSlices, Window};

    fn rules(sli: impl Into<Sli>) -> String {
        Slo::new("any", sli, "99%".parse().unwrap(), Window::DAY).counting_rules()
    }

    fn class(text: &str) -> StatusClass {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_says_what_its_counts_depend_on() {
        assert_eq!(rules(SyntheticSli::new("/health")), "synthetic, path: /health");
        assert_eq!(rules(EventsSli::of("order mails")), "events, of: order mails");
        assert_eq!(rules(CompositeSli::of([("a", 1), ("b", 3)])), "composite: 1 x a 3 x b");
        let slices = TimeSlices::new(Duration::from_secs(60), "99%".parse().unwrap()).unwrap();
        let in_slices =
            Slo::new("any", EventsSli::of("mails"), "99%".parse().unwrap(), Window::DAY).in_time_slices(slices);
        assert_eq!(
            in_slices.counting_rules(),
            "events, of: mails, slices of 1m, good from 99%"
        );
    }

    #[test]
    fn classifications_are_alike_by_what_they_come_to() {
        let by = |classification: Classification| rules(HttpSli::every_route().classified_by(classification));
        let defaults = "http, bad: 408 500-599 service body panic timeout";
        assert_eq!(by(Classification::new()), defaults);
        assert_eq!(by(Classification::new().good(class("503")).bad(class("503"))), defaults);
        assert_eq!(
            by(Classification::new()
                .bad(class("429"))
                .excluded(class("404"))
                .good(class("503"))),
            "http, bad: 408 429 500-502 504-599 service body panic timeout, excluded: 404"
        );
        for (outcome, end) in [
            (Outcome::Bad, " timeout cancelled"),
            (Outcome::Excluded, ", excluded: cancelled"),
            (Outcome::Good, ", good: cancelled"),
        ] {
            let moved = by(Classification::new().ending(EndingName::Cancelled, outcome));
            assert!(moved.ends_with(end), "{moved}");
        }
        assert!(by(Classification::new().ending(EndingName::Panic, Outcome::Good)).ends_with("service body timeout"));
    }
}
