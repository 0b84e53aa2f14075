//! A verdict for people, for a pull request and for programs.

use std::fmt::Write as _;

use slo_core::gate::{Decision, Figure, RuleName, RuleOutcome, RuleState, Verdict};

use super::{plain, plain_json};

/// For a terminal or a log: the decision first, then a paragraph for each rule, the worst first.
pub(crate) fn text(verdict: &Verdict, explain: bool) -> String {
    let mut text = format!("{}: {}\n", verdict.decision.as_str(), plain(&verdict.reason));
    let _ = writeln!(text, "{}", plain(&whose(verdict)));
    if verdict.would_have_been != verdict.decision {
        let _ = writeln!(text, "the rules alone say {}", verdict.would_have_been.as_str());
    }
    for words in beside_the_rules(verdict) {
        let _ = writeln!(text, "{}", plain(&words));
    }
    let mut above = None;
    for rule in worst_first(verdict) {
        let (state, name) = (rule.state.as_str(), rule.name.as_str());
        // An engine that is down is one piece of news, and not one for each promise.
        let is_said = above.replace(&rule.sentence) == Some(&rule.sentence) && rule.state != RuleState::Pass;
        let sentence = if is_said {
            "as above".to_owned()
        } else {
            plain(&rule.sentence)
        };
        let _ = writeln!(text, "\n{state:8}{name} of {}: {sentence}", plain(&rule.subject));
        for line in details(rule, explain, is_said) {
            let _ = writeln!(text, "        {}", plain(&line));
        }
    }
    text
}

/// Whose deploy it is, of what, to where, and when that was asked.
fn whose(verdict: &Verdict) -> String {
    let mut text = place(verdict);
    let _ = write!(text, " at {}", verdict.decided_at.format("%Y-%m-%d %H:%M:%S UTC"));
    if let Some(revision) = &verdict.revision {
        let _ = write!(text, ", {} of {revision}", verdict.action.as_str());
    }
    if let Some(author) = &verdict.author {
        let _ = write!(text, " by {author}");
    }
    text
}

fn place(verdict: &Verdict) -> String {
    let mut text = verdict.service.clone();
    if let Some(namespace) = &verdict.namespace {
        let _ = write!(text, " (namespace {namespace})");
    }
    if let Some(environment) = &verdict.environment {
        let _ = write!(text, " in {environment}");
    }
    text
}

/// What became of a bypass, and warnings that no rule has among its own words.
fn beside_the_rules(verdict: &Verdict) -> Vec<String> {
    let said = |rule: &RuleOutcome| {
        let words = rule.caveats.iter().chain([&rule.sentence]);
        words
            .map(|words| format!("{}: {words}", rule.title()))
            .collect::<Vec<_>>()
    };
    let said: Vec<_> = verdict.rules.iter().flat_map(said).collect();
    let warnings = verdict.warnings.iter().filter(|words| !said.contains(words));
    let bypass = verdict.bypass.iter().map(|record| format!("bypass {record}"));
    bypass
        .chain(warnings.map(|words| format!("warning: {words}")))
        .collect()
}

/// What stands below a rule's sentence.
fn details(rule: &RuleOutcome, explain: bool, is_said: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(promise) = &rule.promise {
        let owner = rule
            .owner
            .as_ref()
            .map(|owner| format!(" ({owner})"))
            .unwrap_or_default();
        lines.push(format!("\"{promise}\"{owner}"));
    }
    lines.extend(numbers(rule).filter(|_| !is_said || rule.value.is_some()));
    lines.extend(rule.caveats.iter().map(|caveat| format!("note: {caveat}")));
    if explain {
        lines.extend(to_pass(rule).map(|change| format!("to pass: {change}")));
    }
    // What went wrong has a question to look at; a failure that is not about the question has one for all.
    let asks = explain || !is_said && matches!(rule.state, RuleState::Fail | RuleState::Unknown);
    if asks && !rule.source.is_empty() {
        lines.push(format!("query: {}", rule.source));
    }
    lines
}

/// Value, limit, how far they lie apart, and over which time.
fn numbers(rule: &RuleOutcome) -> Option<String> {
    let figure = |name: &str, figure: Option<Figure>| figure.map(|figure| format!("{name} {figure}"));
    let parts = [
        figure("value", rule.value),
        figure("limit", rule.limit),
        figure("margin", rule.margin),
        rule.window.map(|window| format!("over {window}")),
        rule.coverage.map(|coverage| format!("{coverage} measured")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What would have to change for a breached rule to hold.
fn to_pass(rule: &RuleOutcome) -> Option<String> {
    if rule.state != RuleState::Fail {
        return None;
    }
    match (rule.name, rule.limit, rule.events) {
        (RuleName::BadRatio, Some(Figure::Ratio(limit)), Some(events)) => Some(format!(
            "fewer than {:.0} of these {} requests bad, instead of {}; old ones leave as time goes on",
            (limit * as_f64(events.valid())).ceil(),
            events.valid(),
            events.bad()
        )),
        (RuleName::P95, Some(Figure::Ratio(limit)), Some(events)) => Some(format!(
            "at least {:.0} of these {} requests fast enough, instead of {}",
            (limit * as_f64(events.valid())).ceil(),
            events.valid(),
            events.good()
        )),
        (RuleName::Budget, _, _) => Some(match rule.recovers_at {
            Some(at) => format!(
                "wait until {}, if nothing else goes wrong",
                at.format("%Y-%m-%d %H:%M UTC")
            ),
            None => "bad events must leave the window; when is not known".to_owned(),
        }),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}

fn worst_first(verdict: &Verdict) -> Vec<&RuleOutcome> {
    let mut rules: Vec<_> = verdict.rules.iter().collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(severity(rule.state)));
    rules
}

/// GitHub's and GitLab's Markdown: one table, the worst first, and nothing of it anybody else's markup.
pub(crate) fn markdown(verdict: &Verdict) -> String {
    let mut text = format!(
        "### {} Deploy gate of {}: {}\n\n{}\n",
        sign_of_decision(verdict.decision),
        literal(&place(verdict)),
        verdict.decision.as_str(),
        sentence(&verdict.reason)
    );
    if verdict.would_have_been != verdict.decision {
        let _ = writeln!(text, "\nThe rules alone: {}.", verdict.would_have_been.as_str());
    }
    if let Some(record) = &verdict.bypass {
        let _ = writeln!(text, "\nBypass {}.", literal(&record.to_string()));
    }
    text.push_str("\n| | rule | promise | found | margin |\n| --- | --- | --- | --- | ---: |\n");
    for rule in worst_first(verdict) {
        let _ = writeln!(
            text,
            "| {} {} | {} of {} | {} | {} | {} |",
            sign_of_rule(rule.state),
            rule.state.as_str(),
            rule.name.as_str(),
            literal(&rule.subject),
            literal(rule.promise.as_deref().unwrap_or_default()),
            literal(&rule.sentence),
            literal(&rule.margin.map(|margin| margin.to_string()).unwrap_or_default())
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
    if let Some(author) = &verdict.author {
        let _ = write!(text, " by {}", literal(author));
    }
    text.push_str(".\n");
    text
}

/// One document with a line break at its end.
pub(crate) fn json(verdict: &Verdict) -> String {
    // Its numbers are finite and its keys texts: there is nothing that JSON could not say.
    serde_json::to_string_pretty(verdict).map_or_else(|_| String::new(), |text| plain_json(&text) + "\n")
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
///
/// Addresses, mentions and formulas are found in what was escaped as well, once it is text again; an empty comment between
/// two signs keeps them apart in any case.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let plain = plain(text);
    let mut rest = plain.chars();
    while let Some(sign) = rest.next() {
        match sign {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;<!-- -->"), // mentions nobody, and is no mail
            '$' => out.push_str("&#36;<!-- -->"), // no formula
            ':' if rest.as_str().starts_with("//") => out.push_str(":<!-- -->"),
            '.' if ends_with_www(&out) => out.push_str("<!-- -->."),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '|' | '~' | '!' => {
                out.extend(['\\', sign])
            }
            _ => out.push(sign),
        }
    }
    out
}

fn ends_with_www(text: &str) -> bool {
    text.len() >= 3 && text.as_bytes()[text.len() - 3..].eq_ignore_ascii_case(b"www")
}

#[cfg(test)]
mod tests;
