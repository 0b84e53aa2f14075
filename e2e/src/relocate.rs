//! Letting an unpacked Alertmanager find its files.
//!
//! Debian's build has its templates not inside but in a folder that is written into the program, and there is no flag
//! for it: unpacked and not installed, it refuses to start. Installing is not ours to do, and a mount of our own needs
//! rights that containers do not have. So the absolute folder's name becomes a relative one of the same length, which
//! starts at the folder the program is started in: [`root_of`] says which.

use std::io;
use std::path::Path;

/// Rewrites the folder's name in `program`, in place. A program that does not have it stays as it is.
pub(crate) fn relocate(program: &Path) -> io::Result<()> {
    let bytes = std::fs::read(program)?;
    match replaced(&bytes) {
        // Writing to the file keeps its mode: it stays executable.
        Some(relocated) => std::fs::write(program, relocated),
        None => Ok(()),
    }
}

/// The folder below which `program`'s package is unpacked, or installed: three levels up from `usr/bin/program`.
pub(crate) fn root_of(program: &Path) -> Option<&Path> {
    let bin = program.parent()?;
    bin.ends_with("usr/bin").then(|| bin.parent()?.parent())?
}

fn replaced(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut relocated = bytes.to_vec();
    let mut from = 0;
    while let Some(at) = bytes[from..]
        .windows(ABSOLUTE.len())
        .position(|window| window == ABSOLUTE)
    {
        relocated[from + at..][..ABSOLUTE.len()].copy_from_slice(RELATIVE);
        from += at + ABSOLUTE.len();
    }
    (from > 0).then_some(relocated)
}

const ABSOLUTE: &[u8; 34] = b"/usr/share/prometheus/alertmanager";
/// Of the same length, because lengths are written into the program as well; a doubled slash is harmless.
const RELATIVE: &[u8; 34] = b"usr/share/prometheus/alertmanager/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_becomes_relative_and_nothing_moves() {
        let program = b"\x00one/usr/share/prometheus/alertmanagertwo/usr/share/prometheus/alertmanager/ui/\xff";
        let relocated = b"\x00oneusr/share/prometheus/alertmanager/twousr/share/prometheus/alertmanager//ui/\xff";
        assert_eq!(replaced(program).as_deref(), Some(relocated.as_slice()));
    }

    #[test]
    fn a_program_without_the_folder_is_left_alone() {
        for program in ["", "/usr/share/prometheus/alertmanage", "program"] {
            assert_eq!(replaced(program.as_bytes()), None);
        }
    }

    #[test]
    fn the_root_is_three_levels_up() {
        assert_eq!(root_of(Path::new("/t/trixie/usr/bin/x")), Some(Path::new("/t/trixie")));
        assert_eq!(root_of(Path::new("/usr/bin/x")), Some(Path::new("/")));
        assert_eq!(root_of(Path::new("/opt/servers/x")), None);
    }
}
