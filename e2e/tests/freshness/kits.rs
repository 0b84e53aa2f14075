//! Kits for the tests, and files that hold what they render.

use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use e2e::run_tool as run;
use e2e::{Failure, TempDir};
use slo_core::{DownCounts, Slo, Status, SyntheticSli, Window};
use slo_health::probe::{ProbeKit, ProbeKitBuilder, ProbeTarget};

pub(crate) const HOST: &str = "https://shop.example";

/// An agreed SLO of 99% over this window.
pub(crate) fn slo(window: &str, down_counts: DownCounts) -> Result<Slo, Failure> {
    let sli = SyntheticSli::new("/synthetic/health").down_counts(down_counts);
    Ok(Slo::new("freshness", sli, "99%".parse()?, window.parse::<Window>()?).status(Status::Agreed))
}

/// One target that is probed each minute, as often as rules are evaluated in their tests.
pub(crate) fn by_the_minute(slo: &Slo) -> Result<ProbeKitBuilder, Failure> {
    Ok(ProbeKit::builder("shop")
        .target(ProbeTarget::new(HOST)?)
        .interval(Duration::from_secs(60))
        .slo(slo))
}

/// A folder with the rendered rules of one kit.
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn of(kit: &ProbeKit) -> Result<Self, Failure> {
        let files = Self {
            folder: TempDir::new("slo-e2e-freshness")?,
        };
        files.write("recording.yml", &kit.recording_rules())?;
        files.write("alerting.yml", &kit.alerting_rules())?;
        Ok(files)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf, Failure> {
        let path = self.path(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
