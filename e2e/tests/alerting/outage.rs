//! The outage, stage by stage, on either engine.

use std::time::Duration;

use e2e::{Failure, Instance, Outcome, Prom, eventually};

use crate::lane::{Lane, SLO};
use crate::people::{Alert, People};
use crate::traffic::send;

/// For one stage, on a machine with other things to do.
const DEADLINE: Duration = Duration::from_secs(120);
/// How often the example pushes, in milliseconds.
const PUSH: (&str, &str) = ("OTEL_METRIC_EXPORT_INTERVAL", "500");

#[test]
fn an_outage_pages_through_vmalert_and_its_ticket_waits_until_the_page_is_over() -> Outcome {
    let people = People::start()?;
    let lane = Lane::victoria_metrics(&people.alertmanager.url())?;
    live_through(&lane, &people)
}

#[test]
fn an_outage_pages_through_prometheus_and_its_ticket_waits_until_the_page_is_over() -> Outcome {
    let people = People::start()?;
    let lane = Lane::prometheus(&people.alertmanager.url())?;
    live_through(&lane, &people)
}

/// Bad of valid, and the burn of a budget of 0.1%: 6 of 26 is 231x; 6 of 1,526 is 3.9x, over the ticket's 3 and under the
/// page's 6; 6 of 9,026 is 0.7x, under everything.
fn live_through(lane: &Lane, people: &People) -> Outcome {
    let mut example = Instance::start("broken", &lane.otlp, &[PUSH])?;
    send(&example.base, 20, None)?;
    eventually(DEADLINE, || events(&lane.prom, "good", 20.0))?;
    eventually(DEADLINE, || {
        recorded(&lane.prom, "slo:error_ratio:rate5m", |ratio| ratio < 1e-9)
    })?;
    assert_eq!(people.alerts().map_err(Failure::new)?, [], "before anything failed");

    // Fewer than a page needs, as much as Prometheus may extrapolate; then those of the next push: the histogram's series is
    // born with its first error and has a rate from the second push on.
    send(&example.base, 2, Some("error"))?;
    eventually(DEADLINE, || events(&lane.prom, "bad", 2.0))?;
    send(&example.base, 4, Some("error"))?;
    eventually(DEADLINE, || page_silences_its_ticket(&people.alerts()?))?;
    let text = eventually(DEADLINE, || match people.told("page", "firing").as_slice() {
        [text] => Ok(text.clone()),
        told => Err(format!("{} pages were told", told.len())),
    })?;
    assert!(people.told("page", "resolved").is_empty());
    let said = text["description"].as_str().unwrap_or_default();
    for part in [
        "Promise: Anyone can look at listings and real prices at any time.\n",
        "Most errors of the service: /listings with 500\n",
        "Budget left: ",
        "Running since less than an hour: version ",
    ] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }

    send(&example.base, 1_500, None)?;
    let seen = eventually(DEADLINE, || only_the_ticket_is_left(&people.alerts()?))?;
    assert_eq!(seen.inhibited_by, [""; 0]);
    eventually(DEADLINE, || was_told(people, "page", "resolved"))?;
    eventually(DEADLINE, || was_told(people, "ticket", "firing"))?;

    send(&example.base, 7_500, None)?;
    eventually(DEADLINE, || match people.alerts()?.as_slice() {
        [] => Ok(()),
        alerts => Err(format!("{alerts:?}")),
    })?;
    eventually(DEADLINE, || was_told(people, "ticket", "resolved"))?;
    recorded(&lane.prom, "slo:error_ratio:rate5m", |ratio| ratio < 1e-3).map_err(Failure::new)?;
    example.stop()
}

fn events(prom: &Prom, outcome: &str, expected: f64) -> Result<(), String> {
    let found = prom.scalar(&format!(
        "sum(slo_events_total{{slo_name=\"{SLO}\", slo_outcome=\"{outcome}\"}})"
    ))?;
    if found.total_cmp(&expected).is_eq() {
        Ok(())
    } else {
        Err(format!("{found} {outcome} events, not {expected}"))
    }
}

fn recorded(prom: &Prom, name: &str, is_right: impl Fn(f64) -> bool) -> Result<(), String> {
    let found = prom.scalar(&format!("{name}{{slo_name=\"{SLO}\"}}"))?;
    if is_right(found) {
        Ok(())
    } else {
        Err(format!("{name} is {found}"))
    }
}

/// Two alerts of one promise and nothing else: the page, and the ticket because of which nobody is told twice.
fn page_silences_its_ticket(alerts: &[Alert]) -> Result<(), String> {
    let of = |severity: &str| alerts.iter().find(|alert| alert.severity == severity && alert.is_ours);
    match (of("page"), of("ticket"), alerts.len()) {
        (Some(page), Some(ticket), 2)
            if page.inhibited_by.is_empty() && ticket.inhibited_by == [page.fingerprint.as_str()] =>
        {
            Ok(())
        }
        _ => Err(format!("{alerts:?}")),
    }
}

fn only_the_ticket_is_left(alerts: &[Alert]) -> Result<Alert, String> {
    match alerts {
        [alert] if alert.is_ours && alert.severity == "ticket" && alert.inhibited_by.is_empty() => Ok(alert.clone()),
        _ => Err(format!("{alerts:?}")),
    }
}

fn was_told(people: &People, severity: &str, status: &str) -> Result<(), String> {
    match people.told(severity, status).len() {
        0 => Err(format!("no {severity} is {status} yet")),
        _ => Ok(()),
    }
}
