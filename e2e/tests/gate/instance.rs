//! One instance of the example service, asked by its own status route.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Output};

use e2e::{Failure, Http, Instance, Outcome, PATIENCE, build_binary, eventually, workspace_root};
use serde_json::Value;

#[test]
fn the_example_service_is_judged_by_what_one_instance_saw() -> Outcome {
    // Nobody takes its pushes: that is what the route is for.
    let mut example = Instance::start("unheard", "http://127.0.0.1:9", &[])?;
    let http = Http::new();
    for _ in 0..200 {
        http.get(&format!("{}/listings", example.base))?;
    }
    let (code, verdict) = gate(&example, &[])?;
    assert_eq!(code, Some(0), "{verdict:#}");
    let rules = verdict["rules"].as_array().cloned().unwrap_or_default();
    assert_eq!(
        (&rules[0]["state"], &rules[1]["state"]),
        (&"pass".into(), &"pass".into()),
        "{verdict:#}"
    );
    let sentence = rules[0]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("(0 of 200)"), "{sentence}");
    for rule in &rules {
        let caveats = rule["caveats"].to_string();
        assert!(
            caveats.contains("the view of one instance") && !caveats.contains("promises"),
            "{rule:#}"
        );
    }

    twenty_leave(&example)?;
    eventually(PATIENCE, || {
        let (code, verdict) = gate(&example, &[]).map_err(|failure| format!("{failure:?}"))?;
        let sentence = verdict["rules"][0]["sentence"].as_str().unwrap_or_default();
        let is_seen = code == Some(3) && sentence.contains("9.0909% of the requests were excluded, more than 5%");
        is_seen.then_some(()).ok_or_else(|| format!("{code:?} {verdict:#}"))
    })?;

    for _ in 0..20 {
        http.send(
            "GET",
            &format!("{}/listings", example.base),
            &[("demo-fault", "error")],
            None,
        )?;
    }
    let (code, verdict) = gate(&example, &[])?;
    assert_eq!(code, Some(1), "{verdict:#}");
    let sentence = verdict["rules"][0]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("(20 of 220)"), "{sentence}");

    let (code, verdict) = gate(&example, &["--environment", "production"])?;
    assert_eq!(code, Some(3), "{verdict:#}");
    let reason = verdict["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("it is the status of environment `"), "{reason}");
    let (code, verdict) = gate(&example, &["--namespace", "nope"])?;
    assert_eq!(code, Some(3), "{verdict:#}");
    let reason = verdict["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("namespace"), "{reason}");
    example.stop()
}

/// Clients that ask and are gone before they are answered, and not before they are heard: those never asked.
fn twenty_leave(example: &Instance) -> Outcome {
    let host = example.base.trim_start_matches("http://");
    let asks = || -> Result<TcpStream, Failure> {
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "GET /listings HTTP/1.1\r\nhost: {host}\r\ndemo-fault: timeout\r\n\r\n"
        )?;
        Ok(stream)
    };
    let streams = (0..20).map(|_| asks()).collect::<Result<Vec<_>, _>>()?;
    let status = format!("{}/slo", example.base);
    eventually(PATIENCE, || {
        let status: Value = serde_json::from_str(&Http::new().get(&status)?.body).map_err(|error| error.to_string())?;
        let in_flight = &status["in_flight"];
        (*in_flight == 20).then_some(()).ok_or_else(|| in_flight.to_string())
    })?;
    drop(streams);
    Ok(())
}

fn gate(example: &Instance, more: &[&str]) -> Result<(Option<i32>, Value), Failure> {
    let Output { status, stdout, stderr } = Command::new(build_binary("slo-cli")?)
        .current_dir(workspace_root())
        .args(["gate", "examples/real-estate/slo.yaml", "--format", "json", "--service"])
        .arg(format!("{}/slo", example.base))
        .args(more)
        .output()?;
    let said = String::from_utf8_lossy(&stderr);
    let verdict = serde_json::from_slice(&stdout).map_err(|error| Failure::new(format!("{error}: {said}")))?;
    Ok((status.code(), verdict))
}
