//! A verdict for a pull request and for programs; for people at a terminal it writes itself.

use std::fmt::Write as _;

use slo_core::gate::{Decision, RuleState, Verdict};

use super::plain;

/// GitHub's and GitLab's Markdown: one table, the worst first, and nothing of it anybody else's markup.
pub(crate) fn markdown(verdict: &Verdict) -> String {
    let mut text = format!(
        "### {} Deploy gate of {}: {}\n\n{}\n",
        sign_of_decision(verdict.decision),
        literal(&verdict.service),
        verdict.decision.as_str(),
        sentence(&verdict.reason)
    );
    if verdict.would_have_been != verdict.decision {
        let _ = writeln!(text, "\nThe rules alone: {}.", verdict.would_have_been.as_str());
    }
    text.push_str("\n| | rule | promise | found |\n| --- | --- | --- | --- |\n");
    let mut rules: Vec<_> = verdict.rules.iter().collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(severity(rule.state)));
    for rule in rules {
        let _ = writeln!(
            text,
            "| {} {} | {} of {} | {} | {} |",
            sign_of_rule(rule.state),
            rule.state.as_str(),
            rule.name.as_str(),
            literal(&rule.subject),
            literal(rule.promise.as_deref().unwrap_or_default()),
            literal(&rule.sentence)
        );
    }
    for warning in &verdict.warnings {
        let _ = write!(text, "\n- {}", literal(warning));
    }
    if !verdict.warnings.is_empty() {
        text.push('\n');
    }
    let _ = write!(
        text,
        "\nDecided at {}",
        verdict.decided_at.format("%Y-%m-%d %H:%M:%S UTC")
    );
    if let Some(revision) = &verdict.revision {
        let _ = write!(text, " for {}", literal(revision));
    }
    text.push_str(".\n");
    text
}

/// One document with a line break at its end.
pub(crate) fn json(verdict: &Verdict) -> String {
    // Its numbers are finite and its keys texts: there is nothing that JSON could not say.
    serde_json::to_string_pretty(verdict).map_or_else(|_| String::new(), |text| text + "\n")
}

const fn severity(state: RuleState) -> u8 {
    match state {
        RuleState::Fail => 4,
        RuleState::Unknown => 3,
        RuleState::Warn => 2,
        RuleState::Idle => 1,
        _ => 0,
    }
}

const fn sign_of_decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "✅",
        Decision::Blocked => "⛔",
        Decision::Unknown => "❔",
        _ => "⚠️",
    }
}

const fn sign_of_rule(state: RuleState) -> &'static str {
    match state {
        RuleState::Pass => "✅",
        RuleState::Fail => "⛔",
        RuleState::Unknown => "❔",
        RuleState::Idle => "💤",
        _ => "⚠️",
    }
}

fn sentence(text: &str) -> String {
    let mut text = literal(text);
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}

/// Foreign text that stays text: every sign that Markdown or HTML could take for itself is escaped.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in plain(text).chars() {
        match sign {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"), // mentions nobody
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '|' | '~' | '!' => {
                out.extend(['\\', sign])
            }
            _ => out.push(sign),
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
            literal("a|b <img src=x> `c` [d](e) @all\n# f"),
            r"a\|b &lt;img src=x&gt; \`c\` \[d\]\(e\) &#64;all\\u\{a\}\# f"
        );
    }
}
