//! Arguments of `slo manifests`.

use clap::Parser;
use slo_health::probe::{ExporterAddress, ProbeTarget};

use super::gate::{any_text, moment};
use super::image::image;
use super::probed::target_with_labels;
use super::{Files, ProbeTimes, Probed};

/// Arguments of `slo manifests`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo manifests --out deploy/                     for the service of slo.yaml here
  slo manifests --out deploy/ --check             in CI: are the committed files up to date?
  slo manifests --out deploy/ --environment staging --prometheus http://victoria:8428
  slo manifests --out deploy/ --prometheus https://mimir/prometheus --remote-write https://mimir/api/v1/push \\
    --tenant team-a
  slo manifests --out deploy/ --revision \"$REVISION\" --message \"$MESSAGE\" --author \"$AUTHOR\" \\
    --committed-at \"$COMMITTED_AT\"              in CI, before a deploy: what the gate cannot see by itself
  git show main:slo.yaml | slo manifests - --out deploy/

Exit codes: 0 written or up to date, 1 out of date (--check), 2 a spec is wrong or cannot be read,
3 a file cannot be written or compared")]
#[non_exhaustive]
pub struct ManifestsArgs {
    /// From where, and whereto.
    #[command(flatten)]
    pub files: Files,

    /// Where probes run, and the rest with them.
    #[command(flatten)]
    pub probed: Probed,

    /// The engine that the gate and the analysis ask: what stands before `/api/v1`, without a user.
    #[arg(long, value_name = "URL", default_value = "http://prometheus:9090")]
    pub prometheus: String,

    /// Where telemetry is written to, by remote write; `/api/v1/write` of the engine where that has no path of its own.
    #[arg(long, value_name = "URL")]
    pub remote_write: Option<String>,

    /// The tenant of a store that has several, like Mimir: `X-Scope-OrgID` with all that is asked and written.
    #[arg(long, value_name = "ID", value_parser = tenant)]
    pub tenant: Option<String>,

    /// An Alertmanager that Prometheus tells; may be given several times, for all of a cluster.
    #[arg(
        long = "alertmanager",
        value_name = "HOST:PORT",
        default_value = "alertmanager:9093",
        value_parser = host_and_port
    )]
    pub alertmanagers: Vec<String>,

    /// An instance or entrance to probe, without the path, and labels for its series; may be given several times. The
    /// service's name by default. As `slo probes`, and so are the times.
    #[arg(long = "target", value_name = "URL[,LABEL=VALUE]", value_parser = target_with_labels)]
    pub targets: Vec<ProbeTarget>,

    /// Who waits how long, but for people.
    #[command(flatten)]
    pub times: ProbeTimes,

    /// The container image that has this tool in it.
    #[arg(
        long,
        value_name = "IMAGE",
        default_value = concat!("slo:", env!("CARGO_PKG_VERSION")),
        value_parser = image
    )]
    pub image: String,

    /// The revision that is deployed, for the gate.
    #[arg(long, value_name = "REVISION", default_value = "", hide_default_value = true)]
    pub revision: String,

    /// The commit's message, for the gate: a bypass stands in it.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true,
        value_parser = any_text()
    )]
    pub message: String,

    /// Who deploys, for the gate.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, value_parser = any_text())]
    pub author: String,

    /// When the commit was made, for the gate, like `2026-01-01T12:00:00Z` (git's `%cI`): a bypass that names no end holds for a
    /// day from then on.
    #[arg(long, value_name = "TIME", default_value = "", hide_default_value = true, value_parser = committed_at)]
    pub committed_at: String,
}

/// When a commit was made, as the gate reads it; nothing where CI does not know it.
fn committed_at(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Ok(String::new()),
        text if moment(text).is_some() => Ok(text.to_owned()),
        _ => Err("write what `git log -1 --format=%cI` says, like `2026-01-01T12:00:00Z`".to_owned()),
    }
}

/// A tenant, as Mimir and its kin name them: <https://grafana.com/docs/mimir/latest/configure/about-tenant-ids/>.
fn tenant(text: &str) -> Result<String, String> {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*'()".contains(&byte);
    let is_tenant =
        (1..=150).contains(&text.len()) && text.bytes().all(is_sign) && ![".", "..", "__mimir_cluster"].contains(&text);
    is_tenant
        .then(|| text.to_owned())
        .ok_or_else(|| "write a name of up to 150 letters, digits and `!-_.*'()`, like `team-a`; one alone".to_owned())
}

/// A host and a port, as Prometheus writes them.
fn host_and_port(text: &str) -> Result<String, String> {
    let address: Result<ExporterAddress, _> = text.parse();
    match address {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err("write a host and a port, like `alertmanager:9093`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};

    #[test]
    fn when_a_commit_was_made_is_a_time_that_the_gate_reads_or_nothing() {
        for good in ["", "2026-01-01T12:00:00Z", "2026-01-01T12:00:00+09:00"] {
            assert_eq!(committed_at(good), Ok(good.to_owned()));
        }
        for wrong in ["yesterday", "2026-01-01 10:00", "2026-01-01", "1767225600"] {
            let said = committed_at(wrong).unwrap_err();
            assert!(said.contains("`git log -1 --format=%cI`"), "{wrong}: {said}");
        }
    }

    #[test]
    fn a_tenant_is_one_that_mimir_takes() {
        let longest = "a".repeat(150);
        for good in ["team-a", "0", "...", "A!_.*'()z", longest.as_str()] {
            assert_eq!(tenant(good), Ok(good.to_owned()));
        }
        let longer = "a".repeat(151);
        for wrong in [
            "",
            ".",
            "..",
            "__mimir_cluster",
            "a|b",
            "a b",
            "a/b",
            "a,b",
            "a^^b:c",
            "$(A)",
            "ü",
            "a\n",
            longer.as_str(),
        ] {
            assert!(tenant(wrong).unwrap_err().contains("like `team-a`"), "{wrong:?}");
        }
    }

    #[test]
    fn an_alertmanager_is_a_host_and_a_port() {
        assert_eq!(host_and_port("am-0.am:9093"), Ok("am-0.am:9093".to_owned()));
        for wrong in ["", "alertmanager", "http://alertmanager:9093", "a:0", "a b:1"] {
            assert!(
                host_and_port(wrong).unwrap_err().contains("`alertmanager:9093`"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_message_may_begin_with_a_dash() {
        let words = ["slo", "manifests", "--out", "a", "--message", "-- fix"];
        let Command::Manifests(args) = Args::try_parse_from(words).unwrap().command else {
            panic!("{words:?}")
        };
        assert_eq!(args.message, "-- fix");
    }
}
