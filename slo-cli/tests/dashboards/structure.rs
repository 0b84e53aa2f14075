//! What must be so of every dashboard before Grafana can show it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::pages::{Checked, Page};

/// Variables that Grafana itself provides.
const BUILT_IN: [&str; 5] = ["__rate_interval", "__range", "__interval", "__url_time_range", "__all"];

/// Kinds of panels that Grafana brings along.
const KINDS: [&str; 5] = ["stat", "timeseries", "table", "state-timeline", "bargauge"];

/// A set of dashboards that link to each other.
pub(crate) fn check_set(files: &[(String, String)]) -> Checked {
    let pages: Vec<_> = files
        .iter()
        .map(|(_, content)| Page::parse(content))
        .collect::<Result<_, _>>()?;
    let uids: BTreeSet<_> = pages.iter().map(Page::uid).collect::<Result<_, _>>()?;
    assert_eq!(uids.len(), files.len(), "uids differ");
    for ((name, content), page) in files.iter().zip(&pages) {
        let uid = page.uid()?;
        assert_eq!(name, &format!("{uid}.json"));
        assert!(content.ends_with("}\n"));
        check_page(page).map_err(|error| format!("{name}: {error}"))?;
        let linked: BTreeSet<_> = page.0["links"]
            .as_array()
            .ok_or("no links")?
            .iter()
            .map(|link| link["url"].as_str().unwrap_or_default().trim_start_matches("/d/"))
            .collect();
        let others: BTreeSet<_> = uids.iter().copied().filter(|other| *other != uid).collect();
        assert_eq!(linked, others, "{name} links to the others");
    }
    Ok(())
}

fn check_page(page: &Page) -> Checked {
    let uid = page.uid()?;
    assert!(
        uid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        "{uid}"
    );
    assert_eq!(page.0["schemaVersion"], 41);
    assert!(page.0.get("id").is_none(), "an id belongs to one instance of Grafana");
    for key in ["title", "description", "timezone", "refresh"] {
        assert!(is_text(&page.0[key]), "{key}");
    }
    assert!(is_text(&page.0["time"]["from"]) && page.0["time"]["to"] == "now");
    assert_eq!(page.0["tags"][0], "slo");
    let mut defined = BTreeSet::new();
    for variable in page.variables() {
        let name = variable["name"].as_str().ok_or("a variable without a name")?;
        assert!(defined.insert(name), "{name} twice");
        assert!(matches!(
            variable["type"].as_str(),
            Some("datasource" | "query" | "constant")
        ));
        assert!(
            is_text(&variable["label"]) && is_text(&variable["description"]),
            "{name}"
        );
    }
    let of_one_service = page.variables().any(|variable| variable["type"] == "constant");
    let datasource = page.datasource()?;
    let datasource = serde_json::json!({"type": "prometheus", "uid": format!("${{{datasource}}}")});
    for variable in page.variables().filter(|variable| variable["type"] == "query") {
        assert_eq!(variable["datasource"], datasource);
        assert_eq!(variable["definition"], variable["query"]["query"]);
        // What is there to choose is what is there in the place that is chosen.
        let asked = variable["definition"].as_str().unwrap_or_default();
        let before: &[&str] = match variable["name"].as_str() {
            Some("environment") if of_one_service => &["service"],
            Some("namespace") => &["environment"],
            Some("service") => &["environment", "namespace"],
            Some("slo" | "route") => &["environment", "namespace", "service"],
            _ => &[],
        };
        assert!(
            before.iter().all(|name| asked.contains(&format!("\"${name}\""))),
            "{asked}"
        );
    }
    for used in variables_in(&page.0) {
        let known = defined.contains(used.as_str()) || BUILT_IN.contains(&used.as_str());
        assert!(
            known || used.starts_with("__data.") || used.starts_with("__value."),
            "${used} is not defined"
        );
    }
    let mut ids = BTreeSet::new();
    for panel in page.panels() {
        check_panel(panel, &datasource).map_err(|error| format!("{}: {error}", panel["title"]))?;
        assert!(
            ids.insert(panel["id"].as_u64()),
            "{} has the id of another",
            panel["title"]
        );
    }
    check_grid(page);
    Ok(())
}

fn check_panel(panel: &Value, datasource: &Value) -> Checked {
    let title = panel["title"].as_str().ok_or("no title")?;
    assert!(KINDS.contains(&panel["type"].as_str().unwrap_or_default()), "{title}");
    assert!(
        panel["description"].as_str().is_some_and(|text| text.ends_with('.')),
        "{title} is explained"
    );
    assert_eq!(&panel["datasource"], datasource, "{title}");
    let defaults = &panel["fieldConfig"]["defaults"];
    assert!(is_text(&defaults["noValue"]) && is_text(&defaults["unit"]), "{title}");
    let mappings = defaults["mappings"].as_array().ok_or("no mappings")?;
    let nothing = mappings.last().ok_or("nothing has no word")?;
    assert_eq!(nothing["options"]["match"], "null+nan", "{title}");
    assert_eq!(nothing["options"]["result"]["text"], defaults["noValue"], "{title}");
    check_steps(panel);
    let is_share = defaults["unit"] == "percentunit";
    assert!(
        !is_share || defaults["custom"]["stacking"]["mode"] != "normal",
        "{title}: shares of one thing are no part of another's"
    );
    let mut refs = BTreeSet::new();
    for target in panel["targets"].as_array().ok_or("no targets")? {
        assert!(refs.insert(target["refId"].as_str().unwrap_or_default()), "{title}");
        assert_eq!(&target["datasource"], datasource, "{title}");
        // VictoriaMetrics takes 16 KiB, and what is chosen in a variable takes some of it.
        let length = target["expr"].as_str().map_or(0, str::len);
        assert!((1..=10_000).contains(&length), "{title} asks with {length} bytes");
        assert_ne!(target["instant"], target["range"], "{title}");
        assert_eq!(target["instant"] == true, target["interval"].is_null(), "{title}");
        let table = panel["type"] == "table";
        assert_eq!(target["format"], if table { "table" } else { "time_series" }, "{title}");
    }
    assert!(!refs.is_empty() && !refs.contains(""), "{title}");
    check_columns(panel, &refs)
}

/// What is summed or compared is so in each environment and namespace, of the chosen ones, and lines say which.
pub(crate) fn check_sums(page: &Page) -> Checked {
    let mut sums = 0;
    for panel in page.panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expr = target["expr"].as_str().unwrap_or_default();
            for rest in expr.split(" by (").skip(1) {
                let labels = rest.split(')').next().unwrap_or_default();
                assert!(
                    labels.starts_with("deployment_environment_name, service_namespace, "),
                    "{}: {expr}",
                    panel["title"]
                );
                sums += 1;
            }
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            assert!(
                legend.is_empty() || legend.contains("{{deployment_environment_name}} {{service_namespace}}"),
                "{}: {legend}",
                panel["title"]
            );
            let series = expr.matches("service_name=~\"$service\"").count();
            let place =
                "deployment_environment_name=~\"$environment\", service_namespace=~\"$namespace\", service_name";
            assert!(
                series > 0 && expr.matches(place).count() == series,
                "{}: {expr}",
                panel["title"]
            );
        }
    }
    assert!(sums > 6, "{sums}");
    Ok(())
}

/// Thresholds begin without a value and ascend from there.
fn check_steps(panel: &Value) {
    let changes = panel["fieldConfig"]["overrides"].as_array().into_iter().flatten();
    let changed = changes
        .flat_map(|change| change["properties"].as_array().into_iter().flatten())
        .filter(|property| property["id"] == "thresholds")
        .map(|property| &property["value"]);
    for thresholds in changed.chain([&panel["fieldConfig"]["defaults"]["thresholds"]]) {
        let steps: Vec<_> = thresholds["steps"].as_array().into_iter().flatten().collect();
        assert!(
            steps.first().is_some_and(|step| step["value"].is_null()),
            "{}",
            panel["title"]
        );
        let values: Vec<_> = steps.iter().skip(1).map(|step| step["value"].as_f64()).collect();
        assert!(values.iter().all(Option::is_some), "{}", panel["title"]);
        assert!(
            values.windows(2).all(|two| two[0] < two[1]),
            "{} {values:?}",
            panel["title"]
        );
    }
}

/// Columns come from queries that there are, and what is said of a column is said of one that there is.
fn check_columns(panel: &Value, refs: &BTreeSet<&str>) -> Checked {
    let transformations: Vec<_> = panel["transformations"].as_array().into_iter().flatten().collect();
    let Some(organize) = transformations
        .iter()
        .find(|transformation| transformation["id"] == "organize")
    else {
        assert!(panel["type"] != "table", "{} has no columns", panel["title"]);
        return Ok(());
    };
    let order: Vec<_> = transformations
        .iter()
        .map(|transformation| &transformation["id"])
        .collect();
    assert_eq!(order, ["merge", "organize", "sortBy"], "{}", panel["title"]);
    let renamed = organize["options"]["renameByName"].as_object().ok_or("no names")?;
    let hidden = organize["options"]["excludeByName"]
        .as_object()
        .ok_or("nothing is hidden")?;
    let fields = renamed.keys().chain(hidden.keys());
    let values: BTreeSet<_> = fields.filter(|field| field.starts_with("Value")).cloned().collect();
    let expected: BTreeSet<_> = match refs.len() {
        1 => BTreeSet::from(["Value".to_owned()]),
        _ => refs.iter().map(|id| format!("Value #{id}")).collect(),
    };
    assert_eq!(values, expected, "{}", panel["title"]);
    check_rows(panel);
    let names: BTreeSet<_> = renamed.values().filter_map(Value::as_str).collect();
    assert_eq!(
        names.len(),
        renamed.len(),
        "{} has two columns of one name",
        panel["title"]
    );
    for change in panel["fieldConfig"]["overrides"].as_array().into_iter().flatten() {
        assert!(
            names.contains(change["matcher"]["options"].as_str().unwrap_or_default()),
            "{change}"
        );
    }
    for sorted in panel["options"]["sortBy"].as_array().into_iter().flatten() {
        assert!(
            names.contains(sorted["displayName"].as_str().unwrap_or_default()),
            "{sorted}"
        );
    }
    let sorted = &transformations[2]["options"]["sort"][0]["field"];
    assert!(names.contains(sorted.as_str().unwrap_or_default()), "{sorted}");
    Ok(())
}

/// Grafana joins a row to each of those before it that it does not contradict: what tells rows apart comes first. Labels are
/// shown as they are, and as nothing where there is none.
fn check_rows(panel: &Value) {
    let by = |target: &Value| {
        let expr = target["expr"].as_str().unwrap_or_default();
        let by = expr.split(" by (").nth(1).unwrap_or_default();
        let labels = by.split(')').next().unwrap_or_default().split(", ");
        labels.filter(|label| *label != "le").count()
    };
    let counts: Vec<_> = panel["targets"].as_array().into_iter().flatten().map(by).collect();
    assert_eq!(counts.first(), counts.iter().max(), "{}: {counts:?}", panel["title"]);
    let as_it_is = serde_json::json!([
        {"id": "unit", "value": "string"},
        {"id": "noValue", "value": ""},
        {"id": "mappings", "value": []},
    ]);
    let renamed = &panel["transformations"][1]["options"]["renameByName"];
    let labels = renamed.as_object().into_iter().flatten();
    for (_, name) in labels.filter(|(field, _)| !field.starts_with("Value")) {
        let changes = panel["fieldConfig"]["overrides"].as_array().into_iter().flatten();
        let properties: Vec<_> = changes
            .filter(|change| &change["matcher"]["options"] == name)
            .flat_map(|change| change["properties"].as_array().into_iter().flatten())
            .collect();
        let has = |wanted: &Value| properties.contains(&wanted);
        assert!(
            as_it_is.as_array().into_iter().flatten().all(has),
            "{}: {name}",
            panel["title"]
        );
    }
}

fn check_grid(page: &Page) {
    let places: Vec<_> = page
        .panels()
        .map(|panel| ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap_or(u64::MAX / 4)))
        .collect();
    for (number, [x, y, w, h]) in places.iter().enumerate() {
        assert!(*w > 0 && *h > 0 && x + w <= 24, "{:?}", places[number]);
        for [other_x, other_y, other_w, other_h] in &places[number + 1..] {
            let apart = x + w <= *other_x || other_x + other_w <= *x || y + h <= *other_y || other_y + other_h <= *y;
            assert!(apart, "panels lie on each other");
        }
    }
}

/// Names after `$` and in `${}` in any text of a page.
fn variables_in(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => names_in(text),
        Value::Array(items) => items.iter().flat_map(variables_in).collect(),
        Value::Object(pairs) => pairs.values().flat_map(variables_in).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
}

fn names_in(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // A `$` at the end of a regular expression is none.
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let braced = rest.starts_with('{');
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || braced && c == '.';
        let name: String = rest
            .trim_start_matches('{')
            .chars()
            .take_while(|c| inside(*c))
            .collect();
        if !name.is_empty() {
            names.insert(name);
        }
    }
    names
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}
