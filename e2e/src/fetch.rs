//! Fetching the servers once, into the workspace's `target/`.
//!
//! They are Debian packages of the suite trixie, which run on bookworm as well. The mirror is the one the machine's own
//! apt uses, and apt verifies the archive's signature as always.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::apt::{self, APT_GET, Apt, AptError, Sources};
use crate::catalogue::Binary;
use crate::lookup::{MissingBinaries, Places};
use crate::relocate::relocate;
use crate::temp::TempDir;
use crate::workspace;

/// Why the servers are not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Some are missing, and there is no apt to fetch them with.
    #[error(transparent)]
    NoApt(#[from] MissingBinaries),
    /// Apt is there and knows no mirror of Debian.
    #[error(
        "apt knows no mirror of Debian's main archive here (its suites: {suites}); the servers are Debian packages: \
         add such a mirror to apt's sources, or install the servers by hand and name their folder in SLO_SERVERS_DIR"
    )]
    NoMirror {
        /// The suites apt is configured with, or `none`.
        suites: String,
    },
    /// Apt or dpkg reported a problem.
    #[error("{0}")]
    Apt(String),
    /// A file or folder of the cache could not be made.
    #[error("cannot {what} {}: {source}", path.display())]
    Cache {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The packages were unpacked and lack a program they should carry.
    #[error("package `{}` of {SUITE} does not carry `{binary}` any more; correct the catalogue", binary.package())]
    NotInPackage {
        /// The program.
        binary: Binary,
    },
}

impl From<AptError> for FetchError {
    // As text: how apt is called is no part of this crate's interface.
    fn from(error: AptError) -> Self {
        Self::Apt(error.to_string())
    }
}

/// Makes sure every [`Binary`] can be found, fetching all of them if one is missing or the cache is of an older recipe,
/// and says where each is.
///
/// Instant when nothing is missing. Safe to call from several processes at once: one fetches, the others wait for it.
/// Progress goes to standard error.
///
/// # Errors
///
/// [`FetchError`], whose text says what to do.
pub fn ensure_servers() -> Result<Vec<(Binary, PathBuf)>, FetchError> {
    let places = Places::from_env();
    let cache = Cache::new(workspace::servers_folder());
    match places.require(&Binary::ALL) {
        Ok(_) if !cache.is_outdated() => {}
        Err(missing) if !places.on_path(APT_GET) => return Err(missing.into()),
        _ => cache.fill(fetch)?,
    }
    let found = places.require(&Binary::ALL)?;
    Ok(Binary::ALL.into_iter().zip(found).collect())
}

/// The folder of the cache that holds the binaries.
pub(crate) fn bin_folder() -> PathBuf {
    Cache::new(workspace::servers_folder()).bin()
}

/// A folder that is either absent or complete.
#[derive(Debug)]
struct Cache {
    folder: PathBuf,
}

impl Cache {
    const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn unpacked(&self) -> PathBuf {
        self.folder.join(SUITE)
    }

    fn bin(&self) -> PathBuf {
        self.unpacked().join("usr/bin")
    }

    /// Runs `fetch` unless its result is there already, and puts the result in place in one step.
    fn fill(&self, fetch: impl FnOnce(&Path) -> Result<Vec<String>, FetchError>) -> Result<(), FetchError> {
        fs::create_dir_all(&self.folder).map_err(failed("make", &self.folder))?;
        let _lock = self.lock()?;
        if self.is_complete() {
            return Ok(()); // another process did it while this one waited
        }
        self.remove_leftovers()?;
        let work = TempDir::inside(&self.folder, UNFINISHED).map_err(failed("make a folder in", &self.folder))?;
        let packages = fetch(work.path())?;
        let root = work.path().join(ROOT);
        if let Some(binary) = Binary::ALL
            .into_iter()
            .find(|binary| !root.join("usr/bin").join(binary.name()).is_file())
        {
            return Err(FetchError::NotInPackage { binary });
        }
        let stamp = root.join(STAMP);
        fs::write(&stamp, format!("{}\n{}\n", recipe(), packages.join("\n"))).map_err(failed("write", &stamp))?;
        let (old, new) = (work.path().join("old"), self.unpacked());
        if new.exists() {
            fs::rename(&new, &old).map_err(failed("move away", &new))?;
        }
        fs::rename(&root, &new).map_err(failed("put in place", &new))
    }

    /// Whether this very recipe was unpacked here, all of it.
    fn is_complete(&self) -> bool {
        let stamp = fs::read_to_string(self.unpacked().join(STAMP)).unwrap_or_default();
        stamp.lines().next() == Some(&recipe())
            && Binary::ALL
                .iter()
                .all(|binary| self.bin().join(binary.name()).is_file())
    }

    /// Whether something was unpacked here, by an older recipe or not all of it.
    fn is_outdated(&self) -> bool {
        self.unpacked().exists() && !self.is_complete()
    }

    /// Held until the file is closed, also when its process is killed.
    fn lock(&self) -> Result<File, FetchError> {
        let path = self.folder.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open", &path))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            say("waiting for another process that is fetching them");
            flock(&file, FlockOperation::LockExclusive).map_err(|errno| failed("lock", &path)(errno.into()))?;
        }
        Ok(file)
    }

    /// What processes that were killed left behind. Under the lock nobody is working in such a folder.
    fn remove_leftovers(&self) -> Result<(), FetchError> {
        for entry in self.folder.read_dir().map_err(failed("read", &self.folder))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path()).map_err(failed("remove", &entry.path()))?;
            }
        }
        Ok(())
    }
}

/// Downloads and unpacks all packages to `work`/root; returns their file names, versions included.
fn fetch(work: &Path) -> Result<Vec<String>, FetchError> {
    let names = unpacked(work, &Binary::packages(), "90 MB")?;
    let alertmanager = work.join(ROOT).join("usr/bin").join(Binary::Alertmanager.name());
    relocate(&alertmanager).map_err(failed("rewrite", &alertmanager))?;
    Ok(names)
}

/// Downloads and unpacks these packages of the suite to `work`/root; returns their file names, versions included.
pub(crate) fn unpacked(work: &Path, packages: &[&str], size: &str) -> Result<Vec<String>, FetchError> {
    let apt = Apt::new(make(work, "apt")?)?;
    let repositories = apt.repositories()?;
    let mirrors = apt::debian_mirrors(&repositories);
    if mirrors.is_empty() {
        let mut suites: Vec<_> = repositories.into_iter().map(|found| found.suite).collect();
        suites.dedup();
        let suites = if suites.is_empty() {
            "none".to_owned()
        } else {
            suites.join(", ")
        };
        return Err(FetchError::NoMirror { suites });
    }
    let sources = work.join("servers.sources");
    index(&apt, &mirrors, &sources, work)?;

    let debs = make(work, "debs")?;
    say(&format!("downloading {} (some {size})", packages.join(", ")));
    apt.download(Sources::Only(&sources), packages, &debs)?;
    say("unpacking (some 400 MB)");
    let names = apt::unpack(&debs, &make(work, ROOT)?)?;
    say("done");
    Ok(names)
}

/// Finds a mirror and a keyring with which the suite's index can be fetched and verified.
fn index(apt: &Apt, mirrors: &[String], sources: &Path, work: &Path) -> Result<(), FetchError> {
    let installed = KEYRINGS.into_iter().map(Path::new).find(|keyring| keyring.is_file());
    let Err(first) = try_mirrors(apt, mirrors, sources, installed) else {
        return Ok(());
    };
    // The installed keyring may be older than the suite. Debian's own way to a newer one is the package that carries
    // it, verified by the keys that are trusted already.
    say("no mirror could be verified; trying with a newer keyring");
    let Ok(newer) = newer_keyring(work) else {
        return Err(first);
    };
    // The first error is the one that counts when the keyring was not the trouble.
    try_mirrors(apt, mirrors, sources, Some(&newer)).map_err(|_| first)
}

fn try_mirrors(apt: &Apt, mirrors: &[String], sources: &Path, keyring: Option<&Path>) -> Result<(), FetchError> {
    let mut failures = Vec::new();
    for mirror in mirrors {
        say(&format!("reading the package index of Debian {SUITE} from {mirror}"));
        apt::write_sources(sources, mirror, SUITE, keyring)?;
        match apt.update(Sources::Only(sources)) {
            Ok(()) => return Ok(()),
            Err(error) => failures.push(error.to_string()),
        }
    }
    Err(FetchError::Apt(failures.join("\n")))
}

fn newer_keyring(work: &Path) -> Result<PathBuf, FetchError> {
    // Lists of its own: those of the machine's repositories are of no use to the servers.
    let apt = Apt::new(make(work, "apt-keyring")?)?;
    apt.update(Sources::Machines)?;
    let debs = make(work, "debs-keyring")?;
    apt.download(Sources::Machines, &["debian-archive-keyring"], &debs)?;
    let root = make(work, "keyring")?;
    apt::unpack(&debs, &root)?;
    let unpacked = KEYRINGS
        .iter()
        .map(|keyring| root.join(keyring.trim_start_matches('/')));
    let absent = io::Error::from(io::ErrorKind::NotFound);
    unpacked
        .into_iter()
        .find(|keyring| keyring.is_file())
        .ok_or_else(|| failed("find a keyring in", &root)(absent))
}

/// What must be the same for an unpacked cache to be still good.
fn recipe() -> String {
    format!("{SUITE}, relocated: {}", Binary::packages().join(" "))
}

fn make(parent: &Path, name: &str) -> Result<PathBuf, FetchError> {
    let path = parent.join(name);
    fs::create_dir_all(&path).map_err(failed("make", &path))?;
    Ok(path)
}

pub(crate) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FetchError + use<> {
    let path = path.to_path_buf();
    move |source| FetchError::Cache { what, path, source }
}

fn say(what: &str) {
    eprintln!("servers: {what}");
}

const SUITE: &str = "trixie";
const STAMP: &str = "stamp";
pub(crate) const ROOT: &str = "root";
const UNFINISHED: &str = "unfinished";
/// Where the package `debian-archive-keyring` puts the keys of every release; the second name is the newer one.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

    fn unpack_all(work: &Path) -> Result<Vec<String>, FetchError> {
        let bin = make(&make(work, ROOT)?, "usr/bin")?;
        for binary in Binary::ALL {
            fs::write(bin.join(binary.name()), "program").unwrap();
        }
        Ok(vec!["one_1.0_all.deb".to_owned()])
    }

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = folder
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_cache_is_not_fetched_again_and_nothing_else_remains() {
        let temp = TempDir::new("slo-e2e-cache").unwrap();
        let cache = Cache::new(temp.path().join("servers"));
        cache.fill(unpack_all).unwrap();
        cache.fill(|_| panic!("fetched again")).unwrap();
        assert_eq!(entries(&cache.folder), ["lock", SUITE]);
        assert!(cache.bin().join("promtool").is_file());
        let stamp = fs::read_to_string(cache.unpacked().join(STAMP)).unwrap();
        assert_eq!(stamp, format!("{}\none_1.0_all.deb\n", recipe()));
    }

    #[test]
    fn a_fetch_that_fails_or_was_killed_leaves_no_half_cache() {
        let temp = TempDir::new("slo-e2e-cache").unwrap();
        let cache = Cache::new(temp.path().join("servers"));
        fs::create_dir_all(cache.folder.join("unfinished-1-1/root")).unwrap(); // killed
        let error = cache.fill(|work| {
            unpack_all(work)?;
            Err(FetchError::Apt("the mirror went away".to_owned()))
        });
        assert!(matches!(error, Err(FetchError::Apt(_))), "{error:?}");
        assert_eq!(entries(&cache.folder), ["lock"]);
        assert!(!cache.is_complete());
    }

    #[test]
    fn a_cache_of_another_recipe_or_with_a_program_missing_is_replaced() {
        let temp = TempDir::new("slo-e2e-cache").unwrap();
        let cache = Cache::new(temp.path().join("servers"));
        assert!(!cache.is_outdated());
        cache.fill(unpack_all).unwrap();
        assert!(!cache.is_outdated());
        fs::write(cache.unpacked().join(STAMP), "older: prometheus\n").unwrap();
        assert!(cache.is_outdated());
        fs::write(cache.unpacked().join("left-over"), "").unwrap();
        cache.fill(unpack_all).unwrap();
        assert!(!cache.is_outdated() && cache.is_complete() && !cache.unpacked().join("left-over").exists());

        fs::remove_file(cache.bin().join("amtool")).unwrap();
        cache.fill(unpack_all).unwrap();
        assert!(cache.is_complete());
        assert_eq!(entries(&cache.folder), ["lock", SUITE]);
    }

    #[test]
    fn a_package_that_lost_a_program_is_named() {
        let temp = TempDir::new("slo-e2e-cache").unwrap();
        let cache = Cache::new(temp.path().join("servers"));
        let error = cache
            .fill(|work| {
                let names = unpack_all(work)?;
                fs::remove_file(work.join(ROOT).join("usr/bin/amtool")).unwrap();
                Ok(names)
            })
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "package `prometheus-alertmanager` of trixie does not carry `amtool` any more; correct the catalogue"
        );
    }

    #[test]
    fn many_at_once_fetch_once() {
        let temp = TempDir::new("slo-e2e-cache").unwrap();
        let fetched = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // Each opens the lock file itself, which is what separates processes.
                    let cache = Cache::new(temp.path().join("servers"));
                    let result = cache.fill(|work| {
                        fetched.fetch_add(1, Ordering::Relaxed); // read after the threads have ended
                        unpack_all(work)
                    });
                    result.unwrap();
                    assert!(cache.is_complete());
                });
            }
        });
        assert_eq!(fetched.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_system_without_a_debian_mirror_is_told_what_to_do() {
        let error = FetchError::NoMirror {
            suites: "noble, noble-updates".to_owned(),
        };
        assert_eq!(
            error.to_string(),
            "apt knows no mirror of Debian's main archive here (its suites: noble, noble-updates); the servers are \
             Debian packages: add such a mirror to apt's sources, or install the servers by hand and name their folder \
             in SLO_SERVERS_DIR"
        );
    }
}
