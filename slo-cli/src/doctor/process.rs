//! The service itself, by the status that one instance tells of itself.

use std::collections::BTreeSet;

use serde::Deserialize;
use slo_core::Slo;

use super::{Finding, Link, Patient, skew};
use crate::render::plain;

const HERE: Link = Link::Process;

/// What of the status matters here.
#[derive(Debug, Deserialize)]
struct Status {
    service: String,
    environment: Option<String>,
    instance_id: String,
    slos: Vec<Promised>,
    composites: Vec<Promised>,
    unseen_routes: Vec<String>,
    life: Life,
    /// None where nothing was set up to be pushed.
    export: Option<Export>,
}

#[derive(Debug, Deserialize)]
struct Promised {
    name: String,
    objective: String,
    window: String,
}

#[derive(Debug, Deserialize)]
struct Life {
    runs: bool,
}

#[derive(Debug, Deserialize)]
struct Export {
    succeeded: u64,
    failed: u64,
    #[serde(default)]
    rejected: u64,
    failing: Option<String>,
}

impl Patient<'_> {
    pub(super) fn process(&self) -> Vec<Finding> {
        let Some(base) = &self.args.service else {
            let found = "no instance was asked; give --service URL to look into one";
            return vec![Finding::skipped(HERE, "status", found)];
        };
        let path = self.args.status_path.trim_matches('/');
        let address = format!("{}/{path}", base.trim_end_matches('/'));
        let before = (self.clock)();
        let page = match self.web.get(&address) {
            Ok(page) => page,
            Err(why) => {
                let found = format!("{} cannot be reached: {why}", plain(&address));
                return vec![
                    Finding::broken(HERE, "status", found)
                        .mend("is the service up, and is this the address of an instance?"),
                ];
            }
        };
        let looks = [before, (self.clock)()];
        let Some(status) = status(&page.body).filter(|_| page.is_success()) else {
            let found = format!(
                "{} answers with status {} and no status of ours",
                plain(&address),
                page.status
            );
            return vec![Finding::broken(HERE, "status", found).mend(
                "merge `reliability.status_router()` into the service's router, and give its place as --status-path",
            )];
        };
        let clock = skew::of_page(HERE, "the instance", &page, looks);
        self.told(&status).into_iter().chain(clock).collect()
    }

    fn told(&self, status: &Status) -> Vec<Finding> {
        vec![
            self.identity_told(status),
            self.spec_told(status),
            pushes(status.export.as_ref()),
            life(&status.life),
            routes(&status.unseen_routes),
        ]
    }

    fn identity_told(&self, status: &Status) -> Finding {
        let (asked, told) = (&self.args.environment, &status.environment);
        if status.service != self.slos.service() {
            let found = format!(
                "it is `{}`, and the spec is of `{}`",
                plain(&status.service),
                plain(self.slos.service())
            );
            return Finding::broken(HERE, "status", found).mend("give the address of an instance of this service");
        }
        if asked.is_some() && asked != told {
            let told = told.as_deref().unwrap_or("none");
            let found = format!("its environment is {}", plain(told));
            return Finding::broken(HERE, "status", found)
                .mend("set deployment.environment.name in OTEL_RESOURCE_ATTRIBUTES, or give its --environment");
        }
        let found = format!("instance {} answers", plain(&status.instance_id));
        Finding::fine(HERE, "status", found)
    }

    /// Whether the process was built with this spec.
    fn spec_told(&self, status: &Status) -> Finding {
        let written: BTreeSet<_> = self.slos.slos().iter().filter(|slo| is_told(slo)).map(line).collect();
        let told = status.slos.iter().chain(&status.composites);
        let told: BTreeSet<_> = told
            .map(|slo| format!("{} {} {}", slo.name, slo.objective, slo.window))
            .collect();
        let first = written.symmetric_difference(&told).next();
        match first {
            None => Finding::fine(HERE, "spec", format!("it runs this spec: {} SLOs", written.len())),
            Some(line) => {
                let whose = if written.contains(line) {
                    "the file"
                } else {
                    "the process"
                };
                let found = format!("it runs another spec: `{}` is in {whose} only", plain(line));
                Finding::warning(HERE, "spec", found)
                    .mend("deploy the service with this file, or check out the deployed one")
            }
        }
    }
}

/// What an engine counts is no business of the process.
fn is_told(slo: &Slo) -> bool {
    slo.composite().is_some() || slo.sli().is_counted_here()
}

fn line(slo: &Slo) -> String {
    format!("{} {} {}", slo.name(), slo.target(), slo.window())
}

fn pushes(export: Option<&Export>) -> Finding {
    let Some(export) = export.filter(|export| export.succeeded + export.failed > 0) else {
        return Finding::broken(HERE, "push", "it has pushed nothing yet").mend(
            "call `push_otlp_from_env()`, keep its guard, and set OTEL_EXPORTER_OTLP_ENDPOINT; the first push takes an interval",
        );
    };
    if let Some(why) = &export.failing {
        let found = format!("its metrics cannot be pushed: {}", plain(why));
        return Finding::broken(HERE, "push", found)
            .mend("check OTEL_EXPORTER_OTLP_ENDPOINT, and that this collector is up");
    }
    if export.rejected > 0 {
        let found = format!("the collector rejected {} points", export.rejected);
        return Finding::warning(HERE, "push", found).mend("look into the collector's log");
    }
    let found = format!("{} pushes arrived, {} failed", export.succeeded, export.failed);
    Finding::fine(HERE, "push", found)
}

fn life(life: &Life) -> Finding {
    if life.runs {
        return Finding::fine(HERE, "life", "alerts and gaps are looked after in the process");
    }
    Finding::warning(HERE, "life", "nobody looks after alerts and gaps in the process")
        .mend("call `reliability.run(Life::default())` and keep what it returns")
}

/// Right after the start nothing was asked for yet.
fn routes(unseen: &[String]) -> Finding {
    if unseen.is_empty() {
        return Finding::fine(HERE, "routes", "every route of the spec was asked for");
    }
    let found = format!("no request since the start for {}", plain(&unseen.join(", ")));
    Finding::warning(HERE, "routes", found)
        .mend("if the instance is no newborn: are these the templates of its router?")
}

fn status(body: &[u8]) -> Option<Status> {
    serde_json::from_slice(body).ok()
}
