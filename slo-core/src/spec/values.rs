//! Values of an SLO that need more help than their type's own error gives.

use chrono::NaiveDate;

#[cfg(feature = "calendar")]
use super::fields::{Fields, Key};
use super::fields::{parsed, text};
use super::findings::Findings;
use super::tree::{Node, Value};
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

#[cfg(feature = "calendar")]
const CALENDAR: [Key; 2] = [
    Key {
        name: "calendar",
        example: "calendar: month",
    },
    Key {
        name: "time_zone",
        example: "time_zone: Asia/Seoul",
    },
];

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
    let period = fields.required("calendar", findings, parsed);
    let zone = fields.required("time_zone", findings, parsed);
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
    let day = calendar_day(given);
    if day.is_none() {
        findings.mistake(
            node.place,
            format_args!("`{given}` is not a day; write year, month and day, like `2026-01-31`"),
        );
    }
    day
}

/// Exactly `YYYY-MM-DD`; chrono alone would take `2026-1-5` and `+2026-01-05`.
fn calendar_day(text: &str) -> Option<NaiveDate> {
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
