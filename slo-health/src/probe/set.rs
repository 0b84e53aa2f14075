//! Several kits in one file each: for all freshness SLOs of a service.

use slo_core::yaml_writer::Yaml;

use super::{
    ProbeKit, alerting, blackbox,
    error::ProbeKitError,
    inhibit,
    labels::Identity,
    mute::{self, QuietTime},
    recording, scrape,
    target::ExporterAddress,
};

/// Kits whose files are rendered together, in the order given, as an exporter reads one file only.
///
/// Several SLOs of one endpoint share its probes: of kits that differ in their SLO alone, the first has the scrape job,
/// and the alerts on its targets, which page when one of the SLOs may; the others make their states, under their own
/// job, of the same probes.
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
        let mut kits: Vec<_> = kits.into_iter().collect();
        if kits.is_empty() {
            return Err(ProbeKitError::NoKits);
        }
        for (index, kit) in kits.iter().enumerate() {
            if kits[..index].iter().any(|other| other.job == kit.job) {
                return Err(ProbeKitError::DuplicateJob(kit.job.clone()));
            }
        }
        share_probes(&mut kits);
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

    /// As [`ProbeKit::scrape_config`], a job per kit that has probes of its own.
    #[must_use]
    pub fn scrape_config(&self, exporter: &ExporterAddress) -> String {
        let hosts = self.kits.iter().filter(|kit| !kit.is_guest());
        scrape::document(hosts.map(|kit| kit.states_job(exporter)).collect())
    }

    /// As [`ProbeKit::recording_rules`], of all kits.
    #[must_use]
    pub fn recording_rules(&self) -> String {
        recording::document(self.kits.iter().flat_map(ProbeKit::recording_groups).collect())
    }

    /// As [`ProbeKit::alerting_rules`], of all kits.
    #[must_use]
    pub fn alerting_rules(&self) -> String {
        alerting::document(self.kits.iter().filter_map(ProbeKit::alert_group).collect())
    }

    /// As [`ProbeKit::inhibition_config`], of all kits.
    #[must_use]
    pub fn inhibition_config(&self) -> String {
        inhibit::document(&self.kits.iter().collect::<Vec<_>>())
    }

    /// As [`ProbeKit::mute_config`], of all kits.
    ///
    /// # Errors
    ///
    /// [`ProbeKitError::NoQuietTimes`].
    pub fn mute_config(&self, receiver: &str, quiet: &[QuietTime]) -> Result<String, ProbeKitError> {
        mute::document(&self.kits.iter().collect::<Vec<_>>(), receiver, quiet)
    }
}

impl ProbeKit {
    /// Whether both would send the same probes, wait as long with their alerts, and differ in their SLO alone.
    fn probes_like(&self, other: &Self) -> bool {
        let whose = |kit: &Self| Identity {
            slo: kit.identity.slo.as_ref().map(|_| String::new()),
            ..kit.identity.clone()
        };
        (&self.path, &self.targets, &self.labels) == (&other.path, &other.targets, &other.labels)
            && whose(self) == whose(other)
            && (&self.module, &self.codes, &self.access) == (&other.module, &other.codes, &other.access)
            && (self.timing, self.page_after, self.ticket_after) == (other.timing, other.page_after, other.ticket_after)
    }
}

/// Lets each kit read the probes of the first one that probes the same.
fn share_probes(kits: &mut [ProbeKit]) {
    for index in 1..kits.len() {
        let (before, rest) = kits.split_at_mut(index);
        let host = |kit: &&mut ProbeKit| !kit.is_guest() && kit.probes_like(&rest[0]);
        if let Some(host) = before.iter_mut().find(host) {
            host.told = host.told.max(rest[0].told);
            rest[0].source.clone_from(&host.job);
        }
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

    use chrono::{NaiveTime, Weekday};
    use slo_core::{Slo, Status, SyntheticSli};

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

    fn of_slo(name: &str, status: Status) -> ProbeKitBuilder {
        let sli = SyntheticSli::new("/a");
        let slo = Slo::new(name, sli, "99%".parse().unwrap(), "30d".parse().unwrap()).status(status);
        kit("/a").unwrap().slo(&slo)
    }

    fn of(builders: [ProbeKitBuilder; 2]) -> ProbeKits {
        ProbeKits::new(builders.map(|builder| builder.build().unwrap())).unwrap()
    }

    #[test]
    fn slos_of_one_endpoint_share_its_probes() {
        let kits = of([of_slo("month", Status::Draft), of_slo("week", Status::Agreed)]);
        let [month, week] = kits.kits() else { panic!("two kits") };
        assert_eq!((month.probes_job(), week.probes_job()), (month.job(), month.job()));
        let exporter = "blackbox:9115".parse().unwrap();
        assert_eq!(kits.scrape_config(&exporter), month.scrape_config(&exporter));

        let rules = week.recording_rules();
        assert_eq!(rules.matches("record: slo_health:probe_state\n").count(), 7);
        // Read from the one, recorded as the other's.
        let series = r#"probe_success{job="slo-health/shop/month"}"#;
        assert!(
            rules.contains(series) && !rules.contains(r#"probe_success{job="slo-health/shop/week""#),
            "{rules}"
        );
        assert_eq!(
            rules.matches("slo_name: week").count(),
            8,
            "seven states and the age: {rules}"
        );
        assert!(rules.contains(r#"slo_health:probe_state{job="slo-health/shop/week""#));
        assert!(
            !month.recording_rules().contains("slo_name: "),
            "its targets have the name"
        );
    }

    #[test]
    fn one_outage_is_one_page_and_each_budget_has_its_alerts() {
        let kits = of([of_slo("month", Status::Draft), of_slo("week", Status::Agreed)]);
        let alerts = kits.alerting_rules();
        for about_targets in [
            "SloHealthDown",
            "SloHealthStale",
            "SloHealthCheckBroken",
            "SloHealthUnobserved",
        ] {
            assert_eq!(
                alerts.matches(&format!("alert: {about_targets}\n")).count(),
                1,
                "{about_targets}"
            );
        }
        assert!(
            kits.kits()[0].alerting_rules().contains("severity: page"),
            "the week's SLO may page"
        );
        assert!(
            !kits.kits()[0].alerting_rules().contains("Burn"),
            "the month's is a draft"
        );
        assert!(kits.kits()[1].alerting_rules().contains("Burn"));
        // By the probes that they share, a page on one is known to be the cause of the other's burn.
        let each = alerts.matches("alert: ").count();
        assert_eq!(
            alerts.matches("slo_probes: slo-health/shop/month\n").count(),
            each,
            "{alerts}"
        );
        assert!(!kits.kits()[1].alerting_rules().contains("up{"));
    }

    #[test]
    fn probes_that_differ_are_not_shared() {
        let first = || of_slo("month", Status::Agreed);
        let second = || of_slo("week", Status::Agreed);
        let elsewhere = ProbeTarget::new("https://other.example").unwrap();
        for other in [
            second().interval(Duration::from_secs(15)),
            second().environment("dev"),
            second().namespace("homes"),
            second().label("region", "kr"),
            second().target(elsewhere),
            second().page_after(Duration::from_secs(60)),
            second().ticket_after(Duration::from_secs(60)),
            second().module_name("slow").deadline(Duration::from_secs(8)),
        ] {
            let kits = of([first(), other]);
            assert_eq!(kits.kits()[1].probes_job(), kits.kits()[1].job());
            let exporter = "blackbox:9115".parse().unwrap();
            assert_eq!(kits.scrape_config(&exporter).matches("job_name").count(), 2);
        }
    }

    #[test]
    fn each_kit_has_its_quiet_times() {
        let kits = of([of_slo("month", Status::Agreed), of_slo("week", Status::Agreed)]);
        let quiet = [QuietTime::new(Weekday::Sun, NaiveTime::MIN, NaiveTime::MIN, "UTC").unwrap()];
        let muted = kits.mute_config("team", &quiet).unwrap();
        for (piece, count) in [
            ("- name: ", 2),
            ("start_time: ", 2),
            ("mute_time_intervals:", 2),
            ("receiver: team", 3),
        ] {
            assert_eq!(muted.matches(piece).count(), count, "{piece} in {muted}");
        }
        assert_eq!(kits.mute_config("team", &[]), Err(ProbeKitError::NoQuietTimes));
    }
}
