//! The deploy kit, run as pipelines and Kubernetes run it: a process with an environment, an exit code and a log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::{Alertmanager, Failure, Outcome, Python, TempDir, VictoriaMetrics, build_binary, workspace_root};
use serde_json::Value;

use crate::tool::NOBODY;

/// It brings a reader of YAML.
const YAML: &str = "kubernetes-validate==1.37.0";
const AS_JSON: &str = "import sys, yaml, json\nprint(json.dumps(yaml.load(open(sys.argv[1]), yaml.BaseLoader)))";

/// Whoever pushes can write this.
const HOSTILE: &str = "Fix \"$(touch broken)\" `touch broken`'; touch broken; #\n\nSLO-Bypass: nobody can pay\n";

fn read(file: &Path) -> Result<Value, Failure> {
    Ok(serde_json::from_str(&Python::with(&[YAML])?.run(AS_JSON, [file])?)?)
}

/// A checkout with a spec, and nothing on the `PATH` but `slo` and the system.
struct Pipeline {
    folder: TempDir,
    bin: PathBuf,
}

impl Pipeline {
    fn new() -> Result<Self, Failure> {
        let folder = TempDir::new("slo-pipeline")?;
        std::fs::copy(
            workspace_root().join("examples/real-estate/slo.yaml"),
            folder.path().join("slo.yaml"),
        )?;
        let program = build_binary("slo-cli")?;
        let bin = program.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { folder, bin })
    }

    /// As a runner does: each script by a shell that ends at the first error.
    fn run(&self, script: &str, variables: &BTreeMap<String, String>) -> Result<Output, Failure> {
        let path = format!("{}:/usr/bin:/bin", self.bin.display());
        Ok(Command::new("sh")
            .args(["-e", "-c", script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .envs(variables)
            .output()?)
    }

    fn is_unharmed(&self) -> bool {
        !self.folder.path().join("broken").exists()
    }
}

/// A bypass with a name and a revision passes, in the log and at the Alertmanager; without a name it does not.
fn passes_only_with_a_name(
    pipeline: &Pipeline,
    script: &str,
    known: &BTreeMap<String, String>,
    author: &str,
) -> Result<Output, Failure> {
    let output = pipeline.run(script, known)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("bypass used by Ana: nobody can pay; it holds until 2"),
        "{said}"
    );
    assert!(
        said.contains(r#""record":{"decision":"bypassed""#) && !said.contains("NOT "),
        "{said}"
    );
    let mut nobody = known.clone();
    nobody.insert(author.to_owned(), String::new());
    assert_eq!(pipeline.run(script, &nobody)?.status.code(), Some(3));
    assert!(pipeline.is_unharmed());
    Ok(output)
}

fn known(alertmanager: &Alertmanager) -> BTreeMap<String, String> {
    [
        ("SLO_PROMETHEUS_URL", NOBODY),
        // As a variable that nobody has set comes.
        ("SLO_PROMETHEUS_TOKEN", ""),
        ("SLO_WEBHOOK_URL", ""),
        ("SLO_ALERTMANAGER_URL", &alertmanager.url()),
        ("SLO_SPOOL", ".slo-spool"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[test]
fn the_script_for_github_actions_keeps_the_exit_code_and_writes_a_summary() -> Outcome {
    let workflow = read(&workspace_root().join("deploy/github-actions.yaml"))?;
    let steps = workflow["jobs"]["gate"]["steps"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let step = steps
        .iter()
        .find(|step| step["run"].is_string())
        .cloned()
        .unwrap_or_default();
    let script = step["run"].as_str().unwrap_or_default();
    assert!(
        !script.contains("${{"),
        "an expression in a script is a command of whoever pushes"
    );
    let (pipeline, alertmanager) = (Pipeline::new()?, Alertmanager::start()?);
    let mut known = known(&alertmanager);
    let summary = pipeline.folder.path().join("summary.md");
    for (name, value) in [
        ("MESSAGE", HOSTILE),
        ("AUTHOR", "Ana"),
        ("COMMITTED_AT", &committed_now()),
        ("REVISION", "4f2a"),
        ("GITHUB_STEP_SUMMARY", &summary.display().to_string()),
    ] {
        known.insert(name.to_owned(), value.to_owned());
    }
    for name in step["env"].as_object().into_iter().flat_map(|env| env.keys()) {
        assert!(
            known.contains_key(name),
            "{name} is set in the file and not in this test"
        );
    }
    passes_only_with_a_name(&pipeline, script, &known, "AUTHOR")?;
    let summary = std::fs::read_to_string(summary)?;
    assert!(
        summary.starts_with("### ⚠️ Deploy gate of real-estate in production: bypassed\n"),
        "{summary}"
    );
    assert!(
        summary.contains("### ❔ Deploy gate of real-estate in production: unknown\n"),
        "{summary}"
    );
    Ok(())
}

/// `actions/cache` saves nothing when its job fails, and a gate that blocks is a job that fails.
#[test]
fn what_could_not_be_told_is_kept_by_github_whatever_the_verdict() -> Outcome {
    let workflow = read(&workspace_root().join("deploy/github-actions.yaml"))?;
    let steps = workflow["jobs"]["gate"]["steps"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let place = |what: &str| steps.iter().position(|step| step["uses"] == what);
    let (Some(restored), Some(saved)) = (place("actions/cache/restore@v4"), place("actions/cache/save@v4")) else {
        return Err(Failure::new(format!("it is not restored and saved: {steps:?}")));
    };
    let asked = steps.iter().position(|step| step["run"].is_string());
    assert!(Some(restored) < asked && asked < Some(saved), "{steps:?}");
    let (restored, saved) = (&steps[restored], &steps[saved]);
    assert_eq!(saved["if"], "always()");
    for key in ["path", "key"] {
        assert_eq!(restored["with"][key], saved["with"][key]);
    }
    assert_eq!(saved["with"]["path"], ".slo-spool");
    Ok(())
}

#[test]
fn the_script_for_gitlab_keeps_the_exit_code() -> Outcome {
    let file = read(&workspace_root().join("deploy/gitlab-ci.yaml"))?;
    let script = file["slo-gate"]["script"][0].as_str().unwrap_or_default().to_owned();
    let (pipeline, alertmanager) = (Pipeline::new()?, Alertmanager::start()?);
    let mut known = known(&alertmanager);
    for (name, value) in [
        ("CI_COMMIT_MESSAGE", HOSTILE),
        ("CI_COMMIT_AUTHOR", "Ana"),
        ("CI_COMMIT_TIMESTAMP", &committed_now()),
        ("CI_COMMIT_SHA", "4f2a"),
    ] {
        assert!(script.contains(&format!("=\"${name}\"")), "{script}");
        known.insert(name.to_owned(), value.to_owned());
    }
    let output = passes_only_with_a_name(&pipeline, &script, &known, "CI_COMMIT_AUTHOR")?;
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("bypassed: Ana lets it pass"));
    Ok(())
}

#[test]
fn the_job_of_argo_cd_runs_with_nothing_but_what_kubernetes_gives_it() -> Outcome {
    let pipeline = Pipeline::new()?;
    let written = Command::new(pipeline.bin.join("slo"))
        .current_dir(pipeline.folder.path())
        .args(["manifests", "slo.yaml", "--out", "out", "--environment", "production"])
        .args([
            "--prometheus",
            NOBODY,
            "--revision",
            "4f2a",
            "--author",
            "Ana",
            "--message",
            HOSTILE,
            "--committed-at",
            &committed_now(),
        ])
        .output()?;
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let out = pipeline.folder.path().join("out/kubernetes");
    let job = read(&out.join("gate-job.yaml"))?;
    let pod = &job["spec"]["template"];
    let container = &pod["spec"]["containers"][0];

    // The volume, and the variables that come by the downward API.
    let spec = read(&out.join("gate-spec.yaml"))?["data"]["slo.yaml"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mounted = pipeline.folder.path().join("mounted.yaml");
    std::fs::write(&mounted, spec)?;
    let mut variables = BTreeMap::new();
    for variable in container["env"].as_array().into_iter().flatten() {
        let path = variable["valueFrom"]["fieldRef"]["fieldPath"]
            .as_str()
            .unwrap_or_default();
        let name = path.trim_start_matches("metadata.annotations['").trim_end_matches("']");
        let told = pod["metadata"]["annotations"][name].as_str();
        let value = told.or(variable["value"].as_str()).unwrap_or_default();
        variables.insert(
            variable["name"].as_str().unwrap_or_default().to_owned(),
            value.to_owned(),
        );
    }
    assert_eq!(variables.len(), 5, "{variables:?}");
    // Where services push: no such host is here.
    let store = VictoriaMetrics::start()?;
    let pushed_to = variables.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), store.otlp_endpoint());
    assert_eq!(pushed_to.as_deref(), Some("http://vmagent:8429/opentelemetry"));
    let arguments = container["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let arguments: Vec<_> = arguments.map(|text| replaced(text, &variables)).collect();
    let arguments = arguments.iter().map(|text| {
        if text == "/etc/slo/slo.yaml" {
            mounted.display().to_string()
        } else {
            text.clone()
        }
    });

    let output = Command::new(pipeline.bin.join("slo"))
        .current_dir("/")
        .env_clear()
        .envs(&variables)
        .args(arguments)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("bypass used by Ana: nobody can pay") && said.contains(r#""hash":""#),
        "{said}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("bypassed: "));
    assert!(!said.contains("NOT "), "the decision is a metric: {said}");
    Ok(())
}

/// As git writes it: a bypass that names no end holds for a day from then on.
fn committed_now() -> String {
    chrono::Utc::now().to_rfc3339()
}

/// As Kubernetes replaces `$(NAME)`, once and from left to right.
fn replaced(text: &str, variables: &BTreeMap<String, String>) -> String {
    let known = variables.iter().find(|(name, _)| text.ends_with(&format!("$({name})")));
    match known {
        Some((name, value)) => text.replace(&format!("$({name})"), value),
        None => text.replace("$$", "$"),
    }
}
