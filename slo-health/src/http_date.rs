//! Instants as HTTP writes them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};
use http::HeaderValue;

/// An IMF-fixdate, cut to whole seconds; `None` outside the years 0 to 9999, which it cannot express.
///
/// Digit by digit, because each answer has two of them, and chrono's formatter takes ten times as long.
pub(crate) fn http_date(instant: DateTime<Utc>) -> Option<HeaderValue> {
    if !(YEAR_0..YEAR_10000).contains(&instant.timestamp()) {
        return None;
    }
    // A leap second is chrono's second 59 with too many nanoseconds: it reads as `:59`, for many parsers refuse `:60`.
    let naive = instant.naive_utc();
    let mut text = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    write_date(&mut text, naive.date());
    write_time(&mut text, naive.time());
    HeaderValue::from_bytes(&text).ok()
}

fn write_date(text: &mut [u8; 29], date: NaiveDate) {
    let weekday = &WEEKDAYS[3 * date.weekday().num_days_from_monday() as usize..][..3];
    let month = &MONTHS[3 * date.month0() as usize..][..3];
    let year = date.year().unsigned_abs();
    text[..3].copy_from_slice(weekday);
    text[5..7].copy_from_slice(&two_digits(date.day()));
    text[8..11].copy_from_slice(month);
    text[12..14].copy_from_slice(&two_digits(year / 100));
    text[14..16].copy_from_slice(&two_digits(year % 100));
}

fn write_time(text: &mut [u8; 29], time: NaiveTime) {
    for (at, number) in [(17, time.hour()), (20, time.minute()), (23, time.second())] {
        text[at..at + 2].copy_from_slice(&two_digits(number));
    }
}

/// Of a number below 100.
const fn two_digits(number: u32) -> [u8; 2] {
    let digits = (number % 100).to_le_bytes()[0];
    [b'0' + digits / 10, b'0' + digits % 10]
}

const WEEKDAYS: &[u8; 21] = b"MonTueWedThuFriSatSun";
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
/// 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z in Unix seconds.
const YEAR_0: i64 = -62_167_219_200;
const YEAR_10000: i64 = 253_402_300_800;

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn shown(instant: DateTime<Utc>) -> Option<String> {
        http_date(instant)?.to_str().ok().map(str::to_owned)
    }

    #[test]
    fn http_dates_are_imf_fixdates_cut_to_whole_seconds() {
        assert_eq!(
            shown(instant("1994-11-06T08:49:37.999Z")).as_deref(),
            Some("Sun, 06 Nov 1994 08:49:37 GMT") // the example of RFC 9110, 5.6.7
        );
        assert_eq!(
            shown(instant("1969-12-31T23:59:59.5Z")).as_deref(),
            Some("Wed, 31 Dec 1969 23:59:59 GMT")
        );
        assert_eq!(
            shown(instant("2016-12-31T23:59:60Z")).as_deref(),
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

    #[test]
    fn every_day_is_written_as_chrono_writes_it() {
        let mut instant = instant("1999-12-01T23:58:59Z");
        for _ in 0..1_000 {
            let expected = instant.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            assert_eq!(shown(instant), Some(expected));
            instant += chrono::TimeDelta::seconds(86_400 * 11 + 3_661);
        }
    }
}
