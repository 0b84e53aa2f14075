//! What a spec may say and probably does not mean: each lint where it belongs, and nowhere else.
#![cfg(all(feature = "calendar", feature = "yaml"))]

use slo_core::{Lint, SloSet};

/// A spec in which nothing is amiss.
const FINE: &str = r#"version: 1
service: shop
retention: 35d
slos:
  - name: up
    promise: It is there.
    owner: x
    status: agreed
    objective: 99.9%
    window: 30d
    sli: { http: { routes: [/a, "/b/{id}"], methods: [GET] } }
  - name: fast
    promise: It is fast.
    owner: x
    status: agreed
    objective: 95%
    window: 30d
    sli: { http: { routes: [/a], faster_than: 800ms } }
"#;

/// Line, column, key, SLO and message of each warning, with the lint's name.
fn warnings(text: &str) -> Vec<String> {
    match SloSet::lint_yaml("slo.yaml", text) {
        Ok((_, warnings)) => warnings
            .iter()
            .map(|w| {
                let lint = w.lint().map_or("none", Lint::as_str);
                let slo = w.slo_name().unwrap_or("-");
                format!(
                    "{}:{} {} ({slo}) {lint}: {}",
                    w.line(),
                    w.column(),
                    w.key(),
                    w.message()
                )
            })
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// The warnings of the fine spec with some pieces replaced.
fn with(changes: &[(&str, &str)]) -> Vec<String> {
    let change = |text: String, (from, to): &(&str, &str)| {
        assert!(text.contains(from), "{from:?} is not in it");
        text.replacen(from, to, 1)
    };
    warnings(&changes.iter().fold(FINE.to_owned(), change))
}

#[test]
fn a_fine_spec_has_no_warning() {
    assert_eq!(warnings(FINE), [""; 0]);
}

#[test]
fn a_warning_shows_its_place_and_its_name() {
    let text = FINE
        .replace("    promise: It is there.\n", "")
        .replace("agreed", "draft");
    let (set, warnings) = SloSet::lint_yaml("shop.yaml", &text).unwrap();
    assert_eq!(set.slos().len(), 2);
    assert_eq!(
        warnings[0].to_string(),
        "shop.yaml:5:5: slos[0].promise (up): nothing says what is promised; write one sentence that users would \
         understand, like `promise: Anyone can look at listings at any time.` [no-promise]\n\
         \x20 5 |   - name: up\n\
         \x20   |     ^^^^"
    );
    assert_eq!(warnings.len(), 1);
}

#[test]
fn conditions_that_can_never_fire_are_named_where_the_target_is() {
    let unreachable = |place: &str, slo: &str, target: &str| {
        format!(
            "{place} ({slo}) unreachable-alert: the page for 2% of the budget in 1h can never fire at a target of {target}: \
             more than 144% of the events would have to be bad; take a smaller share, or a long window of at least 1h26m25s \
             in a period of 30d; the usual conditions do not fit this target: write others as `conditions` of `alerts`"
        )
    };
    let low = ("objective: 95%", "objective: 90%");
    assert_eq!(with(&[low]), [unreachable("16:16 slos[1].objective", "fast", "90%")]);
    assert_eq!(with(&[low, ("slos:", "alerts: false\nslos:")]), [""; 0]);
    let own = "slos:\n";
    let to = "alerts: { conditions: [{ severity: page, share: 2%, long: 6h, short: 30m }] }\nslos:\n";
    assert_eq!(with(&[low, (own, to)]), [""; 0]);

    let last = "faster_than: 800ms } }\n";
    let dev = |change: &str| format!("{last}environments: {{ dev: {{ slos: {{ fast: {{ {change} }} }} }} }}\n");
    assert_eq!(
        with(&[(last, &dev("objective: 90%"))]),
        [unreachable("19:51 environments.dev.slos.fast.objective", "fast", "90%")]
    );
    assert_eq!(with(&[(last, &dev("objective: 90%, status: draft"))]), [""; 0]);
    assert_eq!(with(&[(last, &dev("objective: 94%"))]), [""; 0]);
    assert_eq!(with(&[low, (last, &dev("window: 30d"))]).len(), 1); // not said once more
}

/// A timer has an event every half minute, however bad all of them are.
#[test]
fn more_bad_events_than_a_timer_brings_are_named_where_their_number_is() {
    let fast = "sli: { http: { routes: [/a], faster_than: 800ms } }";
    let minimum = |window: &str, of_all: &str, own: &str, sli: &str| {
        let spec = format!(
            "version: 1\nservice: shop\nretention: 40d\n{of_all}slos:\n  - {{ name: stock, promise: P., objective: 99%, window: \
             {window}, {own}status: agreed, owner: x, sli: {sli} }}\n"
        );
        warnings(&spec)
    };
    let synthetic = "{ synthetic: { path: /a } }";
    let said = |long: &str, most: u32| {
        format!(
            "100 bad events within {long} are more than one instance has there: {most}, one every 30s; write \
             `minimum_bad_events: {most}` or less"
        )
    };
    let alerts = "alerts: { minimum_bad_events: 100 }";
    assert_eq!(
        minimum("7d", &format!("{alerts}\n"), "", synthetic),
        [format!(
            "4:31 alerts.minimum_bad_events (stock) unreachable-alert: {}",
            said("15m", 30)
        )]
    );
    assert_eq!(
        minimum("7d", "", &format!("{alerts}, "), synthetic),
        [format!(
            "5:91 slos[0].alerts.minimum_bad_events (stock) unreachable-alert: {}",
            said("15m", 30)
        )]
    );
    assert_eq!(
        minimum("30d", &format!("{alerts}\n"), "", synthetic),
        [""; 0],
        "120 in an hour"
    );
    assert_eq!(
        minimum("7d", &format!("{alerts}\n"), "", &fast[5..]),
        [""; 0],
        "requests come as they like"
    );
    assert_eq!(
        minimum("7d", "alerts: { minimum_bad_events: 30 }\n", "", synthetic),
        [""; 0]
    );
    let dev = format!("{synthetic} }}\nenvironments: {{ dev: {{ slos: {{ stock: {{ window: 7d }} }} }} }}\n#");
    assert_eq!(
        minimum("30d", &format!("{alerts}\n"), "", &dev),
        [format!(
            "7:49 environments.dev.slos.stock.window (stock) unreachable-alert: {}",
            said("15m", 30)
        )]
    );
}

/// A slice is one event, of whatever it is cut.
#[test]
fn more_bad_events_than_there_are_slices_of_time_are_named_whatever_is_measured() {
    let sliced = |window: &str, own: &str, sli: &str| {
        let slo = format!(
            "{{ name: stock, promise: P., objective: 99%, window: {window}, {own}sli: {{ {sli}, time_slices: {{ length: 5m, \
             target: 99% }} }} }}"
        );
        warnings(&format!(
            "version: 1\nservice: shop\nretention: 40d\nslos:\n  - {slo}\n"
        ))
    };
    let said = |asked: u32, long: &str, most: u32| {
        format!(
            "slos[0].alerts.minimum_bad_events (stock) unreachable-alert: {asked} bad slices within {long} are more than one \
             instance has there: {most}, one every 5m; write `minimum_bad_events: {most}` or less, or a shorter `length` of \
             slices"
        )
    };
    for sli in [
        "http: { routes: [/a] }",
        "events: { of: mails }",
        "synthetic: { path: /a }",
        "prometheus: { bad: failed_total, valid: mails_total }",
    ] {
        let minimum = |count: u32| format!("alerts: {{ minimum_bad_events: {count} }}, ");
        let hundred = sliced("30d", &minimum(100), sli);
        assert!(hundred[0].ends_with(&said(100, "1h", 12)), "{hundred:?}");
        assert_eq!(sliced("30d", &minimum(12), sli), [""; 0], "{sli}");
        // Nobody wrote the usual five: a week's shortest long window has three slices.
        let usual = sliced("7d", "", sli);
        assert!(usual[0].ends_with(&said(5, "15m", 3)), "{usual:?}");
        assert_eq!(sliced("7d", "alerts: false, ", sli), [""; 0], "{sli}");
    }
}

/// What is to be written is what a spec writes: for 30 days, from which it is scaled.
#[test]
fn conditions_of_ones_own_are_mended_where_they_are_written() {
    let conditions = "conditions: [{ severity: page, share: 1%, long: 3h, short: 5m }, { severity: page, share: 2%, long: 1h, \
                      short: 5m }]";
    let of_slo = format!("    owner: x\n    alerts: {{ {conditions} }}\n");
    let low = [
        ("agreed", "draft"),
        ("window: 30d", "window: 90d"),
        ("35d", "100d"),
        ("99.9%", "90%"),
        ("    owner: x\n", &of_slo),
    ];
    let said = "the page for 2% of the budget in 3h can never fire at a target of 90%: more than 144% of the events would have \
                to be bad; take a smaller share, or a long window of at least 1h26m25s as it is written for 30d, which is \
                4h19m15s in a period of 90d";
    assert_eq!(
        with(&low)[0],
        format!("8:115 slos[0].alerts.conditions[1].long (up) unreachable-alert: {said}; write that as its `long`")
    );
    let mended = of_slo.replace("long: 1h,", "long: 1h26m25s,");
    let fine = [low[0], low[1], low[2], low[3], ("    owner: x\n", mended.as_str())];
    assert_eq!(with(&fine), [""; 0]);
    let short = of_slo.replace("long: 1h,", "long: 1h26m24s,");
    assert_eq!(
        with(&[low[0], low[1], low[2], low[3], ("    owner: x\n", &short)]).len(),
        1
    );

    let of_all = format!("alerts: {{ {conditions} }}\nslos:");
    let whole = with(&[low[0], low[1], low[2], low[3], ("slos:", &of_all)]);
    assert_eq!(
        whole,
        [format!(
            "10:16 slos[0].objective (up) unreachable-alert: {said}; write that as `alerts.conditions[1].long`, or give this SLO \
             `alerts` with `conditions` of its own"
        )]
    );
}

#[test]
fn a_route_of_another_framework_is_no_mistake() {
    let routes = |routes: &str| with(&[("[/a, \"/b/{id}\"]", routes)]);
    let said = |column: usize, place: usize, route: &str, why: &str| {
        format!(
            "11:{column} slos[0].sli.http.routes[{place}] (up) foreign-route: `{route}` is no route of axum: {why}; write it as \
             the router has it, or allow this lint for a service in another language"
        )
    };
    let slash = "it does not begin with `/`";
    assert_eq!(routes("[\"api/orders/{id}\"]"), [said(29, 0, "api/orders/{id}", slash)]);
    let colon = "axum writes a parameter as `{id}`";
    assert_eq!(routes("[/a, /users/:id]"), [said(33, 1, "/users/:id", colon)]);
    assert_eq!(
        routes("[\"^api/orders/$\", /a/**, /b]"),
        [said(
            29,
            0,
            "^api/orders/$",
            &format!("{slash}, and 1 more of this SLO")
        )]
    );
    assert_eq!(routes("[/a, \"/b/{id}\", \"/c/{*rest}\", \"/v{n}\"]"), [""; 0]);
}

#[test]
fn a_route_that_no_path_has_is_named() {
    for (route, why) in [
        ("/a?b", "no path of a request has a `?`, behind which its query begins"),
        (
            "/a#b",
            "no path of a request has a `#`, and what stands behind it is not sent",
        ),
        ("/a b", "no path of a request has a blank, which is sent as `%20`"),
    ] {
        let found = with(&[("[/a, \"/b/{id}\"]", &format!("[\"{route}\"]"))]);
        let said =
            format!("slos[0].sli.http.routes[0] (up) foreign-route: `{route}` is no route of axum: {why}; write it");
        assert!(found.len() == 1 && found[0].contains(&said), "{found:?}");
    }
    let named = with(&[("\"/b/{id}\"", "\"/b/{an id?}\"")]);
    assert_eq!(named, [""; 0]);
}

#[test]
fn latency_of_what_never_ends_is_no_promise() {
    let message = "looks like a stream or a socket, whose response begins at once and ends when the client likes; leave out \
                   the latency limit, or the route";
    for route in ["/sse", "/v1/stream", "/chat/{room}/ws", "/WebSocket", "/subscribe/{id}"] {
        assert_eq!(
            with(&[("[/a], faster", &format!("[/c, \"{route}\"], faster"))]),
            [format!(
                "18:33 slos[1].sli.http.routes[1] (fast) latency-of-stream: `{route}` {message}"
            )]
        );
    }
    assert_eq!(
        with(&[("[/a], faster", "[/streaming-offers, /events], faster")]),
        [""; 0]
    );
    assert_eq!(with(&[("\"/b/{id}\"", "/ws")]), [""; 0]); // availability
}

#[test]
fn a_route_is_in_one_slo_of_a_kind() {
    let third = |sli: &str, rest: &str| {
        let text = format!(
            "  - {{ name: third, promise: x., objective: 99%, window: 30d, sli: {{ http: {{ {sli} }} }} {rest} }}\n"
        );
        warnings(&format!("{FINE}{text}"))
    };
    let message = "is in `up`, too, so one failure burns both budgets and is told twice; write it in one of the two, or give \
                   them other windows";
    let said = |column: usize, index: usize, shared: &str| {
        format!("19:{column} slos[2].sli.http.routes[{index}] (third) overlapping-routes: `{shared}` {message}")
    };
    assert_eq!(third("routes: [/x, \"/b/{id}\"]", ""), [said(90, 1, "GET /b/{id}")]);
    assert_eq!(
        third("routes: [/a, \"/b/{id}\"], methods: [GET, POST]", ""),
        [said(86, 0, "GET /a")]
    );
    // Another method, another limit, another window, or another kind.
    assert_eq!(third("routes: [/a], methods: [POST]", ""), [""; 0]);
    assert_eq!(third("routes: [/a], faster_than: 2s", ""), [""; 0]);
    assert_eq!(third("routes: marked", ""), [""; 0]);
    let week = FINE.to_owned()
        + "  - { name: third, promise: x., objective: 99%, window: 7d, sli: { http: { routes: [/a] } } }\n";
    assert_eq!(warnings(&week), [""; 0]);
    let same_limit = third("routes: [/a], faster_than: 800ms", "");
    assert!(same_limit[0].contains("`/a` is in `fast`, too"), "{same_limit:?}");

    let spelling = third("routes: [\"/b/{name}\"], faster_than: 2s", "");
    assert_eq!(
        spelling,
        [
            "19:86 slos[2].sli.http.routes[0] (third) overlapping-routes: `/b/{name}` and `/b/{id}` of `up` are one route to a \
          router, which has it in one spelling; write that, or one of the two matches nothing"
        ]
    );
    assert_eq!(third("routes: [\"/b/{*rest}\"]", ""), [""; 0]);
}

#[test]
fn a_window_is_not_longer_than_what_the_engine_keeps() {
    let unsaid = with(&[("retention: 35d\n", "")]);
    assert_eq!(
        unsaid,
        [
            "9:13 slos[0].window (up) beyond-retention: windows are up to 30d long, and Prometheus keeps 15d unless told \
          otherwise; let the engine keep 35d and write `retention: 35d` at the top of the spec"
        ]
    );
    assert_eq!(
        with(&[("35d", "29d")]),
        [
            "3:12 retention (-) beyond-retention: the longest window is 30d, and of more than 29d the engine knows nothing; let \
          it keep 35d and write `retention: 35d`, or shorten the window"
        ]
    );
    assert_eq!(with(&[("35d", "30d")]), [""; 0]);
    let week = [
        ("retention: 35d\n", ""),
        ("window: 30d", "window: 7d"),
        ("window: 30d", "window: 15d"),
    ];
    assert_eq!(with(&week), [""; 0]);
    // Months have up to 31 days; an environment may have another window.
    let month = [("35d", "30d"), ("window: 30d", "window: month in Asia/Seoul")];
    assert_eq!(with(&month).len(), 1);
    let last = "faster_than: 800ms } }\n";
    let dev = format!("{last}environments: {{ dev: {{ slos: {{ fast: {{ window: 90d }} }} }} }}\n");
    assert!(with(&[(last, &dev)])[0].contains("the longest window is 90d"));
    // The window that is too long is the one that is underlined, wherever it is written.
    let unsaid = ("retention: 35d\n", "");
    let place = |changes: &[(&str, &str)]| {
        let found = with(changes);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].split(" beyond-retention: ").next().map(str::to_owned)
    };
    let in_dev = Some("18:48 environments.dev.slos.fast.window (fast)".to_owned());
    assert_eq!(place(&[unsaid, (last, &dev)]), in_dev);
    assert_eq!(place(&[week[0], week[1], week[2], (last, &dev)]), in_dev);
    let second = Some("16:13 slos[1].window (fast)".to_owned());
    assert_eq!(place(&[unsaid, ("window: 30d", "window: 16d")]), second);
}

#[test]
fn a_window_without_rules_is_named_where_it_is_written() {
    let said = |window: &str| {
        format!(
            "window-without-rules: rules count in tiles of 5m, and {window} is not whole tiles of at least an hour, so that no \
             rules can be written; write one like `1h` or `30d`, or allow this lint where only the process looks at it"
        )
    };
    for window in ["59m", "55m", "1h1m", "1h1s"] {
        let found = with(&[("window: 30d", &format!("window: {window}"))]);
        let said = format!("10:13 slos[0].window (up) {}", said(window));
        assert!(found.contains(&said), "{found:?}");
    }
    for window in ["1h", "1h5m", "7d", "month in Asia/Seoul"] {
        let found = with(&[("window: 30d", &format!("window: {window}"))]);
        assert_eq!(found, [""; 0], "{window}");
    }
    let last = "faster_than: 800ms } }\n";
    let dev = format!("{last}environments: {{ dev: {{ slos: {{ fast: {{ window: 61m }} }} }} }}\n");
    assert_eq!(
        with(&[(last, &dev)]),
        [format!(
            "19:48 environments.dev.slos.fast.window (fast) {}",
            said("1h1m")
        )]
    );
}

#[test]
fn a_gate_blocks_no_earlier_than_a_promise_breaks_or_somebody_is_told() {
    let gate = |gate: &str| with(&[("slos:", &format!("gate: {{ {gate} }}\nslos:"))]);
    assert_eq!(gate("bad_ratio: \"< 0.1% over 15m\""), [""; 0]);
    assert_eq!(
        gate("bad_ratio: \"< 0.09% over 15m\""),
        [
            "4:20 gate.bad_ratio (-) strict-gate: the gate blocks from 0.09% of bad requests on, and no SLO allows less than the \
          0.1% of `up`: it blocks while every promise is kept; write `< 0.1%` or more"
        ]
    );
    assert_eq!(gate("bad_ratio: \"< 0.09% over 15m\", mode: observe"), [""; 0]);
    assert_eq!(
        gate("p95: \"< 500ms over 15m\""),
        [
            "4:14 gate.p95 (-) strict-gate: the gate blocks when 5% of all requests take 500ms or longer, and `fast` allows \
          800ms: it blocks while every promise is kept; write `< 800ms` or more"
        ]
    );
    assert_eq!(gate("budget: \"> 98%\""), [""; 0]);
    assert_eq!(
        gate("budget: \"> 98.1%\""),
        [
            "4:17 gate.budget (-) strict-gate: the gate blocks unless more than 98.1% of every budget are left, and nobody is \
          told before 2% are spent: it blocks while all is said to be well; write `> 98%` or less"
        ]
    );
    // The default is meant by nobody, and blocks all the same: it is said where it comes from.
    assert_eq!(
        with(&[("800ms", "2s")]),
        [
            "18:47 slos[1].sli.http.faster_than (fast) strict-gate: the gate blocks when 5% of all requests take 800ms or \
          longer, and `fast` allows 2s: it blocks while every promise is kept; that is the limit where the spec says none: \
          write `gate: { p95: \"< 2s over 15m\" }` or more"
        ]
    );
    let loose = with(&[("99.9%", "99%")]);
    assert_eq!(
        loose,
        [
            "9:16 slos[0].objective (up) strict-gate: the gate blocks from 0.5% of bad requests on, and no SLO allows less than \
          the 1% of `up`: it blocks while every promise is kept; that is the limit where the spec says none: write `gate: { \
          bad_ratio: \"< 1% over 15m\" }` or more"
        ]
    );
    assert_eq!(
        with(&[
            ("99.9%", "99%"),
            ("slos:", "gate: { bad_ratio: \"< 1% over 15m\" }\nslos:")
        ]),
        [""; 0]
    );
    let mostly = "alerts: { conditions: [{ severity: page, share: 95%, long: 29d, short: 5m }] }\nslos:";
    assert_eq!(
        with(&[("slos:", mostly)]).last().map(String::as_str),
        Some(
            "10:16 slos[0].objective (up) strict-gate: the gate blocks unless more than 10% of every budget are left, and nobody \
          is told before 96.6666% are spent: it blocks while all is said to be well; that is the limit where the spec says \
          none: write `gate: { budget: \"> 3.3333333%\" }` or less"
        )
    );
    let enough = mostly.replace("slos:", "gate: { budget: \"> 3.3333333%\" }\nslos:");
    assert!(
        !with(&[("slos:", &enough)])
            .iter()
            .any(|said| said.contains("gate.budget"))
    );
    assert_eq!(with(&[("800ms", "2s"), ("objective: 95%", "objective: 94%")]), [""; 0]);
    assert_eq!(
        with(&[("800ms", "2s"), ("agreed", "draft"), ("agreed", "draft")]),
        [""; 0]
    );

    // Nobody is told before six times the budget.
    let own = "alerts: { conditions: [{ severity: page, share: 5%, long: 6h, short: 30m }] }\ngate: { bad_ratio: \"< 0.59% \
               over 15m\" }\nslos:";
    assert_eq!(
        with(&[("slos:", own)]),
        [
            "5:20 gate.bad_ratio (-) strict-gate: the gate blocks from 0.59% of bad requests on, and nobody is told before 0.6% \
          are bad: it blocks while all is said to be well; write `< 0.6%` or more"
        ]
    );
    assert_eq!(with(&[("slos:", &own.replace("0.59%", "0.6%"))]), [""; 0]);
}

#[test]
fn a_gate_is_looked_at_in_each_environment_that_writes_one() {
    let last = "faster_than: 800ms } }\n";
    let in_dev = |dev: &str| with(&[(last, &format!("{last}environments: {{ dev: {{ {dev} }} }}\n"))]);
    let strict = in_dev("gate: { bad_ratio: \"< 0.05% over 15m\" }");
    assert!(
        strict[0].starts_with("19:43 environments.dev.gate.bad_ratio (-) strict-gate: "),
        "{strict:?}"
    );
    assert_eq!(
        in_dev("gate: { bad_ratio: \"< 0.05% over 15m\", mode: observe }"),
        [""; 0]
    );
}

/// The limit may stand at the top, or nowhere: what is promised is less there.
#[test]
fn a_gate_that_only_an_environment_makes_too_strict_is_named_where_it_does() {
    let last = "faster_than: 800ms } }\n";
    let changed = |gate: &str, staging: &str| {
        let staging = format!("{last}{gate}environments: {{ staging: {{ {staging} }} }}\n");
        with(&[(last, &staging)])
    };
    let loosened = "slos: { up: { objective: 95% } }";
    let said = |from: &str| {
        format!(
            "environments.staging.slos.up.objective (up) strict-gate: in `staging`, the gate blocks from {from} of bad requests \
             on, and no SLO allows less than the 5% of `up`: it blocks while every promise is kept; write `gate: {{ bad_ratio: \
             \"< 5% over 15m\" }}` or more into `environments.staging`"
        )
    };
    let of_none = changed("", loosened);
    assert_eq!(of_none, [format!("19:53 {}", said("0.5%"))]);
    let inherited = changed("gate: { bad_ratio: \"< 0.2% over 15m\" }\n", loosened);
    assert_eq!(inherited, [format!("20:53 {}", said("0.2%"))]);
    assert_eq!(
        changed(
            "gate: { mode: observe }\n",
            &format!("{loosened}, gate: {{ mode: enforce }}")
        ),
        [format!("20:53 {}", said("0.5%"))]
    );
    assert_eq!(changed("gate: { mode: observe }\n", loosened), [""; 0]);
    assert_eq!(changed("", &format!("{loosened}, gate: {{ mode: observe }}")), [""; 0]);
    assert_eq!(
        changed("", &format!("{loosened}, gate: {{ bad_ratio: \"< 5% over 15m\" }}")),
        [""; 0]
    );
    assert_eq!(changed("", "slos: { up: { objective: 99.5% } }"), [""; 0]);

    let slower = changed("", "slos: { fast: { faster_than: 2s } }");
    assert!(
        slower[0].contains("environments.staging.slos.fast.faster_than (fast) strict-gate: in `staging`"),
        "{slower:?}"
    );
    // Observed elsewhere; and what is strict without the environment is said once.
    let strict = "gate: { bad_ratio: \"< 0.05% over 15m\", mode: observe }\n";
    let enforced = changed(strict, "gate: { mode: enforce }");
    assert!(
        enforced[0].contains("environments.staging.gate.mode (up) strict-gate: in `staging`"),
        "{enforced:?}"
    );
    assert_eq!(changed(&strict.replace("observe", "enforce"), loosened).len(), 1);
    // The strictest is no promise there.
    let drafted = with(&[
        ("objective: 95%", "objective: 99%"),
        (
            "{ http: { routes: [/a], faster_than: 800ms } }\n",
            "{ http: { routes: [/c] } }\nenvironments: { staging: { slos: { up: { status: draft } } } }\n",
        ),
    ]);
    assert!(
        drafted[0].contains("environments.staging.slos (fast) strict-gate: in `staging`"),
        "{drafted:?}"
    );
}

#[test]
fn a_query_counts_events_and_no_rate() {
    let sli = "{ prometheus: { bad: 'sum(rate(a[$window]))', valid: 'sum(increase(b[$window]))' } }";
    assert_eq!(
        with(&[("{ http: { routes: [/a, \"/b/{id}\"], methods: [GET] } }", sli)]),
        [
            "11:31 slos[0].sli.prometheus.bad (up) rate-not-count: this counts events per second, and a budget needs their \
          number; write `increase` in the place of `rate`"
        ]
    );
}

#[test]
fn planned_times_are_the_exception() {
    let rest = "time_zone: UTC, rrule: FREQ=DAILY, reason: x }]";
    let message = "mostly-excluded: this covers more than half of the time, in which hardly anything is promised then; write \
                   another objective, or `status: draft`";
    let exclude = |hours: u32| format!("exclude: [{{ from: 2026-01-04 02:00, duration: {hours}h, {rest}");
    assert_eq!(with(&[("slos:", &format!("{}\nslos:", exclude(12)))]), [""; 0]);
    assert_eq!(
        with(&[("slos:", &format!("{}\nslos:", exclude(13)))]),
        [format!("4:11 exclude[0] (-) {message}")]
    );
    let of_slo = format!("    owner: x\n    {}\n", exclude(13));
    let both = [("slos:", format!("{}\nslos:", exclude(1))), ("    owner: x\n", of_slo)];
    let both = both.each_ref().map(|(from, to)| (*from, to.as_str()));
    assert_eq!(with(&both), [format!("9:15 slos[0].exclude[0] (up) {message}")]);
}

#[test]
fn a_request_can_be_good_and_can_be_bad() {
    let up = "methods: [GET] } }";
    let sorted = |how: &str| with(&[(up, &format!("methods: [GET], {how} }} }}"))]);
    let every_bad = "5xx, 408, service, body, panic, timeout, cancelled";
    let found = sorted(&format!("good: [{every_bad}]"));
    assert_eq!(
        found,
        [
            "11:67 slos[0].sli.http.good (up) one-outcome: no request can be bad, so that nothing breaks the promise; leave out \
             what is bad, like `5xx`"
        ]
    );
    let found = sorted("bad: [1xx, 2xx, 3xx, 4xx, 5xx]");
    assert_eq!(
        found,
        [
            "11:66 slos[0].sli.http.bad (up) one-outcome: no request can be good, so that nothing keeps the promise; leave out \
             what is good, like `2xx`"
        ]
    );
    for some in [
        "good: [5xx, 408, service, body, panic, timeout]", // a client that waited for long
        "good: [service, body, panic, timeout, cancelled]",
        "bad: [1xx, 3xx, 4xx, 5xx]",
        "bad: [1xx, 2xx, 3xx, 4xx, 5xx], good: [204]",
        "excluded: [1xx, 3xx, 4xx]",
    ] {
        assert_eq!(sorted(some), [""; 0], "{some}");
    }
    // What is too slow is bad.
    let fast = "faster_than: 800ms } }";
    let slow = format!("faster_than: 800ms, good: [{every_bad}] }} }}");
    assert_eq!(with(&[(fast, &slow)]), [""; 0]);
    // Marks name the SLO, so these need not have a route in common.
    let marked = with(&[
        ("[/a, \"/b/{id}\"], methods: [GET]", "marked"),
        ("[/a], faster_than: 800ms", "marked"),
    ]);
    assert_eq!(marked, [""; 0]);
}

#[test]
fn lints_have_names_and_a_sentence_each() {
    for lint in Lint::ALL {
        assert_eq!(lint.to_string().parse(), Ok(lint));
        assert!(lint.about().ends_with('.'), "{lint}");
    }
    let refused = |text: &str| text.parse::<Lint>().unwrap_err().to_string();
    assert_eq!(
        refused("strict-gates"),
        "`strict-gates` is not a lint, did you mean `strict-gate`?"
    );
    assert_eq!(
        refused("x"),
        "`x` is not a lint; write one of no-promise, unreachable-alert, latency-of-stream, foreign-route, overlapping-routes, \
         beyond-retention, window-without-rules, strict-gate, rate-not-count, mostly-excluded, one-outcome"
    );
}
