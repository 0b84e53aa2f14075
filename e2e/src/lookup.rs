//! Finding server binaries, and saying clearly which are missing.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::catalogue::Binary;
use crate::fetch;

/// The folders in which binaries are looked for, first match wins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Places {
    /// The value of `SLO_SERVERS_DIR`.
    chosen: Option<PathBuf>,
    /// What `cargo xtask servers` unpacked.
    cache: PathBuf,
    /// The value of `PATH`.
    path: Option<OsString>,
}

impl Places {
    /// `SLO_SERVERS_DIR`, the cache below the workspace's `target/`, `PATH`.
    #[must_use]
    pub fn from_env() -> Self {
        Self {
            chosen: env::var_os(CHOSEN).filter(|value| !value.is_empty()).map(PathBuf::from),
            cache: fetch::bin_folder(),
            path: env::var_os("PATH"),
        }
    }

    /// Where `binary` is, if anywhere.
    #[must_use]
    pub fn find(&self, binary: Binary) -> Option<PathBuf> {
        self.folders().iter().find_map(|folder| {
            binary
                .names()
                .iter()
                .map(|name| folder.join(name))
                .find(|file| is_executable(file))
        })
    }

    /// Where each of `binaries` is, in the same order.
    ///
    /// # Errors
    ///
    /// [`MissingBinaries`], naming all that are missing and not only the first.
    pub fn require(&self, binaries: &[Binary]) -> Result<Vec<PathBuf>, MissingBinaries> {
        let missing: Vec<_> = binaries
            .iter()
            .copied()
            .filter(|binary| self.find(*binary).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(binaries.iter().filter_map(|binary| self.find(*binary)).collect());
        }
        Err(self.without(missing))
    }

    /// Where `binary` is.
    ///
    /// # Errors
    ///
    /// [`MissingBinaries`].
    pub fn require_one(&self, binary: Binary) -> Result<PathBuf, MissingBinaries> {
        self.find(binary).ok_or_else(|| self.without(vec![binary]))
    }

    /// Whether `PATH` has a program of this name.
    pub(crate) fn on_path(&self, program: &str) -> bool {
        self.path_folders()
            .iter()
            .any(|folder| is_executable(&folder.join(program)))
    }

    fn without(&self, missing: Vec<Binary>) -> MissingBinaries {
        MissingBinaries {
            missing,
            places: self.clone(),
            apt: self.on_path("apt-get"),
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<_> = self.chosen.iter().cloned().collect();
        folders.push(self.cache.clone());
        folders.extend(self.path_folders());
        folders
    }

    fn path_folders(&self) -> Vec<PathBuf> {
        let path = self.path.as_deref().unwrap_or(OsStr::new(""));
        // An empty entry would mean the current folder, which is no place for servers.
        env::split_paths(path)
            .filter(|folder| !folder.as_os_str().is_empty())
            .collect()
    }
}

/// Server binaries that were needed and not found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingBinaries {
    missing: Vec<Binary>,
    places: Places,
    apt: bool,
}

impl MissingBinaries {
    /// Which ones.
    #[must_use]
    pub fn binaries(&self) -> &[Binary] {
        &self.missing
    }
}

impl std::error::Error for MissingBinaries {}

impl fmt::Display for MissingBinaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.missing.len();
        let noun = if count == 1 { "binary is" } else { "binaries are" };
        writeln!(f, "{count} server {noun} missing:")?;
        for binary in &self.missing {
            writeln!(f, "  {binary} (Debian package `{}`)", binary.package())?;
        }
        let chosen = match &self.places.chosen {
            Some(folder) => format!("{CHOSEN}={}", folder.display()),
            None => format!("{CHOSEN} (not set)"),
        };
        writeln!(
            f,
            "looked in: {chosen}, then {}, then PATH",
            self.places.cache.display()
        )?;
        if self.apt {
            return write!(
                f,
                "run `cargo xtask servers`: it unpacks them below target/ and installs nothing"
            );
        }
        writeln!(
            f,
            "there is no apt here to fetch them with; get them from their projects' releases:"
        )?;
        let mut pages: Vec<_> = self.missing.iter().map(|binary| binary.releases()).collect();
        pages.dedup();
        for page in pages {
            let from_here: Vec<_> = self
                .missing
                .iter()
                .filter(|binary| binary.releases() == page)
                .map(|binary| binary.name())
                .collect();
            writeln!(f, "  {page} ({})", from_here.join(", "))?;
        }
        write!(
            f,
            "then put them on PATH, or into one folder and its name into {CHOSEN}"
        )
    }
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

const CHOSEN: &str = "SLO_SERVERS_DIR";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temp::TempDir;

    fn put(folder: &Path, name: &str, mode: u32) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    fn places(root: &Path) -> Places {
        Places {
            chosen: Some(root.join("chosen")),
            cache: root.join("cache"),
            path: Some(env::join_paths([root.join("path1"), PathBuf::new(), root.join("path2")]).unwrap()),
        }
    }

    #[test]
    fn the_chosen_folder_wins_then_the_cache_then_path() {
        let root = TempDir::new("slo-e2e-lookup").unwrap();
        let places = places(root.path());
        assert_eq!(places.find(Binary::Promtool), None);
        for folder in ["path2", "path1", "cache", "chosen"] {
            let file = put(&root.path().join(folder), "promtool", 0o755);
            assert_eq!(places.find(Binary::Promtool), Some(file));
        }
    }

    #[test]
    fn a_projects_own_name_is_as_good_as_debians() {
        let root = TempDir::new("slo-e2e-lookup").unwrap();
        let file = put(&root.path().join("path1"), "alertmanager", 0o755);
        assert_eq!(places(root.path()).find(Binary::Alertmanager), Some(file));
    }

    #[test]
    fn a_file_that_cannot_be_run_is_not_found() {
        let root = TempDir::new("slo-e2e-lookup").unwrap();
        put(&root.path().join("chosen"), "promtool", 0o644);
        std::fs::create_dir_all(root.path().join("cache/promtool")).unwrap();
        assert_eq!(places(root.path()).find(Binary::Promtool), None);
        let file = put(&root.path().join("path2"), "promtool", 0o755);
        assert_eq!(places(root.path()).require(&[Binary::Promtool]), Ok(vec![file]));
    }

    #[test]
    fn all_missing_binaries_are_named_with_their_packages_and_the_command_to_run() {
        let root = TempDir::new("slo-e2e-lookup").unwrap();
        put(&root.path().join("path1"), "apt-get", 0o755);
        put(&root.path().join("path1"), "prometheus", 0o755);
        let error = places(root.path())
            .require(&[Binary::VmAgent, Binary::Prometheus, Binary::Amtool])
            .unwrap_err();
        assert_eq!(error.binaries(), [Binary::VmAgent, Binary::Amtool]);
        let one = places(root.path()).require_one(Binary::Amtool).unwrap_err();
        assert_eq!(one.binaries(), [Binary::Amtool]);
        let root = root.path().display();
        assert_eq!(
            error.to_string(),
            format!(
                "2 server binaries are missing:
  vmagent (Debian package `victoria-metrics`)
  amtool (Debian package `prometheus-alertmanager`)
looked in: SLO_SERVERS_DIR={root}/chosen, then {root}/cache, then PATH
run `cargo xtask servers`: it unpacks them below target/ and installs nothing"
            )
        );
    }

    #[test]
    fn without_apt_the_message_says_where_people_get_them() {
        let root = TempDir::new("slo-e2e-lookup").unwrap();
        let places = Places {
            chosen: None,
            ..places(root.path())
        };
        let error = places
            .require(&[Binary::VictoriaMetrics, Binary::VmAgent, Binary::Promtool])
            .unwrap_err();
        let root = root.path().display();
        assert_eq!(
            error.to_string(),
            format!(
                "3 server binaries are missing:
  victoria-metrics (Debian package `victoria-metrics`)
  vmagent (Debian package `victoria-metrics`)
  promtool (Debian package `promtool`)
looked in: SLO_SERVERS_DIR (not set), then {root}/cache, then PATH
there is no apt here to fetch them with; get them from their projects' releases:
  https://github.com/VictoriaMetrics/VictoriaMetrics/releases (victoria-metrics, vmagent)
  https://github.com/prometheus/prometheus/releases (promtool)
then put them on PATH, or into one folder and its name into SLO_SERVERS_DIR"
            )
        );
    }
}
