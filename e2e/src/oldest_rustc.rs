//! The compiler of Debian's suite, which is the oldest that the workspace promises to compile with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::fetch::{FetchError, ROOT, failed, unpacked};
use crate::temp::TempDir;
use crate::workspace::compiler_folder;

/// Makes sure that the compiler is below the workspace's `target/`, fetching it if it is not, and says how to call it.
///
/// What is called is a script: the compiler was made for a newer system than this may be, so it runs with the loader and
/// the libraries of its own. What it makes is linked by this system's linker. Progress goes to standard error.
///
/// # Errors
///
/// [`FetchError`], whose text says what to do.
pub fn ensure_oldest_rustc() -> Result<PathBuf, FetchError> {
    let folder = compiler_folder();
    let script = folder.join(SCRIPT);
    if script.is_file() {
        return Ok(script);
    }
    let parent = folder.parent().unwrap_or(&folder);
    fs::create_dir_all(parent).map_err(failed("make", parent))?;
    let work = TempDir::inside(parent, "unfinished").map_err(failed("make a folder in", parent))?;
    unpacked(work.path(), &PACKAGES, "120 MB")?;
    let root = work.path().join(ROOT);
    let libraries = libraries(&root)?;
    let text = calling(&folder, &libraries);
    let made = root.join(SCRIPT);
    fs::write(&made, text).map_err(failed("write", &made))?;
    fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).map_err(failed("make a program of", &made))?;
    match fs::rename(&root, &folder) {
        // Another process was first.
        Err(_) if script.is_file() => Ok(script),
        renamed => renamed.map(|()| script).map_err(failed("put in place", &folder)),
    }
}

/// The script: paths are those of the folder in the end.
fn calling(folder: &Path, libraries: &Libraries) -> String {
    let Libraries { folder: name, loader } = libraries;
    let root = folder.display();
    format!(
        "#!/bin/sh\nexec '{root}/usr/lib/{name}/{loader}' --library-path '{root}/usr/lib/{name}' '{root}/usr/bin/rustc' \
         --sysroot '{root}/usr' \"$@\"\n"
    )
}

/// Where the libraries of a machine of this kind are, like `x86_64-linux-gnu`, and which of them is the loader.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Libraries {
    folder: String,
    loader: String,
}

fn libraries(root: &Path) -> Result<Libraries, FetchError> {
    let all = root.join("usr/lib");
    let folders = fs::read_dir(&all).map_err(failed("read", &all))?.flatten();
    let loader = |folder: fs::DirEntry| {
        let files = fs::read_dir(folder.path()).ok()?.flatten();
        let mut names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        let loader = names.find(|name| name.starts_with("ld-linux"))?;
        Some(Libraries {
            folder: folder.file_name().to_string_lossy().into_owned(),
            loader,
        })
    };
    let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
    folders
        .into_iter()
        .find_map(loader)
        .ok_or_else(|| failed("find a loader in", &all)(absent))
}

const SCRIPT: &str = "rustc.sh";

/// The compiler and every library that it links, down to libc.
const PACKAGES: [&str; 17] = [
    "libbsd0",
    "libc6",
    "libedit2",
    "libffi8",
    "libgcc-s1",
    "libllvm19",
    "liblzma5",
    "libmd0",
    "libstd-rust-1.85",
    "libstd-rust-dev",
    "libstdc++6",
    "libtinfo6",
    "libxml2",
    "libz3-4",
    "libzstd1",
    "rustc",
    "zlib1g",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_is_found_whatever_the_machine_is_called() {
        let root = TempDir::new("slo-e2e-rustc").unwrap();
        let lib = root.path().join("usr/lib");
        for (folder, file) in [("rustlib", "x"), ("aarch64-linux-gnu", "ld-linux-aarch64.so.1")] {
            fs::create_dir_all(lib.join(folder)).unwrap();
            fs::write(lib.join(folder).join(file), "").unwrap();
        }
        let found = libraries(root.path()).unwrap();
        assert_eq!(
            (found.folder.as_str(), found.loader.as_str()),
            ("aarch64-linux-gnu", "ld-linux-aarch64.so.1")
        );
        let script = calling(Path::new("/a b"), &found);
        assert!(
            script.contains("'/a b/usr/bin/rustc' --sysroot '/a b/usr' \"$@\"\n"),
            "{script}"
        );
    }
}
