//! Whether clocks agree.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, Link};
use crate::web::Page;

/// Rules, pushes and look-backs are made for this.
const UNNOTICED: TimeDelta = TimeDelta::seconds(5);
/// From here on a push is as late as a missed one.
const WRONG: TimeDelta = TimeDelta::seconds(60);

/// What another's clock showed between two looks at ours; exact to `exact`.
pub(super) fn judge(
    link: Link,
    whose: &str,
    theirs: DateTime<Utc>,
    [before, after]: [DateTime<Utc>; 2],
    exact: TimeDelta,
) -> Finding {
    let behind = (before - exact) - theirs;
    let ahead = theirs - (after + exact);
    let (off, word) = if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    };
    if off <= UNNOTICED {
        return Finding::fine(link, "clock", format!("the clock of {whose} agrees with ours"));
    }
    let found = format!("the clock of {whose} is {} s {word} ours", off.num_seconds());
    let finding = if off > WRONG {
        Finding::broken(link, "clock", found)
    } else {
        Finding::warning(link, "clock", found)
    };
    finding.mend("run NTP on both; windows, freshness and alerts are only as right as the clocks")
}

/// The same, by a page's `Date`, which has whole seconds; `None` without one.
pub(super) fn of_page(link: Link, whose: &str, page: &Page, looks: [DateTime<Utc>; 2]) -> Option<Finding> {
    let date = DateTime::parse_from_rfc2822(page.header("date")).ok()?;
    Some(judge(link, whose, date.to_utc(), looks, TimeDelta::seconds(1)))
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_clock_is_wrong_from_a_minute_on_in_either_direction() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let looks = [now, now + TimeDelta::seconds(1)];
        for (off, state, words) in [
            (-5, State::Fine, "agrees"),
            (6, State::Fine, "agrees"),
            (-6, State::Warning, "6 s behind"),
            (7, State::Warning, "6 s ahead of"),
            (-60, State::Warning, "60 s behind"),
            (-61, State::Broken, "61 s behind"),
            (62, State::Broken, "61 s ahead of"),
        ] {
            let theirs = now + TimeDelta::seconds(off);
            let finding = judge(Link::Store, "it", theirs, looks, TimeDelta::zero());
            assert_eq!(finding.state, state, "{off}");
            assert!(finding.found.contains(words), "{finding:?}");
        }
    }

    #[test]
    fn a_page_without_a_date_says_nothing() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let mut page = Page::default();
        assert_eq!(of_page(Link::Process, "it", &page, [now, now]), None);
        page.headers
            .insert("date".to_owned(), "Thu, 01 Jan 2026 00:02:00 GMT".to_owned());
        let finding = of_page(Link::Process, "it", &page, [now, now]).unwrap();
        assert_eq!(finding.found, "the clock of it is 119 s ahead of ours");
    }
}
