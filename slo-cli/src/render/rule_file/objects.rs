//! A file of rules as objects of the Prometheus Operator, each of a size that whoever takes it can keep.
//!
//! See `docs/adr/082-rules-are-cut-to-what-takes-them.md`.

use slo_core::yaml_writer::{Map, Style, Yaml};

use super::{ObjectPlace, of_groups};
use crate::render::short_name::{numbered, shortened};

/// What an object may weigh. `kubectl apply` and Argo CD keep it in an annotation of itself, whose limit is 262,144 bytes, and
/// other annotations need a place, too.
pub(super) const MOST_BYTES: usize = 240_000;

/// What the operator takes of one object, which becomes a file in a ConfigMap:
/// <https://github.com/prometheus-operator/prometheus-operator/issues/6478>.
const OPERATOR_BYTES: usize = 512 << 10;

/// The longest name of an object, where it becomes a label.
const LONGEST_NAME: usize = 63;

/// All objects, as documents of one file; or which group no object can hold.
pub(super) fn render(
    mut heading: Vec<String>,
    name: &str,
    place: &ObjectPlace,
    groups: Vec<Yaml>,
) -> Result<String, String> {
    let parts = parts(groups)?;
    heading.extend(said(name, &parts));
    let mut heading = heading.join("\n");
    let documents: Vec<_> = parts
        .into_iter()
        .zip(1..)
        .map(|(part, number)| {
            let object = object(object_name(name, number), place, of_groups(part.groups));
            object.document(&std::mem::take(&mut heading), Style::Rules)
        })
        .collect();
    Ok(documents.join("---\n"))
}

/// Groups that are in one object.
#[derive(Debug, Default)]
struct Part {
    weight: usize,
    groups: Vec<Yaml>,
}

/// As many groups to an object as it can hold, in their order.
fn parts(groups: Vec<Yaml>) -> Result<Vec<Part>, String> {
    let mut parts = vec![Part::default()];
    for group in groups {
        let alone = Yaml::List(vec![group.clone()]);
        let text = alone.document("", Style::Rules);
        if text.len() > OPERATOR_BYTES {
            return Err(too_large(&text));
        }
        let weight = weight(&text);
        match parts.last_mut() {
            Some(part) if part.weight == 0 || part.weight + weight <= MOST_BYTES => {
                part.weight += weight;
                part.groups.push(group);
            }
            _ => parts.push(Part {
                weight,
                groups: vec![group],
            }),
        }
    }
    Ok(parts)
}

/// At least the bytes of an object in the annotation: JSON has no indentation, but two signs for a quote, a backslash and a line
/// break, and Go's six for those that mean something in HTML.
pub(super) fn weight(text: &str) -> usize {
    let of = |byte: u8| match byte {
        b'<' | b'>' | b'&' => 6,
        b'"' | b'\\' | b'\n' => 2,
        _ => 1,
    };
    text.bytes().map(of).sum()
}

fn too_large(text: &str) -> String {
    let name = text.lines().next().and_then(|line| line.strip_prefix("- name: "));
    format!(
        "the group {} has {} bytes, and the operator takes objects of {OPERATOR_BYTES} at most; make what is long in it shorter, \
         like the planned times of its SLO, or leave `--format` out",
        name.unwrap_or_default(),
        text.len()
    )
}

/// What is to be known of the objects, where they are not one that every way of applying takes.
fn said(name: &str, parts: &[Part]) -> Vec<String> {
    let count = (parts.len() > 1).then(|| {
        format!(
            "In {} objects, as one would be too large for what `kubectl apply` and the operator take. A later version of this \
             file may\nhave fewer: apply it with pruning, or delete what is no more.",
            parts.len()
        )
    });
    let large = parts.iter().zip(1..).filter(|(part, _)| part.weight > MOST_BYTES);
    let large = large.map(|(_, number)| {
        format!(
            "{} is too large for what `kubectl apply` keeps in an annotation: apply it with `--server-side`, in Argo CD with the\n\
             sync option `ServerSideApply=true`.",
            object_name(name, number)
        )
    });
    count.into_iter().chain(large).collect()
}

/// The name of one of several objects, where it becomes a label.
fn object_name(name: &str, number: usize) -> String {
    let most = LONGEST_NAME - numbered("", number).len();
    numbered(&shortened(name, most), number)
}

/// The Prometheus Operator's `PrometheusRule`; the operators of other engines read it, too.
fn object(name: String, place: &ObjectPlace, groups: Yaml) -> Yaml {
    let metadata = Map::new()
        .with("name", name)
        .with_some("namespace", place.namespace.clone())
        .with_some("labels", Yaml::texts(place.labels.clone()).unless_empty());
    Yaml::map([
        ("apiVersion", Some(Yaml::text("monitoring.coreos.com/v1"))),
        ("kind", Some(Yaml::text("PrometheusRule"))),
        ("metadata", Some(metadata.into())),
        ("spec", Some(groups)),
    ])
}
