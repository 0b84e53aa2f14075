//! What tests of commands that write files share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that vanishes with its owner.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> std::io::Result<Self> {
        // Relaxed: the number only has to differ from call to call.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "slo-cli-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is in a folder meant for such leftovers.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
