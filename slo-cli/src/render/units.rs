//! Exact quantities as people write them.

use core::ops::RangeInclusive;

use slo_core::{Target, Window};

const SECOND: u64 = 1_000_000_000;

/// The error budget in percent, exact: `0.1%`.
pub(crate) fn budget_percent(target: Target) -> String {
    decimal(target.budget_ppb().into(), 10_000_000) + "%"
}

/// Parts per billion as an exact decimal of one: `0.005`.
pub(crate) fn of_one(ppb: u32) -> String {
    decimal(ppb.into(), 1_000_000_000)
}

/// How long a full outage spends the whole budget, at steady traffic, in nanoseconds: parts per billion of a second
/// are nanoseconds, so this is exact. For a calendar window in its shortest and its longest period, of days of 24 hours.
pub(crate) fn full_outage_nanos(target: Target, window: Window) -> RangeInclusive<u64> {
    let of = |seconds: u64| seconds.saturating_mul(target.budget_ppb().into()); // at most 400 days of nanoseconds, 3.5e16
    let of_days = |days: u32| of(u64::from(days) * 86_400);
    match window.as_calendar() {
        Some((period, _)) => of_days(*period.days().start())..=of_days(*period.days().end()),
        None => {
            let length = window.rolling_length().map_or(0, |length| length.as_secs());
            of(length)..=of(length)
        }
    }
}

/// A duration in days, hours, minutes and exact seconds: `43m12s`, `4m19.2s`.
pub(crate) fn duration(nanos: u64) -> String {
    let mut text = String::new();
    let mut rest = nanos;
    for (unit, length) in [("d", 86_400 * SECOND), ("h", 3_600 * SECOND), ("m", 60 * SECOND)] {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if rest > 0 || text.is_empty() {
        text.push_str(&decimal(rest, SECOND));
        text.push('s');
    }
    text
}

/// `28 to 31`, or the one value.
pub(crate) fn range<T: Copy + PartialEq>(range: &RangeInclusive<T>, shown: impl Fn(T) -> String) -> String {
    let (least, most) = (*range.start(), *range.end());
    if least == most {
        shown(least)
    } else {
        format!("{} to {}", shown(least), shown(most))
    }
}

/// Nanoseconds as a decimal number of seconds.
pub(crate) fn seconds(nanos: u64) -> String {
    decimal(nanos, SECOND)
}

/// `units / scale` without trailing zeros; `scale` is a power of ten.
fn decimal(units: u64, scale: u64) -> String {
    let places = scale.ilog10() as usize;
    let text = format!("{}.{:0places$}", units / scale, units % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn joined(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(target: &str, window: &str) -> String {
        let nanos = full_outage_nanos(target.parse().unwrap(), window.parse().unwrap());
        range(&nanos, duration)
    }

    #[test]
    fn a_budget_in_time_is_exact() {
        assert_eq!(outage("99.9%", "30d"), "43m12s");
        assert_eq!(outage("99.99%", "30d"), "4m19.2s");
        assert_eq!(outage("99.999%", "28d"), "24.192s");
        assert_eq!(outage("95%", "30d"), "1d12h");
        assert_eq!(outage("99.9999999%", "5m"), "0.0000003s");
        assert_eq!(outage("0.0000001%", "400d"), "399d23h59m59.96544s");
        assert_eq!(outage("99.9%", "week in UTC"), "10m4.8s");
        assert_eq!(outage("99.9%", "month in UTC"), "40m19.2s to 44m38.4s");
    }

    #[test]
    fn a_budget_in_percent_is_the_decimal() {
        for (target, budget) in [
            ("99.9%", "0.1%"),
            ("99.95%", "0.05%"),
            ("99.9999999%", "0.0000001%"),
            ("90%", "10%"),
        ] {
            assert_eq!(budget_percent(target.parse().unwrap()), budget);
        }
    }

    #[test]
    fn words_are_joined_as_people_do() {
        let words = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(joined(&words, "and"), "a, b and c");
        assert_eq!(joined(&words[..2], "or"), "a or b");
        assert_eq!(joined(&words[..0], "or"), "");
    }
}
