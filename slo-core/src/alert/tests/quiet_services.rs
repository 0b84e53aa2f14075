//! Services with little traffic: what a single failure may do, and what a trickle of them must.

use super::*;

use AlertState::{Ok, Page, Ticket};

#[test]
fn twenty_requests_a_night_of_which_all_fail_page_at_the_fifth() {
    let mut story = Story::new("99.9%", "30d");
    story.run(3 * DAY, 24 * MINUTE, (1, 0));
    story.run(8 * HOUR, 24 * MINUTE, (0, 1));
    assert_eq!(story.told(), [(3 * DAY + 4 * 24 * MINUTE, Page)]);
}

#[test]
fn two_requests_an_hour_that_fail_page_once_however_they_fall() {
    let mut story = Story::new("99.9%", "30d");
    story.run(3 * DAY, 30 * MINUTE, (1, 0));
    let begin = story.seconds;
    // 5 failures within 2 h, then gaps longer than the short window of 30 min.
    story.run(2 * HOUR, 30 * MINUTE, (0, 1)).run(MINUTE, MINUTE, (0, 1));
    assert_eq!(story.told(), [(begin + 2 * HOUR, Page)]);
    for gap in [50, 20, 70, 5] {
        story.run(gap * MINUTE, MINUTE, (0, 0)).run(MINUTE, MINUTE, (0, 1));
    }
    story.run(45 * MINUTE, MINUTE, (0, 0));
    let unresolved = story.last().conditions()[1];
    assert_eq!(unresolved.verdict(), Verdict::Unresolved);
    assert_eq!(
        unresolved.to_string(),
        "page: the budget burns at 900.00x over 6h (9 bad of 10) and nothing over 30m, so nothing shows that it ended; \
         the limit is 6x, 5% of the budget of 30d in 6h"
    );
    assert_eq!(story.told().len(), 1);

    // The first good answer is a reason to believe that it ended; that many days were lost stays a ticket.
    story.run(MINUTE, MINUTE, (1, 0));
    assert_eq!(story.told()[1..], [(story.seconds - MINUTE, Ticket)]);
}

#[test]
fn silence_ends_an_alert_when_the_long_window_has_passed() {
    let mut story = Story::new("99.9%", "30d");
    story.run(5 * MINUTE, MINUTE, (0, 10)).run(4 * DAY, 10 * MINUTE, (0, 0));
    let states: Vec<_> = story.told().iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [Page, Ticket, Ok]);
    let (page_off, ticket_off) = (story.told()[1].0, story.told()[2].0);
    assert!((6 * HOUR..7 * HOUR).contains(&page_off), "{page_off}");
    assert!((3 * DAY..3 * DAY + 2 * HOUR).contains(&ticket_off), "{ticket_off}");
}

#[test]
fn silence_begins_no_alert() {
    // The bad events are the day's last. As its good ones leave the hour, their share grows to a half, with nothing
    // new.
    let mut story = Story::new("99.9%", "30d");
    story
        .run(3 * HOUR, 10, (10, 0))
        .run(MINUTE, 10, (9, 1))
        .run(HOUR + 10 * MINUTE, 10, (0, 0));
    assert_eq!(story.told(), []);
    let highest = standard("99.9%", "30d").evaluate(|window| match window.as_seconds() {
        3_600 => Events::new(5, 5),
        _ => Events::default(),
    });
    assert_eq!(highest.state(), Ok);
}

/// 20 requests a night of which some fail, and nothing by day.
fn nights(story: &mut Story, count: u64, failing: u64) {
    for _ in 0..count {
        story.run(24 * MINUTE * failing, 24 * MINUTE, (0, 1));
        story.run(24 * MINUTE * (20 - failing), 24 * MINUTE, (1, 0));
        story.run(16 * HOUR, 24 * MINUTE, (0, 0));
    }
}

#[test]
fn one_failure_in_a_month_of_nights_is_silent() {
    let mut story = Story::new("99.9%", "30d");
    nights(&mut story, 15, 0);
    nights(&mut story, 1, 1);
    nights(&mut story, 15, 0);
    assert_eq!(story.told(), []);
}

#[test]
fn one_failure_each_night_is_one_ticket_and_no_page() {
    let mut story = Story::new("99.9%", "30d");
    nights(&mut story, 30, 1);
    // The fifth failure; from then on the ticket stands, and no other condition fires.
    assert_eq!(story.told(), [(4 * DAY, Ticket)]);
    let reasons: Vec<_> = story.last().reasons().collect();
    assert_eq!(reasons.len(), 1);
    assert_eq!(Some(reasons[0].condition()), story.watch.alerts().trickle());
    assert_eq!(
        reasons[0].to_string(),
        "ticket: the budget burns at 49.97x over 30d (30 bad of 600 in the 29d23h36m measured) and 50.00x over 3d (3 bad of \
         60); the limit is 1x, the whole budget of 30d, spent by few bad events at a time"
    );
    let end = story.seconds;
    nights(&mut story, 6, 0);
    let (at, state) = story.told()[1];
    assert_eq!((state, story.told().len()), (Ok, 2));
    assert!((end + 2 * DAY..=end + 2 * DAY + 2 * HOUR).contains(&at), "{at}");
}

#[test]
fn the_trickle_rule_leaves_real_outages_to_the_other_conditions() {
    let alerts = standard("99.9%", "30d");
    let counts = |month: u64, three_days: u64| {
        move |window: BurnWindow| match window.as_seconds() {
            2_592_000 => Events::new(500, month),
            259_200 => Events::new(50, three_days),
            _ => Events::new(1, 0),
        }
    };
    assert_eq!(alerts.evaluate(counts(4, 4)).state(), Ok);
    assert_eq!(alerts.evaluate(counts(5, 4)).state(), Ticket);
    assert_eq!(alerts.evaluate(counts(500, 1)).state(), Ticket);
    // Enough for the other conditions, and over for 6 h by them: an over-spent month is no ticket for days after.
    assert_eq!(alerts.evaluate(counts(500, 5)).state(), Ok);
    // Over-spent long ago, and nothing since.
    assert_eq!(alerts.evaluate(counts(500, 0)).state(), Ok);
}

#[test]
fn silence_ends_no_trickle() {
    let mut watch = AlertWatch::new(standard("99.9%", "30d"), |_: &Transition<'_>| {});
    let period = watch.alerts().trickle().unwrap().long();
    let recent = watch.alerts().trickle().unwrap().short();
    let mut evaluate = |in_recent: Events| {
        let evaluation = watch.evaluate(START, |asked| match asked {
            asked if asked == period => Events::new(100, 6),
            asked if asked == recent => in_recent,
            _ => Events::default(),
        });
        (evaluation.state(), evaluation.conditions().last().unwrap().verdict())
    };
    assert_eq!(evaluate(Events::default()), (AlertState::Ok, Verdict::Quiet));
    assert_eq!(evaluate(Events::new(10, 4)), (AlertState::Ticket, Verdict::Fires));
    assert_eq!(evaluate(Events::default()), (AlertState::Ticket, Verdict::Unresolved));
    assert_eq!(evaluate(Events::new(10, 0)), (AlertState::Ok, Verdict::Quiet));
    assert_eq!(evaluate(Events::default()), (AlertState::Ok, Verdict::Quiet));
}

#[test]
fn the_minimum_is_a_choice() {
    let evaluated = |minimum: u32, bad: u64| {
        let policy = AlertPolicy::standard().minimum_bad_events(minimum);
        let alerts = policy.resolve("99.9%".parse().unwrap(), Window::days(30).unwrap());
        assert_eq!(alerts.minimum_bad_events(), minimum.max(1));
        alerts.evaluate(|_| Events::new(0, bad)).state()
    };
    assert_eq!([0, 1, 2].map(|minimum| evaluated(minimum, 1)), [Page, Page, Ok]);
    assert_eq!([4, 5].map(|bad| evaluated(5, bad)), [Ok, Page]);
    assert_eq!(evaluated(u32::MAX, u64::from(u32::MAX)), Page);
}
