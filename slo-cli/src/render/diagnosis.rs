//! What a doctor found, for people and for programs.

use std::fmt::Write as _;

use crate::doctor::{Diagnosis, Link, State};

use super::{plain, plain_json};

/// Link by link, with what to do below what is wrong; the sum at the end, where a terminal shows it.
pub(crate) fn text(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let mut link = None;
    for finding in &diagnosis.findings {
        if link != Some(finding.link) {
            let _ = writeln!(
                text,
                "{}{}",
                if link.is_some() { "\n" } else { "" },
                title(finding.link)
            );
            link = Some(finding.link);
        }
        let _ = writeln!(text, "  {:8}{}", word(finding.state), plain(&finding.found));
        if let Some(mend) = &finding.mend {
            let _ = writeln!(text, "          {}", plain(mend));
        }
    }
    let _ = writeln!(text, "\n{}: {}", plain(&diagnosis.service), sum(diagnosis));
    text
}

/// One document with a line break at its end.
pub(crate) fn json(diagnosis: &Diagnosis) -> String {
    // Texts and names only: there is nothing that JSON could not say.
    serde_json::to_string_pretty(diagnosis).map_or_else(|_| String::new(), |text| plain_json(&text) + "\n")
}

fn sum(diagnosis: &Diagnosis) -> String {
    let parts = [
        (State::Broken, "broken"),
        (State::Unknown, "unknown"),
        (State::Warning, "to look at"),
        (State::Note, "noted"),
        (State::Fine, "fine"),
    ];
    let counted = parts.map(|(state, word)| (diagnosis.count(state), word));
    let some = counted.iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = some.map(|(count, word)| format!("{count} {word}")).collect();
    words.join(", ")
}

const fn title(link: Link) -> &'static str {
    match link {
        Link::Process => "process: the service itself",
        Link::Store => "store: the engine that keeps its series",
        Link::Telemetry => "telemetry: its series there",
        Link::Rules => "rules: what records budgets and raises alerts",
        Link::Health => "health: its endpoints and their probes",
        Link::Alertmanager => "alertmanager: who tells people",
    }
}

const fn word(state: State) -> &'static str {
    match state {
        State::Fine => "ok",
        State::Skipped => "-",
        State::Note => "note",
        State::Warning => "warning",
        State::Unknown => "unknown",
        State::Broken => "BROKEN",
    }
}
