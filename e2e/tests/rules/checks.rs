//! Every flavour through the engines' own checkers.

use e2e::{Binary, Failure, Outcome};

use crate::tools::{folder, in_workspace, rules_found, rules_written, run, slo, succeeded};

const ENGINES: [&str; 3] = ["prometheus", "victoriametrics", "mimir"];
const IDENTITIES: [&str; 3] = ["promoted", "job", "target-info"];

/// promtool and vmalert read the file; promtool finds as many rules as were written.
fn accepted(rules: &str) -> Result<usize, Failure> {
    let (found, written) = (rules_found(rules)?, rules_written(rules));
    if found != written {
        return Err(Failure::new(format!("{found} rules found, {written} written")));
    }
    let folder = folder(&[("rules.yaml", rules)])?;
    let said = succeeded(
        "vmalert",
        &run(Binary::VmAlert, folder.path(), &["-dryRun", "-rule=rules.yaml"])?,
    )?;
    if said.contains("error") {
        return Err(Failure::new(said));
    }
    Ok(found)
}

#[test]
fn every_flavour_of_the_fleets_rules_is_accepted() -> Outcome {
    for engine in ENGINES {
        for identity in IDENTITIES {
            let args =
                format!("rules --fleet --engine {engine} --identity {identity} --dashboard-url http://grafana/d/slo");
            assert!(accepted(&slo(&args)?)? > 60, "{engine} {identity}");
        }
    }
    // "Some 30 rules" for one window, whatever the number of SLOs.
    assert_eq!(accepted(&slo("rules --fleet --window 30d")?)?, 32);
    Ok(())
}

/// The golden files of `slo-cli`, the spec's own rules and hostile texts among them.
#[test]
fn every_golden_file_is_accepted() -> Outcome {
    let mut seen = 0;
    for entry in std::fs::read_dir(in_workspace("slo-cli/tests/rules/out"))? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let plain = text
            .split_once("\nspec:\n")
            .map_or(text.clone(), |(_, spec)| shifted(spec));
        if plain.contains("groups:\n") {
            accepted(&plain).map_err(|error| Failure::new(format!("{}: {error:?}", path.display())))?;
            seen += 1;
        }
    }
    assert_eq!(seen, 17);
    Ok(())
}

/// Names of services and routes of other languages, and such as would like to be something else.
#[test]
fn a_service_and_routes_of_any_name_are_accepted() -> Outcome {
    let routes = r#"["api/orders/{id}", "/users/:id", "/a/**", "^api/(?P<id>[^/]+)/$", "\"} or vector(1) # `x`", "\\ {{ . }} %{HOME}"]"#;
    for service in [
        "OrderService",
        "payments.api",
        "주문",
        r#""a\"} or vector(1) # {$x} `y`\\""#,
    ] {
        let spec = format!(
            "version: 1\nservice: {service}\nslos:\n  - name: up\n    objective: 99%\n    window: 30d\n    status: agreed\n    \
             promise: P. {{{{ name }}}} {{{{{{ %{{X}}\n    owner: o\n    sli: {{ http: {{ routes: {routes}, faster_than: 2s }} }}\n"
        );
        let folder = folder(&[("slo.yaml", spec.as_str())])?;
        let path = folder.path().join("slo.yaml");
        for engine in ENGINES {
            for identity in IDENTITIES {
                let args = format!(
                    "--source http --engine {engine} --identity {identity} {}",
                    path.display()
                );
                accepted(&slo(&format!("rules {args}"))?)?;
            }
        }
        let rules = slo(&format!("rules --source http {}", path.display()))?;
        let tests = slo(&format!("rules --source http --tests {}", path.display()))?;
        let folder = self::folder(&[("rules.yaml", rules.as_str()), ("tests.yaml", tests.as_str())])?;
        succeeded(
            service,
            &run(Binary::Promtool, folder.path(), &["test", "rules", "tests.yaml"])?,
        )?;
    }
    Ok(())
}

/// Such as would be the names of other groups.
#[test]
fn slos_of_any_name_are_accepted_together() -> Outcome {
    let spec = in_workspace("slo-cli/tests/rules/in/names.yaml");
    for engine in ENGINES {
        accepted(&slo(&format!("rules --engine {engine} {}", spec.display()))?)?;
    }
    Ok(())
}

#[test]
fn pushes_at_any_interval_and_any_window_are_accepted() -> Outcome {
    for args in [
        "--push-interval 1s --window 1h",
        "--push-interval 5m --window 400d",
        "--push-interval 7s --window 11h5m --window day --window week --window quarter --window year",
    ] {
        accepted(&slo(&format!("rules --fleet {args}"))?)?;
    }
    Ok(())
}

/// Mimir's `ruler_max_rules_per_rule_group` is 20 unless raised.
#[test]
fn no_group_has_more_rules_than_mimir_takes() -> Outcome {
    let windows: String = (0..16).map(|hour| format!(" --window {}h", 100 + hour)).collect();
    let many = in_workspace("slo-cli/tests/rules/in/many.yaml").display().to_string();
    for args in [
        "--fleet",
        "--fleet --push-interval 5m",
        "--fleet --window week --window 1h --window year",
        &format!("--fleet{windows}"),
        &format!("--from 2026-01-01 {many}"),
        &format!("--from 2026-01-01 --source http {many}"),
    ] {
        let rules = slo(&format!("rules --engine mimir {args}"))?;
        for group in rules.split("\n  - name: ").skip(1) {
            assert!(
                (1..=20).contains(&rules_written(group)),
                "{}",
                group.lines().next().unwrap_or("")
            );
        }
        assert_eq!(
            accepted(&rules)?,
            rules_written(&slo(&format!("rules {args}"))?),
            "{args}"
        );
    }
    Ok(())
}

/// The value of `spec:` as a file of its own.
fn shifted(spec: &str) -> String {
    let lines = spec
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line)));
    lines.collect()
}

#[test]
fn the_operators_object_holds_the_same_rules() -> Outcome {
    let object = slo("rules --fleet --format prometheus-rule")?;
    let (head, spec) = object.split_once("spec:\n").ok_or_else(|| Failure::new("no spec"))?;
    assert!(
        head.contains("kind: PrometheusRule\nmetadata:\n  name: slo-fleet\n"),
        "{head}"
    );
    let unwrapped = shifted(spec);
    let plain = slo("rules --fleet")?;
    assert!(plain.ends_with(&unwrapped));
    assert_eq!(accepted(&unwrapped)?, rules_written(&plain));
    Ok(())
}

/// What is too large for one is in several, each with whole groups of the same file.
#[test]
fn several_objects_hold_the_same_rules() -> Outcome {
    let windows: String = (0..14).map(|hour| format!(" --window {}h", 100 + hour)).collect();
    let objects = slo(&format!("rules --fleet --format prometheus-rule{windows}"))?;
    let plain = slo(&format!("rules --fleet{windows}"))?;
    let (mut groups, mut found) = (String::new(), 0);
    for object in objects.split("\n---\n") {
        let (_, spec) = object.split_once("\nspec:\n").ok_or_else(|| Failure::new("no spec"))?;
        let unwrapped = shifted(spec);
        found += accepted(&unwrapped)?;
        groups.push_str(
            unwrapped
                .strip_prefix("groups:\n")
                .ok_or_else(|| Failure::new("no groups"))?,
        );
    }
    assert!(objects.matches("\n---\n").count() >= 1, "one object is no proof");
    assert!(plain.ends_with(&format!("groups:\n{groups}")));
    assert_eq!(found, rules_written(&plain));
    Ok(())
}

#[test]
fn alertmanager_takes_the_inhibition() -> Outcome {
    for identity in IDENTITIES {
        let inhibition = slo(&format!("rules --alertmanager --identity {identity}"))?;
        let config = format!("route: {{ receiver: none }}\nreceivers: [{{ name: none }}]\n{inhibition}");
        let folder = folder(&[("alertmanager.yml", &config)])?;
        let said = succeeded(
            "amtool",
            &run(Binary::Amtool, folder.path(), &["check-config", "alertmanager.yml"])?,
        )?;
        // Two between probes and events, where series say their environment.
        let count = if identity == "job" { 2 } else { 4 };
        assert!(said.contains(&format!("{count} inhibit rules")), "{said}");
    }
    Ok(())
}
