//! Folders that vanish with their owner.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of one's own, removed with all it holds when dropped.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Makes a new folder below the system's folder for temporary files.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn new(prefix: &str) -> io::Result<Self> {
        Self::inside(&std::env::temp_dir(), prefix)
    }

    /// Makes a new folder below `parent`, which must exist.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn inside(parent: &Path, prefix: &str) -> io::Result<Self> {
        // Relaxed: the number only has to differ from call to call, it orders nothing.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{prefix}-{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                // Left behind by an earlier process with the same id.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TempDir {
    // Must not panic. What cannot be removed now is in a folder meant for such leftovers.
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_folders_differ_and_both_vanish() {
        let one = TempDir::new("slo-e2e-temp").unwrap();
        let two = TempDir::new("slo-e2e-temp").unwrap();
        assert_ne!(one.path(), two.path());
        std::fs::write(one.path().join("file"), "content").unwrap();
        let paths = [one.path().to_path_buf(), two.path().to_path_buf()];
        assert!(paths.iter().all(|path| path.is_dir()));
        drop((one, two));
        assert!(paths.iter().all(|path| !path.exists()));
    }
}
