//! How long it takes to write rules.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use e2e::{Failure, TempDir};

use super::cpu::childrens_cpu_seconds;
use super::numbers::median;
use super::{Seen, Settings, fleet};

/// The part `generation`.
pub(crate) fn run(settings: &Settings) -> Result<Seen, Failure> {
    let slo = e2e::build_release_binary("slo-cli")?;
    let folder = TempDir::new("slo-generation")?;
    let file = folder.path().join("slo.yaml");
    std::fs::write(&file, fleet::spec(&fleet::members(SLOS), 30))?;
    let file = file.to_string_lossy();
    let rounds = if settings.smoke { 3 } else { 21 };

    let mut seen = Seen::default();
    let of_each = milliseconds(&slo, &["rules", &file], rounds)?;
    let of_fleet = milliseconds(&slo, &["rules", "--fleet"], rounds)?;
    let bytes = Command::new(&slo).args(["rules", &file]).output()?.stdout.len();
    seen.say(format!(
        "`slo rules` of one spec with {SLOS} SLOs, reading included: {} MB of rules, {rounds} runs of the process",
        bytes / 1_000_000
    ));
    seen.say(of_each.text());
    seen.say("`slo rules --fleet`:");
    seen.say(of_fleet.text());
    // What it takes of a core: on a busy machine the rest of the time is the neighbours'.
    seen.reach("milliseconds of a core for the rules of 1,000 SLOs", of_each.cpu, 200.0);
    Ok(seen)
}

const SLOS: usize = 1_000;

/// Of runs of a process, in milliseconds.
#[derive(Clone, Debug)]
struct Took {
    /// From start to end, ascending.
    wall: Vec<f64>,
    /// On a core, in the mean.
    cpu: f64,
}

impl Took {
    fn text(&self) -> String {
        let (wall, last) = (&self.wall, self.wall.len() - 1);
        format!(
            "  {:.1} ms of a core; from start to end {:.1} ms in the median, {:.1} to {:.1} ms",
            self.cpu,
            median(wall),
            wall[0],
            wall[last]
        )
    }
}

fn milliseconds(program: &Path, args: &[&str], rounds: u32) -> Result<Took, Failure> {
    let (mut wall, before) = (Vec::new(), childrens_cpu_seconds()?);
    for _ in 0..rounds {
        let start = Instant::now();
        let mut command = Command::new(program);
        let status = command
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        wall.push(start.elapsed().as_secs_f64() * 1_000.0);
        if !status.success() {
            return Err(Failure::new(format!("slo {}: {status}", args.join(" "))));
        }
    }
    wall.sort_by(f64::total_cmp);
    let cpu = (childrens_cpu_seconds()? - before) * 1_000.0 / f64::from(rounds);
    Ok(Took { wall, cpu })
}
