//! Pages that are wrong in a way that takes real servers minutes, or a proxy between.

use super::*;

fn health(status: u16, headers: &[(&str, &str)]) -> (State, String) {
    let spec = "{version: 1, service: shop, slos: [{name: fresh, objective: 99%, window: 30d, sli: {synthetic: {path: /health}}}]}";
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let page = Page {
        status,
        headers: headers.collect(),
        body: Vec::new(),
    };
    let mut servers = Servers::default();
    servers.pages.insert("http://shop/health".to_owned(), page);
    let diagnosis = examine_with(spec, &servers, &["--service", "http://shop"], 0);
    let finding = found(&diagnosis, Link::Health, "answers");
    (finding.state, finding.found.clone())
}

#[test]
fn a_proxy_may_not_change_what_a_health_endpoint_says() {
    let (fresh, stale, uncached) = (
        ("slo-health-status", "fresh"),
        ("slo-health-status", "stale"),
        ("cache-control", "no-store"),
    );
    for (status, headers, state, words) in [
        (200, &[fresh, uncached][..], State::Fine, "says fresh"),
        (503, &[stale, uncached], State::Warning, "says stale"),
        (503, &[fresh, uncached], State::Broken, "says fresh with status 503"),
        (200, &[stale, uncached], State::Broken, "says stale with status 200"),
        (200, &[fresh], State::Broken, "may be answered from a cache"),
        (
            200,
            &[fresh, ("cache-control", "max-age=60")],
            State::Broken,
            "may be answered from a cache",
        ),
        (200, &[uncached], State::Broken, "without our header"),
    ] {
        let (seen, found) = health(status, headers);
        assert_eq!(seen, state, "{found}");
        assert!(found.ends_with(words), "{found}");
    }
}

/// One rule of the fleet's, as an engine shows it.
fn rules(window: &str, evaluated: &str) -> Servers {
    let page = format!(
        "{{\"data\": {{\"groups\": [{{\"interval\": 60, \"rules\": [{{\"name\": \"{}\", \"query\": \"1\", \"labels\": \
         {{\"slo_window\": \"{window}\"}}, \"lastEvaluation\": \"{evaluated}\"}}]}}]}}}}",
        crate::render::recorded::WINDOW
    );
    Servers::default().page("/api/v1/rules", &page)
}

#[test]
fn rules_that_stand_still_are_found() {
    let evaluated = |at: &str, clock_ahead: i64| {
        let diagnosis = examine(&rules("30d", at), &[], clock_ahead);
        let finding = found(&diagnosis, Link::Rules, "evaluated");
        (finding.state, finding.found.clone())
    };
    let midnight = "2026-01-01T00:00:00Z";
    assert_eq!(evaluated(midnight, 180).0, State::Fine);
    let (state, words) = evaluated(midnight, 181);
    assert_eq!(state, State::Broken);
    assert!(words.ends_with("was last evaluated long ago"), "{words}");
    let (state, words) = evaluated("0001-01-01T00:00:00Z", 0);
    assert_eq!(
        (state, words.as_str()),
        (State::Warning, "1 of 1 rules were not evaluated yet")
    );
}

#[test]
fn rules_of_a_window_that_nobody_can_write_are_out_of_date() {
    let diagnosis = examine(&rules("soon", "2026-01-01T00:00:00Z"), &[], 0);
    let finding = found(&diagnosis, Link::Rules, "current");
    assert_eq!(
        (finding.state, finding.found.as_str()),
        (
            State::Warning,
            "the fleet's rules have windows that this version cannot write"
        )
    );
}

#[test]
fn an_alertmanager_that_lets_nobody_in_or_hides_its_silences_is_unknown() {
    let asked = |servers: Servers, check: &str| {
        let diagnosis = examine(&servers, &["--alertmanager", "http://am"], 0);
        let finding = found(&diagnosis, Link::Alertmanager, check);
        (finding.state, finding.found.clone())
    };
    for status in [401, 403] {
        let mut servers = Servers::default();
        let page = Page {
            status,
            ..Page::default()
        };
        servers.pages.insert("http://am/api/v2/status".to_owned(), page);
        let words = format!("http://am refused with status {status}");
        assert_eq!(asked(servers, "answers"), (State::Unknown, words));
    }
    let status = Servers::default().page("http://am/api/v2/status", r#"{"config": {"original": ""}}"#);
    let words = "its silences cannot be read".to_owned();
    assert_eq!(asked(status, "silences"), (State::Unknown, words));
}
