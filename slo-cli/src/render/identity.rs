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

    /// The labels of a raw series of one instance of a service.
    pub(crate) fn example(self, name: &str) -> Vec<String> {
        match self {
            Self::Promoted => vec![
                promql::is(names::SERVICE_NAME.label, name),
                promql::is(names::SERVICE_INSTANCE_ID.label, "1"),
            ],
            Self::Job | Self::TargetInfo => vec![promql::is(JOB, name), promql::is(INSTANCE, "1")],
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
            Self::TargetInfo => {
                let environment = names::DEPLOYMENT_ENVIRONMENT_NAME.label;
                let joined = format!(
                    "({raw})\n  * on ({JOB}, {INSTANCE}) group_left ({environment})\n  {}",
                    targets(environment, range)
                );
                let by = by(&[JOB, environment]);
                named_by_job(&format!("{op} by ({by}) (\n  {before}{joined}\n)"))
            }
        }
    }
}

/// One environment per instance, of instances that are gone as well: what they counted still is in the range. Should
/// one have had two, either is better than no rule at all.
fn targets(environment: &str, range: &str) -> String {
    format!(
        "topk by ({JOB}, {INSTANCE}) (1, max by ({JOB}, {INSTANCE}, {environment}) (last_over_time(target_info[{range}])))"
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
