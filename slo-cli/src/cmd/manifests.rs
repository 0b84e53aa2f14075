//! `slo manifests`: Kubernetes objects and settings of other programs, from a spec.

mod addresses;

use std::collections::HashSet;
use std::io::Read;

use slo_core::SloSet;
use slo_health::probe::ProbeKit;

use super::check::Source;
use super::probes::complaint;
use super::{Answer, folder};
use crate::args::ManifestsArgs;
use crate::exit::Exit;
use crate::render::manifest::{Deploy, Plan, SPEC_FILE, render};
use crate::render::probes::{Probes, Refused, targets};

/// What a ConfigMap holds in bytes, its keys and values together:
/// <https://kubernetes.io/docs/concepts/configuration/configmap/>.
const CONFIG_MAP_BYTES: usize = 1 << 20;

/// What `kubectl apply` and Argo CD can keep of an object in an annotation of it, in bytes:
/// <https://kubernetes.io/docs/reference/using-api/server-side-apply/>.
const ANNOTATION_BYTES: usize = 256 << 10;

/// Runs the command: writes the files, or compares them with what is in the folder.
///
/// # Examples
///
/// ```
/// use clap::Parser as _;
/// use slo_cli::args::{Args, Command};
/// use slo_cli::cmd::manifests;
/// use slo_cli::exit::Exit;
///
/// let spec = "
/// version: 1
/// service: shop
/// slos: [{ name: buying, objective: 99.9%, window: 30d, sli: { http: { routes: [/buy] } } }]
/// ";
/// let folder = std::env::temp_dir().join(format!("slo-manifests-{}", std::process::id()));
/// let out = folder.to_string_lossy();
/// let words = ["slo", "manifests", "-", "--out", &out, "--revision", "4f2a9c1", "--message", "buy: fewer clicks"];
/// let Command::Manifests(args) = Args::parse_from(words).command else { unreachable!() };
/// assert_eq!(manifests::run(&args, &mut spec.as_bytes()).exit, Exit::Pass);
/// let job = std::fs::read_to_string(folder.join("kubernetes/gate-job.yaml"))?;
/// assert!(job.contains("slo/message: \"buy: fewer clicks\""));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn run(args: &ManifestsArgs, stdin: &mut impl Read) -> Answer {
    let source = Source::read(&args.files.file, stdin);
    let set = match source.understood_in(Some(&args.probed.environment)) {
        Ok(set) => set,
        Err(mistakes) => return Answer::complaint(Exit::Usage, mistakes),
    };
    let remote_write = addresses::checked(&args.prometheus, args.remote_write.as_deref());
    let (remote_write, probes) = match (remote_write, probes(args, &set)) {
        (Ok(remote_write), Ok(probes)) => (remote_write, probes),
        (remote_write, probes) => {
            let mut refused = probes.err().unwrap_or_default();
            refused.options.splice(..0, remote_write.err());
            return complaint(&source, &args.probed.environment, refused);
        }
    };
    let spec = source.text.clone().unwrap_or_default();
    if let Some(message) = too_large(&source.file, spec.len()) {
        return Answer::complaint(Exit::Usage, message);
    }
    let files = render(&Plan {
        set: &set,
        spec: &spec,
        environment: &args.probed.environment,
        namespace: args.probed.namespace.as_deref(),
        prometheus: &args.prometheus,
        remote_write: &remote_write,
        tenant: args.tenant.as_deref(),
        alertmanagers: &each_once(&args.alertmanagers),
        image: &args.image,
        exporter: &args.probed.exporter,
        probes: &probes,
        deploy: Deploy {
            revision: &args.revision,
            message: &args.message,
            author: &args.author,
            committed_at: &args.committed_at,
        },
    });
    let mut answer = folder::answer(&args.files, &files, &folder::is_headed("manifests"));
    answer.err.insert_str(0, &note(&source.file, spec.len()));
    answer
}

/// In the order given. Prometheus would tell one that stands there twice as one, and only a person would wonder.
fn each_once(given: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    given.iter().filter(|one| seen.insert(*one)).cloned().collect()
}

/// Why a ConfigMap cannot hold the spec, if it cannot.
fn too_large(file: &str, bytes: usize) -> Option<String> {
    let most = CONFIG_MAP_BYTES - SPEC_FILE.len();
    (bytes > most).then(|| {
        format!(
            "`{file}` has {bytes} bytes, and the ConfigMap that the gate reads it from holds {most} in Kubernetes; write a \
             spec for each service, with the SLOs that the deploys of that service are to be judged by"
        )
    })
}

/// What else is to be known of a spec of this size.
fn note(file: &str, bytes: usize) -> String {
    if bytes <= ANNOTATION_BYTES {
        return String::new();
    }
    format!(
        "{file}: it has {bytes} bytes, too many for what `kubectl apply` keeps in an annotation; apply \
         kubernetes/gate-spec.yaml with `--server-side`, in Argo CD with the sync option `ServerSideApply=true`\n"
    )
}

/// A kit for each SLO that a probe feeds, or why there is none.
fn probes(args: &ManifestsArgs, set: &SloSet) -> Result<Vec<ProbeKit>, Refused> {
    let probes = Probes {
        set,
        environment: &args.probed.environment,
        namespace: args.probed.namespace.as_deref(),
        module: &args.probed.module,
        targets: targets(&args.targets, set.service()).map_err(|error| Refused::of_spec(error.to_string()))?,
    };
    probes.jobs(|builder| args.times.of_kit(builder))
}
