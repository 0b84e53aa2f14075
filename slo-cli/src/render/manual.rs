//! Every key of the spec and every lint, for people, in Markdown.

use slo_core::{Lint, SloSet, SpecKey, SpecShape, SpecTable};

const INTRODUCTION: &str = "# The spec

`slo.yaml` says what a service promises. It stands beside the code, and everything else follows from it: what the process
counts, rules, alerts, dashboards, probes, and whether a deploy passes. This page is what `slo schema --format text` writes;
`slo schema` writes the same for editors, as a JSON Schema ([spec.schema.json](spec.schema.json)).

A spec is YAML, or JSON, of which the same code reads the same keys; a letter that JSON can write as two codes,
`\\ud83d\\ude00`, is written as itself. A value stays the text that was written until a type
reads it, so `99.9%` is never a double and `5m` never a number. Nothing else is read: no other key, no tag, no alias, no
second document. `slo check` names every mistake at once, with its place and with what to write instead.

```yaml
version: 1
service: real-estate
retention: 40d
slos:
  - name: browse-availability
    promise: Anyone can look at listings and prices at any time.
    journey: browse
    owner: search-team
    status: agreed
    sli: { http: { routes: [\"/listings\", \"/real-price/{region}\"] } }
    objective: 99.9%
    window: 30d
```
";

pub(crate) fn of_the_spec() -> String {
    let mut manual = Manual {
        text: INTRODUCTION.to_owned(),
        seen: Vec::new(),
    };
    manual.table("", SpecTable::top());
    manual.lints();
    manual.limits();
    manual.text
}

struct Manual {
    text: String,
    /// What was explained, and under which heading.
    seen: Vec<(&'static SpecTable, String)>,
}

impl Manual {
    /// A section for a mapping, then one for each mapping below it.
    fn table(&mut self, path: &str, table: &'static SpecTable) {
        let heading = if path.is_empty() {
            "At the top".to_owned()
        } else {
            format!("`{path}`")
        };
        self.text.push_str(&format!("\n## {heading}\n"));
        self.seen.push((table, path.to_owned()));
        if !table.one_of().is_empty() {
            let keys: Vec<_> = table.one_of().iter().map(|key| format!("`{key}`")).collect();
            self.text.push_str(&format!("\nExactly one of {}.\n", keys.join(", ")));
        }
        for key in table.keys() {
            self.key(path, key);
        }
        for key in table.keys() {
            for (below, table) in mappings(&under(path, key.name()), key.shape()) {
                if !self.seen.iter().any(|(seen, _)| core::ptr::eq(*seen, table)) {
                    self.table(&below, table);
                }
            }
        }
    }

    fn key(&mut self, path: &str, key: &'static SpecKey) {
        let required = if key.is_required() { " (required)" } else { "" };
        self.text
            .push_str(&format!("\n**`{}`**{required}: {}", key.name(), key.about()));
        if let Some(words) = words(key.shape()) {
            self.text.push_str(&format!(" One of {words}."));
        }
        for (below, table) in mappings(&under(path, key.name()), key.shape()) {
            let known = self.seen.iter().find(|(seen, _)| core::ptr::eq(*seen, table));
            let place = known.map_or(&below, |(_, path)| path);
            self.text.push_str(&format!(" See [`{place}`](#{}).", anchor(place)));
        }
        self.text.push_str(&format!("\n\n```yaml\n{}\n```\n", key.example()));
    }

    fn lints(&mut self) {
        self.text.push_str(
            "\n## Lints\n\nWhat is allowed and probably not meant. `slo check` warns of it; `--allow NAME` leaves one out, and \
             with `--deny-warnings` a warning ends with exit code 1.\n\n| name | what it warns of |\n| --- | --- |\n",
        );
        for lint in Lint::ALL {
            self.text.push_str(&format!("| `{lint}` | {} |\n", lint.about()));
        }
    }

    fn limits(&mut self) {
        let mebibytes = SloSet::LONGEST_SPEC >> 20;
        self.text.push_str(&format!(
            "\n## Limits\n\nA spec has at most {mebibytes} MiB, 4000 SLOs and 64 environments, and nests at most 64 levels deep; \
             an SLO at most 20 labels, 16 conditions and 100 planned times. Of more than 1000 mistakes the others are counted \
             only.\n"
        ));
    }
}

/// The mappings with known keys that a value is made of, with their paths.
fn mappings(path: &str, shape: &'static SpecShape) -> Vec<(String, &'static SpecTable)> {
    match shape {
        SpecShape::Map(table) => vec![(path.to_owned(), table)],
        SpecShape::List(items) => mappings(&format!("{path}[]"), items),
        SpecShape::Named { values, .. } => mappings(&format!("{path}.*"), values),
        SpecShape::Either(shapes) => shapes.iter().flat_map(|shape| mappings(path, shape)).collect(),
        _ => Vec::new(),
    }
}

/// The words of which a value, or an item of a list, is one.
fn words(shape: &'static SpecShape) -> Option<String> {
    match shape {
        SpecShape::Word(words) if words.len() > 1 => {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            Some(words.join(", "))
        }
        SpecShape::List(items) => words(items),
        _ => None,
    }
}

fn under(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// As the usual renderers name a heading.
fn anchor(path: &str) -> String {
    let kept = path
        .chars()
        .filter(|sign| sign.is_ascii_alphanumeric() || "_-".contains(*sign));
    kept.collect::<String>().to_lowercase()
}
