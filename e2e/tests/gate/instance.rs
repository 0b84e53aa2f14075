//! One instance of the example service, asked by its own status route.

use std::process::{Command, Output};

use e2e::{Failure, Http, Instance, Outcome, build_binary, workspace_root};
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
