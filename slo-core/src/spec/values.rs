//! Values of an SLO that need more help than their type's own error gives.

use core::ops::RangeInclusive;
use core::time::Duration;

use chrono::NaiveDate;

use super::checked_at;
#[cfg(feature = "calendar")]
use super::fields::Fields;
use super::fields::{parsed, text};
use super::findings::Findings;
use super::keys::{SpecKey, SpecShape, SpecTable};
use super::shapes::ZONE;
use super::tree::{Node, Value};
use crate::window::parse_seconds;
use crate::{Status, Target, TargetError, Window};

/// `99.9%`; for a number without the sign, the message is what it would be with it.
pub(super) fn objective(node: &Node, example: &str, findings: &mut Findings) -> Option<Target> {
    let given = text(node, example, findings)?;
    let error = match given.parse() {
        Ok(target) => return Some(target),
        Err(error) => error,
    };
    match (&error, meant(given)) {
        (TargetError::NotAPercentage(_), Some(meant)) => {
            findings.mistake(
                node.place,
                format_args!("`{given}` is not a percentage; write `{meant}`"),
            );
        }
        _ => findings.mistake(node.place, error),
    }
    None
}

/// The target that `99.9`, `99,9`, `99.9 %` or `0.999` stands for.
fn meant(given: &str) -> Option<Target> {
    let number: String = given.split_whitespace().collect::<String>().replace(',', ".");
    let number = number.strip_suffix('%').unwrap_or(&number);
    let decimals = number.strip_prefix("0.").filter(|_| !given.contains('%'));
    let percent = match decimals {
        // A ratio: the point moves two places to the right.
        Some(decimals) => {
            let digits = format!("{decimals:0<2}");
            let (whole, rest) = digits.split_at_checked(2)?;
            if rest.is_empty() {
                format!("{whole}%")
            } else {
                format!("{whole}.{rest}%")
            }
        }
        None => format!("{number}%"),
    };
    percent.parse().ok()
}

/// `30d`, `month in Asia/Seoul`, or the mapping below.
pub(super) const WINDOW: SpecShape = SpecShape::Either(&WINDOWS);

static WINDOWS: [SpecShape; 2] = [
    SpecShape::Text("([0-9]+[wdhms])+|[a-z]+ in [A-Za-z0-9_+/-]+"),
    SpecShape::Map(&CALENDAR),
];

static CALENDAR: SpecTable = SpecTable::of(&[
    SpecKey::required(
        "calendar",
        SpecShape::Word(&["day", "week", "month", "quarter", "year"]),
        "calendar: month",
        "The period, which begins anew for everybody at the same local midnight.",
    ),
    SpecKey::required(
        "time_zone",
        ZONE,
        "time_zone: Asia/Seoul",
        "Whose midnight: a name of the IANA database.",
    ),
]);

/// `30d`, or `{ calendar: month, time_zone: Asia/Seoul }`.
pub(super) fn window(node: &Node, example: &str, findings: &mut Findings) -> Option<Window> {
    if matches!(node.value, Value::Map(_)) {
        calendar(node, findings)
    } else {
        parsed(node, example, findings)
    }
}

#[cfg(feature = "calendar")]
fn calendar(node: &Node, findings: &mut Findings) -> Option<Window> {
    let fields = Fields::of(node, &CALENDAR, findings)?;
    let period = fields.read("calendar", findings, parsed);
    let zone = fields.read("time_zone", findings, parsed);
    Some(Window::calendar(period?, zone?))
}

#[cfg(not(feature = "calendar"))]
fn calendar(node: &Node, findings: &mut Findings) -> Option<Window> {
    findings.mistake(node.place, crate::WindowError::NoCalendar);
    None
}

pub(super) fn status(node: &Node, example: &str, findings: &mut Findings) -> Option<Status> {
    let given = text(node, example, findings)?;
    let status = [Status::Draft, Status::Agreed]
        .into_iter()
        .find(|status| status.as_str() == given);
    if status.is_none() {
        findings.mistake(
            node.place,
            format_args!("`{given}` is not a status; write `draft` or `agreed`"),
        );
    }
    status
}

/// `2026-01-31`.
pub(super) fn day(node: &Node, example: &str, findings: &mut Findings) -> Option<NaiveDate> {
    let given = text(node, example, findings)?;
    checked_at(node, findings, calendar_day(given).ok_or_else(|| not_a_day(given)))
}

pub(super) fn not_a_day(given: &str) -> String {
    format!("`{given}` is not a day; write year, month and day, like `2026-01-31`")
}

/// Digits only.
pub(super) fn whole_number(
    node: &Node,
    example: &str,
    range: RangeInclusive<u32>,
    findings: &mut Findings,
) -> Option<u32> {
    let given = text(node, example, findings)?;
    let digits = given.bytes().all(|byte| byte.is_ascii_digit());
    let number = given.parse().ok().filter(|number| digits && range.contains(number));
    let (least, most) = (range.start(), range.end());
    let refused = || format!("`{given}` is not a whole number from {least} to {most}; write it like `{example}`");
    checked_at(node, findings, number.ok_or_else(refused))
}

/// How long an engine keeps what it is sent: from a day to a hundred years.
pub(super) fn retention(node: &Node, example: &str, findings: &mut Findings) -> Option<Duration> {
    let given = text(node, example, findings)?;
    let seconds = parse_seconds(given).filter(|seconds| (86_400..=36_525 * 86_400).contains(seconds));
    let refused = || format!("`{given}` is not a retention; write from `1d` to `36525d`, like `40d`");
    checked_at(node, findings, seconds.ok_or_else(refused)).map(Duration::from_secs)
}

/// Exactly `YYYY-MM-DD`; chrono alone would take `2026-1-5` and `+2026-01-05`.
pub(super) fn calendar_day(text: &str) -> Option<NaiveDate> {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    if !shape.eq(*b"0000-00-00") {
        return None;
    }
    NaiveDate::from_ymd_opt(
        text.get(..4)?.parse().ok()?,
        text.get(5..7)?.parse().ok()?,
        text.get(8..)?.parse().ok()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_forgot_its_unit_is_recognised() {
        for (given, shown) in [
            ("99.9", "99.9%"),
            ("99,9", "99.9%"),
            ("99.9 %", "99.9%"),
            ("99,95 %", "99.95%"),
            ("0.999", "99.9%"),
            ("0,999", "99.9%"),
            ("0.9", "90%"),
            ("0.05", "5%"),
            ("0.5 %", "0.5%"),
            ("95", "95%"),
        ] {
            assert_eq!(
                meant(given).map(|target| target.to_string()).as_deref(),
                Some(shown),
                "{given}"
            );
        }
        for given in [
            "",
            "0",
            "0.",
            "1.0.0",
            "0.0",
            "high",
            "%",
            "0.é",
            "100",
            "0.9999999999999",
        ] {
            assert_eq!(meant(given), None, "{given}");
        }
    }

    #[test]
    fn a_day_is_four_two_and_two_digits_and_in_the_calendar() {
        assert_eq!(calendar_day("2024-02-29"), NaiveDate::from_ymd_opt(2024, 2, 29));
        for text in [
            "2026-02-29",
            "2026-1-05",
            "26-01-05",
            "2026/01/05",
            "+026-01-05",
            "2026-01-05T00",
            "",
            "２０２６-01-05",
        ] {
            assert_eq!(calendar_day(text), None, "{text}");
        }
    }
}
