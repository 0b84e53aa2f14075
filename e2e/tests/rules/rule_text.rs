//! The text of a file of rules, taken apart and put together again.

use e2e::Failure;

/// One rule of a file, with its group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rule {
    /// The lines that begin the group: its name, its interval.
    pub(crate) group: String,
    /// The recorded series; `None` for an alert.
    pub(crate) records: Option<String>,
    /// Its own lines.
    pub(crate) text: String,
}

/// Every rule of a file as `slo rules` writes it, in order.
pub(crate) fn rules(file: &str) -> Result<Vec<Rule>, Failure> {
    let (_, groups) = file
        .split_once("groups:\n")
        .ok_or_else(|| Failure::new("a file without groups"))?;
    let mut all = Vec::new();
    for group in pieces(groups, "  - name: ") {
        let (head, rules) = group
            .split_once("    rules:\n")
            .ok_or_else(|| Failure::new(format!("a group without rules: {group}")))?;
        for text in pieces(rules, "      - ") {
            let first = text.lines().next().unwrap_or_default();
            all.push(Rule {
                group: head.to_owned(),
                records: first.trim().strip_prefix("- record: ").map(str::to_owned),
                text,
            });
        }
    }
    Ok(all)
}

/// A file of these rules; those of one group must follow one another.
pub(crate) fn file(rules: &[Rule]) -> String {
    let mut out = String::from("groups:\n");
    let mut group = "";
    for rule in rules {
        if rule.group != group {
            group = &rule.group;
            out.push_str(group);
            out.push_str("    rules:\n");
        }
        out.push_str(&rule.text);
    }
    out
}

/// Each line that begins like this, with what follows it.
fn pieces(text: &str, begins: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with(begins) {
            found.push(String::new());
        }
        if let Some(piece) = found.last_mut() {
            piece.push_str(line);
            piece.push('\n');
        }
    }
    found
}

/// The recording rules in rounds: each reads raw series and what rounds before it record, never its own. What a rule itself
/// has said before is not there yet when a past is recorded, and is nothing.
pub(crate) fn in_rounds(file: &str) -> Result<Vec<Vec<Rule>>, Failure> {
    let mut left: Vec<_> = rules(file)?.into_iter().filter(|rule| rule.records.is_some()).collect();
    let mut rounds = Vec::new();
    while !left.is_empty() {
        let missing: Vec<_> = left.iter().filter_map(|rule| rule.records.clone()).collect();
        let is_ready = |rule: &Rule| {
            let others = missing.iter().filter(|name| rule.records.as_ref() != Some(*name));
            !others.into_iter().any(|name| reads(rule, name))
        };
        let (ready, later): (Vec<_>, Vec<_>) = left.into_iter().partition(is_ready);
        if ready.is_empty() {
            return Err(Failure::new(format!("rules that wait for one another: {later:?}")));
        }
        rounds.push(ready);
        left = later;
    }
    Ok(rounds)
}

/// The rules that are wanted, and those whose series they read, as far as it takes; without the texts of alerts. promtool
/// evaluates every rule in each step and asks every query of a text: a third of the rules takes a tenth of the time.
pub(crate) fn needed_by(file_text: &str, is_wanted: impl Fn(&Rule) -> bool) -> Result<String, Failure> {
    let all = rules(file_text)?;
    let mut needed: Vec<bool> = all.iter().map(is_wanted).collect();
    loop {
        let is_read = |rule: &Rule| {
            let readers = all.iter().zip(&needed).filter(|(_, needed)| **needed);
            let name = rule.records.as_deref();
            name.is_some_and(|name| readers.map(|(reader, _)| reader).any(|reader| reads(reader, name)))
        };
        let next: Vec<_> = all
            .iter()
            .zip(&needed)
            .map(|(rule, needed)| *needed || is_read(rule))
            .collect();
        if next == needed {
            break;
        }
        needed = next;
    }
    let kept = all
        .into_iter()
        .zip(needed)
        .filter(|(_, needed)| *needed)
        .map(|(mut rule, _)| {
            if let Some((before, _)) = rule.text.split_once("        annotations:\n") {
                rule.text = before.to_owned();
            }
            rule
        });
    Ok(file(&kept.collect::<Vec<_>>()))
}

/// Whether it is the alert on budgets that burn, of this severity.
pub(crate) fn burns(rule: &Rule, severity: &str) -> bool {
    rule.text.starts_with("      - alert: SloErrorBudgetBurn\n")
        && rule.text.contains(&format!("\n          severity: {severity}\n"))
}

/// Whether the name stands in the expression, whole.
fn reads(rule: &Rule, name: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let (_, expr) = rule.text.split_once("expr:").unwrap_or_default();
    let (expr, _) = expr.split_once("        annotations:\n").unwrap_or((expr, ""));
    expr.match_indices(name).any(|(at, _)| {
        let (before, after) = (&expr[..at], &expr[at + name.len()..]);
        !before.ends_with(is_inside) && !after.starts_with(is_inside)
    })
}

#[test]
fn a_file_taken_apart_and_put_together_is_the_same() -> e2e::Outcome {
    let text = crate::tools::slo("rules --fleet --window 30d")?;
    let (_, groups) = text.split_once("groups:\n").ok_or_else(|| Failure::new("no groups"))?;
    assert_eq!(file(&rules(&text)?), format!("groups:\n{groups}"));
    let rounds = in_rounds(&text)?;
    let of = |name: &str| {
        let is_in = |round: &Vec<Rule>| round.iter().any(|rule| rule.records.as_deref() == Some(name));
        rounds.iter().position(is_in)
    };
    let names = [
        "slo:window:seconds",
        "slo:error_budget:ratio",
        "slo:valid_events:increase5m",
        "slo:coverage:ratio",
    ];
    assert_eq!(names.map(of), [Some(0), Some(1), Some(2), Some(3)]);
    Ok(())
}
