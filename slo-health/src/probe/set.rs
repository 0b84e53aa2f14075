//! Several kits in one file each: for all freshness SLOs of a service.

use super::{
    ProbeKit, alerting, blackbox, error::ProbeKitError, recording, scrape, target::ExporterAddress, yaml::Yaml,
};

/// Kits whose files are rendered together, in the order given, as an exporter reads one file only.
///
/// ```
/// use slo_health::probe::{ProbeKit, ProbeKitError, ProbeKits, ProbeTarget};
///
/// let kit = |path: &str| {
///     let target = ProbeTarget::new("https://shop.example")?;
///     ProbeKit::builder("shop").path(path).target(target).build()
/// };
/// let kits = ProbeKits::new([kit("/prices/health")?, kit("/stock/health")?])?;
/// assert_eq!(kits.scrape_config(&"blackbox:9115".parse()?).matches("job_name").count(), 2);
/// assert_eq!(kits.blackbox_config().matches("prober").count(), 2); // the same two modules for both
///
/// let twice = ProbeKits::new([kit("/prices/health")?, kit("/prices/health")?]);
/// assert!(matches!(twice, Err(ProbeKitError::DuplicateJob(_))));
/// # Ok::<(), ProbeKitError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ProbeKits {
    kits: Vec<ProbeKit>,
    modules: Vec<(String, Yaml)>,
}

impl ProbeKits {
    /// These kits.
    ///
    /// # Errors
    ///
    /// [`ProbeKitError::NoKits`], [`ProbeKitError::DuplicateJob`], and [`ProbeKitError::ModuleClash`] where timeouts,
    /// codes or headers differ under one [`module_name`](super::ProbeKitBuilder::module_name).
    pub fn new(kits: impl IntoIterator<Item = ProbeKit>) -> Result<Self, ProbeKitError> {
        let kits: Vec<_> = kits.into_iter().collect();
        if kits.is_empty() {
            return Err(ProbeKitError::NoKits);
        }
        for (index, kit) in kits.iter().enumerate() {
            if kits[..index].iter().any(|other| other.job == kit.job) {
                return Err(ProbeKitError::DuplicateJob(kit.job.clone()));
            }
        }
        let modules = distinct(kits.iter().flat_map(ProbeKit::modules))?;
        Ok(Self { kits, modules })
    }

    /// The kits, in the order given.
    pub fn kits(&self) -> &[ProbeKit] {
        &self.kits
    }

    /// As [`ProbeKit::blackbox_config`], each module once.
    #[must_use]
    pub fn blackbox_config(&self) -> String {
        blackbox::document(self.modules.clone())
    }

    /// As [`ProbeKit::scrape_config`], a job per kit.
    #[must_use]
    pub fn scrape_config(&self, exporter: &ExporterAddress) -> String {
        scrape::document(self.kits.iter().map(|kit| kit.states_job(exporter)).collect())
    }

    /// As [`ProbeKit::recording_rules`], of all kits.
    #[must_use]
    pub fn recording_rules(&self) -> String {
        recording::document(self.kits.iter().flat_map(ProbeKit::recording_groups).collect())
    }

    /// As [`ProbeKit::alerting_rules`], of all kits.
    #[must_use]
    pub fn alerting_rules(&self) -> String {
        alerting::document(self.kits.iter().map(ProbeKit::alert_group).collect())
    }
}

/// Each module once; an error where two of one name differ.
fn distinct(modules: impl Iterator<Item = (String, Yaml)>) -> Result<Vec<(String, Yaml)>, ProbeKitError> {
    let mut kept: Vec<(String, Yaml)> = Vec::new();
    for (name, module) in modules {
        match kept.iter().find(|(known, _)| *known == name) {
            None => kept.push((name, module)),
            Some((_, known)) if *known == module => {}
            Some(_) => return Err(ProbeKitError::ModuleClash(name)),
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::probe::{ProbeKitBuilder, ProbeTarget};

    fn kit(path: &str) -> Result<ProbeKitBuilder, ProbeKitError> {
        let target = ProbeTarget::new("https://shop.example")?;
        Ok(ProbeKit::builder("shop").path(path).target(target))
    }

    #[test]
    fn of_one_kit_the_files_are_those_of_the_kit() {
        let one = kit("/a").unwrap().build().unwrap();
        let kits = ProbeKits::new([one.clone()]).unwrap();
        let exporter = "blackbox:9115".parse().unwrap();
        assert_eq!(kits.blackbox_config(), one.blackbox_config());
        assert_eq!(kits.scrape_config(&exporter), one.scrape_config(&exporter));
        assert_eq!(kits.recording_rules(), one.recording_rules());
        assert_eq!(kits.alerting_rules(), one.alerting_rules());
        assert_eq!(kits.kits().len(), 1);
    }

    #[test]
    fn modules_that_differ_need_names_of_their_own() {
        let slow = || kit("/b").unwrap().deadline(Duration::from_secs(8));
        let first = kit("/a").unwrap().build().unwrap();
        let clash = ProbeKits::new([first.clone(), slow().build().unwrap()]).unwrap_err();
        assert_eq!(clash, ProbeKitError::ModuleClash("freshness".to_owned()));
        assert_eq!(
            clash.to_string(),
            "two kits have different modules named `freshness`; give one of them another with `module_name`"
        );
        let kits = ProbeKits::new([first, slow().module_name("slow").build().unwrap()]).unwrap();
        assert_eq!(kits.blackbox_config().matches("prober: http").count(), 4);
    }

    #[test]
    fn no_kits_and_twice_the_same_are_refused() {
        assert_eq!(ProbeKits::new([]).unwrap_err(), ProbeKitError::NoKits);
        let one = kit("/a").unwrap().build().unwrap();
        let twice = ProbeKits::new([one.clone(), one]).unwrap_err();
        assert_eq!(
            twice.to_string(),
            "two kits have the job `slo-health/shop/a`; give each a service, environment, SLO or path of its own"
        );
    }
}
