//! What `slo probes` keeps from being told, as the real Alertmanager does it to the alerts that it writes.

use std::collections::BTreeMap;

use e2e::{Alertmanager, Failure, Http, Outcome, PATIENCE, Port, TempDir, eventually};
use serde_json::{Value, json};

use crate::{slo, slo_probes};

/// Two promises about one endpoint, of which one calls pages otherwise, and a third about another.
const SPEC: &str = "
version: 1
service: shop
slos:
  - { name: week, status: agreed, promise: New., owner: us, objective: 99%, window: 7d, sli: { synthetic: { path: /stock } } }
  - name: month
    status: agreed
    promise: New.
    owner: us
    objective: 99%
    window: 30d
    sli: { synthetic: { path: /stock } }
    alerts: { severities: { page: critical } }
  - { name: prices, status: agreed, promise: New., owner: us, objective: 99%, window: 7d, sli: { synthetic: { path: /prices } } }
";

/// A name of an alert, its SLO, and the target that it is about, if it is about one.
type Which = (&'static str, &'static str, Option<&'static str>);

#[test]
fn what_is_down_is_told_once() -> Outcome {
    let kr = Some("https://kr.shop.example/stock");
    let us = Some("https://us.shop.example/stock");
    let told = &[
        ("SloHealthDown", "week", kr),
        // Nobody has said anything of the other endpoint yet.
        ("SloHealthFastBurn", "prices", None),
    ];
    let silenced = &[
        ("SloHealthStale", "week", us),
        ("SloHealthUnobserved", "week", us),
        ("SloHealthFastBurn", "week", None),
        ("SloHealthFastBurn", "month", None),
        ("SloHealthSlowBurn", "month", None),
    ];
    with_alerts(told, silenced)
}

#[test]
fn a_budget_that_burns_fast_is_a_page_whoever_has_a_ticket() -> Outcome {
    let us = Some("https://us.shop.example/stock");
    let told = &[
        ("SloHealthFastBurn", "month", None),
        ("SloHealthSlowBurn", "prices", None),
    ];
    let silenced = &[("SloHealthStale", "week", us), ("SloHealthSlowBurn", "week", None)];
    with_alerts(told, silenced)
}

#[test]
fn a_ticket_on_the_cause_is_enough() -> Outcome {
    let us = Some("https://us.shop.example/stock");
    let told = &[
        ("SloHealthStale", "week", us),
        ("SloHealthUnobserved", "week", Some("https://kr.shop.example/stock")),
        ("SloHealthSlowBurn", "prices", None),
    ];
    let silenced = &[
        ("SloHealthSlowBurn", "week", None),
        ("SloHealthSlowBurn", "month", None),
    ];
    with_alerts(told, silenced)
}

#[test]
fn while_probes_page_what_events_say_of_the_same_is_not_told() -> Outcome {
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        let shop = [("service_name", "shop"), ("severity", "page")];
        let all = shop.iter().chain(pairs);
        all.map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect()
    };
    let here = ("deployment_environment_name", "production");
    let missing = ("alertname", "SloDataMissing");
    let burn = ("alertname", "SloErrorBudgetBurn");
    let down = Written::of_spec()?.labels(&("SloHealthDown", "week", Some("https://kr.shop.example/stock")))?;
    let told = [
        down,
        labels(&[missing, ("deployment_environment_name", "staging")]),
        labels(&[missing, here, ("service_namespace", "sales")]),
        // What counts for others may be down by itself.
        labels(&[missing, here, ("slo_name", "week")]),
        labels(&[burn, here, ("slo_name", "prices")]),
    ];
    let silenced = [labels(&[missing, here]), labels(&[burn, here, ("slo_name", "week")])];
    alertmanager_tells(&slo(&["rules", "--alertmanager"])?, &told, &silenced)
}

/// Sends all of these to an Alertmanager with the written inhibitions: the ones are told, the others not.
fn with_alerts(told: &[Which], silenced: &[Which]) -> Outcome {
    let written = Written::of_spec()?;
    let labels = |all: &[Which]| {
        all.iter()
            .map(|which| written.labels(which))
            .collect::<Result<Vec<_>, _>>()
    };
    alertmanager_tells(&written.inhibitions, &labels(told)?, &labels(silenced)?)
}

fn alertmanager_tells(inhibitions: &str, told: &[Labels], silenced: &[Labels]) -> Outcome {
    let config = format!("{inhibitions}route: {{ receiver: people }}\nreceivers: [{{ name: people }}]\n");
    let alertmanager = Alertmanager::start_on(Port::Free, &config)?;
    let all: Vec<_> = told.iter().chain(silenced).collect();
    let alerts: Vec<_> = all.iter().map(|labels| json!({ "labels": labels })).collect();
    let url = format!("{}/api/v2/alerts", alertmanager.url());
    let reply = Http::new().send("POST", &url, &[], Some(&json!(alerts).to_string()))?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    eventually(PATIENCE, || {
        let body = Http::new().get(&url).map_err(|error| error.to_string())?.body;
        let found: Vec<Value> = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        if found.len() != all.len() {
            return Err(format!("{} alerts of {}", found.len(), all.len()));
        }
        for (at, labels) in all.iter().enumerate() {
            let alert = found.iter().find(|alert| alert["labels"] == json!(labels));
            let by = &alert.ok_or_else(|| format!("no {labels:?}"))?["status"]["inhibitedBy"];
            let is_told = by.as_array().is_some_and(Vec::is_empty);
            if is_told != (at < told.len()) {
                return Err(format!("{labels:?} is inhibited by {by}"));
            }
        }
        Ok(())
    })?;
    Ok(())
}

type Labels = BTreeMap<String, String>;

/// What is written for the spec.
struct Written {
    inhibitions: String,
    /// The labels of each alert, by its name and SLO.
    alerts: BTreeMap<(String, String), Labels>,
}

impl Written {
    fn of_spec() -> Result<Self, Failure> {
        let folder = TempDir::new("slo-e2e-probes")?;
        let spec = folder.path().join("slo.yaml");
        std::fs::write(&spec, SPEC)?;
        let spec = spec.display().to_string();
        let targets = [
            "--target",
            "https://kr.shop.example",
            "--target",
            "https://us.shop.example",
        ];
        let print = |name| slo_probes(&[&[spec.as_str()], &targets[..], &["--print", name]].concat());
        Ok(Self {
            inhibitions: print("alertmanager.yml")?,
            alerts: labels_of_alerts(&print("alerting.yml")?),
        })
    }

    /// Of an alert as an engine would send it.
    fn labels(&self, (name, slo, target): &Which) -> Result<Labels, Failure> {
        let known = self.alerts.get(&((*name).to_owned(), (*slo).to_owned()));
        let mut labels = known
            .cloned()
            .ok_or_else(|| Failure::new(format!("no {name} of {slo}")))?;
        labels.insert("alertname".to_owned(), (*name).to_owned());
        labels.extend(target.map(|target| ("instance".to_owned(), target.to_owned())));
        Ok(labels)
    }
}

/// Of a file of rules in which neither names nor values need quotes.
fn labels_of_alerts(rules: &str) -> BTreeMap<(String, String), Labels> {
    let blocks = rules.split("      - alert: ").skip(1);
    let read = |block: &str| {
        let name = block.lines().next().unwrap_or_default().to_owned();
        let labels = block.lines().skip_while(|line| line.trim() != "labels:").skip(1);
        let labels = labels.take_while(|line| line.starts_with("          "));
        let labels = labels.filter_map(|line| line.trim().split_once(": "));
        let labels: Labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        ((name, labels["slo_name"].clone()), labels)
    };
    blocks.map(read).collect()
}
