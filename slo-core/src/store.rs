//! The file that keeps a snapshot: the only I/O of this crate.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Snapshot;

/// A file that holds one [`Snapshot`], whole or not at all.
///
/// Written beside itself, flushed to the disk and then renamed, so that a crash leaves the old one or the new one. Read
/// with its length and checksum; what is not trusted is kept aside under another name, for whoever wants to know.
///
/// Both block: call them off an async runtime. One process writes it at a time.
///
/// # Examples
///
/// ```
/// use slo_core::{Snapshot, SnapshotFile};
///
/// # let folder = std::env::temp_dir().join(format!("slo-core-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let file = SnapshotFile::new(folder.join("slo.snapshot"));
/// assert_eq!(file.load("real-estate")?, None); // the first start
/// let snapshot = Snapshot::new("real-estate", "instance-1");
/// file.save(&snapshot)?;
/// assert_eq!(file.load("real-estate")?, Some(snapshot));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SnapshotFile {
    path: PathBuf,
}

/// The first line of the file; the snapshot follows as one line of JSON.
#[derive(Debug, Deserialize, Serialize)]
struct Header {
    format: String,
    version: u32,
    bytes: u64,
    crc32: u32,
}

const FORMAT: &str = "slo-snapshot";
const VERSION: u32 = 1;

/// A thousand SLOs are some 50 MB.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// How many rejected files may lie beside each other.
const MAX_KEPT: u32 = 99;

/// Why there is no snapshot to go on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file could not be read; it stays where it is.
    #[error("{}: cannot be read: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The file was read and is not trusted.
    #[error("{}: {reason}; {}", path.display(), KeptAs(kept_as))]
    Rejected {
        /// The file.
        path: PathBuf,
        /// Why it is not trusted.
        reason: Rejection,
        /// Where it lies now; the system's reason when it could not be renamed, and is still in its place.
        kept_as: Result<PathBuf, io::Error>,
    },
}

/// Why a file is not trusted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// It does not begin as a snapshot does.
    #[error("this is not a snapshot")]
    NotASnapshot,
    /// A later release wrote it.
    #[error("this is a snapshot of version {found}, and this release reads version {VERSION}")]
    FutureVersion {
        /// Its version.
        found: u32,
    },
    /// It is shorter or longer than it says.
    #[error("this snapshot has {found} bytes where it says {expected}")]
    Length {
        /// What it says, in bytes.
        expected: u64,
        /// What there is, in bytes.
        found: u64,
    },
    /// Its content is not what was written.
    #[error("this snapshot is damaged: its checksum is wrong")]
    Checksum,
    /// Its content makes no sense; holds why.
    #[error("this snapshot makes no sense: {0}")]
    Senseless(String),
    /// Another service wrote it.
    #[error("this is the snapshot of `{service}`")]
    Foreign {
        /// The service that wrote it.
        service: String,
    },
}

struct KeptAs<'e>(&'e Result<PathBuf, io::Error>);

impl std::fmt::Display for KeptAs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Ok(path) => write!(f, "kept as {}, and measuring begins anew", path.display()),
            Err(error) => write!(f, "measuring begins anew, and it could not be kept aside: {error}"),
        }
    }
}

impl SnapshotFile {
    /// A file that need not be there yet; its folder must.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file's content, whole or not at all.
    ///
    /// # Errors
    ///
    /// What the system says; the old content is still there then.
    pub fn save(&self, snapshot: &Snapshot) -> io::Result<()> {
        let mut body = serde_json::to_vec(snapshot)?;
        body.push(b'\n');
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            bytes: body.len() as u64,
            crc32: crc32fast::hash(&body),
        };
        let mut head = serde_json::to_vec(&header)?;
        head.push(b'\n');

        // The process's number keeps an old process, still writing while its successor starts, out of our file.
        let beside = self.beside(&format!("writing-{}", std::process::id()));
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(&head)?;
            file.write_all(&body)?;
            file.sync_all()
        });
        let done = written.and_then(|()| fs::rename(&beside, &self.path));
        if done.is_err() {
            // The first reason is the one to tell.
            let _ = fs::remove_file(&beside);
        }
        done?;
        // The rename is on the disk only when its folder is.
        match self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => File::open(".")?.sync_all(),
        }
    }

    /// The snapshot of `service`, or `None` when there is no file.
    ///
    /// # Errors
    ///
    /// [`LoadError::Io`] when it cannot be read, [`LoadError::Rejected`] when it is not trusted: truncated, damaged,
    /// another service's or a later release's. Start without it then; the file is kept under another name.
    pub fn load(&self, service: &str) -> Result<Option<Snapshot>, LoadError> {
        let bytes = match self.read() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(reason) => {
                let path = self.path.clone();
                return Err(LoadError::Io { path, reason });
            }
        };
        open(&bytes, service).map(Some).map_err(|reason| LoadError::Rejected {
            path: self.path.clone(),
            reason,
            kept_as: self.keep_aside(),
        })
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(&self.path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn keep_aside(&self) -> io::Result<PathBuf> {
        let free = (1..=MAX_KEPT).map(|number| self.beside(&format!("rejected-{number}")));
        let free = free.into_iter().find(|path| !path.exists());
        let path = free.ok_or_else(|| io::Error::other("there are 99 of them already"))?;
        fs::rename(&self.path, &path)?;
        Ok(path)
    }

    /// The file's own name with an ending.
    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(".");
        name.push(ending);
        name.into()
    }
}

/// Reads what a file holds, and trusts nothing of it.
fn open(bytes: &[u8], service: &str) -> Result<Snapshot, Rejection> {
    let (head, body) = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map(|end| (&bytes[..end], &bytes[end + 1..]))
        .ok_or(Rejection::NotASnapshot)?;
    let header: Header = serde_json::from_slice(head).map_err(|_| Rejection::NotASnapshot)?;
    if header.format != FORMAT || header.version == 0 {
        return Err(Rejection::NotASnapshot);
    }
    if header.version != VERSION {
        let found = header.version;
        return Err(Rejection::FutureVersion { found });
    }
    let (expected, found) = (header.bytes, body.len() as u64);
    if expected != found {
        return Err(Rejection::Length { expected, found });
    }
    if crc32fast::hash(body) != header.crc32 {
        return Err(Rejection::Checksum);
    }
    let snapshot: Snapshot = serde_json::from_slice(body).map_err(|error| Rejection::Senseless(error.to_string()))?;
    if snapshot.service() == service {
        Ok(snapshot)
    } else {
        let service = snapshot.service().to_owned();
        Err(Rejection::Foreign { service })
    }
}

#[cfg(test)]
mod tests;
