//! CPU time of processes, as Linux counts it: neighbours on a busy machine change it little.

use e2e::{Failure, Server};

/// CPU time that a server has taken so far, in seconds.
pub(crate) fn cpu_seconds(server: &mut Server) -> Result<f64, Failure> {
    seconds(&format!("/proc/{}/stat", server.process().id()), OWN)
}

/// CPU time of processes that this one has started and seen the end of, in seconds.
pub(crate) fn childrens_cpu_seconds() -> Result<f64, Failure> {
    seconds("/proc/self/stat", CHILDREN)
}

fn seconds(file: &str, times: usize) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(file)?;
    ticks(&stat, times)
        .map(|ticks| ticks / TICKS_A_SECOND)
        .ok_or_else(|| Failure::new(format!("{file} has no times: {stat}")))
}

/// In user and in system mode; the name before them may hold anything, and ends with the last parenthesis.
fn ticks(stat: &str, times: usize) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(times);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

/// Fields between the name and `utime` (`man 5 proc`).
const OWN: usize = 11;
/// Fields between the name and `cutime`.
const CHILDREN: usize = 13;
/// Linux says 100 to everybody, whatever it counts itself (`man 5 proc`, `USER_HZ`).
const TICKS_A_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_any_name() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 120 30 7 1 20";
        assert_eq!(ticks(stat, OWN), Some(150.0));
        assert_eq!(ticks(stat, CHILDREN), Some(8.0));
        assert_eq!(ticks("nonsense", OWN), None);
    }
}
