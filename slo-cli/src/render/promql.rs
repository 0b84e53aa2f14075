//! Pieces of PromQL that cannot be broken out of: quoted values, matchers, lengths of time, exact numbers.

use slo_core::Threshold;
pub(crate) use slo_core::promql::{fraction, quote};

/// What VictoriaMetrics takes of a query in bytes: `-search.maxQueryLen`, unless it is told otherwise.
pub(crate) const MOST_QUERY_BYTES: usize = 16 * 1_024;

/// `label="value"`.
pub(crate) fn is(label: &str, value: &str) -> String {
    [label, "=", &quote(value)].concat()
}

/// `label=~"one|other"`: any of these values and nothing else.
pub(crate) fn is_any(label: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let escaped: Vec<_> = values.into_iter().map(|value| escape_regex(value.as_ref())).collect();
    matches_regex(label, &escaped.join("|"))
}

/// `label!~"one|other"`: none of these values.
pub(crate) fn is_none(label: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let escaped: Vec<_> = values.into_iter().map(|value| escape_regex(value.as_ref())).collect();
    format!("{label}!~{}", quote(&escaped.join("|")))
}

/// `label=~"regex"`.
pub(crate) fn matches_regex(label: &str, regex: &str) -> String {
    [label, "=~", &quote(regex)].concat()
}

/// The text as a regular expression of RE2 that matches it alone.
pub(crate) fn escape_regex(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A limit as a regular expression of a bucket's boundary, however that is written: `1` by old scrapers, `1.0` by Prometheus 3
/// and by many libraries.
pub(crate) fn boundary(limit: Threshold) -> String {
    let seconds = limit.as_seconds_f64();
    let plain = escape_regex(&seconds.to_string());
    if !plain.contains('.') {
        return format!("{plain}(\\.0)?");
    }
    let scientific = format!("{seconds:e}");
    match scientific.split_once("e-") {
        // Go writes numbers under a ten-thousandth with an exponent of two digits.
        Some((digits, exponent)) if seconds < 1e-4 => {
            format!("{plain}|{}e-0?{exponent}", escape_regex(digits))
        }
        _ => plain,
    }
}

/// `metric{matchers}`; without any, the metric alone.
pub(crate) fn selector(metric: &str, matchers: &[String]) -> String {
    match matchers {
        [] => metric.to_owned(),
        matchers => [metric, "{", &matchers.join(", "), "}"].concat(),
    }
}

/// A range one second short of a length: engines that close both ends of a range (Prometheus before 3.0) would count a
/// tile too many.
pub(crate) fn tiles_in(seconds: u64) -> String {
    seconds.saturating_sub(1).to_string() + "s"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_matched_as_they_are() {
        assert_eq!(is("slo_name", "a\"b\\c\n"), r#"slo_name="a\"b\\c\n""#);
        assert_eq!(
            is_any("http_route", ["/a.b", "/{id}"]),
            r#"http_route=~"/a\\.b|/\\{id\\}""#
        );
        assert_eq!(selector("up", &[]), "up");
        assert_eq!(selector("up", &[is("a", "1"), is("b", "월")]), r#"up{a="1", b="월"}"#);
    }

    #[test]
    fn a_boundary_is_matched_however_it_is_written() {
        for (limit, regex) in [
            ("800ms", r"0\.8"),
            ("1s", r"1(\.0)?"),
            ("2s", r"2(\.0)?"),
            ("10s", r"10(\.0)?"),
            ("2m", r"120(\.0)?"),
            ("1500ms", r"1\.5"),
            ("250us", r"0\.00025"),
            ("25us", r"0\.000025|2\.5e-0?5"),
        ] {
            assert_eq!(boundary(limit.parse().unwrap()), regex);
        }
    }

    #[test]
    fn a_range_of_tiles_is_a_second_short() {
        assert_eq!(tiles_in(2_592_000), "2591999s");
    }
}
