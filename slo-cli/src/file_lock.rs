//! A file that one process at a time holds. Elsewhere than on Unix everybody holds it.

use std::fs::File;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// Whether it is ours, having waited for so long at most; until the file is closed.
pub(crate) fn lock_within(file: &File, time: Duration) -> io::Result<bool> {
    let began = Instant::now();
    loop {
        if try_lock(file)? {
            return Ok(true);
        }
        if began.elapsed() >= time {
            return Ok(false);
        }
        thread::sleep(BETWEEN);
    }
}

/// Whether it is ours now; until the file is closed.
#[cfg(unix)]
fn try_lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn try_lock(_: &File) -> io::Result<bool> {
    Ok(true)
}

const BETWEEN: Duration = Duration::from_millis(50);
