//! The deploy gate as a hook of Argo CD: a Job that runs before a sync, and stops it when it fails.

use slo_core::yaml_writer::{Map, Yaml};

use super::gate_command::{DEADLINE_SECONDS, SPEC_FILE, SPEC_FOLDER, TOLD, arguments};
use super::vmagent::PUSHED_TO;
use super::{Plan, document, labels};

/// The spec that the gate reads.
pub(super) fn spec(plan: &Plan<'_>) -> String {
    let name = plan.name("slo-gate");
    let map = Map::new()
        .with("apiVersion", "v1")
        .with("kind", "ConfigMap")
        .with("metadata", hook(plan, &name, "-1"))
        .with("data", Map::new().with(SPEC_FILE, plan.spec));
    document(
        map,
        "The promises that the gate judges by. It comes one wave before the Job that reads it.",
    )
}

/// The Job.
pub(super) fn job(plan: &Plan<'_>) -> String {
    let name = plan.name("slo-gate");
    let map = Map::new()
        .with("apiVersion", "batch/v1")
        .with("kind", "Job")
        .with("metadata", hook(plan, &name, "0"))
        .with("spec", job_spec(plan, &name));
    document(
        map,
        "The gate's exit codes: 0 allowed, warnings and bypasses too; 1 a breach that is proven; 2 wrong usage or spec; 3 could\n\
         not decide. Every code but 0 fails the Job and with it the sync. To let deploys pass while monitoring is down, add\n\
         `--on-unknown=allow` to the arguments: they are still recorded as unknown.\n\
         \n\
         A hook sees neither the commit's message nor its revision. Let CI write them, as its last step before it pushes the\n\
         files that Argo CD reads:\n\
         \n    slo manifests slo.yaml --out deploy --revision \"$REVISION\" --message \"$MESSAGE\" --author \"$AUTHOR\" \\\n      --committed-at \"$COMMITTED_AT\"\n\
         \n\
         What could not be told because monitoring was down is in the pod's log and lost with it. To have the next run tell it,\n\
         mount a persistent volume claim and name its folder in the variable SLO_SPOOL.",
    )
}

fn job_spec(plan: &Plan<'_>, name: &str) -> Map {
    let lost_pod = Map::new().with("action", "Ignore").with(
        "onPodConditions",
        [Map::new().with("type", "DisruptionTarget").with("status", "True")],
    );
    Map::new()
        .because(
            "The gate gives up by itself before, and says why; this is for pods that never start.",
            "activeDeadlineSeconds",
            DEADLINE_SECONDS,
        )
        .because("A verdict is not asked for twice.", "backoffLimit", 0)
        .because(
            "Unless a node was drained under it: that was no verdict.",
            "podFailurePolicy",
            Map::new().with("rules", [lost_pod]),
        )
        .with("template", pod(plan, name))
}

fn pod(plan: &Plan<'_>, name: &str) -> Map {
    let deploy = plan.deploy;
    let values = [deploy.revision, deploy.message, deploy.author, deploy.committed_at];
    let told = TOLD
        .iter()
        .zip(values)
        .fold(Map::new(), |map, ((_, _, annotation), value)| {
            map.with(*annotation, value)
        });
    let user = Map::new()
        .with("runAsNonRoot", true)
        .with("runAsUser", 65_532)
        .with("runAsGroup", 65_532)
        .with("seccompProfile", Map::new().with("type", "RuntimeDefault"));
    let spec_volume = Map::new()
        .with("name", "spec")
        .with("configMap", Map::new().with("name", name));
    let metadata = Map::new()
        .with("labels", labels("slo-gate", plan.set.service()))
        .because("What CI knows and a hook does not.", "annotations", told);
    let spec = Map::new()
        .with("restartPolicy", "Never")
        .because(
            "It asks the engine and nobody else.",
            "automountServiceAccountToken",
            false,
        )
        .with("securityContext", user)
        .with("containers", [container(plan)])
        .with("volumes", [spec_volume]);
    Map::new().with("metadata", metadata).with("spec", spec)
}

fn container(plan: &Plan<'_>) -> Map {
    let mut variables: Vec<_> = TOLD
        .iter()
        .map(|(_, variable, annotation)| {
            let field = Map::new().with("fieldPath", format!("metadata.annotations['{annotation}']"));
            Map::new()
                .with("name", *variable)
                .with("valueFrom", Map::new().with("fieldRef", field))
        })
        .collect();
    variables.push(Map::new().with("name", "OTEL_EXPORTER_OTLP_ENDPOINT").because(
        "Each decision becomes a metric, there where services push. Nobody is stopped where nobody listens.",
        "value",
        PUSHED_TO,
    ));
    let resources = Map::new()
        .with("requests", Map::new().with("cpu", "50m").with("memory", "32Mi"))
        .with("limits", Map::new().with("memory", "128Mi"));
    let locked = Map::new()
        .with("allowPrivilegeEscalation", false)
        .with("readOnlyRootFilesystem", true)
        .with("capabilities", Map::new().with("drop", ["ALL"]));
    let mount = Map::new()
        .with("name", "spec")
        .with("mountPath", SPEC_FOLDER)
        .with("readOnly", true);
    Map::new()
        .with("name", "gate")
        .with("image", plan.image)
        .with("args", arguments(plan))
        .with("env", variables)
        .because(
            "The verdict is seen where people look at a failed hook.",
            "terminationMessagePolicy",
            "FallbackToLogsOnError",
        )
        .with("resources", resources)
        .with("securityContext", locked)
        .with("volumeMounts", [mount])
}

/// A name, labels, and when Argo CD makes and removes the object.
fn hook(plan: &Plan<'_>, name: &str, wave: &str) -> Yaml {
    let annotations = Map::new()
        .with("argocd.argoproj.io/hook", "PreSync")
        .because(
            "The last run stays until the next one begins: its log is the record of why a deploy was stopped.",
            "argocd.argoproj.io/hook-delete-policy",
            "BeforeHookCreation",
        )
        .with("argocd.argoproj.io/sync-wave", wave);
    Map::new()
        .with("name", name)
        .with("labels", labels("slo-gate", plan.set.service()))
        .with("annotations", annotations)
        .into()
}
