//! Where the workspace is, and what belongs below its `target/`.

use std::path::{Path, PathBuf};

/// The folder of the workspace's `Cargo.toml`.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where unpacked servers are kept.
///
/// Always the workspace's own `target/`, whatever `CARGO_TARGET_DIR` says: builds into several target folders share
/// one copy of 400 MB, and `cargo clean` still removes it.
pub(crate) fn servers_folder() -> PathBuf {
    workspace_root().join("target").join("servers")
}

/// Where the oldest compiler is kept.
pub(crate) fn compiler_folder() -> PathBuf {
    workspace_root().join("target").join("compiler").join("oldest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_manifest_that_lists_this_crate() {
        let manifest = std::fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[workspace]") && manifest.contains("\"e2e\""),
            "{manifest}"
        );
    }
}
