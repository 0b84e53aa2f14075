//! Texts that nobody wrote to be read: each ends with an error that is no longer than a person would read, with memory to
//! spare. The sizes are such that a quadratic reader would take hours.
#![cfg(feature = "yaml")]

use slo_core::{SloSet, SpecError};

const LARGE: usize = 1 << 20;

fn refused(text: &str) -> SpecError {
    let Err(error) = SloSet::from_yaml(text) else {
        unreachable!("a hostile text is no spec")
    };
    assert!(!error.mistakes().is_empty());
    assert!(error.mistakes().len() <= 1_000);
    let longest = error
        .mistakes()
        .iter()
        .map(|mistake| mistake.to_string().chars().count())
        .max();
    assert!(longest < Some(2_000), "{longest:?}");
    error
}

fn first(text: &str) -> String {
    let error = refused(text);
    let first = &error.mistakes()[0];
    format!(
        "{}:{} {}: {}",
        first.line(),
        first.column(),
        first.key(),
        first.message()
    )
}

/// So many times this piece that it is large.
fn filled(piece: &str) -> String {
    piece.repeat(LARGE / piece.len())
}

const HEAD: &str = "version: 1\nservice: shop\n";

#[test]
fn a_text_over_4_mib_is_not_even_looked_at() {
    let text = format!("{HEAD}# {}", "x".repeat(10 << 20));
    assert_eq!(
        first(&text),
        format!(
            "1:1 : {} bytes are too many for a spec; write at most 4194304",
            text.len()
        )
    );
    assert!(refused(&text).to_string().len() < 200);
}

#[test]
fn aliases_are_never_followed() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..200 {
        let below = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", "));
    }
    let error = refused(&format!("{bomb}{HEAD}"));
    assert!(error.to_string().contains("aliases are not read"));
    refused(&filled("- &a *a\n"));
    refused(&format!("a: &a x\nb: [{}]", filled("*a, ")));
    refused(&filled("<<: *a\n"));
}

#[test]
fn deep_nesting_ends_at_its_64th_level() {
    for text in [
        filled("["),
        filled("{"),
        filled("[{a: "),
        filled("- "),
        filled("? "),
        filled("!a "),
        format!("slos: {}", filled("[[]],")),
        (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
    ] {
        refused(&text);
    }
    assert!(first(&format!("a: {}", "[".repeat(200))).contains("nested more than 64 levels deep"));
    assert!(
        first(&filled("[")).contains("nested too deep"),
        "{}",
        first(&filled("["))
    );
}

#[test]
fn large_scalars_are_not_repeated_in_messages() {
    let large = "é".repeat(LARGE / 2);
    for text in [
        large.clone(),
        format!("\"{large}"),
        format!("version: {large}"),
        format!("{HEAD}slos: {large}"),
        format!("{HEAD}{large}: 1"),
        format!("{HEAD}slos: [{{ name: {large}, objective: {large}}}]").replace(&large, &large[..LARGE / 4]),
        format!("{HEAD}labels: {{ {large}: x }}"),
        format!("{HEAD}exclude: [{{ rrule: {large} }}]"),
        format!("version: |\n{}", filled(" x\n")),
    ] {
        let error = refused(&text);
        assert!(error.to_string().len() < 20_000, "{}", error.to_string().len());
    }
}

#[test]
fn of_countless_mistakes_a_thousand_are_kept_and_the_others_counted() {
    let error = refused(&format!(
        "{HEAD}{}slos: []\n",
        (0..50_000).map(|key| format!("k{key}: 1\n")).collect::<String>()
    ));
    assert_eq!((error.mistakes().len(), error.others()), (1_000, 49_001));
    assert!(
        error
            .to_string()
            .ends_with("50001 mistakes in slo.yaml, of which 1000 are shown")
    );
    for text in [
        filled("x: 1\n"),
        filled("- 1\n"),
        filled("a: !x b\n"),
        format!("{HEAD}slos:\n{}", filled("- 1\n")),
        format!("{HEAD}slos:\n{}", filled("- a: 1\n")),
        format!("{HEAD}slos:\n{}", filled("- name: a\n")),
        format!(
            "{HEAD}labels:\n{}",
            (0..50_000).map(|key| format!("  -{key}: 1\n")).collect::<String>()
        ),
    ] {
        refused(&text);
    }
}

#[test]
fn duplicates_are_found_however_many_there_are() {
    let routes: String = (0..100_000).map(|_| "/a, ").collect();
    let slo = format!("{{ name: a, objective: 99%, window: 30d, sli: {{ http: {{ routes: [{routes}] }} }} }}");
    let error = refused(&format!("{HEAD}slos: [{slo}]"));
    assert!(
        error.mistakes()[0]
            .message()
            .contains("is item [0] of the list already")
    );
}

#[test]
fn many_slos_are_too_many() {
    let slo =
        |index: usize| format!("- {{ name: s{index}, objective: 99%, window: 30d, sli: {{ events: {{ of: x }} }} }}\n");
    let spec = |count: usize| format!("{HEAD}slos:\n{}", (0..count).map(slo).collect::<String>());
    assert_eq!(SloSet::from_yaml(&spec(4_000)).map(|set| set.slos().len()), Ok(4_000));
    assert_eq!(
        first(&spec(4_001)),
        "4004:3 slos: 4001 SLOs are too many for one service; write at most 4000"
    );
    // Names that almost fit, of members and in environments, looked for among all.
    let strangers: String = (0..3_000).map(|index| format!("x{index}: {{ }}, ")).collect();
    let text = format!(
        "{}environments: {{ dev: {{ slos: {{ {strangers} }} }} }}\n",
        spec(4_000)
    );
    let error = refused(&text);
    assert_eq!(error.mistakes().len() + error.others(), 3_000);
}

#[test]
fn many_environments_are_too_many() {
    let slo = "slos: [{ name: a, objective: 99%, window: 30d, sli: { events: { of: x } } }]\n";
    let spec = |count: usize| {
        let environments = (0..count).map(|index| format!("  e{index}: {{ gate: {{ mode: observe }} }}\n"));
        format!("{HEAD}{slo}environments:\n{}", environments.collect::<String>())
    };
    assert_eq!(
        SloSet::from_yaml(&spec(64)).map(|set| set.environments().count()),
        Ok(64)
    );
    assert_eq!(
        first(&spec(65)),
        "69:3 environments: 65 environments are too many; write at most 64"
    );
    refused(&spec(60_000));
}

#[test]
fn a_large_spec_is_linted_in_one_go() {
    // All on one route, each with another window, so that none overlaps and all are compared.
    let slo = |index: usize| {
        format!(
            "- {{ name: s{index}, objective: 90%, window: {}s, sli: {{ http: {{ routes: [/a, /b, /c, /d, /e] }} }} }}\n",
            300 + index
        )
    };
    let text = format!("{HEAD}slos:\n{}", (0..4_000).map(slo).collect::<String>());
    let Ok((set, warnings)) = SloSet::lint_yaml("slo.yaml", &text) else {
        unreachable!("a large spec is one")
    };
    assert_eq!(set.slos().len(), 4_000);
    assert!(warnings.len() >= 4_000);
}

#[test]
fn signs_of_every_kind_are_read_or_refused() {
    for text in [
        "\u{feff}\u{feff}version: 1",
        "version: 1\u{0}",
        "version: 1\r\rservice: a\r",
        "version:\t1",
        "\tversion: 1",
        "\u{85}\u{2028}",
        "%TAG ! x:\n---\nversion: 1",
        "--- a\n--- b\n",
        "...\n...\n",
        "{\t\"a\t\": \"\\\t",
        "{\t'a': \"\\\\\"\t}",
        "? a\n: b\n? [c]\n: d",
        "&a : *a",
        "!!binary x",
        "\u{202e}: \u{1b}[31m",
    ] {
        refused(text);
    }
    let long_line = format!("{{{}", filled("\t\""));
    refused(&long_line);
}
