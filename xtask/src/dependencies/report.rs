//! The committed file.

use std::fmt::Write as _;

use super::tree::Crates;

/// One library, and the crates that its dependants compile.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) default: Crates,
    /// Each feature alone, beside the default ones.
    pub(crate) features: Vec<(String, Crates)>,
    pub(crate) all: Crates,
}

pub(crate) fn write(packages: &[Package]) -> String {
    let mut report = HEAD.to_owned();
    for package in packages {
        let _ = write!(
            report,
            "\n## {}\n\n| features | crates | more |\n| --- | ---: | --- |\n",
            package.name
        );
        let _ = writeln!(report, "| default | {} | |", package.default.len());
        let features = package
            .features
            .iter()
            .map(|(name, crates)| (format!("`{name}`"), crates));
        for (name, crates) in features.chain([("all".to_owned(), &package.all)]) {
            let _ = writeln!(
                report,
                "| {name} | {} | {} |",
                crates.len(),
                more(crates, &package.default)
            );
        }
        let _ = write!(report, "\nBy default: {}.\n", names(package.default.iter()));
    }
    report
}

/// How many and which, beyond the default.
fn more(crates: &Crates, default: &Crates) -> String {
    let more: Vec<_> = crates.difference(default).collect();
    match more.len() {
        0 => "none".to_owned(),
        count => format!("{count}: {}", names(more.into_iter())),
    }
}

/// Without versions: an update is no news here unless it brings or drops a crate.
fn names<'a>(crates: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = crates.filter_map(|name| name.split(' ').next()).collect();
    names.join(", ")
}

const HEAD: &str = "\
# What `cargo add` brings

Crates that are compiled for a dependant on Linux, build scripts and procedural macros included, the library itself not; in
the versions of our lock file. An axum service has many of them anyway. `cargo xtask dependencies` writes this file, and CI
fails when it is out of date.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn crates<const N: usize>(names: [&str; N]) -> Crates {
        names.map(ToOwned::to_owned).into()
    }

    #[test]
    fn each_feature_says_what_it_adds() {
        let package = Package {
            name: "shop",
            default: crates(["axum v0.8.9", "http v1.0.0"]),
            features: vec![
                (
                    "otlp".to_owned(),
                    crates(["axum v0.8.9", "http v1.0.0", "prost v0.14.0", "ureq v3.0.0"]),
                ),
                ("empty".to_owned(), crates(["axum v0.8.9", "http v1.0.0"])),
            ],
            all: crates(["axum v0.8.9", "http v0.2.0", "http v1.0.0"]),
        };
        let expected = "
## shop

| features | crates | more |
| --- | ---: | --- |
| default | 2 | |
| `otlp` | 4 | 2: prost, ureq |
| `empty` | 2 | none |
| all | 3 | 1: http |

By default: axum, http.
";
        assert_eq!(write(&[package]).strip_prefix(HEAD), Some(expected));
    }
}
