//! Folders of files, and those that are committed.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

pub(crate) type Files = BTreeMap<String, String>;

/// All files below a folder, by their path in it.
pub(crate) fn read(folder: &Path) -> Result<Files, Box<dyn Error>> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("no name")?.to_string_lossy().into_owned();
        if path.is_dir() {
            let inner = read(&path)?
                .into_iter()
                .map(|(inner, text)| (format!("{name}/{inner}"), text));
            files.extend(inner);
        } else {
            files.insert(name, std::fs::read_to_string(path)?);
        }
    }
    Ok(files)
}

/// Compares with the committed files; with `SLO_BLESS` set, writes them before.
pub(crate) fn assert_committed(files: &Files, golden: &Path) -> Result<(), Box<dyn Error>> {
    if std::env::var_os("SLO_BLESS").is_some() {
        for (name, content) in files {
            let path = golden.join(name);
            std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
            std::fs::write(path, content)?;
        }
    }
    assert_eq!(files, &read(golden)?, "SLO_BLESS=1 writes them anew");
    Ok(())
}
