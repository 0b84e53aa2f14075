//! How the promises do, one line each, for a person at a terminal.

use std::fmt;

use slo_axum::{SloStatus, Status};

/// How every promise stands at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standings(Vec<Standing>);

/// How one promise stands. Shown as one line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    name: String,
    /// As `99.9%/30d`.
    objective: String,
    good: u64,
    bad: u64,
    /// Good and bad requests since the standing before, if there was one.
    since: Option<(u64, u64)>,
    /// Share of the error budget that is left, at most 1; none without a request.
    left: Option<f64>,
    /// The shortest window's name and burn rate.
    burn: Option<(String, f64)>,
}

impl Standings {
    /// Takes them from the status, which is also what `GET /slo` answers.
    pub(crate) fn of(status: &Status) -> Self {
        Self(status.slos.iter().map(Standing::of).collect())
    }

    /// The same, knowing what has come in since `earlier`.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        for standing in &mut self.0 {
            let before = earlier.0.iter().find(|before| before.name == standing.name);
            let (good, bad) = before.map_or((0, 0), |before| (before.good, before.bad));
            standing.since = Some((standing.good.saturating_sub(good), standing.bad.saturating_sub(bad)));
        }
        self
    }

    /// The promise that hurts most: the one with the smallest share of its budget left.
    pub(crate) fn worst(&self) -> String {
        let used = self.0.iter().filter_map(|standing| Some((standing, standing.left?)));
        used.min_by(|(_, left), (_, right)| left.total_cmp(right))
            .map_or_else(|| "no request so far".to_owned(), |(standing, _)| standing.to_string())
    }

    /// A line for each promise, in the order of `slo.yaml`.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

impl Standing {
    fn of(slo: &SloStatus) -> Self {
        let shortest = slo.burn.first();
        Self {
            name: slo.name.clone(),
            objective: format!("{}/{}", slo.objective, slo.window),
            good: slo.events.good(),
            bad: slo.events.bad(),
            since: None,
            left: slo.budget.remaining_ratio,
            burn: shortest.and_then(|burn| Some((burn.window.to_string(), burn.rate?))),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:21} {:10}", self.name, self.objective)?;
        count(f, "good", self.good, self.since.map(|(good, _)| good))?;
        count(f, "bad", self.bad, self.since.map(|(_, bad)| bad))?;
        f.write_str("  budget left ")?;
        match self.left {
            Some(left) => write!(f, "{:>6.0}% [{}]", left * 100.0, bar(left))?,
            None => f.write_str("unknown: no request")?,
        }
        match &self.burn {
            Some((window, rate)) => write!(f, "  burn {window} {rate:.1}x"),
            None => Ok(()),
        }
    }
}

/// `good 1,234 (+56)`, wide enough to stand in a column.
fn count(f: &mut fmt::Formatter<'_>, word: &str, number: u64, since: Option<u64>) -> fmt::Result {
    write!(f, "  {word} {:>6}", grouped(number))?;
    match since {
        Some(since) => write!(f, " {:6}", format!("(+{since})")),
        None => Ok(()),
    }
}

/// Ten places, as many filled as tenths of the budget are left; a broken promise says so.
fn bar(left: f64) -> String {
    if left <= 0.0 {
        return "  BROKEN  ".to_owned();
    }
    (0..10u8)
        .map(|tenth| if left * 10.0 > f64::from(tenth) { '#' } else { '.' })
        .collect()
}

/// With a comma between thousands: `1,234`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(name: &str, good: u64, bad: u64, left: Option<f64>) -> Standing {
        Standing {
            name: name.to_owned(),
            objective: "99.9%/30d".to_owned(),
            good,
            bad,
            since: None,
            left,
            burn: left.map(|left| ("5m".to_owned(), 1.0 - left)),
        }
    }

    #[test]
    fn a_line_says_it_all() {
        let standing = standing("browse-availability", 119_988, 12, Some(0.9));
        assert_eq!(
            standing.to_string(),
            "browse-availability   99.9%/30d   good 119,988  bad     12  budget left     90% [#########.]  burn 5m 0.1x"
        );
        let later = Standing {
            since: Some((56, 0)),
            ..standing
        }
        .to_string();
        assert!(
            later.contains("  good 119,988 (+56)   bad     12 (+0)    budget left "),
            "{later}"
        );
    }

    #[test]
    fn a_broken_promise_is_called_broken_and_its_budget_is_not_clamped() {
        let line = standing("browse-availability", 1_234, 12, Some(-8.63)).to_string();
        assert!(
            line.contains("budget left   -863% [  BROKEN  ]  burn 5m 9.6x"),
            "{line}"
        );
    }

    #[test]
    fn no_request_is_not_a_full_budget() {
        let line = standing("login-availability", 0, 0, None).to_string();
        assert!(line.ends_with("budget left unknown: no request"), "{line}");
        assert_eq!(
            Standings(vec![standing("login-availability", 0, 0, None)]).worst(),
            "no request so far"
        );
    }

    #[test]
    fn the_worst_has_the_least_left() {
        let all = Standings(vec![
            standing("quiet", 0, 0, None),
            standing("fine", 100, 0, Some(1.0)),
            standing("broken", 100, 1, Some(-9.0)),
            standing("burning", 100, 1, Some(0.2)),
        ]);
        assert!(all.worst().starts_with("broken "));
        assert_eq!(all.lines().count(), 4);
    }

    #[test]
    fn what_came_in_between_is_a_difference() {
        let earlier = Standings(vec![standing("browse", 100, 1, Some(0.5))]);
        let later = Standings(vec![
            standing("browse", 150, 4, Some(0.1)),
            standing("new", 5, 0, Some(1.0)),
        ]);
        let since: Vec<_> = later.since(&earlier).0.iter().map(|standing| standing.since).collect();
        assert_eq!(since, [Some((50, 3)), Some((5, 0))]);
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
