//! What is written, read back by a parser that is not ours.

use proptest::prelude::*;
use saphyr_parser::{Event, Parser, ScalarStyle};

use super::scalar::ENVIRONMENT;
use super::*;

const STYLES: [Style; 3] = [Style::Probes, Style::Rules, Style::Objects];

/// The one document in `text`; what is not in quotes and no word comes back as [`Yaml::Bare`].
fn read(text: &str) -> Result<Yaml, String> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => events.push(event),
        }
    }
    let mut events = events.iter().peekable();
    let document = piece(&mut events).ok_or("nothing")?;
    match events.next() {
        None => Ok(document),
        Some(more) => Err(format!("{more:?} after the document")),
    }
}

type Events<'a> = std::iter::Peekable<std::slice::Iter<'a, Event<'a>>>;

fn piece(events: &mut Events<'_>) -> Option<Yaml> {
    let is_word = |value: &str| value.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
    match events.next()? {
        Event::Scalar(value, ScalarStyle::Plain, ..) if !is_word(value) => Some(Yaml::bare(value.as_ref())),
        Event::Scalar(value, ..) => Some(Yaml::text(value.as_ref())),
        Event::SequenceStart(..) => Some(Yaml::List(until_end(events, piece)?)),
        Event::MappingStart(..) => Some(Yaml::map(until_end(events, |events| match piece(events)? {
            Yaml::Text(key) => Some((key, piece(events)?)),
            _ => None,
        })?)),
        _ => None,
    }
}

fn until_end<T>(events: &mut Events<'_>, item: impl Fn(&mut Events<'_>) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    while !matches!(events.peek()?, Event::SequenceEnd | Event::MappingEnd) {
        items.push(item(events)?);
    }
    events.next();
    Some(items)
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(\\PC|[\n\t\r :#'\"{}\\[\\]|>&*!%@`\\\\~?,-]|no|null|0x1|\u{0}|\u{85}|\u{7f}|\u{2028}|\u{feff}){0,24}",
        "[ a#:\n-]{0,12}",
        Just("%{HOME}".to_owned()),
        Just("a\n%{HOME}\n".to_owned()),
        "(true|No|ON|null|~|1|1e3|0x1f|[.]inf|2026-01-01|<<|---|5m|1h24m|10:30|a::b|_a)",
    ]
}

fn any_yaml() -> impl Strategy<Value = Yaml> {
    let leaf = any_text().prop_map(Yaml::Text);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let keys = prop::collection::btree_map(any_text(), inner.clone(), 1..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Yaml::List),
            keys.prop_map(Yaml::map),
        ]
    })
}

/// What a reader that knows no lengths of time makes of it.
fn as_read(yaml: &Yaml, style: Style) -> Yaml {
    match yaml {
        Yaml::Text(text) if style == Style::Rules && ["5m"].contains(&text.as_str()) => Yaml::bare(text),
        Yaml::List(items) => Yaml::List(items.iter().map(|item| as_read(item, style)).collect()),
        Yaml::Map(map) => {
            let entries = map.entries.iter();
            Yaml::map(entries.map(|entry| (entry.key.clone(), as_read(&entry.value, style))))
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_whatever_the_texts_are(yaml in any_yaml()) {
        for style in STYLES {
            let document = yaml.document("remark", style);
            // A key that is a length of time is plain, too, and no text to the reader of these tests.
            prop_assume!(!document.contains("5m:"));
            prop_assert_eq!(read(&document), Ok(as_read(&yaml, style)), "{}", document);
        }
    }

    #[test]
    fn no_environment_variable_is_ever_named(yaml in any_yaml()) {
        for style in STYLES {
            let document = yaml.document("remark", style);
            prop_assert!(!document.contains(ENVIRONMENT), "{}", document);
        }
    }

    #[test]
    fn a_remark_is_one_whatever_it_says(remark in any_text()) {
        let yaml = Yaml::texts([("a", "b")]);
        for style in STYLES {
            let document = yaml.document(&remark, style);
            prop_assert_eq!(read(&document), Ok(yaml.clone()), "{}", document);
            prop_assert!(!document.contains(ENVIRONMENT), "{}", document);
        }
    }
}

fn written(text: &str, style: Style) -> String {
    let document = Yaml::texts([("k", text)]).document("", style);
    document.trim_start_matches("k: ").trim_end().to_owned()
}

#[test]
fn words_are_plain_and_everything_else_is_quoted() {
    for (text, probes, rules, objects) in [
        (
            "freshness_answered",
            "freshness_answered",
            "freshness_answered",
            "freshness_answered",
        ),
        ("slo:a/b.c", "slo:a/b.c", "slo:a/b.c", "\"slo:a/b.c\""),
        ("5m", "'5m'", "5m", "\"5m\""),
        ("1h24m", "'1h24m'", "\"1h24m\"", "\"1h24m\""),
        ("m", "m", "m", "m"),
        ("on", "'on'", "\"on\"", "\"on\""),
        ("Null", "'Null'", "\"Null\"", "\"Null\""),
        ("", "''", "\"\"", "\"\""),
        ("200", "'200'", "\"200\"", "\"200\""),
        ("a: b", "'a: b'", "\"a: b\"", "\"a: b\""),
        ("a:", "'a:'", "\"a:\"", "\"a:\""),
        ("it's", "'it''s'", "\"it's\"", "\"it's\""),
        ("실거래가 €5", "'실거래가 €5'", "\"실거래가 €5\"", "\"실거래가 €5\""),
        (
            "two\nlines",
            "\"two\\nlines\"",
            "|-\n  two\n  lines",
            "|-\n  two\n  lines",
        ),
        ("%{HOME}", "\"%\\x7bHOME}\"", "\"%\\x7bHOME}\"", "\"%\\x7bHOME}\""),
        (
            "\u{0}\u{85}\u{2028}\u{feff}\t",
            "\"\\x00\\x85\\u2028\\ufeff\\t\"",
            "\"\\x00\\x85\\u2028\\ufeff\\t\"",
            "\"\\x00\\x85\\u2028\\ufeff\\t\"",
        ),
    ] {
        let seen = STYLES.map(|style| written(text, style));
        assert_eq!(seen, [probes, rules, objects], "{text:?}");
    }
}

#[test]
fn what_could_be_something_else_is_quoted() {
    for text in [
        "No",
        "Y",
        "~",
        "1e3",
        "0x1",
        ".5",
        "-",
        "- a",
        "a #b",
        "#",
        "10:30",
        "*a",
        ":a",
        "{{ $value }}",
        "5",
    ] {
        assert_eq!(written(text, Style::Rules), format!("\"{text}\""));
        assert_eq!(written(text, Style::Probes), format!("'{text}'"));
    }
}

#[test]
fn several_lines_are_a_block_unless_a_reader_would_lose_some() {
    for (text, block) in [
        ("a\n b \nc", "|-\n  a\n   b \n  c"),
        ("a\nb\n ", "\"a\\nb\\n \""),
        ("a\n\n  b", "|-\n  a\n\n    b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("  a\nb", "\"  a\\nb\""),
        ("a\n\n", "\"a\\n\\n\""),
        ("a\n \nb", "\"a\\n \\nb\""),
        ("\na", "\"\\na\""),
        ("\n", "\"\\n\""),
        ("a\n%{HOME}", "\"a\\n%\\x7bHOME}\""),
    ] {
        assert_eq!(written(text, Style::Objects), block, "{text:?}");
    }
}

#[test]
fn a_document_is_laid_out_by_two_spaces_with_its_remarks() {
    let inner = Map::new()
        .because("first", "a", 1_u64)
        .because("why\n\nnot", "b", "x: y");
    let list = [
        Yaml::from(inner),
        Yaml::from("no"),
        Map::new().into(),
        Yaml::from(["x", "z"]),
    ];
    let map = Map::new()
        .with("list", list)
        .with("text", "one\n\n  two\n")
        .with("flag", true)
        .because("Nothing yet.", "none", Vec::<Yaml>::new());
    let expected = "\
# top
# two
list:
  # first
  - a: 1
    # why
    #
    # not
    b: \"x: y\"
  - \"no\"
  - {}
  - - x
    - z
text: |
  one

    two
flag: true
# Nothing yet.
none: []
";
    assert_eq!(Yaml::from(map).document("top\ntwo", Style::Objects), expected);
}

#[test]
fn a_remark_says_as_in_quotes_what_would_end_it_or_name_a_variable() {
    let document = Yaml::from(1).document("in 판매 %{X} {y}\rgroups: []\u{7f}\n\"b\\", Style::Rules);
    assert_eq!(document, "# in 판매 %\\x7bX} {y}\\x0dgroups: []\\x7f\n# \"b\\\n1\n");
}

#[test]
fn keys_without_a_value_are_left_out() {
    let map = Yaml::map([("a", Some(Yaml::text("x"))), ("b", None)]);
    assert_eq!(map.document("", Style::Rules), "a: x\n");
    assert_eq!(Yaml::texts::<String, String>([]).unless_empty(), None);
    assert_eq!(map.clone().unless_empty(), Some(map));
}

#[test]
fn whatever_stands_deep_is_as_far_in_as_it_is_deep() {
    let deep = |levels: usize| (0..levels).fold(Yaml::text("at the end"), |inner, _| Yaml::map([("in", Some(inner))]));
    for levels in [1, 8, 9, 10, 17, 18, 40] {
        let document = deep(levels).document("", Style::Rules);
        let last = document.lines().last().unwrap();
        assert_eq!(last.find("in"), Some(2 * (levels - 1)), "{document}");
        assert_eq!(read(&document), Ok(deep(levels)));
    }
}
