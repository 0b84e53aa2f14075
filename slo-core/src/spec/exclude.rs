//! Planned times that count for nothing, as the spec writes them.

use super::fields::Fields;
use super::findings::Findings;
use super::keys::{SpecKey, SpecShape, SpecTable};
use super::shapes::{DAY, DURATION, TIME, ZONE};
use super::tree::Node;
use crate::{Slo, SloSetBuilder};

pub(super) const EXCLUSIONS: SpecShape = SpecShape::List(&ONE);

static ONE: SpecShape = SpecShape::Map(&EXCLUSION);

static EXCLUSION: SpecTable = SpecTable {
    one_of: &["until", "duration"],
    ..SpecTable::of(&[
        SpecKey::required(
            "from",
            TIME,
            "from: 2026-01-04 02:00",
            "When it begins, as clocks in its zone show it. Of one that comes again, the first time.",
        ),
        SpecKey::required(
            "time_zone",
            ZONE,
            "time_zone: Asia/Seoul",
            "Whose clocks: a name of the IANA database.",
        ),
        SpecKey::optional(
            "until",
            TIME,
            "until: 2026-01-04 04:00",
            "When it ends, as clocks show it; not for one that comes again.",
        ),
        SpecKey::optional(
            "duration",
            DURATION,
            "duration: 2h",
            "How long it lasts, from `1m` to `31d`; also on a day on which clocks change.",
        ),
        SpecKey::optional(
            "rrule",
            SpecShape::Text("[A-Z0-9=;,+-]+"),
            "rrule: FREQ=WEEKLY;BYDAY=SU",
            "How it comes again, as RFC 5545 writes it: `FREQ=DAILY`, `WEEKLY` or `MONTHLY` with `INTERVAL`, `BYDAY`, \
             `BYMONTHDAY`, and `COUNT` or `UNTIL`. A time that clocks skip is left out.",
        ),
        SpecKey::optional(
            "except",
            SpecShape::List(&SpecShape::Text(DAY)),
            "except: [ 2026-02-15 ]",
            "Days on which it does not begin.",
        ),
        SpecKey::required(
            "reason",
            SpecShape::Words,
            "reason: database upgrade",
            "Why, for people.",
        ),
    ])
};

/// The planned times of an SLO or of all; without the feature `calendar` there are none.
#[derive(Debug, Default)]
pub(super) struct Exclusions(#[cfg(feature = "calendar")] Vec<crate::Exclusion>);

impl Exclusions {
    pub(super) fn read(fields: &Fields<'_>, findings: &mut Findings) -> Self {
        fields.read("exclude", findings, exclusions).unwrap_or_default()
    }

    #[cfg(feature = "calendar")]
    pub(super) fn added_to_slo(self, slo: Slo) -> Slo {
        self.0.into_iter().fold(slo, Slo::excluding)
    }

    #[cfg(feature = "calendar")]
    pub(super) fn added_to_set(self, set: SloSetBuilder) -> SloSetBuilder {
        self.0.into_iter().fold(set, SloSetBuilder::excluding)
    }

    #[cfg(not(feature = "calendar"))]
    pub(super) fn added_to_slo(self, slo: Slo) -> Slo {
        slo
    }

    #[cfg(not(feature = "calendar"))]
    pub(super) fn added_to_set(self, set: SloSetBuilder) -> SloSetBuilder {
        set
    }
}

#[cfg(feature = "calendar")]
fn exclusions(node: &Node, example: &str, findings: &mut Findings) -> Option<Exclusions> {
    reader::exclusions(node, example, findings).map(Exclusions)
}

#[cfg(not(feature = "calendar"))]
fn exclusions(node: &Node, _: &str, findings: &mut Findings) -> Option<Exclusions> {
    let message = "this build knows no time zones and so no planned times; enable the feature `calendar` of slo-core";
    findings.mistake(node.place, message);
    None
}

#[cfg(feature = "calendar")]
mod reader {
    use core::time::Duration;

    use super::super::checked_at;
    use super::super::fields::{Fields, items, list, parsed, text, words};
    use super::super::findings::Findings;
    use super::super::tree::Node;
    use super::super::values::{calendar_day, not_a_day};
    use super::EXCLUSION;
    use crate::window::parse_seconds;
    use crate::{Exclusion, LocalTime, Recurrence, Zone};

    const MOST: usize = 100;

    pub(super) fn exclusions(node: &Node, example: &str, findings: &mut Findings) -> Option<Vec<Exclusion>> {
        items(node, "a list of planned times", example, MOST, findings, exclusion)
    }

    fn exclusion(node: &Node, findings: &mut Findings) -> Option<Exclusion> {
        let fields = Fields::of(node, &EXCLUSION, findings)?;
        let from: Option<LocalTime> = fields.read("from", findings, parsed);
        let zone: Option<Zone> = fields.read("time_zone", findings, parsed);
        let until: Option<LocalTime> = fields.read("until", findings, parsed);
        let duration = fields.read("duration", findings, duration);
        let rule: Option<Recurrence> = fields.read("rrule", findings, rule);
        let except = fields.read("except", findings, |node, example, findings| {
            let day = |text: &str| calendar_day(text).ok_or_else(|| not_a_day(text));
            list(node, example, findings, day)
        });
        let reason = fields.read("reason", findings, words);
        let which = fields.exactly_one(findings);
        if fields.raw("rrule").is_some() && fields.raw("until").is_some() {
            let message = "`until` ends a single time, and this one comes again; write `duration`, and the last day as \
                           `UNTIL=` in the `rrule`";
            findings.mistake_under("until", fields.key_place("until"), message);
            return None;
        }
        if fields.raw("except").is_some() && fields.raw("rrule").is_none() {
            let message = "there is nothing to leave out of a single time; write `rrule`, or leave out `except`";
            findings.mistake_under("except", fields.key_place("except"), message);
        }
        let (from, zone, reason) = (from?, zone?, reason?);
        let exclusion = match which? {
            "until" => Exclusion::between(from, until?, zone, reason),
            _ => Exclusion::new(from, zone, duration?, reason),
        };
        let mut exclusion = checked_at(node, findings, exclusion)?;
        if let Some(rule) = rule {
            exclusion = checked_at(node, findings, exclusion.repeated(rule))?;
        }
        let days = except.unwrap_or_default().into_iter().map(|(_, day)| day);
        let exclusion = checked_at(node, findings, exclusion.except(days))?;
        if exclusion.never_begins() {
            let message = "every time of the rule is taken out of it, so that nothing is planned; leave out some of these days, \
                           or the whole";
            findings.mistake_under("except", fields.key_place("except"), message);
        }
        Some(exclusion)
    }

    /// With a rule that is none, everything that is wrong with it.
    fn rule(node: &Node, example: &str, findings: &mut Findings) -> Option<Recurrence> {
        let (first, others) = match Recurrence::read_all(text(node, example, findings)?) {
            Ok(rule) => return Some(rule),
            Err(wrong) => wrong,
        };
        for error in [first].into_iter().chain(others) {
            findings.mistake(node.place, error);
        }
        None
    }

    fn duration(node: &Node, example: &str, findings: &mut Findings) -> Option<Duration> {
        let given = text(node, example, findings)?;
        let refused = || format!("`{given}` is not a duration; write numbers with w, d, h, m or s, like `2h`");
        let seconds = checked_at(node, findings, parse_seconds(given).ok_or_else(refused))?;
        Some(Duration::from_secs(seconds))
    }
}
