//! The overview as a page of its own: no script, no request to anybody, readable on a phone and in the dark.
//!
//! It is written as XML would be (every element closed, every attribute quoted), so that a test can tell whether foreign
//! text got out of its place.

use std::fmt::Write as _;

use super::plain;
use super::{status_chart, status_words as words};
use crate::status::{Check, Overview, Promise, Runs, Standing};

const STYLE: &str = include_str!("status_page.css");

/// The page, of those promises that are to be shown.
pub(crate) fn html(overview: &Overview, shown: impl Fn(&Promise) -> bool) -> String {
    let shown: Vec<_> = overview.promises.iter().filter(|promise| shown(promise)).collect();
    let headline = escaped(&words::headline(overview));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{headline}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{}</h1>\n<p>{}</p>\n<p class=\"faint small\">{} at {}</p>\n",
        escaped(&words::verdict(overview)),
        escaped(&words::tally(overview)),
        escaped(&overview.engine),
        overview.at.format("%Y-%m-%d %H:%M:%S UTC")
    );
    page += &doubts(&overview.doubts);
    let is_open = |promise: &&&Promise| promise.hurts();
    let hurting: Vec<_> = shown.iter().filter(is_open).map(|promise| card(promise)).collect();
    let others: Vec<_> = shown
        .iter()
        .filter(|promise| !is_open(promise))
        .map(|promise| card(promise))
        .collect();
    page += &section("What hurts", &hurting);
    page += &section(if hurting.is_empty() { "Promises" } else { "All others" }, &others);
    page += &rows("Freshness of data", overview.checks.iter().map(check));
    page += &rows("Deploy gate", overview.runs.iter().map(|runs| gate(runs, overview)));
    for remark in words::remarks(overview) {
        let _ = writeln!(page, "<p class=\"faint small\">{}</p>", escaped(&remark));
    }
    page += &legend(&shown);
    page + "</main>\n</body>\n</html>\n"
}

fn doubts(doubts: &[String]) -> String {
    let each = doubts.iter().map(|doubt| format!("<p>{}</p>", escaped(doubt)));
    let each: String = each.collect();
    if each.is_empty() {
        return each;
    }
    format!("<div class=\"doubts\" role=\"alert\"><strong>Not complete</strong>{each}</div>\n")
}

fn section(title: &str, cards: &[String]) -> String {
    if cards.is_empty() {
        return String::new();
    }
    format!("<h2>{title}</h2>\n<ul class=\"cards\">\n{}</ul>\n", cards.concat())
}

fn rows(title: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.collect();
    if rows.is_empty() {
        return rows;
    }
    format!("<h2>{title}</h2>\n<ul class=\"rows\">\n{rows}</ul>\n")
}

fn card(promise: &Promise) -> String {
    let class = if promise.hurts() { "card bad" } else { "card" };
    let mut card = format!(
        "<li class=\"{class}\"><div class=\"top\"><h3>{}</h3>{}</div>\n<p class=\"faint small\">{}</p>\n",
        escaped(&promise.slo),
        badge(promise),
        escaped(&place(promise))
    );
    if let Some(sentence) = &promise.sentence {
        let _ = writeln!(card, "<p>{}</p>", escaped(sentence));
    }
    let why = words::why(promise);
    if !why.is_empty() {
        let _ = writeln!(card, "<p class=\"why\">{}</p>", escaped(&why));
    }
    for note in words::notes(promise) {
        let _ = writeln!(card, "<p>{}</p>", escaped(&note));
    }
    card += &numbers(promise);
    if let Some(course) = &promise.burn_down {
        card += &status_chart::burn_down(course);
    }
    let details: Vec<_> = words::details(promise).iter().map(|line| escaped(line)).collect();
    let _ = writeln!(
        card,
        "<details><summary>Details</summary><p class=\"faint small\">{}</p></details></li>",
        details.join("<br/>")
    );
    card
}

fn place(promise: &Promise) -> String {
    let whose = [
        Some(promise.whose.name()),
        promise.whose.environment.clone(),
        promise.owner.clone(),
    ];
    let said: Vec<_> = whose.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    said.join(", ")
}

/// The standing in words and a sign of its own, so that its colour says nothing that is not said otherwise.
fn badge(promise: &Promise) -> String {
    let (class, sign) = match promise.standing {
        _ if promise.is_draft() => ("draft", "✎ draft, "),
        Standing::Fine => ("good", "✓ "),
        standing if standing.hurts() => ("bad", "▲ "),
        _ => ("doubt", "? "),
    };
    format!(
        "<span class=\"badge {class}\">{sign}{}</span>",
        words::word(promise.standing)
    )
}

fn numbers(promise: &Promise) -> String {
    let none = || "-".to_owned();
    let target = promise.target.map_or_else(none, |target| target.to_string());
    let window = promise.window.map_or_else(none, |window| window.to_string());
    let kept = promise.seen.and_then(|seen| seen.events.sli());
    let burns = [&promise.hour, &promise.six_hours].map(|burn| burn.as_ref().map_or_else(none, words::rate));
    let each = [
        (
            format!("kept of {target}"),
            kept.map_or_else(none, |kept| kept.to_string()),
        ),
        (
            format!("left of {window}"),
            promise.left().map_or_else(none, words::left),
        ),
        ("burn 1 h".to_owned(), burns[0].clone()),
        ("burn 6 h".to_owned(), burns[1].clone()),
    ];
    let each =
        each.map(|(what, number)| format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(&what), escaped(&number)));
    format!("<dl class=\"numbers\">{}</dl>\n", each.concat())
}

fn check(check: &Check) -> String {
    let (class, sign) = if check.is_fresh() {
        ("good", "✓ fresh")
    } else {
        ("bad", "▲ not fresh")
    };
    let whose = check
        .whose
        .environment
        .as_ref()
        .map(|environment| format!(", {environment}"));
    format!(
        "<li><span class=\"badge {class}\">{sign}</span> <strong>{}{}</strong> {}: {}</li>\n",
        escaped(&check.whose.name()),
        escaped(&whose.unwrap_or_default()),
        escaped(&words::looked(check)),
        escaped(&words::freshness(check))
    )
}

fn gate(runs: &Runs, overview: &Overview) -> String {
    let whose = runs
        .whose
        .environment
        .as_ref()
        .map(|environment| format!(", {environment}"));
    let (class, sign) = if words::is_notable(runs) {
        ("doubt", "! look")
    } else {
        ("good", "✓ passed")
    };
    format!(
        "<li><span class=\"badge {class}\">{sign}</span> <strong>{}{}</strong> {}</li>\n",
        escaped(&runs.whose.name()),
        escaped(&whose.unwrap_or_default()),
        escaped(&words::runs(runs, overview.at))
    )
}

fn legend(shown: &[&Promise]) -> String {
    if shown.iter().all(|promise| promise.burn_down.is_none()) {
        return String::new();
    }
    "<p class=\"faint small\">Charts: what was left of the error budget, from untouched above to spent at the dashed line; \
     of a calendar's period with the dotted line of one that is spent evenly. The last point is the number above.</p>\n"
        .to_owned()
}

/// Foreign text as text, in an element or in an attribute; signs that steer are shown and not obeyed.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in plain(text).chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            sign => out.push(sign),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        assert_eq!(
            escaped("<b a=\"1\" c='2'>&\u{1b}\u{202e}"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\\u{1b}\\u{202e}"
        );
    }
}
