use clap::Parser as _;

use super::*;
use crate::args::{Args, Command};
use crate::cmd::rules::own_of;

/// What becomes of an SLO on so many routes, with more in its `sli` and below it.
fn file(words: &str, routes: usize, (sli, more): (&str, &str)) -> Result<RuleFile, Vec<String>> {
    let routes: Vec<_> = (0..routes)
        .map(|route| format!("/api/v1/customers/{{customer_id}}/orders/{{order_id}}/resource-{route:02}"))
        .collect();
    let spec = format!(
        "version: 1\nservice: shop\nslos:\n  - name: one\n    promise: It works.\n    owner: us\n    status: agreed\n    objective: 99%\n    \
         window: 30d\n    sli: {{ http: {{ routes: {routes:?}{sli} }} }}\n{more}"
    );
    let words = ["slo", "rules", "slo.yaml"].into_iter().chain(words.split_whitespace());
    let Command::Rules(args) = Args::parse_from(words).command else {
        panic!("no rules")
    };
    own_of(&args, &SloSet::from_yaml(&spec).unwrap()).file()
}

fn longest(file: &RuleFile) -> usize {
    let rules = file.groups.iter().flat_map(|group| &group.rules);
    rules.map(Rule::query_bytes).max().unwrap()
}

/// The conditions of alerts of an SLO, so many of them.
fn conditions(count: usize) -> String {
    let hours = (0..count).map(|at| format!("{{ severity: page, share: {}%, long: 6h, short: 30m }}", at + 1));
    format!(
        "    alerts: {{ conditions: [{}] }}\n",
        hours.collect::<Vec<_>>().join(", ")
    )
}

#[test]
fn victoria_metrics_takes_every_query_of_many_routes() {
    let latency = ", faster_than: 800ms";
    for (routes, sli) in [(1, ""), (46, ""), (20, latency), (30, latency)] {
        for more in ["", "--identity target-info --environment production"] {
            let words = format!("--engine victoriametrics --source http {more}");
            let file = file(&words, routes, (sli, "")).unwrap();
            assert!(
                longest(&file) <= MOST_QUERY_BYTES,
                "{routes} {sli} {more}: {}",
                longest(&file)
            );
            // What the page needs of many routes is recorded, in the page's group and before it.
            let text = file.render(
                Engine::Victoriametrics,
                crate::args::RuleFormat::Plain,
                &Default::default(),
            );
            let recorded = text.unwrap().matches("- record: slo:bad_events:increase1h").count();
            assert_eq!(
                recorded,
                usize::from(routes > 1 || !more.is_empty()),
                "{routes} {sli} {more}"
            );
        }
    }
}

#[test]
fn what_victoria_metrics_does_not_take_is_refused() {
    let requests = "--source http --engine";
    let latency = (", faster_than: 800ms", "");
    let refused = file(&format!("{requests} victoriametrics"), 80, latency).unwrap_err();
    let (said, rest) = refused.split_first().unwrap();
    assert!(
        rest.is_empty() && said.starts_with("slos.one.sli: a rule of it is a query of "),
        "{said}"
    );
    assert!(
        said.ends_with("write fewer routes or conditions of alerts, or several SLOs"),
        "{said}"
    );
    assert!(longest(&file(&format!("{requests} prometheus"), 80, latency).unwrap()) > MOST_QUERY_BYTES);

    let vm = "--engine victoriametrics";
    assert!(longest(&file(vm, 1, ("", &conditions(8))).unwrap()) <= MOST_QUERY_BYTES);
    let named = "--engine victoriametrics --namespace sales --environment production";
    let refused = file(named, 1, ("", &conditions(16))).unwrap_err();
    let said = "VictoriaMetrics takes 16384 (`-search.maxQueryLen`); write fewer conditions of alerts";
    assert!(
        refused[0].starts_with("slos.one.alerts: ") && refused[0].ends_with(said),
        "{refused:?}"
    );
}
