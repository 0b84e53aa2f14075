//! Whose series it is: the labels that rules keep, and how raw series get them.

use slo_core::names;

use super::promql;
use crate::args::Identity;

/// The label by which Prometheus knows a service.
pub(crate) const JOB: &str = "job";
const INSTANCE: &str = "instance";

impl Identity {
    /// The labels of a service, as rules record them.
    pub(crate) const fn service_labels(self) -> &'static [&'static str] {
        const SERVICE: &str = names::SERVICE_NAME.label;
        const NAMESPACE: &str = names::SERVICE_NAMESPACE.label;
        const ENVIRONMENT: &str = names::DEPLOYMENT_ENVIRONMENT_NAME.label;
        match self {
            Self::Promoted => &[SERVICE, NAMESPACE, ENVIRONMENT],
            Self::Job => &[JOB, SERVICE, NAMESPACE],
            Self::TargetInfo => &[JOB, SERVICE, NAMESPACE, ENVIRONMENT],
        }
    }

    /// Those by which what probes record is known to be of the same service: their jobs are others.
    pub(crate) fn labels_of_probes(self) -> Vec<&'static str> {
        let labels = self.service_labels().iter().copied();
        labels.filter(|label| *label != JOB).collect()
    }

    /// Those of them that raw series have, for queries in the text of an alert.
    pub(crate) const fn raw_labels(self) -> &'static [&'static str] {
        match self {
            Self::Promoted => self.service_labels(),
            Self::Job | Self::TargetInfo => &[JOB],
        }
    }

    /// Matches the raw series of one service.
    pub(crate) fn is_service(self, name: &str) -> String {
        match self {
            Self::Promoted => promql::is(names::SERVICE_NAME.label, name),
            Self::Job | Self::TargetInfo => {
                promql::matches_regex(JOB, &format!("(.*/)?{}", promql::escape_regex(name)))
            }
        }
    }

    /// The labels of an environment of many services, as rules record them.
    pub(crate) const fn environment_labels(self) -> &'static [&'static str] {
        match self {
            Self::Promoted | Self::TargetInfo => &[names::DEPLOYMENT_ENVIRONMENT_NAME.label],
            Self::Job => &[],
        }
    }

    /// `op by (service, others) (raw)`, where `raw` has the labels of single series seen in the last `range`.
    pub(crate) fn aggregate(self, op: &str, others: &[&str], raw: &str, range: &str) -> String {
        self.aggregate_with(op, "", others, raw, range)
    }

    /// The same with what an operator takes before the series, like `"label", ` of `count_values`.
    pub(crate) fn aggregate_with(self, op: &str, before: &str, others: &[&str], raw: &str, range: &str) -> String {
        let by = |own: &[&str]| [own, others].concat().join(", ");
        match self {
            Self::Promoted => format!("{op} by ({}) ({before}{raw})", by(self.service_labels())),
            Self::Job => named_by_job(&format!("{op} by ({}) ({before}{raw})", by(&[JOB]))),
            Self::TargetInfo => from_target_info((op, before), others, raw, ("", range)),
        }
    }
}

/// The same, the environment joined: of the targets that a matcher matches.
pub(crate) fn from_target_info(
    (op, before): (&str, &str),
    others: &[&str],
    raw: &str,
    (which, range): (&str, &str),
) -> String {
    let environment = names::DEPLOYMENT_ENVIRONMENT_NAME.label;
    let joined = format!(
        "({raw})\n  * on ({JOB}, {INSTANCE}) group_left ({environment})\n  {}",
        targets(environment, which, range)
    );
    let by = [&[JOB, environment], others].concat().join(", ");
    named_by_job(&format!("{op} by ({by}) (\n  {before}{joined}\n)"))
}

/// One environment per instance, of instances that are gone as well: what they counted still is in the range. Should
/// one have had two, either is better than no rule at all.
fn targets(environment: &str, which: &str, range: &str) -> String {
    let which: Vec<_> = [which]
        .into_iter()
        .filter(|which| !which.is_empty())
        .map(str::to_owned)
        .collect();
    let targets = promql::selector("target_info", &which);
    format!(
        "topk by ({JOB}, {INSTANCE}) (1, max by ({JOB}, {INSTANCE}, {environment}) (last_over_time({targets}[{range}])))"
    )
}

/// Prometheus makes `job` of `service.namespace`, a slash and `service.name`, or of the name alone.
fn named_by_job(vector: &str) -> String {
    let (name, namespace) = (names::SERVICE_NAME.label, names::SERVICE_NAMESPACE.label);
    let with_name = format!(r#"label_replace({vector}, "{name}", "$1", "{JOB}", "(?:.*/)?([^/]*)")"#);
    format!(r#"label_replace({with_name}, "{namespace}", "$1", "{JOB}", "(.*)/[^/]*")"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_matched_in_each_way() {
        assert_eq!(Identity::Promoted.is_service("a.b"), r#"service_name="a.b""#);
        assert_eq!(Identity::Job.is_service("a.b"), r#"job=~"(.*/)?a\\.b""#);
    }
}
