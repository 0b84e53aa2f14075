//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;

/// A small real-estate service whose promises are measured while it serves.
#[derive(Clone, Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,

    /// File with the promises; the one built into the program when left out
    #[arg(long, value_name = "PATH")]
    pub(crate) slo: Option<PathBuf>,

    /// SQLite file, created and filled when it is not there; in memory when left out
    #[arg(long, value_name = "PATH")]
    pub(crate) database: Option<PathBuf>,

    /// File in which the promises' windows outlive a restart, one per instance; nothing is remembered when left out
    #[arg(long, value_name = "PATH")]
    pub(crate) snapshot: Option<PathBuf>,

    /// Time between two snapshots: what a killed service forgets
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1m", requires = "snapshot")]
    pub(crate) snapshot_every: Duration,

    /// Where the service runs, for `deployment.environment.name`: `dev`, `production`
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// Time between two imports of transactions [default: 30s, with --demo 2s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    import_every: Option<Duration>,

    /// Starts with the import standing still
    #[arg(long)]
    pub(crate) stall_import: bool,

    /// Age up to which the newest transaction is fresh [default: 35d, with --demo 6s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    fresh_within: Option<Duration>,

    /// Time after which a request is answered with 408
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "5s")]
    pub(crate) request_timeout: Duration,

    /// Time that requests in flight get to finish at shutdown; the last push gets 5s more
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "5s")]
    pub(crate) drain_within: Duration,

    /// Obeys the header `Demo-Fault` and serves /admin/import/{stall,resume}; for tests, never for production
    #[arg(long)]
    allow_faults: bool,

    /// Drives itself with mixed traffic, failures included, and prints how the budgets do; implies --allow-faults
    #[arg(long)]
    pub(crate) demo: bool,

    /// Ends the demo after this time instead of at Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = time, requires = "demo")]
    pub(crate) demo_for: Option<Duration>,
}

impl Args {
    /// Whether clients may ask for failures.
    pub(crate) fn allow_faults(&self) -> bool {
        self.allow_faults || self.demo
    }

    /// Time between two imports.
    pub(crate) fn import_every(&self) -> Duration {
        self.import_every
            .unwrap_or(Duration::from_secs(if self.demo { 2 } else { 30 }))
    }

    /// Age up to which the newest transaction is fresh.
    pub(crate) fn fresh_within(&self) -> Duration {
        // A monthly batch: the longest month, and four days of grace for the office that publishes it.
        self.fresh_within
            .unwrap_or(Duration::from_secs(if self.demo { 6 } else { 35 * DAY }))
    }
}

/// Reads a whole number with a unit: `500ms`, `30s`, `2m`, `26h`, `31d`; never zero.
fn time(text: &str) -> Result<Duration, NotATime> {
    let digits = text.trim_end_matches(|sign: char| sign.is_ascii_lowercase());
    let (number, unit) = text.split_at(digits.len());
    let number = number.parse::<u64>().map_err(|_| NotATime)?;
    let time = match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3_600).map(Duration::from_secs),
        "d" => number.checked_mul(DAY).map(Duration::from_secs),
        _ => None,
    };
    // A century is as good as for ever, and can still be added to any instant.
    time.filter(|time| !time.is_zero() && *time <= Duration::from_secs(36_525 * DAY))
        .ok_or(NotATime)
}

/// Why a text is not a time.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("write a whole number above 0 and a unit (ms, s, m, h, d), like `30s` or `31d`")]
struct NotATime;

const DAY: u64 = 86_400;

const AFTER_HELP: &str = "\
Pushes its metrics over OTLP when OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is set.
Exit codes: 0 stopped as asked, 1 could not run, 2 wrong usage or wrong slo.yaml.";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Args {
        Args::try_parse_from([&["real-estate"], line].concat()).unwrap()
    }

    #[test]
    fn times_have_a_unit() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("31d", 2_678_400_000),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "30",
            "0s",
            "-1s",
            "+ 1s",
            "1.5s",
            "3 s",
            "3w",
            "3S",
            "18446744073709551615d",
            "99999d",
        ] {
            assert_eq!(time(text), Err(NotATime), "{text:?}");
        }
    }

    #[test]
    fn the_demo_has_a_faster_life_unless_told_otherwise() {
        let (plain, demo) = (parsed(&[]), parsed(&["--demo"]));
        assert!(!plain.allow_faults() && demo.allow_faults());
        assert_eq!(
            (plain.import_every().as_secs(), plain.fresh_within().as_secs()),
            (30, 35 * DAY)
        );
        assert_eq!((demo.import_every().as_secs(), demo.fresh_within().as_secs()), (2, 6));
        let told = parsed(&["--demo", "--import-every", "1s", "--fresh-within", "1h"]);
        assert_eq!(
            (told.import_every().as_secs(), told.fresh_within().as_secs()),
            (1, 3_600)
        );
    }

    #[test]
    fn a_time_for_the_demo_needs_the_demo() {
        assert!(Args::try_parse_from(["real-estate", "--for", "60s"]).is_err());
        assert_eq!(
            parsed(&["--demo", "--for", "60s"]).demo_for,
            Some(Duration::from_secs(60))
        );
    }
}
