//! Measured cases of the research note, as a rule engine sees them: a sample and an evaluation each minute. The figures
//! are those that the note has for other tools' rules under `promtool`, where those are right, and the right answer where
//! they are not.

use super::*;

use AlertState::{Ok, Page, Ticket};

/// The changes, in minutes after the incident's begin.
fn after(begin: u64, timeline: &Timeline) -> Vec<(u64, AlertState)> {
    let told = told(timeline).into_iter();
    told.map(|(at, state)| (at - begin, state)).collect()
}

fn standard(target: &str) -> Simulation {
    Simulation::of(&slo(target, "30d"), START)
}

#[test] // B01: a page after a minute, off 30 min after the end; a ticket, off 6 h after that.
fn ten_minutes_of_total_outage() {
    let mut series = Series::default();
    series.run(3 * DAY, (100, 0)).run(10, (0, 100)).run(8 * HOUR, (100, 0));
    let expected = [(1, Page), (10 + 30, Ticket), (10 + 6 * HOUR, Ok)];
    assert_eq!(after(3 * DAY, &series.play(&standard("99.9%"))), expected);
}

#[test] // B02: a page after 6 min, off 5 min after the end, and no ticket.
fn ten_minutes_at_fifteen_percent() {
    let mut series = Series::default();
    series.run(3 * DAY, (100, 0)).run(10, (85, 15)).run(8 * HOUR, (100, 0));
    assert_eq!(after(3 * DAY, &series.play(&standard("99.9%"))), [(6, Page), (15, Ok)]);
}

#[test] // B03: a burn rate of exactly 1.0 is silent, and spends the budget to the last event.
fn a_burn_rate_of_exactly_one_is_silent() {
    let mut series = Series::default();
    series.run(32 * DAY, (999, 1));
    for window in ["1d", "30d"] {
        let timeline = series.play(&Simulation::of(&slo("99.9%", window), START));
        assert_eq!(told(&timeline), [], "{window}");
        assert_eq!(timeline.end().budget().remaining_ratio_f64(), Some(0.0), "{window}");
        assert_eq!(timeline.end().budget().state(), BudgetState::Exhausted, "{window}");
    }
}

#[test] // B05: half an hour of which nothing is known, in a day. Coverage 97.9%, and no NaN.
fn half_an_hour_without_data_is_coverage() {
    let mut series = Series::default();
    series.run(DAY / 2, (40, 0)).gap(30).run(DAY / 2 - 30, (40, 0));
    let timeline = series.play(&Simulation::of(&slo("99.9%", "1d"), START));
    let budget = timeline.end().budget();
    assert_eq!(budget.coverage().to_string(), "97.9166%");
    assert_eq!(
        (budget.remaining_ratio_f64(), budget.state()),
        (Some(1.0), BudgetState::Within)
    );
    assert_eq!(told(&timeline), []);
}

#[test] // B06: quiet half-days at 10% errors: 0.0000999, not 0.0497. Other tools' budget is at -4872%.
fn quiet_hours_weigh_as_much_as_their_traffic() {
    let mut series = Series::default();
    for _ in 0..30 {
        series
            .every(HOUR, 12 * HOUR, (9, 1))
            .every(HOUR, 12 * HOUR, (10_000, 0));
    }
    let timeline = series.play(&standard("99.9%"));
    let budget = timeline.end().budget();
    assert_eq!(budget.seen().error_ratio(), Ratio::new(1, 10_010));
    assert_eq!(budget.remaining_ratio_f64(), Some(1.0 - 1_000.0 / 10_010.0));
    assert_eq!(timeline.exhaustions().count(), 1); // after the first, quiet night
}

#[test] // B07: 2 days old, 1% bad.
fn a_young_service_says_what_it_saw() {
    let mut series = Series::default();
    let timeline = series.run(2 * DAY, (99, 1)).play(&standard("99.9%"));
    let budget = timeline.end().budget();
    assert_eq!(
        (budget.coverage(), budget.remaining_ratio_f64()),
        (Ratio::new(2, 30).unwrap(), Some(-9.0))
    );
    assert_eq!(budget.state(), BudgetState::WarmingUp);
}

#[test] // B09: errors before the first scrape count.
fn errors_of_the_first_minute_count() {
    let mut series = Series::default();
    let timeline = series.run(1, (0, 1_000)).run(HOUR, (100, 0)).play(&standard("99.9%"));
    assert_eq!(told(&timeline)[0], (1, Page));
}

#[test] // B10: a ticket after 36 h, never a page.
fn a_constant_burn_rate_of_two_is_a_ticket() {
    let mut series = Series::default();
    series.run(3 * DAY, (500, 0)).run(3 * DAY, (499, 1));
    // Steps of 1 h as far back as 3 d: not a minute early, and an hour late at most.
    let told = after(3 * DAY, &series.play(&standard("99.9%")));
    assert_eq!((told.len(), told[0].1), (1, Ticket));
    assert!((36 * HOUR..=37 * HOUR).contains(&told[0].0), "{told:?}");
}

#[test] // B11: a page after 155 min (theory 154.3), through 6x in 6 h.
fn a_constant_burn_rate_of_fourteen_pages() {
    let mut series = Series::default();
    series.run(DAY, (500, 0)).run(4 * HOUR, (493, 7));
    assert_eq!(after(DAY, &series.play(&standard("99.9%"))), [(155, Page)]);
}

#[test] // B13: 90% and a total outage: a page after 3.6 h.
fn a_low_objective_pages_through_what_can_fire() {
    let mut series = Series::default();
    series.run(DAY, (10, 0)).run(5 * HOUR, (0, 10));
    let told = after(DAY, &series.play(&standard("90%")));
    assert_eq!(told[0].1, Page);
    assert_eq!(told[0].0, 217); // 216 min are exactly 6x, and that is not over it
}

#[test] // B04: 10 requests an hour, and one fails.
fn one_failure_at_night_pages_nobody() {
    let mut series = Series::default();
    series
        .every(6, 3 * DAY, (1, 0))
        .every(6, 6, (0, 1))
        .every(6, 3 * DAY, (1, 0));
    assert_eq!(told(&series.play(&standard("99.9%"))), []);
}
