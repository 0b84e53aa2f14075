//! The form of a spec as a JSON Schema, draft 2020-12: <https://json-schema.org/draft/2020-12/schema>.
//!
//! It is the wider of the two: what the reader takes it never refuses.

use slo_core::{SpecKey, SpecShape, SpecTable};

use super::json::Json;

pub(crate) fn of_the_spec() -> String {
    let mut whole = vec![
        ("$schema", Json::text("https://json-schema.org/draft/2020-12/schema")),
        ("title", Json::text("slo.yaml")),
        (
            "description",
            Json::text("What a service promises. Whatever this schema says, `slo check` knows better."),
        ),
    ];
    whole.extend(table(SpecTable::top()));
    Json::Object(whole).pretty()
}

/// A mapping with known keys.
fn table(table: &'static SpecTable) -> Vec<(&'static str, Json)> {
    let keys = table.keys();
    let required = keys.iter().filter(|key| key.is_required()).map(SpecKey::name);
    let mut object = vec![
        ("type", Json::text("object")),
        ("properties", Json::Object(keys.iter().map(property).collect())),
        ("required", Json::texts(required)),
        ("additionalProperties", Json::Bool(false)),
    ];
    if !table.one_of().is_empty() {
        let alone = |key: &&'static str| Json::Object(vec![("required", Json::texts([*key]))]);
        object.push(("oneOf", Json::List(table.one_of().iter().map(alone).collect())));
    }
    if let Some(needs) = table.needs() {
        let value = Json::Object(vec![("const", Json::text(needs.value()))]);
        let says = vec![
            ("properties", Json::Object(vec![(needs.key(), value)])),
            ("required", Json::texts([needs.key()])),
        ];
        let then = vec![("required", Json::texts(needs.others().iter().copied()))];
        object.extend([("if", Json::Object(says)), ("then", Json::Object(then))]);
    }
    object
}

fn property(key: &'static SpecKey) -> (&'static str, Json) {
    let about = format!("{}\n\n`{}`", key.about(), key.example());
    let mut value = vec![("description", Json::text(about))];
    value.extend(shape(key.shape()));
    (key.name(), Json::Object(value))
}

fn shape(of: &'static SpecShape) -> Vec<(&'static str, Json)> {
    match of {
        SpecShape::Text(pattern) => vec![("type", Json::text("string")), ("pattern", whole(pattern))],
        // YAML makes numbers and booleans of some words; the reader does not.
        SpecShape::Words => vec![
            ("type", Json::texts(["string", "number", "boolean"])),
            ("minLength", Json::Number(1)),
        ],
        SpecShape::Number(least, most) => {
            let number = vec![
                ("type", Json::text("integer")),
                ("minimum", Json::Number(*least)),
                ("maximum", Json::Number(*most)),
            ];
            let digits = vec![("type", Json::text("string")), ("pattern", whole("[0-9]+"))];
            vec![("anyOf", Json::List(vec![Json::Object(number), Json::Object(digits)]))]
        }
        SpecShape::Word(words) => vec![(
            "enum",
            Json::List(words.iter().flat_map(|word| word_of(word)).collect()),
        )],
        SpecShape::List(items) => {
            let mut list = vec![
                ("type", Json::text("array")),
                ("items", Json::Object(shape(items))),
                ("minItems", Json::Number(1)),
            ];
            if !matches!(items, SpecShape::Map(_)) {
                list.push(("uniqueItems", Json::Bool(true)));
            }
            list
        }
        SpecShape::Map(keys) => table(keys),
        SpecShape::Named { names, values } => vec![
            ("type", Json::text("object")),
            ("propertyNames", Json::Object(vec![("pattern", whole(names))])),
            ("additionalProperties", Json::Object(shape(values))),
            ("minProperties", Json::Number(1)),
        ],
        SpecShape::Either(shapes) => {
            let each = shapes.iter().map(|one| Json::Object(shape(one)));
            vec![("anyOf", Json::List(each.collect()))]
        }
        _ => Vec::new(), // a shape of a later slo-core: anything goes
    }
}

/// A word as a text and, where YAML makes something else of it, as that.
fn word_of(word: &str) -> Vec<Json> {
    let other = match (word.parse(), word.parse()) {
        (Ok(number), _) => Some(Json::Number(number)),
        (_, Ok(bool)) => Some(Json::Bool(bool)),
        _ => None,
    };
    [Json::text(word)].into_iter().chain(other).collect()
}

fn whole(pattern: &str) -> Json {
    Json::Text(format!("^(?:{pattern})$"))
}
