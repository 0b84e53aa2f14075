//! Instants as HTTP writes them.

use chrono::{DateTime, Utc};

/// An IMF-fixdate, cut to whole seconds; `None` outside the years 0 to 9999, which it cannot express.
pub(crate) fn http_date(instant: DateTime<Utc>) -> Option<String> {
    // Through the timestamp, so that a leap second (`:60` in chrono, which many parsers refuse) reads as `:59`.
    let instant = DateTime::from_timestamp(instant.timestamp(), 0)?;
    let (first, end) = (YEAR_0, YEAR_10000);
    (first..end)
        .contains(&instant.timestamp())
        .then(|| instant.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z in Unix seconds.
const YEAR_0: i64 = -62_167_219_200;
const YEAR_10000: i64 = 253_402_300_800;

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn http_dates_are_imf_fixdates_cut_to_whole_seconds() {
        assert_eq!(
            http_date(instant("1994-11-06T08:49:37.999Z")).as_deref(),
            Some("Sun, 06 Nov 1994 08:49:37 GMT") // the example of RFC 9110, 5.6.7
        );
        assert_eq!(
            http_date(instant("1969-12-31T23:59:59.5Z")).as_deref(),
            Some("Wed, 31 Dec 1969 23:59:59 GMT")
        );
        assert_eq!(
            http_date(instant("2016-12-31T23:59:60Z")).as_deref(),
            Some("Sat, 31 Dec 2016 23:59:59 GMT")
        );
    }

    #[test]
    fn years_that_an_http_date_cannot_express_are_left_out() {
        assert!(http_date(instant("9999-12-31T23:59:59Z")).is_some());
        assert!(http_date(instant("0000-01-01T00:00:00Z")).is_some());
        assert_eq!(http_date(instant("+10000-01-01T00:00:00Z")), None);
        assert_eq!(http_date(instant("-0001-12-31T23:59:59Z")), None);
        assert_eq!(http_date(DateTime::<Utc>::MAX_UTC), None);
        assert_eq!(http_date(DateTime::<Utc>::MIN_UTC), None);
    }
}
