//! What an SLO measures, as the spec writes it.

use core::str::FromStr;
use std::collections::BTreeMap;

use super::fields::{Fields, Key, list, parsed};
use super::findings::Findings;
use super::tree::Node;
use crate::slo::{check_method, check_route};
use crate::{Classification, HttpSli, StatusClass};

const SLI: [Key; 1] = [Key {
    name: "http",
    example: "http: { routes: [\"/listings\"] }",
}];

const HTTP: [Key; 6] = [
    Key {
        name: "routes",
        example: "routes: [\"/listings\", \"/real-price/{region}\"]",
    },
    Key {
        name: "methods",
        example: "methods: [GET, HEAD]",
    },
    Key {
        name: "faster_than",
        example: "faster_than: 800ms",
    },
    Key {
        name: "bad",
        example: "bad: [5xx, 429]",
    },
    Key {
        name: "good",
        example: "good: [503]",
    },
    Key {
        name: "excluded",
        example: "excluded: [404]",
    },
];

/// Adds a class of status codes to the rules.
type Rule = fn(Classification, StatusClass) -> Classification;

/// The keys that sort status codes, in the order in which their rules apply.
const OUTCOMES: [(&str, Rule); 3] = [
    ("bad", Classification::bad),
    ("good", Classification::good),
    ("excluded", Classification::excluded),
];

pub(super) fn sli(node: &Node, _: &str, findings: &mut Findings) -> Option<HttpSli> {
    Fields::of(node, &SLI, findings)?.required("http", findings, http)
}

fn http(node: &Node, _: &str, findings: &mut Findings) -> Option<HttpSli> {
    let fields = Fields::of(node, &HTTP, findings)?;
    let routes = fields.required("routes", findings, |node, example, findings| {
        list(node, example, findings, |route| checked(route, check_route(route)))
    });
    let methods = fields.optional("methods", findings, |node, example, findings| {
        list(node, example, findings, |method| checked(method, check_method(method)))
    });
    let limit = fields.optional("faster_than", findings, parsed);
    let rules = classification(&fields, findings);
    let mut sli = HttpSli::routes(texts(routes?))
        .methods(texts(methods.unwrap_or_default()))
        .classified_by(rules);
    if let Some(limit) = limit {
        sli = sli.faster_than(limit);
    }
    Some(sli)
}

/// `bad`, `good` and `excluded`; the same class in two of them is a mistake, as nobody could tell which one holds.
fn classification(fields: &Fields<'_>, findings: &mut Findings) -> Classification {
    let mut rules = Classification::new();
    let mut sorted: BTreeMap<String, &str> = BTreeMap::new();
    for (key, add) in OUTCOMES {
        let classes = fields.optional(key, findings, |node, example, findings| {
            list(node, example, findings, |text| {
                StatusClass::from_str(text).map_err(|error| error.to_string())
            })
        });
        for (place, class) in classes.unwrap_or_default() {
            if let Some(other) = sorted.insert(class.to_string(), key) {
                findings.mistake_under(
                    key,
                    place,
                    format_args!("`{class}` is in `{other}` already; write it in one of the two"),
                );
            }
            rules = add(rules, class);
        }
    }
    rules
}

fn checked<E: ToString>(text: &str, check: Result<(), E>) -> Result<String, String> {
    check.map(|()| text.to_owned()).map_err(|error| error.to_string())
}

fn texts<P>(items: Vec<(P, String)>) -> impl Iterator<Item = String> {
    items.into_iter().map(|(_, text)| text)
}
