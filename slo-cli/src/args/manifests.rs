//! Arguments of `slo manifests`.

use clap::Parser;
use slo_health::probe::ProbeTarget;

use super::gate::any_text;
use super::probed::target;
use super::{Files, Probed};

/// Arguments of `slo manifests`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo manifests --out deploy/                     for the service of slo.yaml here
  slo manifests --out deploy/ --check             in CI: are the committed files up to date?
  slo manifests --out deploy/ --environment staging --prometheus http://victoria:8428
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

    /// The engine that the gate and the analysis ask, and that telemetry is written to.
    #[arg(long, value_name = "URL", default_value = "http://prometheus:9090", value_parser = address)]
    pub prometheus: String,

    /// What probes ask, without the path; the service's name by default.
    #[arg(long, value_name = "URL", value_parser = target)]
    pub target: Option<ProbeTarget>,

    /// The container image that has this tool in it.
    #[arg(long, value_name = "IMAGE", default_value = concat!("slo:", env!("CARGO_PKG_VERSION")))]
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

    /// When the commit was made, for the gate: a bypass that names no end holds for a day from then on.
    #[arg(long, value_name = "TIME", default_value = "", hide_default_value = true)]
    pub committed_at: String,
}

/// An address of a server, without a question or a fragment.
fn address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let sign =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'?' | b'#' | b'\\' | b'`');
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(sign) => Ok(text.to_owned()),
        _ => Err("write an address, like `http://prometheus:9090`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};

    #[test]
    fn addresses_are_checked() {
        for good in ["http://prometheus:9090", "https://user@[::1]:8428/select/0/prometheus/"] {
            assert_eq!(address(good), Ok(good.to_owned()));
        }
        for wrong in [
            "",
            "prometheus:9090",
            "http://",
            "http:///a",
            "http://a b",
            "http://a\n",
            "http://a?b",
            "http://ü",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
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
