//! The one place that knows the command line of `slo gate`.

use super::{Plan, TENANT_HEADER};

/// How long the gate waits for all answers together, in seconds. To tell people takes it as long again at most.
const TIMEOUT_SECONDS: u64 = 60;

/// What a pod may take before the gate runs, in seconds: a place to run, and an image to fetch.
const START_SECONDS: u64 = 240;

/// After how many seconds a run is given up: later than the gate gives up itself, whose answer says why.
pub(super) const DEADLINE_SECONDS: u64 = 2 * TIMEOUT_SECONDS + START_SECONDS;

/// Where the spec lies in the container.
pub(super) const SPEC_FOLDER: &str = "/etc/slo";
pub(crate) const SPEC_FILE: &str = "slo.yaml";

/// What the gate is told of a deploy: the flag, the variable in the container, the annotation of the pod.
pub(super) const TOLD: [(&str, &str, &str); 4] = [
    ("--revision", "SLO_REVISION", "slo/revision"),
    ("--message", "SLO_MESSAGE", "slo/message"),
    ("--author", "SLO_AUTHOR", "slo/author"),
    ("--committed-at", "SLO_COMMITTED_AT", "slo/committed-at"),
];

/// The arguments as Kubernetes reads them: it puts variables in the place of `$(NAME)` itself, and no shell sees them.
pub(super) fn arguments(plan: &Plan<'_>) -> Vec<String> {
    let mut arguments = vec![
        "gate".to_owned(),
        format!("{SPEC_FOLDER}/{SPEC_FILE}"),
        "--environment".to_owned(),
        literal(plan.environment),
    ];
    // In one word: whatever it begins with, it is no flag.
    let namespace = plan.namespace.map(literal);
    arguments.extend(namespace.map(|name| format!("--namespace={name}")));
    arguments.extend(["--prometheus".to_owned(), literal(plan.prometheus)]);
    arguments.extend(plan.tenant.map(|tenant| format!("--header={TENANT_HEADER}: {tenant}")));
    arguments.extend([
        "--timeout".to_owned(),
        format!("{TIMEOUT_SECONDS}s"),
        // Into the pod's log. Alertmanager is told as well where SLO_ALERTMANAGER_URL is set.
        "--audit=-".to_owned(),
    ]);
    for (flag, variable, _) in TOLD {
        // In one word: a message that begins with `-` is no flag.
        arguments.push(format!("{flag}=$({variable})"));
    }
    arguments
}

/// A text in which Kubernetes replaces nothing.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
