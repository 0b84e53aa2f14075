//! `cargo xtask full`: what is too long for each change, with a report that is committed.

mod big_store;
mod commands;
mod cpu;
mod fleet;
mod generation;
mod licences;
mod minimal;
mod msrv;
mod numbers;
mod packages;
mod report;
mod rule_cost;
mod seen;

use std::io::{self, Write as _};
use std::time::Instant;

use crate::failure::Failure;
use crate::span::Span;
use report::{Entry, Report};
use seen::Seen;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The parts to run; all of them when none is named
    #[arg(value_name = "PART")]
    parts: Vec<String>,
    /// Names the parts and runs none
    #[arg(long)]
    list: bool,
    /// How long each parser is fed, and how long lock-free tables are under stress
    #[arg(long, value_name = "TIME", default_value = "10m")]
    long: Span,
    /// How many SLOs the fleets of `rule-cost` have
    #[arg(long, value_name = "COUNT", default_values_t = [100, 1_000])]
    slos: Vec<usize>,
    /// Each part at its smallest, to see that it works; writes no report
    #[arg(long)]
    smoke: bool,
}

/// How large and how long.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    long: Span,
    slos: Vec<usize>,
    smoke: bool,
}

/// Something that is measured or checked, by name.
struct Part {
    name: &'static str,
    about: &'static str,
    run: fn(&Settings) -> Result<Seen, e2e::Failure>,
}

/// In the order in which they are run: what says quickly that something is wrong comes first.
const PARTS: [Part; 11] = [
    Part {
        name: "licences",
        about: "licences, sources and banned crates of everything that ships",
        run: licences::run,
    },
    Part {
        name: "msrv",
        about: "libraries and tool with the oldest compiler that they promise to compile with",
        run: msrv::run,
    },
    Part {
        name: "minimal-versions",
        about: "libraries and tool with the lowest versions of their dependencies that they ask for",
        run: minimal::run,
    },
    Part {
        name: "packages",
        about: "what would be published, built from its packages",
        run: packages::run,
    },
    Part {
        name: "generation",
        about: "rules for 1,000 SLOs, at most 200 ms",
        run: generation::run,
    },
    Part {
        name: "long-tests",
        about: "the tests on real servers that take minutes",
        run: commands::long_tests,
    },
    Part {
        name: "big-store",
        about: "the gate on a store of a million series, at most 1 s; the overview of 1,000 SLOs, at most 2 s",
        run: big_store::run,
    },
    Part {
        name: "benches",
        about: "the benchmarks, side by side with others'",
        run: commands::benches,
    },
    Part {
        name: "stress",
        about: "lock-free tables and the probe's single flight under many threads, for long",
        run: commands::stress,
    },
    Part {
        name: "fuzz",
        about: "every parser of what people write, for long",
        run: commands::fuzz,
    },
    Part {
        name: "rule-cost",
        about: "cost and exactness of the rules on both engines, beside Sloth's shape",
        run: rule_cost::run,
    },
];

/// Runs the parts one after the other, whatever becomes of each, and writes what was seen into the report.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.list {
        return list();
    }
    let parts = chosen(&args.parts)?;
    let settings = Settings {
        long: args.long,
        slos: args.slos.clone(),
        smoke: args.smoke,
    };
    let mut failed = Vec::new();
    for (part, number) in parts.iter().zip(1..) {
        eprintln!("\n[{number}/{}] {}: {}", parts.len(), part.name, part.about);
        let (start, commit) = (Instant::now(), report::commit());
        let seen = (part.run)(&settings).unwrap_or_else(|failure| Seen::failed(&failure));
        let mut out = io::stdout().lock();
        write!(out, "{}", seen.text()).map_err(Failure::Print)?;
        if !seen.misses().is_empty() {
            failed.push(part.name);
        }
        if !args.smoke {
            // After each part: whoever ends a long run keeps what is done. Read anew: another part may have been run beside.
            let mut report = Report::read()?;
            report.put(part.name, &Entry::now(&seen, &commit, start.elapsed()));
            report.write()?;
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Parts(failed.join(", ")))
}

fn list() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for part in PARTS {
        writeln!(out, "{:<17} {}", part.name, part.about).map_err(Failure::Print)?;
    }
    Ok(())
}

/// The parts of these names, in our order; all when none is named.
fn chosen(names: &[String]) -> Result<Vec<Part>, Failure> {
    let unknown = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name));
    if let Some(name) = unknown {
        let known = PARTS.map(|part| part.name).join(", ");
        return Err(Failure::NoSuchPart {
            name: name.clone(),
            known,
        });
    }
    let wanted = |part: &Part| names.is_empty() || names.iter().any(|name| name == part.name);
    Ok(PARTS.into_iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &[&str]) -> Result<Vec<&'static str>, Failure> {
        let asked: Vec<_> = asked.iter().map(|name| (*name).to_owned()).collect();
        Ok(chosen(&asked)?.iter().map(|part| part.name).collect())
    }

    #[test]
    fn all_parts_are_run_unless_some_are_named() {
        assert_eq!(names(&[]).unwrap().len(), PARTS.len());
        assert_eq!(names(&["fuzz", "benches"]).unwrap(), ["benches", "fuzz"]);
    }

    #[test]
    fn a_part_that_is_not_there_is_refused_with_those_that_are() {
        let error = names(&["fuzz", "fuz"]).unwrap_err().to_string();
        assert!(
            error.starts_with("`fuz` is no part; there are licences, msrv, "),
            "{error}"
        );
    }
}
