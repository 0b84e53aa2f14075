//! A folder with what could not be told: one file a run, the oldest first by name.
//!
//! A file is written beside its place and renamed into it, so that whoever reads sees all of it or nothing. There are at
//! most [`MOST`] of them, each some kilobytes. No address and no secret is in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::notice::Notice;
use crate::file_lock;

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Spool(PathBuf);

/// A file in it.
pub(super) struct Entry {
    pub(super) name: String,
    /// `None` for what cannot be read as one.
    pub(super) notice: Option<Notice>,
}

/// Why something is not in the spool, or cannot be got out of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{MOST} wait in it already; see why nobody can be told")]
    Full,
    #[error("another run has been telling for {}", humantime::format_duration(*.0))]
    Busy(Duration),
}

impl Spool {
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Keeps a notice, unless nobody has to be told.
    pub(super) fn put(&self, notice: &Notice) -> Result<(), SpoolError> {
        if notice.to_tell.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(&self.0)?;
        if self.names()?.len() >= MOST {
            return Err(SpoolError::Full);
        }
        let at = notice.decided_at.timestamp_nanos_opt().unwrap_or_default().max(0);
        self.write(&format!("{at:020}-{}{END}", notice.run), notice)
    }

    /// Whole or not at all, and on the disk when this returns.
    pub(super) fn write(&self, name: &str, notice: &Notice) -> Result<(), SpoolError> {
        let unfinished = self.0.join(format!("{name}{UNFINISHED}"));
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(notice)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.0.join(name))?;
        self.sync()
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), SpoolError> {
        fs::remove_file(self.0.join(name))?;
        self.sync()
    }

    /// The oldest first.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, SpoolError> {
        let mut names = self.names()?;
        names.sort_unstable();
        let entry = |name: String| {
            let text = fs::read(self.0.join(&name));
            let notice = text.ok().and_then(|text| serde_json::from_slice(&text).ok());
            Entry { name, notice }
        };
        Ok(names.into_iter().map(entry).collect())
    }

    /// So that two runs do not tell the same; until it is dropped.
    pub(super) fn lock(&self, within: Duration) -> Result<Option<File>, SpoolError> {
        if !self.0.is_dir() {
            return Ok(None);
        }
        let file = OpenOptions::new().create(true).append(true).open(self.0.join("lock"))?;
        if !file_lock::lock_within(&file, within)? {
            return Err(SpoolError::Busy(within));
        }
        self.sweep()?;
        Ok(Some(file))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.files(END)
    }

    fn files(&self, end: &str) -> io::Result<Vec<String>> {
        let folder = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            folder => folder?,
        };
        let mut names = Vec::new();
        for file in folder {
            let name = file?.file_name().to_string_lossy().into_owned();
            if name.ends_with(end) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Removes what runs that were ended did not finish.
    fn sweep(&self) -> io::Result<()> {
        for name in self.files(UNFINISHED)? {
            let path = self.0.join(name);
            if is_old(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// A name that is not on the disk is gone after a crash, whatever was written under it.
    #[cfg(unix)]
    fn sync(&self) -> Result<(), SpoolError> {
        Ok(File::open(&self.0)?.sync_all()?)
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix, where folders are files")]
    fn sync(&self) -> Result<(), SpoolError> {
        Ok(())
    }
}

/// Nobody writes for as long as this.
fn is_old(path: &Path) -> bool {
    let written = fs::metadata(path).and_then(|file| file.modified());
    written.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > ABANDONED))
}

/// How many can wait.
pub(super) const MOST: usize = 256;
const END: &str = ".json";
const UNFINISHED: &str = ".unfinished";
const ABANDONED: Duration = Duration::from_secs(3_600);
