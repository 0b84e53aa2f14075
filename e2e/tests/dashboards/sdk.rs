//! Grafana's own model of a dashboard reads every page, and finds in it nothing that it does not know.
//!
//! The model is the Python package that the Grafana project generates from its schema. What is read and written again
//! without loss is a dashboard to it; a key that it has no place for is lost.

use e2e::{Outcome, Python};

use crate::pages::write_all;

/// For schema version 41 and the panels that come with Grafana.
const SDK: &str = "grafana-foundation-sdk==1769699998!10.1.0";

const READ_AND_WRITE: &str = r#"
import json, sys
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

# Grafana writes it for people, into every variable that asks an engine; the schema of this release leaves it out.
UNSAID = {"definition"}

def lost(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from lost(value, theirs[key], f"{path}.{key}")
            elif key not in UNSAID:
                yield f"{path}.{key}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for at, (one, other) in enumerate(zip(ours, theirs)):
            yield from lost(one, other, f"{path}[{at}]")
    elif ours != theirs:
        yield f"{path}: {ours!r} became {theirs!r}"

def lost_in(page):
    return list(lost(page, json.loads(JSONEncoder().encode(Dashboard.from_json(page)))))

register_default_plugins()
for name in sys.argv[1:]:
    page = json.load(open(name))
    for what in lost_in(page):
        print(f"{name}: {what}")
    # The check can fail: it finds a key that is misspelt, at every depth.
    for place in (page, page["panels"][0], page["panels"][0]["options"], page["panels"][0]["fieldConfig"]["defaults"],
                  page["panels"][0]["targets"][0], page["templating"]["list"][0], page["links"][0]):
        place["colourMode"] = "value"
        if len(lost_in(page)) != 1:
            print(f"{name}: a misspelt key is not found among {sorted(place)}")
        del place["colourMode"]
print("read", len(sys.argv) - 1)
"#;

#[test]
fn grafanas_model_knows_every_key_of_every_page() -> Outcome {
    let written = write_all()?;
    let python = Python::with(&[SDK])?;
    let files = written.files.iter().map(|(path, _)| path.as_os_str());
    let said = python.run(READ_AND_WRITE, files)?;
    assert_eq!(said, format!("read {}\n", written.files.len()));
    Ok(())
}
