//! Each alert: when it fires, when it does not, when it ends, and what it says.

use std::time::Duration;

use e2e::{Failure, Outcome};
use slo_core::{DownCounts, Status};
use slo_health::probe::{ProbeKit, ProbeState, ProbeTarget};

use crate::kits::{HOST, by_the_minute, slo};
use crate::played::{Minute, Played, Story};

fn kit(down_counts: DownCounts) -> Result<ProbeKit, Failure> {
    Ok(by_the_minute(&slo("30d", down_counts)?)?.build()?)
}

fn fresh(minutes: usize) -> Story {
    Story::default().finds(minutes, ProbeState::Fresh)
}

#[test]
fn being_down_pages_after_two_minutes_whatever_the_kind_and_ends_with_it() -> Outcome {
    let kit = kit(DownCounts::Bad)?;
    let story = fresh(10)
        .finds(1, ProbeState::Foreign)
        .finds(1, ProbeState::Hung)
        .finds(3, ProbeState::Unreachable)
        .finds(5, ProbeState::Fresh);
    Played::new(&kit, &story)
        .firing(11, "SloHealthDown", 0)
        .firing(12, "SloHealthDown", 1)
        .firing(14, "SloHealthDown", 1)
        .firing(15, "SloHealthDown", 0)
        .firing(14, "SloHealthStale", 0)
        .firing(14, "SloHealthCheckBroken", 0)
        .play()
}

#[test]
fn stale_data_is_a_ticket_after_ten_minutes_and_ends_with_fresh_data() -> Outcome {
    let kit = kit(DownCounts::Bad)?;
    let story = fresh(10).finds(12, ProbeState::Stale).finds(3, ProbeState::Fresh);
    Played::new(&kit, &story)
        .firing(19, "SloHealthStale", 0)
        .firing(20, "SloHealthStale", 1)
        .firing(21, "SloHealthStale", 1)
        .firing(22, "SloHealthStale", 0)
        .firing(21, "SloHealthDown", 0)
        .firing(21, "SloHealthCheckBroken", 0)
        .play()
}

#[test]
fn a_check_that_fails_in_either_way_is_a_ticket_of_its_own() -> Outcome {
    let kit = kit(DownCounts::Bad)?;
    let story = fresh(10)
        .finds(6, ProbeState::CheckError)
        .finds(6, ProbeState::CheckTimeout)
        .finds(3, ProbeState::Fresh);
    Played::new(&kit, &story)
        .firing(19, "SloHealthCheckBroken", 0)
        .firing(20, "SloHealthCheckBroken", 1)
        .firing(22, "SloHealthCheckBroken", 0)
        .firing(20, "SloHealthStale", 0)
        .firing(20, "SloHealthDown", 0)
        .play()
}

#[test]
fn a_target_that_nobody_observes_is_a_ticket_whether_the_exporter_or_the_scrape_is_gone() -> Outcome {
    let kit = kit(DownCounts::Bad)?;
    for gone in [Minute::ExporterGone, Minute::NotScraped] {
        // A series without samples is in sight for 5 more minutes, one that says 0 at once.
        let sight = if gone == Minute::NotScraped { 5 } else { 0 };
        let story = fresh(10).then(12 + sight, gone).finds(3, ProbeState::Fresh);
        Played::new(&kit, &story)
            .firing(19 + sight - 1, "SloHealthUnobserved", 0)
            .firing(20 + sight, "SloHealthUnobserved", 1)
            .firing(22 + sight, "SloHealthUnobserved", 0)
            .firing(20 + sight, "SloHealthDown", 0)
            .firing(20 + sight, "SloHealthStale", 0)
            .play()?;
    }
    Ok(())
}

#[test]
fn stale_data_burns_the_budget_fast_and_pages_until_the_short_window_is_clean() -> Outcome {
    // More than 14.4% of an hour's probes: 9 of 61, as promtool's windows hold both their ends. Of six hours' it is 5.5%.
    let story = fresh(400).finds(20, ProbeState::Stale).finds(10, ProbeState::Fresh);
    for down_counts in DownCounts::ALL {
        let kit = kit(down_counts)?;
        Played::new(&kit, &story)
            .firing(407, "SloHealthFastBurn", 0)
            .firing(408, "SloHealthFastBurn", 1)
            .firing(424, "SloHealthFastBurn", 1)
            .firing(425, "SloHealthFastBurn", 0)
            .play()?;
    }
    Ok(())
}

#[test]
fn one_outage_is_one_page_whichever_windows_show_it() -> Outcome {
    // Of three hours' probes, 20 of 201 are over 6% as well: both conditions hold from minute 192 on, and that of six hours
    // alone from 205 on, until its short window of 30 minutes holds one bad probe only.
    let story = fresh(180).finds(20, ProbeState::Stale).finds(40, ProbeState::Fresh);
    let kit = kit(DownCounts::Bad)?;
    let hour = "slo_health:error_ratio:rate5m > 0.144";
    let six_hours = "slo_health:error_ratio:rate30m > 0.06 and slo_health:error_ratio:rate6h > 0.06";
    let counted = |query: &str| format!("count({query})");
    Played::new(&kit, &story)
        .firing(187, "SloHealthFastBurn", 0)
        .firing(188, "SloHealthFastBurn", 1)
        .query(200, &counted(hour), &[("{}", 1.0)])
        .query(200, &counted(six_hours), &[("{}", 1.0)])
        .firing(200, "SloHealthFastBurn", 1)
        .query(205, &counted(hour), &[])
        .query(205, &counted(six_hours), &[("{}", 1.0)])
        .firing(205, "SloHealthFastBurn", 1)
        .firing(228, "SloHealthFastBurn", 1)
        .firing(229, "SloHealthFastBurn", 0)
        .play()
}

#[test]
fn being_down_burns_the_budget_only_where_it_counts_as_bad() -> Outcome {
    let story = fresh(180)
        .finds(20, ProbeState::Unreachable)
        .finds(1, ProbeState::Fresh);
    for (down_counts, alerts) in [(DownCounts::Bad, 1), (DownCounts::Excluded, 0)] {
        let kit = kit(down_counts)?;
        Played::new(&kit, &story)
            .firing(187, "SloHealthFastBurn", 0)
            .firing(188, "SloHealthFastBurn", alerts)
            .firing(199, "SloHealthDown", 1)
            .play()?;
    }
    Ok(())
}

#[test]
fn a_slow_burn_is_a_ticket_that_ends_when_its_short_window_is_clean() -> Outcome {
    // A tenth of a month, and of each window. One of 20 probes: 5% is over the 3% of 2h24m and under the 6% of 36m.
    let mut story = fresh(60);
    for _ in 0..25 {
        story = story.finds(1, ProbeState::Stale).finds(19, ProbeState::Fresh);
    }
    let last_stale = 60 + 24 * 20;
    let story = story.finds(20, ProbeState::Fresh);
    let kit = by_the_minute(&slo("3d", DownCounts::Bad)?)?.build()?;
    Played::new(&kit, &story)
        .firing(last_stale, "SloHealthSlowBurn", 1)
        .firing(last_stale, "SloHealthFastBurn", 0)
        // The condition with a short window of 12m ends first, the one with 36m has 1 of 37 then.
        .firing(last_stale + 13, "SloHealthSlowBurn", 1)
        .firing(last_stale + 36, "SloHealthSlowBurn", 1)
        .firing(last_stale + 37, "SloHealthSlowBurn", 0)
        .play()
}

#[test]
fn four_bad_probes_at_night_wake_nobody() -> Outcome {
    // 99.9%: one probe of 61 is already over 1.44%.
    let sli = slo_core::SyntheticSli::new("/synthetic/health");
    let strict = slo_core::Slo::new("freshness", sli, "99.9%".parse()?, "30d".parse()?).status(Status::Agreed);
    let kit = by_the_minute(&strict)?.build()?;
    let story = fresh(180)
        .finds(4, ProbeState::Stale)
        .finds(1, ProbeState::Fresh)
        .finds(1, ProbeState::Stale);
    Played::new(&kit, &story)
        .firing(183, "SloHealthFastBurn", 0)
        .firing(185, "SloHealthFastBurn", 1)
        .play()
}

#[test]
fn a_draft_pages_nobody_and_has_no_alerts_on_its_budget() -> Outcome {
    let draft = slo("30d", DownCounts::Bad)?.status(Status::Draft);
    let kit = by_the_minute(&draft)?.page_after(Duration::from_secs(60)).build()?;
    let story = fresh(180).finds(40, ProbeState::Hung);
    let page = r#"count(ALERTS{alertstate="firing",severity="page"})"#;
    Played::new(&kit, &story)
        .query(219, page, &[])
        .firing(219, "SloHealthDown", 1)
        .firing(219, "SloHealthFastBurn", 0)
        .firing(219, "SloHealthSlowBurn", 0)
        .play()
}

#[test]
fn an_alert_says_what_since_when_and_how_old_the_data_is() -> Outcome {
    let promised = slo("30d", DownCounts::Bad)?
        .promise("Prices are {{ never }} old.")
        .owner("data-team");
    let kit = by_the_minute(&promised)?
        .runbook("https://wiki.example/freshness")
        .build()?;
    let labels = |severity: &str| {
        let (job, instance) = (kit.job(), "https://shop.example/synthetic/health");
        format!(
            "{{severity: {severity}, job: {job}, slo_probes: {job}, instance: '{instance}', service_name: shop, slo_name: \
             freshness}}"
        )
    };
    let more =
        "promise: 'Prices are {{ never }} old.', owner: data-team, runbook_url: 'https://wiki.example/freshness'";
    let stale = format!(
        "{{summary: 'shop (freshness) at https://shop.example/synthetic/health serves data that is older than promised, \
         or none', description: 'State: stale. Last fresh: 11m 0s ago. Age of the data: 10m 0s.', action: 'The service \
         runs; look at what brings its data: did the last import run, and did it bring rows? The header \
         Slo-Health-Reason names the check.', {more}}}"
    );
    Played::new(&kit, &fresh(10).finds(12, ProbeState::Stale))
        .says(20, "SloHealthStale", &labels("ticket"), &stale)
        .play()?;

    let down = format!(
        "{{summary: 'shop (freshness) at https://shop.example/synthetic/health gives no answer of its own to probes', \
         description: 'State: hung. Last fresh: more than a day ago. Age of the data: unknown.', action: \
         'unreachable: is it running, and is the name right? hung: it accepts connections and does not answer. foreign: \
         something in front of it answers; look there.', {more}}}"
    );
    Played::new(&kit, &Story::default().finds(4, ProbeState::Hung))
        .says(3, "SloHealthDown", &labels("page"), &down)
        .play()
}

#[test]
fn a_name_that_would_break_out_selects_its_own_series_and_is_shown_as_it_is() -> Outcome {
    let service = r#"a"} or vector(1) {{ $labels.job }}\"#;
    let kit = ProbeKit::builder(service)
        .target(ProbeTarget::new(HOST)?)
        .interval(Duration::from_secs(60))
        .slo(&slo("30d", DownCounts::Bad)?)
        .build()?;
    let instance = "https://shop.example/synthetic/health";
    let labels = format!(
        "{{severity: ticket, job: '{job}', slo_probes: '{job}', instance: '{instance}', service_name: '{service}', \
         slo_name: freshness}}",
        job = kit.job()
    );
    let annotations = format!(
        "{{summary: '{service} (freshness) at {instance} cannot tell how old its data is', description: 'State: \
         check_error. Last fresh: 12m 0s ago. Age of the data: unknown.', action: 'Its check fails or does not end in \
         time; the error is in the service''s log, and in the answer only for whom full details are granted.'}}"
    );
    Played::of_service(&kit, service, &fresh(10).finds(12, ProbeState::CheckError))
        .says(21, "SloHealthCheckBroken", &labels, &annotations)
        .play()
}

#[test]
fn an_alert_on_the_budget_says_how_much_of_what_and_what_is_left() -> Outcome {
    // Of 6 hours, whose numbers come from the probes themselves: promtool evaluates all rules at one interval, and with it
    // tiles of 5 minutes five times too often.
    let kit = by_the_minute(&slo("6h", DownCounts::Bad)?)?.build()?;
    let labels = format!(
        "{{severity: page, job: {job}, slo_probes: {job}, service_name: shop, slo_name: freshness}}",
        job = kit.job()
    );
    let annotations = "{summary: 'The freshness budget of shop (freshness) burns: over 4.1666% of it in 15m', description: \
                       'Probes that found no fresh data: 100% in the last 15m; most of them: stale. 99% over 6h allows 1%. \
                       Budget left: -809.1%.', action: 'stale: The service runs; look at what brings its data: did the last \
                       import run, and did it bring rows? The header Slo-Health-Reason names the check. check_error, \
                       check_timeout: Its check fails or does not end in time; the error is in the service''s log, and in \
                       the answer only for whom full details are granted. unreachable: is it running, and is the name \
                       right? hung: it accepts connections and does not answer. foreign: something in front of it \
                       answers; look there.'}";
    Played::new(&kit, &fresh(200).finds(20, ProbeState::Stale))
        .says(219, "SloHealthFastBurn", &labels, annotations)
        .play()
}
