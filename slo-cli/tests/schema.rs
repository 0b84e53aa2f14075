//! The published schema and manual against the reader: neither may drift from it.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test schema` writes `docs/spec.md` and `docs/spec.schema.json`.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::Validator;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value, json};
use slo_core::{SloSet, SpecShape, SpecTable};

type Tested = Result<(), Box<dyn Error>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn said(args: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(env!("CARGO_BIN_EXE_slo")).args(args).output()?;
    assert_eq!(output.status.code(), Some(0), "{args:?}");
    assert_eq!(output.stderr, b"", "{args:?}");
    Ok(String::from_utf8(output.stdout)?)
}

fn schema() -> Result<Validator, Box<dyn Error>> {
    let schema: Value = serde_json::from_str(&said(&["schema"])?)?;
    jsonschema::meta::validate(&schema).map_err(|error| error.to_string())?;
    Ok(jsonschema::draft202012::new(&schema)?)
}

/// YAML as an editor reads it: the core schema makes numbers, booleans and nulls of plain words.
fn yaml(text: &str) -> Result<Value, Box<dyn Error>> {
    let mut events = Parser::new_from_str(text);
    loop {
        match events.next_event().ok_or("no document")?? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (event, _) => return node(event, &mut events),
        }
    }
}

fn node<'t>(event: Event<'t>, events: &mut Parser<'t, saphyr_parser::StrInput<'t>>) -> Result<Value, Box<dyn Error>> {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => Ok(match &*text {
            "" | "~" | "null" => Value::Null,
            "true" => true.into(),
            "false" => false.into(),
            number => serde_json::from_str::<serde_json::Number>(number).map_or_else(|_| json!(number), Value::from),
        }),
        Event::Scalar(text, ..) => Ok(json!(text)),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next_event().ok_or("no end")??.0 {
                    Event::SequenceEnd => return Ok(items.into()),
                    event => items.push(node(event, events)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Map::new();
            loop {
                match events.next_event().ok_or("no end")??.0 {
                    Event::MappingEnd => return Ok(entries.into()),
                    key => {
                        let key = node(key, events)?;
                        let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                        let event = events.next_event().ok_or("no value")??.0;
                        entries.insert(key, node(event, events)?);
                    }
                }
            }
        }
        other => Err(format!("{other:?} is no value").into()),
    }
}

fn read(path: &str) -> Result<String, Box<dyn Error>> {
    let path = root().join(path);
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The spec that has every key.
fn everything() -> Result<Value, Box<dyn Error>> {
    yaml(&read("slo-cli/tests/golden/in/everything.yaml")?)
}

fn takes(spec: &Value) -> bool {
    SloSet::from_yaml(&spec.to_string()).is_ok()
}

#[test]
fn what_is_published_is_what_the_tool_says() -> Tested {
    for (file, args) in [
        ("docs/spec.schema.json", &["schema"][..]),
        ("docs/spec.md", &["schema", "--format", "text"]),
    ] {
        let said = said(args)?;
        if std::env::var_os("SLO_BLESS").is_some() {
            std::fs::write(root().join(file), &said)?;
        }
        assert_eq!(said, read(file)?, "{file} differs; see SLO_BLESS above");
    }
    Ok(())
}

#[test]
fn every_example_and_golden_spec_is_valid() -> Tested {
    let schema = schema()?;
    let golden = root().join("slo-cli/tests/golden/in");
    let mut seen = 0;
    let mut specs = vec![read("examples/real-estate/slo.yaml")?];
    for entry in std::fs::read_dir(golden)? {
        specs.push(std::fs::read_to_string(entry?.path())?);
    }
    let manual = read("docs/spec.md")?;
    let blocks = manual.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("\n```").next());
    specs.extend(
        blocks
            .filter(|block| block.starts_with("version: 1\ns"))
            .map(str::to_owned),
    );
    for text in specs {
        let Ok(value) = yaml(&text) else { continue }; // `braces.yaml` is none
        let errors: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        let is_spec = SloSet::from_yaml(&text).is_ok();
        assert_eq!(errors.is_empty(), is_spec, "{text}\n{errors:#?}");
        // The same as JSON is the same spec.
        assert_eq!(takes(&value), is_spec, "{text}");
        seen += usize::from(is_spec);
    }
    assert!(seen >= 8, "{seen}");
    Ok(())
}

/// A step on the way to a value.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    Key(String),
    Item(usize),
}

type Path_ = Vec<Step>;

/// Every value of a document with its path, the whole first.
fn values(value: &Value, path: &mut Path_, found: &mut Vec<Path_>) {
    found.push(path.clone());
    let below: Vec<(Step, &Value)> = match value {
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (Step::Key(key.clone()), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (Step::Item(index), value))
            .collect(),
        _ => Vec::new(),
    };
    for (step, value) in below {
        path.push(step);
        values(value, path, found);
        path.pop();
    }
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Item(index) => value.get_mut(index),
    })
}

/// Every key that the reader knows, as `slos[].sli.http.routes`; keys that somebody chose are `*`.
fn known(table: &'static SpecTable, path: &str, found: &mut BTreeSet<String>) {
    for key in table.keys() {
        let path = format!("{path}.{}", key.name());
        found.insert(path.clone());
        below(key.shape(), &path, found);
    }
}

fn below(shape: &'static SpecShape, path: &str, found: &mut BTreeSet<String>) {
    match shape {
        SpecShape::Map(table) => known(table, path, found),
        SpecShape::List(items) => below(items, &format!("{path}[]"), found),
        SpecShape::Named { values, .. } => below(values, &format!("{path}.*"), found),
        SpecShape::Either(shapes) => shapes.iter().for_each(|shape| below(shape, path, found)),
        _ => {}
    }
}

/// The same of a document.
fn used(spec: &Value) -> BTreeSet<String> {
    let mut paths = Vec::new();
    values(spec, &mut Vec::new(), &mut paths);
    let named = [
        ".environments",
        ".environments.*.slos",
        ".labels",
        ".slos[].labels",
        ".slos[].sli.composite.weights",
    ];
    let shown = |path: &Path_| {
        path.iter().fold(String::new(), |path, step| match step {
            Step::Item(_) => path + "[]",
            Step::Key(_) if named.contains(&path.as_str()) => path + ".*",
            Step::Key(key) => path + "." + key,
        })
    };
    let ends_in_a_key = |path: &&String| !path.is_empty() && !path.ends_with("[]") && !path.ends_with(".*");
    paths.iter().map(shown).filter(|path| ends_in_a_key(&path)).collect()
}

#[test]
fn the_spec_with_every_key_has_every_key() -> Tested {
    let mut known_keys = BTreeSet::new();
    known(SpecTable::top(), "", &mut known_keys);
    // What may stand in several places is shown in one of them.
    let everywhere = |path: &&String| {
        let gate = path.starts_with(".environments.*.gate.");
        let exclude = path.starts_with(".slos[].exclude[].") || path.starts_with(".exclude[].");
        let alerts = path.starts_with(".slos[].alerts.");
        let window = path.starts_with(".environments.*.slos.*.window.");
        !gate && !exclude && !alerts && !window
    };
    let used = used(&everything()?);
    assert_eq!(used.difference(&known_keys).collect::<Vec<_>>(), [""; 0]);
    let unused: Vec<_> = known_keys.difference(&used).filter(everywhere).collect();
    assert_eq!(unused, [""; 0]);
    let exclusion = |top: &str| -> BTreeSet<String> {
        let own = used.iter().filter_map(|path| path.strip_prefix(top));
        own.map(str::to_owned).collect()
    };
    let both = exclusion(".slos[].exclude[].").union(&exclusion(".exclude[].")).count();
    assert_eq!(both, 7);
    Ok(())
}

#[test]
fn without_a_key_both_refuse_or_both_take() -> Tested {
    let (schema, whole) = (schema()?, everything()?);
    assert!(schema.is_valid(&whole) && takes(&whole));
    let mut paths = Vec::new();
    values(&whole, &mut Vec::new(), &mut paths);
    let mut refused = 0;
    for path in paths {
        let Some((Step::Key(key), parent)) = path.split_last() else {
            continue;
        };
        let mut spec = whole.clone();
        let Some(Value::Object(entries)) = at(&mut spec, parent) else {
            continue;
        };
        entries.remove(key);
        let (valid, taken) = (schema.is_valid(&spec), takes(&spec));
        assert!(valid || !taken, "{path:?} is required by the schema alone");
        // A schema knows nothing of other places: names of SLOs, how many members, latency limits, what goes with what.
        let elsewhere = ["weights", "faster_than", "rrule", "page", "ticket"];
        let known = path
            .iter()
            .any(|step| matches!(step, Step::Key(key) if elsewhere.contains(&key.as_str())));
        assert!(valid == taken || known, "{path:?} is required by the reader alone");
        refused += usize::from(!taken);
    }
    assert!(refused > 40, "{refused}");
    Ok(())
}

#[test]
fn another_value_is_refused_by_the_schema_only_if_by_the_reader() -> Tested {
    let (schema, whole) = (schema()?, everything()?);
    let mut paths = Vec::new();
    values(&whole, &mut Vec::new(), &mut paths);
    let texts = [
        "",
        " ",
        "x",
        "1",
        "true",
        "false",
        "99.9%",
        "5%",
        "30d",
        "1h",
        "800ms",
        "1.5s",
        "2026-01-31",
        "2026-01-31 02:00",
        "2026-01-31T02:00",
        "2026-01-01",
        "/a",
        "/a b",
        "GET",
        "5xx",
        "404",
        "panic",
        "marked",
        "agreed",
        "draft",
        "page",
        "month",
        "week in UTC",
        "UTC",
        "Asia/Seoul",
        "https://example.com/x?y=z#a",
        "http://[::1]:80",
        "FREQ=DAILY",
        "a_total",
        "sum(increase(a[$window]))",
        "<1% over 1h",
        " < 1% over 1h",
        ">1%",
        "name-1",
        "A.b_c",
        "é",
        "two\nlines",
        "excluded",
        "allow",
        "0",
        "1000",
    ];
    let mut others: Vec<Value> = texts.map(|text| json!(text)).to_vec();
    others.extend([
        json!(1),
        json!(0),
        json!(404),
        json!(1.5),
        json!(-1),
        json!({}),
        json!([]),
        json!(["x"]),
        json!([[]]),
    ]);
    others.extend([
        json!({ "x": 1 }),
        json!(["/a", "/b"]),
        json!([404, "5xx", "timeout"]),
        Value::Null,
    ]);
    let (mut taken, mut kinds) = (0, 0);
    for (place, path) in paths.into_iter().enumerate() {
        // Each value at every fourth place, else this takes a minute.
        for other in others.iter().skip(place % 4).step_by(4) {
            let mut spec = whole.clone();
            let Some(value) = at(&mut spec, &path) else { continue };
            let structured = |value: &Value| value.is_object() || value.is_array();
            let other_kind = structured(value) != structured(other) && !other.is_null();
            *value = other.clone();
            let valid = schema.is_valid(&spec);
            let is_taken = takes(&spec);
            assert!(valid || !is_taken, "{path:?} may be {other}, says the reader alone");
            // A mapping, a list and one value are never taken for one another, but where either may stand.
            let either = path
                .iter()
                .any(|step| matches!(step, Step::Key(key) if ["window", "alerts", "routes"].contains(&key.as_str())));
            if other_kind && !is_taken && !either {
                assert!(!valid, "{path:?} may be {other}, says the schema alone");
                kinds += 1;
            }
            taken += usize::from(is_taken);
        }
    }
    assert!(taken > 150 && kinds > 400, "{taken} {kinds}");
    Ok(())
}

#[test]
fn an_unknown_key_is_refused_by_both() -> Tested {
    let (schema, whole) = (schema()?, everything()?);
    let mut paths = Vec::new();
    values(&whole, &mut Vec::new(), &mut paths);
    let mut mappings = 0;
    for path in paths {
        let mut spec = whole.clone();
        let Some(Value::Object(entries)) = at(&mut spec, &path) else {
            continue;
        };
        entries.insert("zzz zzz".to_owned(), json!({ "zzz": 1 }));
        assert!(!takes(&spec), "{path:?}");
        assert!(!schema.is_valid(&spec), "{path:?}");
        mappings += 1;
    }
    assert!(mappings > 40, "{mappings}");
    Ok(())
}

/// Puts the example of each key into the spec, where the key stands.
fn examples(table: &'static SpecTable, path: &Path_, found: &mut Vec<(Path_, &'static str)>) {
    for key in table.keys() {
        let mut path = path.clone();
        path.push(Step::Key(key.name().to_owned()));
        found.push((path.clone(), key.example()));
        examples_below(key.shape(), &path, found);
    }
}

fn examples_below(shape: &'static SpecShape, path: &Path_, found: &mut Vec<(Path_, &'static str)>) {
    match shape {
        SpecShape::Map(table) => examples(table, path, found),
        SpecShape::List(items) => {
            for index in 0..8 {
                let mut path = path.clone();
                path.push(Step::Item(index));
                examples_below(items, &path, found);
            }
        }
        SpecShape::Named { values, .. } => {
            for name in ["dev", "browse-availability", "listings-latency"] {
                let mut path = path.clone();
                path.push(Step::Key(name.to_owned()));
                examples_below(values, &path, found);
            }
        }
        SpecShape::Either(shapes) => shapes.iter().for_each(|shape| examples_below(shape, path, found)),
        _ => {}
    }
}

#[test]
fn the_example_of_each_key_is_read_where_the_key_stands() -> Tested {
    let (schema, whole) = (schema()?, everything()?);
    let mut all = Vec::new();
    examples(SpecTable::top(), &Vec::new(), &mut all);
    let mut tried = BTreeSet::new();
    for (path, example) in &all {
        let Some((Step::Key(name), _)) = path.split_last() else {
            continue;
        };
        let mut value = yaml(example)?;
        let value = value
            .get_mut(name)
            .ok_or_else(|| format!("{example} is not of {name}"))?
            .take();
        let mut spec = whole.clone();
        let Some(place) = at(&mut spec, path) else { continue };
        *place = value;
        if path.len() == 1 && name == "slos" {
            // The only one that others refer to.
            spec = json!({ "version": 1, "service": "a", "slos": place.take() });
        }
        // Where other places refer to what was there, another of its places will do.
        if takes(&spec) {
            assert!(schema.is_valid(&spec), "{path:?}: {example}");
            tried.insert(*example);
        }
    }
    let every: BTreeSet<_> = all.iter().map(|(_, example)| *example).collect();
    let untried: Vec<_> = every.difference(&tried).collect();
    assert_eq!(untried, [&""; 0]);
    Ok(())
}

#[test]
fn completions_are_written_for_every_shell() -> Tested {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&["completions", shell])?;
        assert!(
            script.contains("deny-warnings") && script.contains("completions"),
            "{shell}"
        );
        assert_eq!(script, said(&["completions", shell])?);
    }
    Ok(())
}
