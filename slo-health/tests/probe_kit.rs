//! The probe kit through its public API: what it renders, byte for byte, and what it refuses.

use std::time::Duration;

use chrono::{NaiveTime, Weekday};
use proptest::prelude::*;
use saphyr_parser::{Event, Parser};
use slo_core::alert::Severity;
use slo_core::{Alerting, DownCounts, HttpSli, Labels, Slo, Status, SyntheticSli, TimeSlices, Window};
use slo_health::State;
use slo_health::probe::{
    ExporterAddress, ProbeAccess, ProbeCodes, ProbeKit, ProbeKitBuilder, ProbeKitError, ProbeTarget, QuietTime,
};

type Made<T> = Result<T, Box<dyn std::error::Error>>;

fn freshness(window: &str, down_counts: DownCounts) -> Made<Slo> {
    let sli = SyntheticSli::new("/real-price/synthetic/health").down_counts(down_counts);
    let slo = Slo::new("real-price-freshness", sli, "99.5%".parse()?, window.parse()?);
    let slo = slo.status(Status::Agreed).owner("data-team");
    Ok(slo.promise("Nobody sees prices that are more than a day old."))
}

fn target(base: &str) -> Result<ProbeTarget, ProbeKitError> {
    ProbeTarget::new(base)
}

fn of_two_regions(slo: &Slo) -> Made<ProbeKitBuilder> {
    Ok(ProbeKit::builder("real-estate")
        .environment("prod")
        .target(target("https://kr.real-estate.example")?.label("region", "kr"))
        .target(target("https://us.real-estate.example")?.label("region", "us"))
        .slo(slo)
        .runbook("https://wiki.example/freshness"))
}

fn plain() -> Result<ProbeKitBuilder, ProbeKitError> {
    let builder = ProbeKit::builder("shop").path("/synthetic/health");
    Ok(builder.target(target("http://shop.example")?))
}

fn at(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
}

fn quiet() -> Result<[QuietTime; 3], ProbeKitError> {
    Ok([
        QuietTime::new(Weekday::Sun, at(2, 0), at(4, 30), "Asia/Seoul")?,
        QuietTime::new(Weekday::Sun, at(23, 0), at(1, 0), "Asia/Seoul")?,
        QuietTime::new(Weekday::Mon, at(0, 0), at(0, 0), "UTC")?,
    ])
}

/// Every file of a kit, by its name.
fn files(kit: &ProbeKit) -> Result<[(&'static str, String); 7], ProbeKitError> {
    let exporter: ExporterAddress = "blackbox:9115".parse()?;
    Ok([
        ("blackbox.yml", kit.blackbox_config()),
        ("scrape.yml", kit.scrape_config(&exporter)),
        ("scrape_fresh.yml", kit.freshness_scrape_config(&exporter)),
        ("recording.yml", kit.recording_rules()),
        ("alerting.yml", kit.alerting_rules()),
        ("inhibit.yml", kit.inhibition_config()),
        ("alertmanager.yml", kit.mute_config("team", &quiet()?)?),
    ])
}

/// Compares with the files in `tests/golden`; with `SLO_UPDATE_GOLDEN` set, writes them instead.
fn assert_golden(kit: &ProbeKit, folder: &str) -> Made<()> {
    let folder = format!("{}/tests/golden/{folder}", env!("CARGO_MANIFEST_DIR"));
    for (name, rendered) in files(kit)? {
        let path = format!("{folder}/{name}");
        if std::env::var_os("SLO_UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(&path, &rendered)?;
        }
        let golden = std::fs::read_to_string(&path)?;
        assert_eq!(
            rendered, golden,
            "{path} is out of date; set SLO_UPDATE_GOLDEN to write it anew"
        );
    }
    Ok(())
}

#[test]
fn a_minimum_that_no_probes_reach_is_refused_with_the_number_that_they_do() -> Made<()> {
    let kit = |minimum, interval, targets: u32| -> Made<Result<ProbeKit, ProbeKitError>> {
        let alerts = Alerting::as_elsewhere().minimum_bad_events(minimum);
        let slo = freshness("7d", DownCounts::Bad)?.alerting(alerts);
        let builder = ProbeKit::builder("shop")
            .slo(&slo)
            .interval(Duration::from_secs(interval));
        let targets = (0..targets).map(|number| target(&format!("http://shop-{number}")));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        Ok(targets.into_iter().fold(builder, ProbeKitBuilder::target).build())
    };
    let said = |refused: Result<ProbeKit, ProbeKitError>| refused.err().map(|error| error.to_string());
    let words = |have: &str, most: u32| {
        Some(format!(
            "the SLO `real-price-freshness` asks for 100 bad probes in 15m before anybody is told, and {have} {most}; write \
             `minimum_bad_events: {most}` or less, or probe more often"
        ))
    };
    assert_eq!(said(kit(100, 60, 1)?), words("1 target probed every 60s has", 15));
    assert_eq!(said(kit(100, 30, 3)?), words("3 targets probed every 30s have", 90));
    for (minimum, interval, targets) in [(15, 60, 1), (90, 30, 3), (5, 120, 1), (100, 30, 4)] {
        assert_eq!(
            said(kit(minimum, interval, targets)?),
            None,
            "{minimum} every {interval}s"
        );
    }
    Ok(())
}

#[test]
fn a_kit_with_an_slo_is_rendered_byte_for_byte() {
    let kit = of_two_regions(&freshness("30d", DownCounts::Bad).unwrap())
        .unwrap()
        .build()
        .unwrap();
    assert_golden(&kit, "slo").unwrap();
}

#[test]
fn a_kit_that_excludes_being_down_and_has_codes_and_access_of_its_own_is_rendered_byte_for_byte() {
    let access = ProbeAccess::new()
        .header("Host", "real-estate.example")
        .bearer_file("/etc/blackbox/token")
        .ca_file("/etc/blackbox/ca.pem")
        .client_certificate("/etc/blackbox/cert.pem", "/etc/blackbox/key.pem")
        .server_name("real-estate.example");
    let kit = of_two_regions(&freshness("28d", DownCounts::Excluded).unwrap())
        .unwrap()
        .namespace("homes")
        .codes(ProbeCodes::default().with(State::Warn, 203).with(State::Empty, 424))
        .access(access)
        .module_name("prices")
        .interval(Duration::from_secs(15))
        .scrape_timeout(Duration::from_secs(4))
        .deadline(Duration::from_secs(2))
        .build()
        .unwrap();
    assert_golden(&kit, "excluded").unwrap();
}

#[test]
fn a_kit_without_an_slo_is_rendered_byte_for_byte() {
    assert_golden(&plain().unwrap().build().unwrap(), "plain").unwrap();
}

#[test]
fn without_an_slo_there_are_states_and_ages_and_no_budget() {
    let kit = plain().unwrap().build().unwrap();
    let rules = kit.recording_rules() + &kit.alerting_rules();
    assert_eq!(rules.matches("record: ").count(), 8);
    assert_eq!(rules.matches("alert: ").count(), 4);
    assert!(!rules.contains("slo_name") && !rules.contains("budget_"));
}

#[test]
fn the_states_come_from_the_module_that_takes_any_verdict_and_no_redirect_is_followed() {
    let kit = plain().unwrap().build().unwrap();
    let exporter = "blackbox:9115".parse().unwrap();
    assert!(kit.scrape_config(&exporter).contains("- freshness_answered\n"));
    assert!(kit.freshness_scrape_config(&exporter).contains("- freshness\n"));
    let modules = kit.blackbox_config();
    assert_eq!(modules.matches("follow_redirects: false").count(), 2);
    let (fresh, answered) = modules.split_once("freshness_answered:").unwrap();
    assert!(fresh.contains("'^(fresh|warn)$'") && !fresh.contains("503"));
    let every = "'^(fresh|warn|stale|empty|invalid|error|timeout)$'";
    assert!(answered.contains(every) && answered.contains("- 503"));
}

#[test]
fn a_draft_has_its_budget_recorded_and_pages_nobody() {
    let draft = freshness("30d", DownCounts::Bad).unwrap().status(Status::Draft);
    let kit = of_two_regions(&draft).unwrap().build().unwrap();
    assert!(
        kit.recording_rules()
            .contains("slo_health:error_budget_remaining:ratio")
    );
    let alerts = kit.alerting_rules();
    assert!(
        !alerts.contains("Burn") && !alerts.contains("severity: page"),
        "{alerts}"
    );
    assert_eq!(alerts.matches("severity: ticket").count(), 4);
}

#[test]
fn alerts_have_the_names_labels_and_links_that_the_slo_gives_them() {
    let alerting = Alerting::as_elsewhere()
        .named(Severity::Page, "critical")
        .unwrap()
        .tier("gold")
        .unwrap();
    let slo = freshness("30d", DownCounts::Bad)
        .unwrap()
        .alerting(alerting)
        .labelled(Labels::new().with("team", "search").unwrap())
        .runbook("https://wiki.example/slo".parse().unwrap())
        .dashboard("https://grafana.example/d/slo".parse().unwrap());
    let of = |builder: ProbeKitBuilder| builder.build().unwrap().alerting_rules();
    let two = ProbeKit::builder("shop").target(target("http://a").unwrap()).slo(&slo);
    let alerts = of(two.clone());
    let all = alerts.matches("alert: ").count();
    assert_eq!(all, 6);
    assert_eq!(
        alerts.matches("severity: critical").count(),
        2,
        "down and one that burns fast"
    );
    assert_eq!(alerts.matches("severity: ticket").count(), 4);
    for label in [
        "slo_probes: slo-health/shop/real-price-freshness",
        "team: search",
        "tier: gold",
        "runbook_url: https://wiki.example/slo",
        "dashboard_url: https://grafana.example/d/slo",
    ] {
        assert_eq!(alerts.matches(label).count(), all, "{label}");
    }
    let own = of(two.runbook("https://wiki.example/own"));
    assert_eq!(own.matches("runbook_url: https://wiki.example/own").count(), all);
}

#[test]
fn where_nobody_is_told_there_is_no_alert() {
    let slo = freshness("30d", DownCounts::Bad).unwrap().alerting(Alerting::nobody());
    let kit = of_two_regions(&slo).unwrap().build().unwrap();
    assert!(
        kit.alerting_rules().ends_with("groups: []\n"),
        "{}",
        kit.alerting_rules()
    );
    assert!(
        kit.recording_rules()
            .contains("slo_health:error_budget_remaining:ratio")
    );
}

#[test]
fn an_slo_that_others_keep_gives_its_name_to_job_and_series() {
    let kit = plain().unwrap().slo_name("month").build().unwrap();
    assert_eq!(kit.job(), "slo-health/shop/month");
    assert!(kit.scrape_config(&"a:1".parse().unwrap()).contains("slo_name: month\n"));
    assert!(!kit.recording_rules().contains("budget"));
    let refused = plain().unwrap().slo_name("").build().unwrap_err();
    assert_eq!(refused, ProbeKitError::NoName("SLO"));
}

#[test]
fn one_alert_of_a_severity_has_all_conditions_but_those_that_can_never_be_met_or_say_the_same() {
    let sli = || SyntheticSli::new("/a");
    let alerts = |objective: &str, window: &str| {
        let slo = Slo::new("a", sli(), objective.parse().unwrap(), window.parse().unwrap()).status(Status::Agreed);
        let kit = ProbeKit::builder("shop").target(target("http://a").unwrap()).slo(&slo);
        kit.build().unwrap().alerting_rules()
    };
    let burns = |objective: &str, window: &str| {
        let alerts = alerts(objective, window);
        for name in ["SloHealthFastBurn", "SloHealthSlowBurn"] {
            assert_eq!(alerts.matches(&format!("alert: {name}\n")).count(), 1, "{alerts}");
        }
        let (_, fast) = alerts.split_once("SloHealthFastBurn").unwrap();
        let (fast, slow) = fast.split_once("SloHealthSlowBurn").unwrap();
        let conditions = |text: &str| (text.matches(" >= 5").count(), text.matches(") or (").count());
        (conditions(fast), conditions(slow))
    };
    assert_eq!(burns("99%", "30d"), ((2, 1), (2, 1)));
    assert_eq!(burns("90%", "30d"), ((1, 0), (2, 1))); // 14.4 x 10% is more than all
    assert_eq!(burns("99%", "6h").0, (1, 0)); // both are 15m and 2m
}

#[test]
fn budgets_and_thresholds_are_exact_decimals() {
    let sli = SyntheticSli::new("/a");
    let slo = Slo::new("a", sli, "99.9%".parse().unwrap(), Window::days(30).unwrap()).status(Status::Agreed);
    let kit = ProbeKit::builder("shop")
        .target(target("http://a").unwrap())
        .slo(&slo)
        .build()
        .unwrap();
    let (rules, alerts) = (kit.recording_rules(), kit.alerting_rules());
    assert!(rules.contains(" / 0.001'") && !rules.contains("0.00099"), "{rules}");
    for threshold in ["> 0.0144 and", "> 0.006 and", "> 0.003 and", "> 0.001 and"] {
        assert!(alerts.contains(threshold), "{threshold}");
    }
}

#[test]
fn an_slo_about_something_else_is_refused() {
    let (target_share, month) = ("99%".parse().unwrap(), Window::days(30).unwrap());
    let refusal = |slo: &Slo| of_two_regions(slo).unwrap().build().unwrap_err();
    let http = Slo::new("browse", HttpSli::every_route(), target_share, month);
    assert_eq!(refusal(&http), ProbeKitError::NotSynthetic("browse".to_owned()));
    assert_eq!(
        refusal(&http).to_string(),
        "the SLO `browse` is not about a health endpoint; give one with `sli: { synthetic: { path: .. } }`"
    );
    let slices = TimeSlices::new(Duration::from_secs(60), "99%".parse().unwrap()).unwrap();
    let sliced = freshness("30d", DownCounts::Bad).unwrap().in_time_slices(slices);
    assert_eq!(
        refusal(&sliced).to_string(),
        "the SLO `real-price-freshness` is judged by slices of time, and probes are; leave the slices out, each probe is \
         one already"
    );
    let nameless = Slo::new("", SyntheticSli::new("/a"), target_share, month);
    assert_eq!(refusal(&nameless), ProbeKitError::NoName("SLO"));
}

#[test]
fn targets_and_paths_that_do_not_fit_are_refused() {
    let refusal = |builder: ProbeKitBuilder| builder.build().unwrap_err();
    let slo = freshness("30d", DownCounts::Bad).unwrap();
    let cases = [
        (
            ProbeKit::builder("shop").path("/a"),
            "no targets, so nothing would be probed; add at least one, like `https://shop.example`",
        ),
        (
            plain().unwrap().target(target("http://shop.example/").unwrap()),
            "`http://shop.example` is a target twice; write each address once",
        ),
        (
            ProbeKit::builder("shop").target(target("http://a").unwrap()),
            "no path to probe; write the endpoint's, like `/synthetic/health`, or give the freshness SLO that has it",
        ),
        (
            plain().unwrap().path("health?full=1"),
            "`health?full=1` is not a path; write the endpoint's, like `/synthetic/health`, without query and fragment",
        ),
        (
            plain().unwrap().slo(&slo),
            "the path is `/synthetic/health`, and the SLO `real-price-freshness` is about `/real-price/synthetic/health`; \
             write one of them",
        ),
        (
            plain().unwrap().environment(""),
            "the name of the environment is empty; write the one that its telemetry has",
        ),
        (
            plain().unwrap().label("job", "x"),
            "`job` cannot be a label of a target; use a-z, A-Z, 0-9 and `_`, not `__` first, and no name that the rules \
             use themselves, like `job` or `slo_name`",
        ),
        (
            plain().unwrap().target(target("http://b").unwrap().label("zone", "")),
            "the label `zone` is empty, which means that there is none; write a value or leave it out",
        ),
        (
            plain().unwrap().module_name("a b"),
            "`a b` cannot name a module; use letters, digits, `_` and `-`, beginning with a letter",
        ),
        (
            plain()
                .unwrap()
                .target(target("http://b/eu/synthetic/health/").unwrap()),
            "`http://b/eu/synthetic/health` ends with `/synthetic/health`, the path that is probed, and it would be asked for \
             twice; write what stands before it, like `http://b/eu`",
        ),
        (
            plain().unwrap().page_after(Duration::ZERO),
            "an alert after 0ns is not possible; write 1s to 24h, like 2m",
        ),
    ];
    for (builder, message) in cases {
        assert_eq!(refusal(builder).to_string(), message);
    }
    let several = plain()
        .unwrap()
        .label("job", "x")
        .module_name("a b")
        .page_after(Duration::ZERO);
    assert_eq!(several.mistakes().len(), 3);
    assert_eq!(plain().unwrap().mistakes(), []);
    for path in ["", "a", "/a b", "/ä", "/{x}", "/a#b", "/a\n"] {
        assert_eq!(
            refusal(plain().unwrap().path(path)),
            ProbeKitError::Path { given: path.to_owned() }
        );
    }
}

#[test]
fn what_is_wrong_with_codes_and_access_is_found_when_the_kit_is_built() {
    let codes = plain().unwrap().codes(ProbeCodes::default().with(State::Timeout, 500));
    assert!(matches!(codes.build(), Err(ProbeKitError::CodeTwice { code: 500, .. })));
    let access = plain()
        .unwrap()
        .access(ProbeAccess::new().header("Authorization", "Basic c2VjcmV0"));
    assert_eq!(
        access.build().unwrap_err().to_string(),
        "the header `Authorization` holds a secret; put it into a file and use `basic_auth` or `bearer_file`"
    );
}

#[test]
fn quiet_times_are_in_minutes_and_in_a_zone() {
    let seconds = NaiveTime::from_hms_opt(2, 0, 1).unwrap();
    assert_eq!(
        QuietTime::new(Weekday::Sun, seconds, at(4, 0), "UTC")
            .unwrap_err()
            .to_string(),
        "02:00:01 to 04:00:00 is not a quiet time; write two different times in whole minutes, like 02:00 to 04:00"
    );
    assert!(QuietTime::new(Weekday::Sun, at(2, 0), at(2, 0), "UTC").is_err());
    for zone in ["", "Asia Seoul", "Asia/Seoul\n"] {
        let refused = QuietTime::new(Weekday::Sun, at(2, 0), at(4, 0), zone);
        assert_eq!(refused, Err(ProbeKitError::Zone { given: zone.to_owned() }));
    }
    assert_eq!(
        plain().unwrap().build().unwrap().mute_config("team", &[]),
        Err(ProbeKitError::NoQuietTimes)
    );
}

/// What a document is made of: every piece that is no text, and every text.
fn pieces(document: &str) -> Made<(Vec<&'static str>, Vec<String>)> {
    let (mut shape, mut texts) = (Vec::new(), Vec::new());
    for event in Parser::new_from_str(document) {
        shape.push(match event?.0 {
            Event::Scalar(text, ..) => {
                texts.push(text.into_owned());
                "text"
            }
            Event::SequenceStart(..) => "[",
            Event::SequenceEnd => "]",
            Event::MappingStart(..) => "{",
            Event::MappingEnd => "}",
            Event::DocumentStart(..) => "document",
            Event::Alias(..) => "alias",
            _ => continue,
        });
    }
    Ok((shape, texts))
}

fn named(name: &str) -> Made<ProbeKit> {
    let sli = SyntheticSli::new("/synthetic/health");
    let slo = Slo::new(name, sli, "99%".parse()?, Window::days(30)?);
    let slo = slo.status(Status::Agreed).promise(name).owner(name);
    let builder = ProbeKit::builder(name)
        .namespace(name)
        .environment(name)
        .target(target("http://shop.example")?.label("zone", name))
        .label("region", name)
        .slo(&slo)
        .runbook(name);
    Ok(builder.build()?)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_name_changes_the_shape_of_any_file(name in prop_oneof![any::<String>(), "[ -~\\n\\t]{1,20}"]) {
        prop_assume!(!name.is_empty());
        let benign = files(&named("name").unwrap()).unwrap();
        for ((file, rendered), (_, benign)) in files(&named(&name).unwrap()).unwrap().into_iter().zip(benign) {
            prop_assert_eq!(pieces(&rendered).unwrap().0, pieces(&benign).unwrap().0, "{}", file);
            prop_assert!(!rendered.contains("%{"), "an environment variable in {}", rendered);
        }
        let (_, texts) = pieces(&named(&name).unwrap().scrape_config(&"blackbox:9115".parse().unwrap())).unwrap();
        // Both labels, and service, namespace, environment and SLO: as they were given.
        prop_assert!(texts.iter().filter(|text| **text == name).count() >= 6);
    }

    #[test]
    fn no_name_begins_a_template(name in "[{} .a-z|\"]{1,20}") {
        let (_, benign) = pieces(&named("name").unwrap().alerting_rules()).unwrap();
        let (_, texts) = pieces(&named(&name).unwrap().alerting_rules()).unwrap();
        for (text, benign) in texts.iter().zip(&benign) {
            // What opens an action of a template is ours, or the quoted brace that stands for one of the name's.
            let ours = |text: &str| text.replace("{{ \"{\" }}", "").matches("{{").count();
            // Names of groups and expressions are no templates.
            if !text.starts_with("slo-health/") && !text.contains("{job=\"") {
                prop_assert_eq!(ours(text), ours(benign), "{}", text);
            }
        }
    }
}
