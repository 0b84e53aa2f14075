//! Asking apt for packages without touching the machine's own apt state.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Apt did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AptError {
    /// The program did not start.
    #[error("cannot run `{program}`: {source}")]
    NotRun {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The program ended with an error.
    #[error("`{program}` ended with {status} while it {doing}:\n{output}")]
    Refused {
        /// The program.
        program: &'static str,
        /// What it was asked for.
        doing: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it printed on standard error and standard output.
        output: String,
    },
    /// A file of the private state could not be written.
    #[error("cannot write {}: {source}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Which repositories an apt run may use.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sources<'a> {
    /// Those the machine is configured with.
    Machines,
    /// The ones in this file alone.
    Only(&'a Path),
}

/// An apt whose lists, caches and idea of what is installed live in a folder of ours.
///
/// The rest of the machine's configuration stays in force: proxies, credentials, certificates.
#[derive(Debug)]
pub(crate) struct Apt {
    state: PathBuf,
}

impl Apt {
    /// Keeps its state in `state`, which must be an empty folder.
    pub(crate) fn new(state: PathBuf) -> Result<Self, AptError> {
        for folder in ["lists/partial", "cache/archives/partial"] {
            let path = state.join(folder);
            std::fs::create_dir_all(&path).map_err(|source| AptError::State { path, source })?;
        }
        write(&state.join("status"), "")?;
        Ok(Self { state })
    }

    /// The repositories the machine is configured with.
    ///
    /// Not by `apt-get indextargets`: it lists nothing until the first `apt-get update`, while this needs no lists and
    /// understands every kind of sources file.
    pub(crate) fn repositories(&self) -> Result<Vec<Repository>, AptError> {
        let output = run(
            self.get(Sources::Machines).args(["update", "--print-uris"]),
            "listed its repositories",
        )?;
        Ok(parse_repositories(&output))
    }

    /// Fetches and verifies the package index.
    pub(crate) fn update(&self, sources: Sources<'_>) -> Result<(), AptError> {
        // Without `error-on` a mirror that does not answer is only a warning.
        let mut command = self.get(sources);
        run(
            command.args(["--quiet=2", "--error-on=any", "update"]),
            "fetched the package index",
        )
        .map(drop)
    }

    /// Downloads packages, verified against the index, into `folder`.
    pub(crate) fn download(&self, sources: Sources<'_>, packages: &[&str], folder: &Path) -> Result<(), AptError> {
        let mut command = self.get(sources);
        command
            .current_dir(folder)
            .args(["--quiet=2", "download"])
            .args(packages);
        run(&mut command, &format!("downloaded {}", packages.join(", "))).map(drop)
    }

    fn get(&self, sources: Sources<'_>) -> Command {
        let mut command = Command::new(APT_GET);
        command.env("LC_ALL", "C");
        let mut set = |option: &str, value: &Path| {
            let mut text = OsString::from(format!("{option}="));
            text.push(value);
            command.arg("-o").arg(text);
        };
        set("Dir::State::Lists", &self.state.join("lists"));
        set("Dir::State::status", &self.state.join("status"));
        set("Dir::Cache", &self.state.join("cache"));
        // The machine's pins are about what is installed; nothing is installed here.
        set("Dir::Etc::Preferences", Path::new("/dev/null"));
        set("Dir::Etc::PreferencesParts", Path::new("/dev/null"));
        // Root's apt hands downloads to a user of its own, who may not enter our folder.
        set("APT::Sandbox::User", Path::new("root"));
        set("Acquire::Languages", Path::new("none"));
        set("Acquire::Retries", Path::new("3"));
        if let Sources::Only(file) = sources {
            set("Dir::Etc::SourceList", file);
            set("Dir::Etc::SourceParts", Path::new("/dev/null"));
            // Set on some machines, and an error as soon as no source has that release.
            set("APT::Default-Release", Path::new(""));
        }
        command
    }
}

/// A repository and one of the suites taken from it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Repository {
    pub(crate) uri: String,
    pub(crate) suite: String,
}

/// Reads the lines of `apt-get update --print-uris`, like `'http://mirror/debian/dists/bookworm/InRelease' name 0`.
fn parse_repositories(output: &str) -> Vec<Repository> {
    let release = |line: &str| {
        let (quoted, _) = line.strip_prefix('\'')?.split_once('\'')?;
        let (uri, suite) = quoted.strip_suffix("/InRelease")?.rsplit_once("/dists/")?;
        Some(Repository {
            uri: uri.to_owned(),
            suite: suite.to_owned(),
        })
    };
    output.lines().filter_map(release).collect()
}

/// The addresses that may be mirrors of Debian's main archive, best guess first, each once.
///
/// Only a guess: other publishers name their suites after Debian's releases too. Whether it is Debian is for the
/// signature to say.
pub(crate) fn debian_mirrors(repositories: &[Repository]) -> Vec<String> {
    let named_like_debian = repositories
        .iter()
        .filter(|found| DEBIAN_SUITES.contains(&found.suite.as_str()));
    let mut mirrors: Vec<&Repository> = named_like_debian.collect();
    // Debian itself is usually taken with its updates from the same address. The sort keeps the order otherwise.
    mirrors.sort_by_key(|mirror| {
        let updates = format!("{}-updates", mirror.suite);
        !repositories
            .iter()
            .any(|other| other.uri == mirror.uri && other.suite == updates)
    });
    let mut addresses = Vec::new();
    for mirror in mirrors {
        if !addresses.contains(&mirror.uri) {
            addresses.push(mirror.uri.clone());
        }
    }
    addresses
}

/// Writes a sources file for one suite of one mirror, accepted only when one of `keyring`'s keys signed it.
///
/// Without a keyring apt falls back on the keys the machine trusts for everything: it verifies in any case.
pub(crate) fn write_sources(file: &Path, mirror: &str, suite: &str, keyring: Option<&Path>) -> Result<(), AptError> {
    write(file, &sources(mirror, suite, keyring))
}

fn sources(mirror: &str, suite: &str, keyring: Option<&Path>) -> String {
    // `Targets`: the machine may be configured to fetch more than package lists.
    let mut text = format!("Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nTargets: Packages\n");
    if let Some(keyring) = keyring {
        let _ = writeln!(text, "Signed-By: {}", keyring.display());
    }
    text
}

/// Unpacks every package in `debs` below `root`, without running its scripts.
pub(crate) fn unpack(debs: &Path, root: &Path) -> Result<Vec<String>, AptError> {
    let unreadable = |source| AptError::State {
        path: debs.to_path_buf(),
        source,
    };
    let mut names = Vec::new();
    for entry in debs.read_dir().map_err(unreadable)? {
        let deb = entry.map_err(unreadable)?.path();
        if deb.extension().is_none_or(|extension| extension != "deb") {
            continue;
        }
        let name = deb.file_name().unwrap_or_default().to_string_lossy().into_owned();
        run(
            Command::new(DPKG_DEB).arg("--extract").arg(&deb).arg(root),
            &format!("unpacked {name}"),
        )?;
        names.push(name);
    }
    names.sort();
    Ok(names)
}

fn run(command: &mut Command, doing: &str) -> Result<String, AptError> {
    let program = if command.get_program() == DPKG_DEB {
        DPKG_DEB
    } else {
        APT_GET
    };
    let Output { status, stdout, stderr } = command
        .output()
        .map_err(|source| AptError::NotRun { program, source })?;
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(stdout);
    }
    let output = format!("{}{stdout}", String::from_utf8_lossy(&stderr))
        .trim_end()
        .to_owned();
    Err(AptError::Refused {
        program,
        doing: doing.to_owned(),
        status,
        output,
    })
}

fn write(path: &Path, text: &str) -> Result<(), AptError> {
    std::fs::write(path, text).map_err(|source| AptError::State {
        path: path.to_path_buf(),
        source,
    })
}

pub(crate) const APT_GET: &str = "apt-get";
const DPKG_DEB: &str = "dpkg-deb";
/// Names under which Debian's main archive appears in a sources file.
const DEBIAN_SUITES: [&str; 11] = [
    "stable",
    "oldstable",
    "oldoldstable",
    "testing",
    "unstable",
    "sid",
    "forky",
    "trixie",
    "bookworm",
    "bullseye",
    "duke",
];

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
'https://packages.example/node/dists/nodistro/InRelease' packages.example_node_dists_nodistro_InRelease 0 
'https://containers.example/linux/debian/dists/bookworm/InRelease' x_dists_bookworm_InRelease 0 
'mirror+file:/etc/apt/mirrors/debian.list/dists/bookworm/InRelease' y_dists_bookworm_InRelease 0 
'mirror+file:/etc/apt/mirrors/debian.list/dists/bookworm-updates/InRelease' y_dists_bookworm-updates_InRelease 0 
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' z_InRelease 0 
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' z_Packages 0 
'http://mirror.example/flat/InRelease' flat_InRelease 0 
Reading package lists...
";

    fn at(uri: &str, suite: &str) -> Repository {
        Repository {
            uri: uri.to_owned(),
            suite: suite.to_owned(),
        }
    }

    #[test]
    fn repositories_are_read_from_printed_addresses() {
        assert_eq!(
            parse_repositories(PRINTED),
            [
                at("https://packages.example/node", "nodistro"),
                at("https://containers.example/linux/debian", "bookworm"),
                at("mirror+file:/etc/apt/mirrors/debian.list", "bookworm"),
                at("mirror+file:/etc/apt/mirrors/debian.list", "bookworm-updates"),
                at("http://mirror.example/debian-security", "bookworm-security"),
            ]
        );
        assert_eq!(parse_repositories("E: something\n''\n'"), []);
    }

    #[test]
    fn the_archive_that_has_updates_too_is_the_first_guess() {
        assert_eq!(
            debian_mirrors(&parse_repositories(PRINTED)),
            [
                "mirror+file:/etc/apt/mirrors/debian.list",
                "https://containers.example/linux/debian"
            ]
        );
    }

    #[test]
    fn a_mirror_is_tried_once_and_another_systems_suites_not_at_all() {
        let one = "http://mirror.example/debian";
        assert_eq!(
            debian_mirrors(&[at(one, "bookworm"), at(one, "trixie"), at(one, "sid")]),
            [one]
        );
        assert_eq!(debian_mirrors(&[at("http://mirror.example/ubuntu", "noble")]), [""; 0]);
    }

    #[test]
    fn the_sources_file_names_the_keyring_and_never_trusts_blindly() {
        let text = sources("http://mirror.example/debian", "trixie", Some(Path::new("/keys.gpg")));
        assert_eq!(
            text,
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nTargets: Packages\n\
             Signed-By: /keys.gpg\n"
        );
        let without = sources("http://mirror.example/debian", "trixie", None).to_lowercase();
        assert!(
            !without.contains("signed-by") && !without.contains("trusted"),
            "{without}"
        );
    }
}
