//! What commands share that write of probes.

use std::time::Duration;

use slo_health::probe::{ExporterAddress, ProbeKitBuilder, ProbeTarget};

use super::time;

use crate::render::short_name::dns_label;

/// Where probes run. The same words for every command, as the names of jobs follow from them.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct Probed {
    /// Where the files are used: deployment.environment.name, as the service says it.
    #[arg(long, value_name = "NAME", default_value = USUAL_ENVIRONMENT, value_parser = environment_name)]
    pub environment: String,

    /// The service's namespace, as in `service.namespace`, where it has one: two services of one name are told apart by it.
    #[arg(long, value_name = "NAME", value_parser = namespace_name)]
    pub namespace: Option<String>,

    /// Where Blackbox exporter listens, as its scraper finds it.
    #[arg(long, value_name = "HOST:PORT", default_value = "blackbox-exporter:9115")]
    pub exporter: ExporterAddress,

    /// The name of the exporter's module for freshness alone; the one that rules need has `_answered` appended.
    #[arg(long, value_name = "NAME", default_value = "freshness")]
    pub module: String,
}

/// Who waits how long for a probe: the service, the exporter for it, and the scrape for the exporter. The same words for every
/// command, as scrape jobs and Probe objects take the place of one another.
#[derive(Clone, Copy, Debug, clap::Args)]
#[non_exhaustive]
pub struct ProbeTimes {
    /// How often each target is probed, from 1s to 120s.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30s")]
    pub interval: Duration,

    /// After what a scrape of the exporter is given up.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s")]
    pub scrape_timeout: Duration,

    /// Within what the service answers every request, whatever its checks do.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "5s")]
    pub deadline: Duration,

    /// After what the exporter gives up a target; in the middle of the two by default.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub module_timeout: Option<Duration>,
}

impl ProbeTimes {
    /// As a kit takes it.
    pub(crate) fn of_kit(self, builder: ProbeKitBuilder) -> ProbeKitBuilder {
        let builder = builder
            .interval(self.interval)
            .scrape_timeout(self.scrape_timeout)
            .deadline(self.deadline);
        self.module_timeout
            .into_iter()
            .fold(builder, ProbeKitBuilder::module_timeout)
    }
}

/// The environment where nothing is said: the numbers of a spec hold there as written, unless it says otherwise.
pub(crate) const USUAL_ENVIRONMENT: &str = "production";

/// What is probed where nothing is said: the service by its name, as in Kubernetes.
pub(crate) fn usual_target(service: &str) -> String {
    format!("http://{}", dns_label(service))
}

/// A name that a spec takes for an environment.
fn environment_name(text: &str) -> Result<String, String> {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=63).contains(&text.len()) && text.bytes().all(sign) {
        Ok(text.to_owned())
    } else {
        Err("write 1 to 63 letters, digits, `-`, `_` and `.`, like `production`".to_owned())
    }
}

/// The name of a namespace in telemetry.
pub(super) fn namespace_name(text: &str) -> Result<String, String> {
    name_of_telemetry(text, "sales")
}

/// The name of an environment in telemetry, which need not be one of a spec.
pub(super) fn environment_label(text: &str) -> Result<String, String> {
    name_of_telemetry(text, "production")
}

/// A text that stays one line and begins no template wherever it is written.
fn name_of_telemetry(text: &str, example: &str) -> Result<String, String> {
    let is_text = !text.trim().is_empty() && !text.contains(char::is_control) && !text.contains("{{");
    is_text
        .then(|| text.to_owned())
        .ok_or_else(|| format!("write the name that the service's telemetry has, like `{example}`"))
}

/// An address to probe, without the endpoint's path.
fn target(text: &str) -> Result<ProbeTarget, String> {
    ProbeTarget::new(text).map_err(|error| error.to_string())
}

/// An address and labels: `https://kr.shop.example,region=kr,zone=a`.
pub(super) fn target_with_labels(text: &str) -> Result<ProbeTarget, String> {
    let mut pieces = text.split(',');
    let base = target(pieces.next().unwrap_or_default())?;
    pieces.try_fold(base, |target, piece| match piece.split_once('=') {
        Some((name, _)) if target.labels().any(|(known, _)| known == name) => Err(format!(
            "the label `{name}` is given twice for one target; write it once"
        )),
        Some((name, value)) => Ok(target.label(name, value)),
        None => Err(format!(
            "`{piece}` is no label; write a name and a value, like `https://shop.example,region=kr`"
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_words() {
        assert_eq!(environment_name("prod-eu.1"), Ok("prod-eu.1".to_owned()));
        for wrong in ["", "a b", "a\"", &"a".repeat(64)] {
            assert!(environment_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn namespaces_are_texts() {
        for right in ["sales", "com.example/sales", "판매 1"] {
            assert_eq!(namespace_name(right), Ok(right.to_owned()));
        }
        for wrong in ["", " ", "a\nb", "{{ a }}"] {
            assert!(namespace_name(wrong).is_err(), "{wrong:?}");
            assert!(
                environment_label(wrong).unwrap_err().contains("`production`"),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_target_has_labels_of_its_own() {
        let target = target_with_labels("https://kr.shop.example/,region=kr,note=a=b").unwrap();
        let expected = ProbeTarget::new("https://kr.shop.example").unwrap();
        assert_eq!(target, expected.label("region", "kr").label("note", "a=b"));
        for wrong in [
            "",
            "shop.example",
            "http://",
            "http:///a",
            "http://a b",
            "http://a?b",
            "http://u@a",
            "http://ü",
        ] {
            assert!(target_with_labels(wrong).is_err(), "{wrong}");
        }
        let refused = target_with_labels("https://a,kr").unwrap_err();
        assert!(refused.starts_with("`kr` is no label; write"), "{refused}");
        let twice = target_with_labels("https://a,region=kr,region=us").unwrap_err();
        assert_eq!(twice, "the label `region` is given twice for one target; write it once");
        let port = target_with_labels("https://a:abc").unwrap_err();
        assert!(port.contains("write one from 1 to 65535"), "{port}");
    }
}
