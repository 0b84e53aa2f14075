//! The committed counts, and what they were counted with.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::count::{Counts, Tenths};
use crate::failure::Failure;

/// What a count depends on besides our code.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Key {
    /// The compiler's version, and what it compiles for.
    compiler: String,
    /// A checksum of the benches' lock file: the versions of everything that is compiled in.
    lock_file: String,
}

impl Key {
    pub(crate) fn of(compiler: impl Into<String>, lock_file: impl Into<String>) -> Self {
        Self {
            compiler: compiler.into(),
            lock_file: lock_file.into(),
        }
    }

    pub(crate) fn here() -> Result<Self, Failure> {
        let path = e2e::workspace_root().join("benches/Cargo.lock");
        let lock = fs::read(&path).map_err(|source| Failure::File { path, source })?;
        let output = Command::new("rustc").arg("-vV").output();
        let said = output.map_err(|error| Failure::Instructions(format!("cannot run rustc: {error}")))?;
        Ok(Self::of(
            compiler(&String::from_utf8_lossy(&said.stdout)),
            format!("crc32 {:08x}", crc32fast::hash(&lock)),
        ))
    }
}

/// `rustc 1.95.0 (59807616e 2026-04-14) for x86_64-unknown-linux-gnu`
fn compiler(verbose_version: &str) -> String {
    let mut lines = verbose_version.lines();
    let version = lines.next().unwrap_or_default();
    let host = lines.find_map(|line| line.strip_prefix("host: "));
    format!("{version} for {}", host.unwrap_or("an unknown host"))
}

/// The counts of one compiler and one lock file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Baseline {
    pub(crate) key: Key,
    pub(crate) counts: Counts,
}

impl Baseline {
    pub(crate) fn read() -> Result<Self, Failure> {
        let path = path();
        let text = fs::read_to_string(&path).map_err(|source| Failure::File { path, source })?;
        Self::parse(&text).map_err(|line| {
            Failure::Instructions(format!(
                "`{line}` in {FILE} is no count; write the file anew with `cargo xtask instructions --bless`"
            ))
        })
    }

    pub(crate) fn write(&self) -> Result<(), Failure> {
        let path = path();
        fs::write(&path, self.to_string()).map_err(|source| Failure::File { path, source })
    }

    /// Fails with the line that is none of ours.
    fn parse(text: &str) -> Result<Self, &str> {
        let mut baseline = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.split_once(": ").ok_or(line)?;
            match name {
                "compiler" => value.clone_into(&mut baseline.key.compiler),
                "lock file" => value.clone_into(&mut baseline.key.lock_file),
                _ => {
                    let (whole, tenth) = value.split_once('.').ok_or(line)?;
                    let tenths = format!("{whole}{tenth}").parse().ok().filter(|_| tenth.len() == 1);
                    baseline.counts.insert(name.to_owned(), Tenths(tenths.ok_or(line)?));
                }
            }
        }
        Ok(baseline)
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { compiler, lock_file } = &self.key;
        writeln!(
            f,
            "# Instructions per operation, as valgrind counts them. `cargo xtask instructions --bless` writes this file."
        )?;
        writeln!(f, "compiler: {compiler}\nlock file: {lock_file}")?;
        for (name, count) in &self.counts {
            writeln!(f, "{name}: {count}")?;
        }
        Ok(())
    }
}

/// Below the workspace's root.
const FILE: &str = "benches/instructions/baseline.txt";

fn path() -> PathBuf {
    e2e::workspace_root().join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let baseline = Baseline {
            key: Key::of(
                "rustc 1.95.0 (59807616e 2026-04-14) for x86_64-unknown-linux-gnu",
                "crc32 0000002a",
            ),
            counts: Counts::from([("judge".to_owned(), Tenths(810)), ("record".to_owned(), Tenths(7))]),
        };
        let text = baseline.to_string();
        assert!(text.ends_with("judge: 81.0\nrecord: 0.7\n"), "{text}");
        assert_eq!(Baseline::parse(&text), Ok(baseline));
    }

    #[test]
    fn the_committed_file_is_read() {
        let committed = Baseline::read().unwrap();
        assert!(committed.counts.contains_key("tracker-record"), "{committed}");
        assert_ne!(committed.key, Key::default());
    }

    #[test]
    fn another_line_is_refused() {
        for line in ["judge", "judge: 81", "judge: 8.10", "judge: many.0", "judge: -1.0"] {
            assert_eq!(Baseline::parse(line), Err(line));
        }
    }

    #[test]
    fn the_compiler_is_its_version_and_its_host() {
        let said =
            "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(
            compiler(said),
            "rustc 1.95.0 (59807616e 2026-04-14) for x86_64-unknown-linux-gnu"
        );
    }
}
