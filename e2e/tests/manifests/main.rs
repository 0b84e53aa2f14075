//! What `slo manifests` writes, read by the programs that it is for, and its queries answered by the real engine.
//!
//! Objects of Argo Rollouts and of the Prometheus operator, and the settings of the OpenTelemetry Collector, are not
//! checked by any tool here; slo-cli's own tests check their structure.

mod analysis;

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::{Binary, Failure, Http, Outcome, Places, Python, Server, TempDir, build_binary, eventually, workspace_root};

/// For the objects that come with this version of Kubernetes, and those of the oldest that is still looked after.
const VALIDATOR: &str = "kubernetes-validate==1.37.0";
const VERSIONS: [&str; 2] = ["1.37", "1.34"];

/// Files with objects that come with Kubernetes.
const BUILT_IN: [&str; 4] = [
    "kubernetes/gate-spec",
    "kubernetes/gate-job",
    "shared/vmagent-deployment",
    "shared/vmagent-service",
];

/// Reads files with the schema of a version; properties that it does not know are mistakes.
const VALIDATE: &str = r#"
import sys, yaml, kubernetes_validate
version, *names = sys.argv[1:]
for name in names:
    objects = list(yaml.safe_load_all(open(name)))
    assert len(objects) == 1, f"{name} has {len(objects)} documents"
    kubernetes_validate.validate(objects[0], version, strict=True)
    print(objects[0]["kind"])
"#;

/// The files for the spec of slo-cli's own tests, in a folder that vanishes.
pub(crate) fn written(more: &[&str]) -> Result<TempDir, Failure> {
    let folder = TempDir::new("slo-e2e-manifests")?;
    let output = Command::new(build_binary("slo-cli")?)
        .current_dir(workspace_root())
        .args(["manifests", "slo-cli/tests/manifests/spec.yaml", "--out"])
        .arg(folder.path())
        .args(more)
        .output()?;
    if output.status.success() {
        Ok(folder)
    } else {
        Err(Failure::new(String::from_utf8_lossy(&output.stderr)))
    }
}

#[test]
fn kubernetes_knows_every_built_in_object() -> Outcome {
    let hostile = "a: b # c\n\n\tSLO-Bypass: \"'{}[]&*!|>%@`\u{7}\u{85}\u{2028}\u{feff} \u{1f980}\n---\nkind: Secret\n";
    let folder = written(&["--message", hostile, "--author", "$(X) no", "--revision", "0123456"])?;
    let python = Python::with(&[VALIDATOR])?;
    let files: Vec<_> = BUILT_IN
        .iter()
        .map(|name| folder.path().join(format!("{name}.yaml")))
        .collect();
    for version in VERSIONS {
        let args = std::iter::once(Path::new(version)).chain(files.iter().map(AsRef::as_ref));
        assert_eq!(python.run(VALIDATE, args)?, "ConfigMap\nJob\nDeployment\nService\n");
    }
    // A key that Kubernetes does not know is found.
    let job = std::fs::read_to_string(&files[1])?.replacen("backoffLimit", "backOffLimit", 1);
    std::fs::write(&files[1], job)?;
    let refused = python.run(VALIDATE, [Path::new(VERSIONS[0]), &files[1]]);
    let said = refused.expect_err("a misspelt key").to_string();
    assert!(said.contains("backOffLimit"), "{said}");
    Ok(())
}

#[test]
fn every_message_arrives_as_it_was_written() -> Outcome {
    const READ: &str = "import sys, yaml\nprint(ascii(yaml.safe_load(open(sys.argv[1]))\
                        ['spec']['template']['metadata']['annotations']['slo/message']))";
    let python = Python::with(&[VALIDATOR])?;
    for (message, read) in [
        ("fix: a\n\nSLO-Bypass: b\n", r"'fix: a\n\nSLO-Bypass: b\n'"),
        ("no", "'no'"),
        ("1e3", "'1e3'"),
        ("\u{feff}\u{85}\u{2028}\ttab\r\n", r"'\ufeff\x85\u2028\ttab\r\n'"),
        ("  indented\n", r"'  indented\n'"),
    ] {
        let folder = written(&["--message", message])?;
        let said = python.run(READ, [folder.path().join("kubernetes/gate-job.yaml")])?;
        assert_eq!(said, format!("{read}\n"));
    }
    Ok(())
}

#[test]
fn prometheus_reads_its_settings() -> Outcome {
    let folder = written(&[])?;
    let settings = folder.path().join("settings");
    std::fs::create_dir(settings.join("rules"))?;
    let check = || {
        run(
            Binary::Promtool,
            &[&"check", &"config"],
            &settings.join("prometheus.yml"),
        )
    };
    let (read, said) = check()?;
    assert!(read, "{said}");

    // What `slo probes` writes is found where the settings look for it, and read.
    let golden = workspace_root().join("slo-cli/tests/probes/golden/real-estate");
    std::fs::create_dir(settings.join("probes"))?;
    for file in ["scrape.yml", "recording.yml", "alerting.yml"] {
        std::fs::copy(golden.join(file), settings.join("probes").join(file))?;
    }
    let (read, said) = check()?;
    assert!(read, "{said}");
    assert_eq!(said.matches(" rules found").count(), 2, "{said}");
    std::fs::write(settings.join("probes/scrape.yml"), "scrape_configs: [{ job_nam: a }]\n")?;
    let (read, said) = check()?;
    assert!(!read && said.contains("job_nam"), "{said}");
    std::fs::remove_dir_all(settings.join("probes"))?;

    // Debian's promtool is older than the receiver: it knows all but that.
    let with_otlp = settings.join("prometheus-otlp.yml");
    let (read, said) = run(Binary::Promtool, &[&"check", &"config"], &with_otlp)?;
    if !read {
        assert_eq!(said.matches("not found in type").count(), 1, "{said}");
        assert!(said.contains("field otlp not found in type config.plain"), "{said}");
    }
    Ok(())
}

#[test]
fn vmagent_takes_its_arguments() -> Outcome {
    let folder = written(&[])?;
    let arguments = of_vmagent(&folder)?;
    assert!(
        arguments.len() >= 5
            && arguments
                .iter()
                .any(|argument| argument.starts_with("-remoteWrite.url=http"))
    );
    let check = |more: &str| -> Result<(bool, String), Failure> {
        let program = Places::from_env().require_one(Binary::VmAgent)?;
        let output = Command::new(program)
            .args(&arguments)
            .args(["-dryRun", more])
            .output()?;
        Ok((
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    };
    let (taken, said) = check("-loggerLevel=ERROR")?;
    assert!(taken, "{said}");
    let (taken, said) = check("-noSuchFlag")?;
    assert!(!taken, "vmagent takes any flag: {said}");
    Ok(())
}

#[test]
fn vmagent_writes_for_the_tenant() -> Outcome {
    let tenant = "team-a!_.*'()";
    let store = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = format!("http://{}/api/v1/push", store.local_addr()?);
    let folder = written(&["--tenant", tenant, "--remote-write", &address])?;
    let arguments = of_vmagent(&folder)?;
    let agent = Server::start_with(Binary::VmAgent, "/health", |port, _| {
        let listen = format!("-httpListenAddr=127.0.0.1:{port}");
        let rest = arguments.iter().filter(|word| !word.starts_with("-httpListenAddr"));
        std::iter::once(&listen).chain(rest).map(OsString::from).collect()
    })?;
    let import = format!("{}/api/v1/import/prometheus", agent.url());
    Http::new().post(&import, "text/plain", "up 1\n")?;

    store.set_nonblocking(true)?;
    let asking = eventually(Duration::from_secs(30), || {
        store.accept().map_err(|error| error.to_string())
    })?
    .0;
    asking.set_nonblocking(false)?;
    asking.set_read_timeout(Some(Duration::from_secs(30)))?;
    let head: Result<Vec<_>, _> = BufReader::new(asking)
        .lines()
        .take_while(|line| line.as_ref().map_or(true, |line| !line.is_empty()))
        .collect();
    let head = head?;
    assert_eq!(head.first().map(String::as_str), Some("POST /api/v1/push HTTP/1.1"));
    let said: Vec<_> = head
        .iter()
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case("X-Scope-OrgID"))
        .map(|(_, value)| value)
        .collect();
    assert_eq!(said, [tenant], "{head:?}");
    Ok(())
}

/// The arguments of the Deployment, with a queue below the folder.
fn of_vmagent(folder: &TempDir) -> Result<Vec<String>, Failure> {
    let deployment = std::fs::read_to_string(folder.path().join("shared/vmagent-deployment.yaml"))?;
    let queue = format!("={}", folder.path().join("queue").display());
    Ok(deployment
        .lines()
        .map(|line| line.trim().trim_start_matches("- ").trim_matches('"'))
        .filter(|line| line.starts_with('-'))
        .map(|line| line.replace("=/queue", &queue))
        .collect())
}

fn run(binary: Binary, words: &[&dyn AsRef<str>], file: &Path) -> Result<(bool, String), Failure> {
    let program = Places::from_env().require_one(binary)?;
    let output = Command::new(program)
        .args(words.iter().map(|word| word.as_ref()))
        .arg(file)
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}
