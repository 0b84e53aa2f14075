//! A past that rules record on `VictoriaMetrics`, by `vmalert -replay`.

use std::process::Command;
use std::time::Duration;

use e2e::{Binary, Failure, Outcome, Places, Process, VictoriaMetrics, eventually};

use crate::rule_text::{file, rules};
use crate::tools::folder;

const PATIENCE: Duration = Duration::from_secs(540);

/// `vmalert -replay` of the recording rules of a file: it refuses to replay alerts whose texts ask queries.
///
/// What a rule wrote is asked for by the next one, and a new series would take some ten seconds to be seen if nobody called
/// for a flush.
pub(crate) fn replay(store: &VictoriaMetrics, text: &str, from: u64, to: u64) -> Outcome {
    let recording: Vec<_> = rules(text)?.into_iter().filter(|rule| rule.records.is_some()).collect();
    let folder = folder(&[("rules.yaml", &file(&recording))])?;
    let mut command = Command::new(Places::from_env().require_one(Binary::VmAlert)?);
    command
        .current_dir(folder.path())
        .args(["-rule=rules.yaml", "-notifier.blackhole", "-replay.disableProgressBar"]);
    command.args([
        "-replay.maxDatapointsPerQuery=20000",
        "-replay.rulesDelay=400ms",
        "-remoteWrite.flushInterval=50ms",
    ]);
    command.args([
        format!("-datasource.url={}", store.url()),
        format!("-remoteWrite.url={}", store.url()),
    ]);
    command
        .arg(format!("-remoteRead.url={}", store.url()))
        .arg("-httpListenAddr=127.0.0.1:0");
    command.args([
        format!("-replay.timeFrom={}", rfc_3339(from)?),
        format!("-replay.timeTo={}", rfc_3339(to)?),
    ]);
    let log = folder.path().join("log");
    let mut process = Process::start("vmalert -replay", &mut command, &log, &log)?;
    let status = eventually(PATIENCE, || {
        store.force_flush().map_err(|error| error.to_string())?;
        let ended = process.try_wait().map_err(|error| error.to_string())?;
        ended.ok_or_else(|| "replays still".to_owned())
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("vmalert -replay: {status}\n{}", process.tail())))
    }
}

fn rfc_3339(seconds: u64) -> Result<String, Failure> {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    let time = time.ok_or_else(|| Failure::new(format!("{seconds} is no time")))?;
    Ok(time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
