//! The service's series in the store: whether they are there, whole, in time, and mean what the spec says.

use std::collections::{BTreeMap, BTreeSet};

use slo_core::{Slo, Threshold, names};

use super::{Finding, Link, Patient, State};
use crate::args::Identity;
use crate::prom::Sample;
use crate::render::{plain, promql};

const HERE: Link = Link::Telemetry;
const EVENTS: &str = names::EVENTS.prometheus;
const ENVIRONMENT: &str = names::DEPLOYMENT_ENVIRONMENT_NAME.label;
const SERVICE: &str = names::SERVICE_NAME.label;
const SLO: &str = names::SLO_NAME.label;
const OUTCOME: &str = names::SLO_OUTCOME.label;

/// What an engine said to a question of ours; or the finding that it said nothing.
type Seen<T> = Result<T, Finding>;

/// Missed pushes after which a service is silent.
const MISSED: f64 = 3.0;
/// A process that is restarted more often within an hour has other worries.
const RESTARTS: f64 = 3.0;

impl Patient<'_> {
    pub(super) fn telemetry(&self) -> Vec<Finding> {
        let present = match self.present() {
            Ok(present) => present,
            Err(absent) => return vec![self.as_it_matters(absent)],
        };
        let mut findings = vec![present];
        let looks = [
            self.last_push(),
            self.outcomes(),
            self.definitions(),
            self.counters_fall(),
        ];
        findings.extend(looks.into_iter().map(|look| look.unwrap_or_else(|unknown| unknown)));
        findings.extend(self.buckets().unwrap_or_else(|unknown| vec![unknown]));
        findings
    }

    /// Where an engine counts all of the spec's SLOs, no process need export anything.
    fn as_it_matters(&self, absent: Finding) -> Finding {
        let is_needed = self.slos.slos().iter().any(|slo| slo.sli().is_counted_here());
        if is_needed || absent.state != State::Broken {
            return absent;
        }
        let found = format!("{}; an engine counts all SLOs of the spec", absent.found);
        Finding::skipped(HERE, "present", found)
    }

    fn numbers(&self, check: &'static str, query: &str) -> Seen<Vec<Sample>> {
        self.ask(HERE, check, query)
    }

    fn present(&self) -> Seen<Finding> {
        let query = format!("count by ({ENVIRONMENT}) ({})", self.raw(EVENTS, &[]));
        let environments = self.numbers("present", &query)?;
        match environments.as_slice() {
            [] => Err(self.absent()?),
            [one] => Ok(Finding::fine(
                HERE,
                "present",
                format!("{} series of events{}", one.value, within(one.label(ENVIRONMENT))),
            )),
            several => {
                let names: Vec<_> = several.iter().map(|one| plain(one.label(ENVIRONMENT))).collect();
                let found = format!("it runs in several environments: {}", names.join(", "));
                Ok(Finding::warning(HERE, "present", found).mend("name one with --environment"))
            }
        }
    }

    /// Why there is nothing: the nearest thing that is there.
    fn absent(&self) -> Seen<Finding> {
        let before = format!("max(max_over_time(timestamp({})[1d:5m]))", self.raw(EVENTS, &[]));
        let now = self.asking.at().timestamp();
        if let Some(last) = self.numbers("present", &before)?.first() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "Unix seconds are far below what a double holds"
            )]
            let minutes = ((now as f64 - last.value) / 60.0).round();
            let found = format!("its series ended some {minutes} minutes ago");
            return Ok(Finding::broken(HERE, "present", found).mend(
                "is the service up, and can it reach its collector? --service shows what it says of its pushes",
            ));
        }
        let anyone = format!("count by ({SERVICE}, {ENVIRONMENT}) ({EVENTS})");
        let others = self.numbers("present", &anyone)?;
        if !others.is_empty() {
            return Ok(self.elsewhere(&others));
        }
        let dotted = r#"count({__name__=~"slo\\.events|slo_events"})"#;
        if !self.numbers("present", dotted)?.is_empty() {
            let found = format!("the store has `slo.events`, and not `{EVENTS}`");
            return Ok(Finding::broken(HERE, "present", found).mend(
                "let it write Prometheus' names: -opentelemetry.usePrometheusNaming of VictoriaMetrics and vmagent, the default of Prometheus",
            ));
        }
        let found = format!("nobody pushes `{EVENTS}` to this store");
        Ok(Finding::broken(HERE, "present", found)
            .mend("set OTEL_EXPORTER_OTLP_ENDPOINT of the service to a collector that writes here"))
    }

    /// There are events of others, or of ours under other labels.
    fn elsewhere(&self, others: &[Sample]) -> Finding {
        let service = self.slos.service();
        let here: BTreeSet<_> = others
            .iter()
            .filter(|one| one.label(SERVICE) == service)
            .map(|one| one.label(ENVIRONMENT))
            .collect();
        if !here.is_empty() && self.is_under_other_labels(&here) {
            let found = format!("its series have the label `{SERVICE}`, and are not found by those of this --identity");
            return Finding::broken(HERE, "present", found).mend("leave --identity out, here and for `slo rules`");
        }
        if !here.is_empty() {
            let names: Vec<_> = here
                .into_iter()
                .map(|name| if name.is_empty() { "(none)" } else { name })
                .collect();
            let found = format!("it is not in this environment; it is in {}", plain(&names.join(", ")));
            return Finding::broken(HERE, "present", found).mend("give the right --environment");
        }
        let services: BTreeSet<_> = others
            .iter()
            .map(|one| one.label(SERVICE))
            .filter(|name| !name.is_empty())
            .collect();
        if services.is_empty() {
            let found = format!("the events in the store have no label `{SERVICE}`");
            return Finding::broken(HERE, "present", found).mend(
                "promote the resource attributes service.name, service.namespace, service.version, service.instance.id and \
                 deployment.environment.name (promote_resource_attributes of Prometheus), or say --identity job or target-info",
            );
        }
        let names: Vec<_> = services.into_iter().collect();
        let shown = match names.get(..10) {
            Some(first) if names.len() > 10 => format!("{} and {} more", first.join(", "), names.len() - 10),
            _ => names.join(", "),
        };
        let found = format!(
            "no series of `{}`; there are those of {}",
            plain(service),
            plain(&shown)
        );
        Finding::broken(HERE, "present", found)
            .mend("is `service` in the spec what the process exports as service.name?")
    }

    /// Whether the service is where it should be, in these environments, and its attributes are labels although others are
    /// asked for. `job` knows no environments.
    fn is_under_other_labels(&self, here: &BTreeSet<&str>) -> bool {
        match self.args.identity {
            Identity::Promoted => false,
            Identity::Job => true,
            Identity::TargetInfo => {
                let wanted = self.args.environment.as_deref();
                wanted.is_none_or(|name| here.contains(name))
            }
        }
    }

    fn last_push(&self) -> Seen<Finding> {
        let query = format!("time() - max(timestamp({}))", self.raw(EVENTS, &[]));
        let Some(ago) = self.numbers("last_push", &query)?.first().map(|sample| sample.value) else {
            let found = "its series are there, and the engine does not say since when";
            return Err(Finding::unknown(HERE, "last_push", found));
        };
        let interval = self.args.push_interval.as_seconds();
        let found = format!("the last push came {} s ago", ago.round());
        #[expect(clippy::cast_precision_loss, reason = "at most 300")]
        if ago > MISSED * interval as f64 {
            return Ok(Finding::broken(
                HERE,
                "last_push",
                format!("{found}, and one should come every {interval} s"),
            )
            .mend("is the service up, and can it reach its collector? --push-interval says how often it should"));
        }
        Ok(Finding::fine(HERE, "last_push", found))
    }

    /// Each SLO with each outcome, from the start: an outcome that begins with its first event loses that.
    fn outcomes(&self) -> Seen<Finding> {
        let query = format!("count by ({SLO}, {OUTCOME}) ({})", self.raw(EVENTS, &[]));
        let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for sample in self.numbers("zeros", &query)? {
            let outcomes = seen.entry(sample.label(SLO).to_owned()).or_default();
            outcomes.insert(sample.label(OUTCOME).to_owned());
        }
        let counted = self
            .slos
            .slos()
            .iter()
            .filter(|slo| slo.sli().is_counted_here())
            .map(Slo::name);
        let expected: Vec<_> = counted.chain([names::REQUESTS]).collect();
        let absent: Vec<_> = expected
            .iter()
            .copied()
            .filter(|name| !seen.contains_key(*name))
            .collect();
        if !absent.is_empty() {
            let found = format!("no events of {}", plain(&absent.join(", ")));
            return Ok(Finding::broken(HERE, "zeros", found)
                .mend("deploy the service with this spec: it exports every SLO from its first push on"));
        }
        let partial = expected
            .iter()
            .copied()
            .find(|name| seen.get(*name).is_some_and(|outcomes| outcomes.len() < 3));
        if let Some(name) = partial {
            let found = format!("{} has not all three outcomes", plain(name));
            return Ok(Finding::broken(HERE, "zeros", found).mend(
                "nothing on the way may drop series that are 0, or the first bad events are lost: look for relabelling and filters",
            ));
        }
        if let Some(name) = seen.keys().find(|name| !expected.contains(&name.as_str())) {
            let found = format!("events of {} are there, which the spec does not have", plain(name));
            return Ok(Finding::warning(HERE, "zeros", found).mend("deploy this spec, or check out the deployed one"));
        }
        Ok(Finding::fine(
            HERE,
            "zeros",
            format!("all outcomes of {} SLIs are there", expected.len()),
        ))
    }

    /// What the process says of its promises, beside the file.
    fn definitions(&self) -> Seen<Finding> {
        for (metric, what, written) in [
            (names::ERROR_BUDGET, "error budget", budget as fn(&Slo) -> Option<f64>),
            (names::WINDOW, "window", window),
        ] {
            let raw = self.raw(metric.prometheus, &[]);
            let least = self.numbers("spec", &format!("min by ({SLO}) ({raw})"))?;
            let most = self.numbers("spec", &format!("max by ({SLO}) ({raw})"))?;
            for sample in least {
                let name = sample.label(SLO);
                let other = most
                    .iter()
                    .find(|other| other.label(SLO) == name)
                    .map_or(sample.value, |other| other.value);
                if differ(sample.value, other) {
                    let found = format!(
                        "instances differ about the {what} of {}: {} and {other}",
                        plain(name),
                        sample.value
                    );
                    return Ok(Finding::warning(HERE, "spec", found).mend("finish the rollout"));
                }
                let expected = self.slos.slo(name).and_then(written);
                if let Some(expected) = expected.filter(|expected| differ(*expected, other)) {
                    let found = format!("the {what} of {} is {other}, and {expected} in the spec", plain(name));
                    return Ok(
                        Finding::warning(HERE, "spec", found).mend("deploy this spec, or check out the deployed one")
                    );
                }
            }
        }
        Ok(Finding::fine(HERE, "spec", "budgets and windows are those of the spec"))
    }

    /// A counter that falls again and again is none: a delta, or two processes by one name.
    fn counters_fall(&self) -> Seen<Finding> {
        let series = [
            EVENTS.to_owned(),
            format!("{}_count", names::HTTP_SERVER_REQUEST_DURATION.prometheus),
        ];
        for metric in series {
            let query = format!("max(resets({}[1h]))", self.raw(&metric, &[]));
            let falls = self
                .numbers("temporality", &query)?
                .first()
                .map_or(0.0, |sample| sample.value);
            if falls >= RESTARTS {
                let found = format!("a series of `{metric}` fell {falls} times within the hour");
                return Ok(Finding::broken(HERE, "temporality", found).mend(
                    "unless the process was restarted so often: push cumulative sums \
                     (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative), and give each process a \
                     service.instance.id of its own",
                ));
            }
        }
        Ok(Finding::fine(HERE, "temporality", "counters grow"))
    }

    /// A boundary in the histogram for every limit that somebody judges by.
    fn buckets(&self) -> Seen<Vec<Finding>> {
        let mut limits = self.slos.latency_limits();
        let gate = self.slos.gate().p95.limit;
        if !limits.contains(&gate) {
            limits.push(gate);
        }
        let metric = format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus);
        let instances = |le: &str| -> Seen<f64> {
            let raw = self.raw(&metric, &[promql::matches_regex("le", le)]);
            let instance = format!("{}, instance", names::SERVICE_INSTANCE_ID.label);
            let query = format!("count(count by ({instance}) ({raw}))");
            Ok(self
                .numbers("buckets", &query)?
                .first()
                .map_or(0.0, |sample| sample.value))
        };
        let all = instances(r"\+Inf")?;
        if all == 0.0 {
            let found = format!("no request that matched a route is in `{metric}` yet");
            return Ok(vec![Finding::warning(HERE, "buckets", found).mend(
                "send it a request; if that does not help, look for a filter on the way",
            )]);
        }
        let mut findings = Vec::new();
        for limit in limits {
            findings.extend(lacking(limit, instances(&promql::boundary(limit))?, all));
        }
        if findings.is_empty() {
            findings.push(Finding::fine(
                HERE,
                "buckets",
                "every limit is a boundary of the histogram",
            ));
        }
        Ok(findings)
    }
}

fn lacking(limit: Threshold, some: f64, all: f64) -> Option<Finding> {
    if some >= all {
        return None;
    }
    let found = format!(
        "{} of {all} instances have no boundary at {limit} in their histogram",
        all - some
    );
    Some(if some > 0.0 {
        Finding::warning(HERE, "buckets", found)
            .mend("finish the rollout; until then the gate judges them by their nearest boundaries")
    } else {
        Finding::broken(HERE, "buckets", found)
            .mend("deploy this spec: every limit in it becomes a boundary; a view of one's own must keep them")
    })
}

/// Both were decimals once.
fn differ(one: f64, other: f64) -> bool {
    (one - other).abs() > 1e-9 * one.abs().max(other.abs())
}

fn within(environment: &str) -> String {
    match environment {
        "" => String::new(),
        name => format!(" in {}", plain(name)),
    }
}

fn budget(slo: &Slo) -> Option<f64> {
    Some(slo.target().budget_as_ratio_f64())
}

/// A calendar's window is as long as its present period.
fn window(slo: &Slo) -> Option<f64> {
    slo.window().rolling_length().map(|length| length.as_secs_f64())
}
