//! The whole chain, and what is wrong with its other links.

use std::path::PathBuf;

use e2e::{
    Alertmanager, Failure, Http, Instance, Outcome, PATIENCE, Port, Prometheus, VictoriaMetrics, VmAlert, eventually,
};

use slo_health::probe::ProbeState;

use super::Doctor;

const FAST: &[(&str, &str)] = &[("OTEL_METRIC_EXPORT_INTERVAL", "500")];

impl Doctor {
    /// What `slo rules` writes, in a file of this name, evaluated every other second.
    fn rules(&self, name: &str, args: &[&str]) -> Result<PathBuf, Failure> {
        let output = std::process::Command::new(&self.program)
            .arg("rules")
            .args(args)
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let file = self.folder.path().join(name);
        std::fs::write(
            &file,
            text.replace("interval: 1m\n", "interval: 2s\n")
                .replace("interval: 5m\n", "interval: 2s\n"),
        )?;
        Ok(file)
    }

    fn inhibition(&self) -> Result<String, Failure> {
        let output = std::process::Command::new(&self.program)
            .args(["rules", "--alertmanager"])
            .output()?;
        Ok(format!(
            "route: {{ receiver: nobody }}\nreceivers: [{{ name: nobody }}]\n{}",
            String::from_utf8(output.stdout)?
        ))
    }
}

/// Asks the store at an address, and others.
fn asking(prometheus: &str, others: &[&str]) -> Vec<String> {
    let words = [&["--prometheus", prometheus], others].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// Any failure, for who tries again.
fn said(failure: impl Into<Failure>) -> String {
    format!("{:?}", failure.into())
}

/// A request to each route that the example's spec names.
fn visit(instance: &Instance) -> Result<(), Failure> {
    let http = Http::new();
    for path in ["/listings", "/real-price/seoul", "/account"] {
        http.get(&format!("{}{path}", instance.base))?;
    }
    for path in ["/login", "/purchase"] {
        http.post(&format!("{}{path}", instance.base), "application/json", "{}")?;
    }
    Ok(())
}

const FLEET: &[&str] = &[
    "--fleet",
    "--engine",
    "victoriametrics",
    "--window",
    "30d",
    "--window",
    "month",
];

#[test]
fn a_chain_that_is_whole_and_its_links_broken_one_by_one() -> Outcome {
    let doctor = Doctor::example()?;
    let store = VictoriaMetrics::start()?;
    let alertmanager = Alertmanager::start_on(Port::Free, &doctor.inhibition()?)?;
    let instance = Instance::start("whole", &store.otlp_endpoint(), FAST)?;
    let vmalert = VmAlert::start(&store.url(), &[&doctor.rules("fleet.yaml", FLEET)?])?;
    visit(&instance)?;
    let (prometheus, rules, pager) = (store.url(), vmalert.url(), alertmanager.url());
    let args = [
        "--prometheus",
        &prometheus,
        "--rules",
        &rules,
        "--alertmanager",
        &pager,
        "--service",
        &instance.base,
        "--environment",
        Instance::ENVIRONMENT,
    ];
    eventually(PATIENCE, || {
        store.force_flush().map_err(said)?;
        let (exit, findings) = doctor.examine(&args).map_err(said)?;
        let wrong: Vec<_> = findings.into_iter().filter(|finding| finding.state != "fine").collect();
        // Nobody probes it here.
        let expected = wrong.len() == 1 && wrong[0].check == "health.probed" && wrong[0].state == "warning";
        (expected && exit == Some(0))
            .then_some(())
            .ok_or_else(|| format!("{exit:?} {wrong:#?}"))
    })?;

    let finds = |check: &str, state: &str, words: &str, args: &[&str]| doctor.finds(check, state, words, args);
    finds(
        "process.status",
        "broken",
        "its environment is e2e",
        &[&args[..8], &["--environment", "production"]].concat(),
    )?;
    finds(
        "process.status",
        "broken",
        "answers with status 404 and no status of ours",
        &[&args[..8], &["--status-path", "/elsewhere"]].concat(),
    )?;
    let other = Doctor::of("real-estate")?;
    other.finds("process.spec", "warning", "it runs another spec", &args)?;
    Doctor::of("shop")?.finds(
        "process.status",
        "broken",
        "it is `real-estate`, and the spec is of `shop`",
        &args,
    )?;

    // A silence, by whoever wants to sleep.
    let silence = r#"{"matchers":[{"name":"severity","value":"page","isRegex":false}],"startsAt":"2020-01-01T00:00:00Z","endsAt":"2099-01-01T00:00:00Z","createdBy":"Ana","comment":"quiet"}"#;
    let address = format!("{pager}/api/v2/silences");
    Http::new()
        .post(&address, "application/json", silence)?
        .accepted("POST", &address)?;
    doctor.finds(
        "alertmanager.silences",
        "warning",
        "a silence of Ana until 2099-01-01T00:00:00.000Z may hide its pages: quiet",
        &args,
    )?;

    // Probes, as the kit's rules record them.
    for (state, expected, words) in [
        ("fresh", "fine", "1 targets are probed and fresh"),
        ("stale", "warning", "have stale data"),
        ("foreign", "broken", "are answered by somebody else, without our header"),
        ("unreachable", "broken", "1 of 1 targets cannot be reached"),
        ("hung", "broken", "1 of 1 targets do not answer in time"),
        ("check_error", "broken", "1 of 1 targets cannot judge their data"),
        (
            "check_timeout",
            "broken",
            "1 of 1 targets do not judge their data in time",
        ),
    ] {
        let lines = ProbeState::ALL.map(|name| {
            format!(
                "slo_health:probe_state{{service_name=\"real-estate\",state=\"{name}\"}} {}",
                i32::from(name.as_str() == state)
            )
        });
        let address = format!("{prometheus}/api/v1/import/prometheus");
        Http::new()
            .post(&address, "text/plain", &lines.join("\n"))?
            .accepted("POST", &address)?;
        eventually(PATIENCE, || {
            store.force_flush().map_err(said)?;
            doctor.finds("health.probed", expected, words, &args).map_err(said)
        })?;
    }
    Ok(())
}

#[test]
fn rules_that_are_not_as_they_should_be() -> Outcome {
    let doctor = Doctor::example()?;
    let store = VictoriaMetrics::start()?;
    let elsewhere = VictoriaMetrics::start()?;
    let instance = Instance::start("ruled", &store.otlp_endpoint(), FAST)?;
    let prometheus = store.url();
    let visible = || -> Result<(), Failure> {
        Ok(eventually(PATIENCE, || {
            store.force_flush().map_err(said)?;
            let args = ["--prometheus", prometheus.as_str()];
            doctor.finds("telemetry.zeros", "fine", "", &args).map_err(said)
        })?)
    };
    visible()?;
    doctor.finds(
        "rules.loaded",
        "broken",
        "has no rules of ours",
        &["--prometheus", &prometheus],
    )?;
    doctor.finds(
        "rules.loaded",
        "broken",
        "cannot be reached",
        &["--prometheus", &prometheus, "--rules", "http://127.0.0.1:9"],
    )?;
    doctor.finds(
        "rules.loaded",
        "unknown",
        "answers with status 404 and no rules",
        &["--prometheus", &prometheus, "--rules", &instance.base],
    )?;

    let fleet = doctor.rules("fleet.yaml", FLEET)?;
    let spec = e2e::workspace_root()
        .join("examples/real-estate/slo.yaml")
        .display()
        .to_string();
    let own = doctor.rules("own.yaml", &["--engine", "victoriametrics", &spec])?;
    let text = std::fs::read_to_string(&fleet)?;
    let edited = |name: &str, from: &str, to: &str| -> Result<PathBuf, Failure> {
        if !text.contains(from) {
            return Err(Failure::new(format!("no {from}")));
        }
        let file = doctor.folder.path().join(name);
        std::fs::write(&file, text.replace(from, to))?;
        Ok(file)
    };
    let old = edited("old.yaml", "[1h]", "[2h]")?;
    let failing = edited(
        "failing.yaml",
        "(slo_window_seconds",
        "(label_replace(slo_window_seconds, \"a\", \"b\", \"c\", \"(\")",
    )?;
    let late = edited("late.yaml", "for: 15m", "for: 1m")?;
    let long = edited("long.yaml", "for: 15m\n", "for: 15m\n        keep_firing_for: 5m\n")?;
    let other_words = edited("other-words.yaml", "burns its error budget", "is not well")?;
    let month_only = doctor.rules(
        "month.yaml",
        &["--fleet", "--engine", "victoriametrics", "--window", "month"],
    )?;
    let foreign = doctor.folder.path().join("foreign.yaml");
    let text_of_others =
        "groups: [{name: a, rules: [{record: 'slo:error_ratio:rate5m', expr: vector(1), labels: {slo_name: x}}]}]";
    std::fs::write(&foreign, text_of_others)?;
    let store_url = store.url();
    for (files, reads, check, state, words) in [
        (
            vec![&fleet],
            &store_url,
            "rules.current",
            "fine",
            "the fleet's rules are those that this version writes",
        ),
        (
            vec![&own],
            &store_url,
            "rules.current",
            "fine",
            "the rules of this spec are those that this version writes",
        ),
        (
            vec![&fleet, &own],
            &store_url,
            "rules.loaded",
            "broken",
            "both the fleet's rules and rules of this spec",
        ),
        (
            vec![&old],
            &store_url,
            "rules.current",
            "warning",
            "the fleet's rules are out of date",
        ),
        (
            vec![&late],
            &store_url,
            "rules.current",
            "warning",
            "out of date: 2 of them, `SloWindowWithoutRules` has `for: 1m` instead of 15m",
        ),
        (
            vec![&long],
            &store_url,
            "rules.current",
            "warning",
            "has `keep_firing_for: 5m`",
        ),
        (
            vec![&other_words],
            &store_url,
            "rules.texts",
            "note",
            "say something else than this version writes, `SloErrorBudgetBurn` first",
        ),
        (
            vec![&month_only],
            &store_url,
            "rules.windows",
            "broken",
            "no rules for the window of browse-availability, 30d",
        ),
        (
            vec![&foreign],
            &store_url,
            "rules.loaded",
            "broken",
            "are about other services",
        ),
        (vec![&failing], &store_url, "rules.evaluated", "broken", "fails: "),
        (
            vec![&fleet],
            &elsewhere.url(),
            "rules.recorded",
            "broken",
            "is not in the store",
        ),
    ] {
        let paths: Vec<_> = files.iter().map(|file| file.as_path()).collect();
        let vmalert = VmAlert::start(reads, &paths)?;
        let args = asking(&prometheus, &["--rules", &vmalert.url()]);
        eventually(PATIENCE, || doctor.finds(check, state, words, &args).map_err(said))?;
    }
    Ok(())
}

#[test]
fn prometheus_tells_more_of_itself() -> Outcome {
    let doctor = Doctor::of("shop")?;
    let fleet = doctor.rules("fleet.yaml", &["--fleet", "--window", "30d"])?;
    let own_spec = doctor.folder.path().join("own.yaml");
    std::fs::write(&own_spec, &doctor.spec)?;
    let own = doctor.rules("own-rules.yaml", &[&own_spec.display().to_string()])?;
    let rules = |file: &PathBuf| format!("rule_files: [{:?}]\n", file.display().to_string());
    let unconnected = Prometheus::start_on(Port::Free, &rules(&fleet))?;
    let args = asking(&unconnected.url(), &[]);
    doctor.finds("store.clock", "fine", "agrees", &args)?;
    doctor.finds("store.retention", "fine", "it remembers for 35d", &args)?;
    doctor.finds(
        "alertmanager.connected",
        "broken",
        "the store sends its alerts to nobody",
        &args,
    )?;
    let nobody = asking(&unconnected.url(), &["--alertmanager", "http://127.0.0.1:9"]);
    doctor.finds(
        "alertmanager.answers",
        "broken",
        "http://127.0.0.1:9 cannot be reached",
        &nobody,
    )?;
    // Rules have their first turn within five minutes.
    let patient = doctor.folder.path().join("patient.yaml");
    let text = std::fs::read_to_string(&fleet)?;
    std::fs::write(&patient, text.replace("interval: 2s\n", "interval: 5m\n"))?;
    let young = Prometheus::start_on(Port::Free, &rules(&patient))?;
    let asked = asking(&young.url(), &[]);
    doctor.finds("rules.evaluated", "warning", "rules were not evaluated yet", &asked)?;
    doctor.finds("rules.recorded", "warning", "of browse is not in the store", &asked)?;
    // Prometheus shows rules in a form of its own.
    doctor.finds("rules.current", "fine", "the fleet's rules are those", &args)?;
    assert!(doctor.finding("rules.texts", &args).is_err(), "nothing differs");
    for (from, to, check, state, words) in [
        (
            "for: 15m\n",
            "for: 15m\n        keep_firing_for: 5m\n",
            "rules.current",
            "warning",
            "has `keep_firing_for: 5m`",
        ),
        (
            "for: 15m",
            "for: 2m",
            "rules.current",
            "warning",
            "has `for: 2m` instead of 15m",
        ),
        (
            "burns its error budget",
            "is not well",
            "rules.texts",
            "note",
            "`SloErrorBudgetBurn` first",
        ),
    ] {
        let file = doctor.folder.path().join("edited.yaml");
        std::fs::write(&file, text.replace(from, to))?;
        let other = Prometheus::start_on(Port::Free, &rules(&file))?;
        doctor.finds(check, state, words, &asking(&other.url(), &[]))?;
    }
    let mut longer = Doctor::of("shop")?;
    longer.spec = longer.spec.replace("30d", "90d");
    longer.finds(
        "store.retention",
        "broken",
        "it forgets after 35d, and the window of browse is 90d",
        &args,
    )?;
    longer.finds(
        "rules.windows",
        "broken",
        "no rules for the window of browse, 90d",
        &args,
    )?;

    let alertmanager = Alertmanager::start()?;
    let target = alertmanager.url();
    let target = target.trim_start_matches("http://");
    let config = format!(
        "{}alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: [{target:?}] }}] }}] }}\n",
        rules(&own)
    );
    let connected = Prometheus::start_on(Port::Free, &config)?;
    let args = asking(&connected.url(), &["--alertmanager", &alertmanager.url()]);
    eventually(PATIENCE, || {
        let connected = doctor.finds(
            "alertmanager.connected",
            "fine",
            "the store sends its alerts to 1",
            &args,
        );
        connected.map_err(said)
    })?;
    doctor.finds(
        "alertmanager.inhibition",
        "warning",
        "a page does not silence the ticket",
        &args,
    )?;
    doctor.finds("rules.current", "fine", "the rules of this spec are those", &args)?;
    let nobody = asking("http://127.0.0.1:9", &["--alertmanager", &connected.url()]);
    doctor.finds("store.answers", "broken", "cannot be reached", &nobody)?;
    doctor.finds("alertmanager.answers", "broken", "and not as an Alertmanager", &nobody)?;
    let (exit, _) = doctor.examine(&nobody)?;
    assert_eq!(exit, Some(1));
    Ok(())
}

#[test]
fn a_process_that_cannot_push_and_data_that_is_old() -> Outcome {
    let doctor = Doctor::example()?;
    let store = VictoriaMetrics::start()?;
    let stale = ["--stall-import", "--fresh-within", "1s", "--request-timeout", "4s"];
    let instance = Instance::start_with("mute", "http://127.0.0.1:9", &stale, FAST)?;
    let args = asking(&store.url(), &["--service", &instance.base]);
    eventually(PATIENCE, || {
        let failing = doctor.finds("process.push", "broken", "its metrics cannot be pushed: ", &args);
        failing.map_err(said)
    })?;
    doctor.finds(
        "process.routes",
        "warning",
        "no request since the start for /account",
        &args,
    )?;
    eventually(PATIENCE, || {
        let stale = doctor.finds(
            "health.answers",
            "warning",
            "/real-price/synthetic/health says stale",
            &args,
        );
        stale.map_err(said)
    })?;
    let silent = Instance::start("silent", "", FAST)?;
    let asked = asking(&store.url(), &["--service", &silent.base]);
    doctor.finds("process.push", "broken", "it has pushed nothing yet", &asked)?;
    let nobody = asking(&store.url(), &["--service", "http://127.0.0.1:9"]);
    doctor.finds("process.status", "broken", "cannot be reached", &nobody)?;
    doctor.finds("health.answers", "broken", "cannot be reached", &nobody)?;
    // Another's page where the health endpoint should be.
    let other = asking(&store.url(), &["--service", &store.url()]);
    doctor.finds("health.answers", "broken", "and without our header", &other)?;
    Ok(())
}
