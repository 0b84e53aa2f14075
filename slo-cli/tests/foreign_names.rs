//! Services and routes of other languages, and texts that would like to be something else: every command writes them so
//! that a reader of another project reads the very same text.

#[path = "common/input.rs"]
mod input;

use std::error::Error;
use std::process::Command;

use input::with_stdin;
use saphyr_parser::{Event, Parser};
use serde_json::Value;
use slo_cli::cmd::check::{Source, Warnings, json};

type Tested = Result<(), Box<dyn Error>>;

const SERVICES: [&str; 6] = [
    "OrderService",
    "payments.api",
    "주문",
    "a\"} or vector(1) # {$x} `y` <b>'",
    "- &a !b |",
    "\\",
];

const ROUTES: [&str; 7] = [
    "api/orders/{id}",
    "/users/:id",
    "/a/**",
    "^api/(?P<id>[^/]+)/$",
    "\"} or vector(1) #",
    "</script><img src=x> & | `x` [a](b)",
    "\\\\ {{ $labels.x }} $service %{HOME}",
];

/// A spec, as JSON: its texts are nobody's markup there.
fn spec(service: &str) -> String {
    let http = |name: &str, more: Value| {
        let mut http = serde_json::json!({ "routes": ROUTES });
        if let (Some(http), Value::Object(more)) = (http.as_object_mut(), more) {
            http.extend(more);
        }
        serde_json::json!({ "name": name, "objective": "99%", "window": "30d", "status": "agreed", "promise": "P.", "owner": "o",
                            "sli": { "http": http } })
    };
    let slos = [
        http("up", serde_json::json!({})),
        http(
            "fast",
            serde_json::json!({ "faster_than": "800ms", "methods": ["GET"] }),
        ),
    ];
    serde_json::json!({ "version": "1", "service": service, "retention": "40d", "slos": slos }).to_string()
}

fn said(args: &str, spec: &str) -> Result<String, Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.args(args.split(' '));
    let output = with_stdin(command, spec.as_bytes())?;
    if output.status.code() == Some(0) {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("{args}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// Every scalar of a YAML document, as another project reads it.
fn scalars(document: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let events: Result<Vec<_>, _> = Parser::new_from_str(document)
        .map(|event| event.map(|event| event.0))
        .collect();
    let texts = events?.into_iter().filter_map(|event| match event {
        Event::Scalar(text, ..) => Some(text.into_owned()),
        _ => None,
    });
    Ok(texts.collect())
}

/// The values of a label in a query, unquoted as Go does, each with the sign before its quotes: `=` or `~`.
fn values(query: &str, label: &str) -> Vec<(char, String)> {
    let mut found = Vec::new();
    for (at, _) in query.match_indices(label) {
        let rest = query[at + label.len()..].trim_start_matches(['=', '~']);
        let sign = query[..query.len() - rest.len()].chars().next_back().unwrap_or(' ');
        let Some(inside) = rest.strip_prefix('"') else { continue };
        let mut signs = inside.chars();
        let mut text = String::new();
        while let Some(sign) = signs.next().filter(|sign| *sign != '"') {
            text.extend(match sign {
                '\\' => match signs.next() {
                    Some('U') => {
                        let code: String = signs.by_ref().take(8).collect();
                        u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)
                    }
                    other => other,
                },
                sign => Some(sign),
            });
        }
        found.push((sign, text));
    }
    found
}

/// A text as RE2 matches it alone.
fn escaped(text: &str) -> String {
    let each = text.chars().map(|sign| {
        let has_a_meaning = r"\.+*?()|[]{}^$".contains(sign);
        if has_a_meaning {
            format!("\\{sign}")
        } else {
            sign.to_string()
        }
    });
    each.collect()
}

#[test]
fn rules_ask_for_the_service_and_the_routes_as_they_are() -> Tested {
    let routes = {
        let mut sorted: Vec<_> = ROUTES.to_vec();
        sorted.sort_unstable();
        sorted.iter().map(|route| escaped(route)).collect::<Vec<_>>().join("|")
    };
    for service in SERVICES {
        for args in [
            "",
            " --engine victoriametrics",
            " --engine mimir",
            " --format prometheus-rule",
        ] {
            let rules = said(&format!("rules - --source http{args}"), &spec(service))?;
            let texts = scalars(&rules)?;
            let whose: Vec<_> = texts.iter().flat_map(|text| values(text, "service_name")).collect();
            assert!(whose.len() > 20, "{service}: {}", whose.len());
            assert!(whose.iter().all(|(_, name)| name == service), "{service}: {whose:?}");
            let asked: Vec<_> = texts.iter().flat_map(|text| values(text, "http_route=~")).collect();
            assert!(
                asked.len() > 5 && asked.iter().all(|(_, regex)| *regex == routes),
                "{asked:?}"
            );
        }
        let jobs = said("rules - --source http --identity job", &spec(service))?;
        let jobs: Vec<_> = scalars(&jobs)?.iter().flat_map(|text| values(text, "{job=~")).collect();
        let regex = format!("(.*/)?{}", escaped(service));
        assert!(
            !jobs.is_empty() && jobs.iter().all(|(_, job)| *job == regex),
            "{jobs:?}"
        );
        scalars(&said("rules - --source http --tests", &spec(service))?)?;
    }
    Ok(())
}

#[test]
fn people_and_programs_read_the_names_that_were_written() -> Tested {
    for service in SERVICES {
        let text = said("check -", &spec(service))?;
        assert!(
            text.starts_with(&format!("standard input: service {service}, 2 SLOs\n")),
            "{text}"
        );
        assert!(text.contains("to `\"} or vector(1) #`, /a/**, /users/:id, "), "{text}");
        let json: Value = serde_json::from_str(&said("check - --format json", &spec(service))?)?;
        assert_eq!(json["files"][0]["service"], service);
        let mut routes: Vec<_> = ROUTES.to_vec();
        routes.sort_unstable();
        let read = &json["files"][0]["slos"][0]["sli"]["http"]["routes"];
        assert_eq!(*read, serde_json::json!(routes));
    }
    Ok(())
}

/// As the gate's and the overview's: a file's name may be anybody's, too.
#[test]
fn programs_are_given_nothing_that_steers_a_terminal() -> Tested {
    let name = "a\u{9b}2J\u{202e}\u{200b}.yaml";
    for text in [spec("shop"), "version: 1".to_owned(), "a: [".to_owned()] {
        let answer = json([Source::new(name, text)], &Warnings::all());
        let steers = |sign: char| sign.is_control() || matches!(sign, '\u{202e}' | '\u{200b}');
        assert!(
            answer.out.chars().all(|sign| sign == '\n' || !steers(sign)),
            "{:?}",
            answer.out
        );
        let read: Value = serde_json::from_str(&answer.out)?;
        assert_eq!(read["files"][0]["file"], name);
    }
    Ok(())
}

/// Grafana puts a constant between the quotes of a query, with its backslashes doubled.
#[test]
fn dashboards_choose_the_service_and_no_other() -> Tested {
    for service in SERVICES {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-dashboards");
        said(&format!("dashboards - --out {}", folder.display()), &spec(service))?;
        for entry in std::fs::read_dir(&folder)? {
            let page: Value = serde_json::from_str(&std::fs::read_to_string(entry?.path())?)?;
            let variables = page["templating"]["list"].as_array().ok_or("no variables")?;
            let constant = variables
                .iter()
                .find(|variable| variable["type"] == "constant")
                .ok_or("no constant")?;
            let regex = constant["query"].as_str().ok_or("no text")?;
            let is_harmless = |sign: char| sign.is_alphanumeric() || r"\{}-_ :".contains(sign);
            assert!(regex.chars().all(is_harmless), "{regex}");
            assert_eq!(unescaped(regex), service);
        }
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// What a regular expression of letters and `\x{..}` matches.
fn unescaped(regex: &str) -> String {
    let mut pieces = regex.split(r"\x{");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once('}').unwrap_or_default();
        text.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        text.push_str(rest);
    }
    text
}

#[test]
fn objects_of_kubernetes_have_names_and_labels_that_it_takes() -> Tested {
    for service in SERVICES {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-manifests");
        said(&format!("manifests - --out {}", folder.display()), &spec(service))?;
        for entry in std::fs::read_dir(folder.join("kubernetes"))? {
            let path = entry?.path();
            let texts = scalars(&std::fs::read_to_string(&path)?)?;
            let name = texts
                .iter()
                .zip(texts.iter().skip(1))
                .find(|(key, _)| *key == "name")
                .ok_or("no name")?
                .1;
            let is_label = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
            assert!(
                name.len() <= 63 && name.chars().all(is_label) && !name.starts_with('-') && !name.ends_with('-'),
                "{name}"
            );
            for (_, value) in texts
                .iter()
                .zip(texts.iter().skip(1))
                .filter(|(key, _)| *key == "app.kubernetes.io/part-of")
            {
                let ends = value.starts_with(|sign: char| sign.is_ascii_alphanumeric())
                    && value.ends_with(|sign: char| sign.is_ascii_alphanumeric());
                let all = value
                    .chars()
                    .all(|sign| sign.is_ascii_alphanumeric() || "-_.".contains(sign));
                assert!(ends && all && value.len() <= 63, "{value}");
            }
            for (_, asked) in texts.iter().flat_map(|text| values(text, "service_name=")) {
                assert_eq!(asked, service, "{}", path.display());
            }
        }
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}
