//! Licences, sources and banned crates of everything that is compiled into what ships.
//!
//! The three checks of cargo-deny that need no data base of its own, from what cargo says itself; the fourth, advisories,
//! is for the data base.

use std::collections::{BTreeMap, BTreeSet};

use e2e::Failure;
use serde_json::Value;
use spdx::{Expression, ParseMode};

use super::msrv::SHIPPED;
use super::packages::metadata;
use super::{Seen, Settings};

/// The part `licences`.
pub(crate) fn run(_: &Settings) -> Result<Seen, Failure> {
    let metadata = metadata(&["--all-features"])?;
    let crates = shipped(&metadata);
    let mut seen = Seen::default();
    seen.say(format!(
        "{} crates in what ships, with all features on all systems",
        crates.len()
    ));
    for found in &crates {
        check(&mut seen, found);
    }
    seen.say(format!("licences: {}", ALLOWED.join(", ")));
    for line in twice(&crates) {
        seen.say(line);
    }
    Ok(seen)
}

/// A crate of somebody else's.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Crate {
    name: String,
    version: String,
    licence: String,
    source: String,
}

/// Licences that ask for no more than to be named, and do not reach what they are linked with.
const ALLOWED: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    // Mozilla's list of certificate authorities, which is data.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, and why.
const BANNED: [(&str, &str); 6] = [
    ("native-tls", "TLS is rustls (ADR 25)"),
    ("openssl", "TLS is rustls (ADR 25)"),
    ("openssl-sys", "TLS is rustls (ADR 25)"),
    ("aws-lc-sys", "rustls runs on ring, which needs no cmake (ADR 25)"),
    ("serde_yaml", "no longer maintained (ADR 50)"),
    ("async-std", "no longer maintained"),
];

fn check(seen: &mut Seen, found: &Crate) {
    let Crate {
        name,
        version,
        licence,
        source,
    } = found;
    if !is_allowed(licence) {
        seen.miss(format!(
            "{name} {version}: `{licence}` is not among the licences that are allowed"
        ));
    }
    // Cargo names the one registry that needs no configuration by the address of its index, and others by theirs.
    if !source.starts_with("registry+") {
        seen.miss(format!("{name} {version} is from `{source}`, which is no registry"));
    }
    if let Some((_, why)) = BANNED.iter().find(|(banned, _)| banned == name) {
        seen.miss(format!("{name} {version} is banned: {why}"));
    }
}

/// Whether one of the choices that an expression offers is allowed in all its parts.
fn is_allowed(licence: &str) -> bool {
    // Lax: `MIT/Apache-2.0` is how crates of old write a choice.
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|asked| asked.license.id().is_some_and(|id| ALLOWED.contains(&id.name)))
    })
}

/// Everything that the shipped packages need, what only tests need left out.
fn shipped(metadata: &Value) -> BTreeSet<Crate> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let by_id = |values: Vec<Value>| -> BTreeMap<String, Value> {
        let entry = |value: Value| (value["id"].as_str().unwrap_or_default().to_owned(), value);
        values.into_iter().map(entry).collect()
    };
    let (packages, nodes) = (
        by_id(list(&metadata["packages"])),
        by_id(list(&metadata["resolve"]["nodes"])),
    );
    let is_ours = |package: &Value| SHIPPED.iter().any(|name| package["name"] == *name);
    let ours = packages.iter().filter(|(_, package)| is_ours(package));
    let mut waiting: Vec<String> = ours.map(|(id, _)| id.clone()).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if reached.insert(id.clone()) {
            let needed = list(&nodes[&id]["deps"]).into_iter().filter(is_compiled_in);
            waiting.extend(needed.filter_map(|needed| needed["pkg"].as_str().map(str::to_owned)));
        }
    }
    let others = reached
        .iter()
        .map(|id| &packages[id])
        .filter(|package| !is_ours(package));
    others.map(read).collect()
}

/// Whether it is needed for more than tests.
fn is_compiled_in(dependency: &Value) -> bool {
    let kinds = dependency["dep_kinds"].as_array();
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
}

fn read(package: &Value) -> Crate {
    let [name, version, licence, source] =
        ["name", "version", "license", "source"].map(|field| package[field].as_str().unwrap_or("none").to_owned());
    Crate {
        name,
        version,
        licence,
        source,
    }
}

/// Crates that are there in more than one version, for people: others' choices, mostly.
fn twice(crates: &BTreeSet<Crate>) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for found in crates {
        versions.entry(&found.name).or_default().push(&found.version);
    }
    let more = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    more.map(|(name, versions)| format!("{name} is there as {}", versions.join(" and ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, licence: &str, source: &str) -> Vec<String> {
        let mut seen = Seen::default();
        let found = Crate {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.to_owned(),
            source: source.to_owned(),
        };
        check(&mut seen, &found);
        seen.misses().to_vec()
    }

    #[test]
    fn a_choice_of_licences_is_allowed_by_one_and_a_sum_by_all() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "MPL-2.0", "none", ""] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_crate_is_said() {
        assert_eq!(one("serde", "MIT", "registry+https://index.example"), [""; 0]);
        assert!(one("serde", "GPL-3.0-only", "registry+x")[0].contains("`GPL-3.0-only`"));
        assert!(one("serde", "MIT", "git+https://example")[0].contains("no registry"));
        assert!(one("openssl", "MIT", "registry+x")[0].contains("rustls"));
    }

    #[test]
    fn what_only_tests_need_does_not_ship() {
        let crates = shipped(&metadata(&["--all-features"]).unwrap());
        let has = |name: &str| crates.iter().any(|found| found.name == name);
        assert!(has("axum") && has("clap"));
        assert!(!has("proptest") && !has("slo-core"));
    }
}
