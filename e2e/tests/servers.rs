//! The servers run for real: what is written into them is read back by `PromQL`.

use std::time::Duration;

use e2e::{
    Alertmanager, BlackboxExporter, Http, Outcome, Port, Prom, Prometheus, StartError, VictoriaMetrics, VmAgent,
    eventually,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the engine has exactly this value for the query.
fn until_it_is(prom: &Prom, query: &str, expected: f64) -> Result<(), e2e::TimedOut> {
    eventually(PATIENCE, || {
        let value = prom.scalar(query)?;
        // Written as these very digits, so they come back as the same number.
        if value.to_bits() == expected.to_bits() {
            Ok(())
        } else {
            Err(format!("{query} is {value}, not {expected}"))
        }
    })
}

#[test]
fn a_sample_written_into_victoria_metrics_is_read_back() -> Outcome {
    let store = VictoriaMetrics::start()?;
    assert_eq!(store.prom().instant("slo_e2e_sample")?, []);

    // 40 days ago: more than the default retention would keep.
    let now: f64 = store.prom().scalar("floor(time())")?;
    let then = now - 40.0 * 86_400.0;
    let line = |time: f64, value| {
        format!(
            r#"{{"metric":{{"__name__":"slo_e2e_sample","case":"a"}},"values":[{value}],"timestamps":[{time}000]}}"#
        )
    };
    store.import(&format!("{}\n{}\n", line(then, "0.25"), line(now, "0.125")))?;

    until_it_is(&store.prom(), "slo_e2e_sample", 0.125)?;
    let sample = store.prom().instant("slo_e2e_sample")?.remove(0);
    assert_eq!(
        (sample.label("__name__"), sample.label("case")),
        ("slo_e2e_sample", "a")
    );
    let past = store.prom().instant_at("slo_e2e_sample", then)?;
    assert_eq!(past.iter().map(|sample| sample.value).collect::<Vec<_>>(), [0.25]);

    let refused = store.prom().instant("sum((").unwrap_err().to_string();
    assert!(refused.contains("was refused with status 422"), "{refused}");
    Ok(())
}

#[test]
fn a_sample_sent_through_vmagent_reaches_prometheus_and_victoria_metrics() -> Outcome {
    let victoria = VictoriaMetrics::start()?;
    let prometheus = Prometheus::start()?;
    let agent = VmAgent::start(&[victoria.remote_write_url(), prometheus.remote_write_url()])?;

    agent.import_text("slo_e2e_sample{case=\"b\"} 7\n")?;

    for prom in [victoria.prom(), prometheus.prom()] {
        until_it_is(&prom, "slo_e2e_sample", 7.0)?;
        assert_eq!(prom.instant("slo_e2e_sample")?.remove(0).label("case"), "b");
    }
    assert!(prometheus.prom().instant("sum((").is_err());
    let remarked = prometheus.prom().instant("rate(slo_e2e_sample[5m])"); // not named like a counter: a remark, no fault
    assert_eq!(remarked?, []);
    Ok(())
}

#[test]
fn what_a_store_missed_while_it_was_away_arrives_when_it_is_back() -> Outcome {
    let port = e2e::free_port()?;
    let agent = VmAgent::start(&[format!("http://127.0.0.1:{port}/api/v1/write")])?;
    agent.import_text("slo_e2e_sample 1\n")?;
    let store = VictoriaMetrics::start_on(Port::Exactly(port))?;
    until_it_is(&store.prom(), "slo_e2e_sample", 1.0)?;
    Ok(())
}

#[test]
fn alertmanager_and_blackbox_exporter_get_ready_and_probe() -> Outcome {
    let alertmanager = Alertmanager::start()?;
    let blackbox = BlackboxExporter::start()?;
    let target = format!("{}/-/ready", alertmanager.url());
    let probe = Http::new().get(&format!("{}/probe?module=http_2xx&target={target}", blackbox.url()))?;
    assert!(probe.body.contains("\nprobe_success 1\n"), "{}", probe.body);
    assert!(alertmanager.into_server().stop()?.success());
    Ok(())
}

#[test]
fn a_taken_port_is_an_error_when_it_must_be_that_one_and_else_another_is_found() -> Outcome {
    let first = VictoriaMetrics::start()?.into_server();
    let error = VictoriaMetrics::start_on(Port::Exactly(first.port())).unwrap_err();
    assert!(
        matches!(&error, StartError::NoPort { tried, .. } if *tried == [first.port()]),
        "{error}"
    );
    let mut second = VictoriaMetrics::start_on(Port::Preferably(first.port()))?;
    assert_ne!(second.server().port(), first.port());
    Ok(())
}

#[test]
fn a_server_that_refuses_its_configuration_shows_its_log() {
    let error = BlackboxExporter::start_on(Port::Free, "modules: { a: { prober: http, unheard_of: 1 } }").unwrap_err();
    let StartError::Ended { status, tail, .. } = error else {
        panic!("{error}")
    };
    assert!(!status.success() && tail.contains("unheard_of"), "{tail}");
}

#[test]
fn a_dropped_server_is_gone_with_its_data() -> Outcome {
    let mut store = VictoriaMetrics::start()?;
    let (url, folder) = (store.url(), store.server().folder().to_path_buf());
    assert!(folder.join("data").is_dir());
    drop(store);
    assert!(Http::new().get(&url).is_err());
    assert!(!folder.exists());
    Ok(())
}
