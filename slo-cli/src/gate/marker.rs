//! The words in a commit message that ask to pass: written down, reviewed, and part of history.
//!
//! On the subject line:
//!
//! ```text
//! Fix the payment timeout [slo-bypass: nobody can pay]
//! ```
//!
//! or as trailers, the last paragraph of the message (as `git interpret-trailers` reads it):
//!
//! ```text
//! Fix the payment timeout
//!
//! SLO-Bypass: nobody can pay
//! SLO-Bypass-Ticket: OPS-4711
//! SLO-Bypass-By: Ana Kim
//! SLO-Bypass-Until: 2026-01-01T12:00:00Z
//! ```
//!
//! A revert quotes the message of what it undoes, and that commit's reasons are not its own: nothing in it counts.

use chrono::{DateTime, Utc};

/// A wish to pass, as a commit message says it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Marker {
    /// Why it cannot wait; empty when nothing is said, which the gate refuses.
    pub why: String,
    /// Where it is written down.
    pub ticket: Option<String>,
    /// Who answers for it.
    pub by: Option<String>,
    /// From when on it is void.
    pub until: Option<Result<DateTime<Utc>, String>>,
}

impl Marker {
    /// The wish in a commit message; `None` when it has none.
    #[must_use]
    pub fn in_message(message: &str) -> Option<Self> {
        let mut lines = message.lines();
        let subject = lines.by_ref().find(|line| !line.trim().is_empty())?.trim();
        let body: Vec<_> = lines.collect();
        if is_revert(subject, &body) {
            return None;
        }
        let trailers = trailers(&body);
        let value = |key: &str| {
            let mut own = trailers.iter().rev().filter(|(name, _)| name.eq_ignore_ascii_case(key));
            own.next().map(|(_, value)| value.clone())
        };
        let why = value("SLO-Bypass").or_else(|| in_subject(subject))?;
        Some(Self {
            why,
            ticket: value("SLO-Bypass-Ticket").filter(|ticket| !ticket.is_empty()),
            by: value("SLO-Bypass-By").filter(|name| !name.is_empty()),
            until: value("SLO-Bypass-Until").map(|until| until.parse().map_err(|_| until)),
        })
    }
}

/// As `git revert` writes it, and as forges do.
fn is_revert(subject: &str, body: &[&str]) -> bool {
    let subject = subject.to_ascii_lowercase();
    let reverts = |line: &&str| {
        let line = line.trim_start().to_ascii_lowercase();
        line.starts_with("this reverts commit ") || line.starts_with("this reverts merge request ")
    };
    ["revert ", "revert:", "revert(", "reapply "]
        .iter()
        .any(|start| subject.starts_with(start))
        || body.iter().any(reverts)
}

/// What stands in `[slo-bypass: ...]`.
fn in_subject(subject: &str) -> Option<String> {
    const MARK: &str = "[slo-bypass";
    let at = subject.to_ascii_lowercase().find(MARK)?;
    let rest = subject.get(at + MARK.len()..)?;
    let (inside, _) = rest.split_once(']')?;
    let inside = inside.trim();
    // `[slo-bypassed]` is another word.
    match inside.strip_prefix(':') {
        Some(why) => Some(why.trim().to_owned()),
        None => inside.is_empty().then(String::new),
    }
}

/// The last paragraph, if it is nothing but `Name: value` and continuations of that.
fn trailers(body: &[&str]) -> Vec<(String, String)> {
    let end = body
        .iter()
        .rposition(|line| !line.trim().is_empty())
        .map_or(0, |last| last + 1);
    let start = body[..end]
        .iter()
        .rposition(|line| line.trim().is_empty())
        .map_or(0, |blank| blank + 1);
    // The line after the subject is blank, or what follows is no body of its own.
    if start == 0 {
        return Vec::new();
    }
    let mut trailers: Vec<(String, String)> = Vec::new();
    for line in &body[start..end] {
        if line.starts_with([' ', '\t']) {
            let Some((_, value)) = trailers.last_mut() else {
                return Vec::new();
            };
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Vec::new();
        };
        let is_token = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
        if name.is_empty() || !name.chars().all(is_token) {
            return Vec::new();
        }
        trailers.push((name.to_owned(), value.trim().to_owned()));
    }
    trailers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(message: &str) -> Option<String> {
        Marker::in_message(message).map(|marker| marker.why)
    }

    #[test]
    fn a_trailer_asks_to_pass_with_all_that_it_says() {
        let message = "Fix the payment timeout\n\nIt was 1 ms: too short.\n\nSLO-Bypass: nobody can pay,\n  since noon\nSlo-bypass-ticket: OPS-4711\nSLO-Bypass-By: Ana Kim\nSLO-Bypass-Until: 2026-01-01T12:00:00Z\nSigned-off-by: Ana\n";
        let marker = Marker::in_message(message).unwrap();
        assert_eq!(marker.why, "nobody can pay, since noon");
        assert_eq!(
            (marker.ticket.as_deref(), marker.by.as_deref()),
            (Some("OPS-4711"), Some("Ana Kim"))
        );
        assert_eq!(
            marker.until,
            Some(Ok(DateTime::from_timestamp(1_767_268_800, 0).unwrap()))
        );
    }

    #[test]
    fn a_mark_on_the_subject_line_asks_to_pass() {
        assert_eq!(
            why("Fix it [slo-bypass: nobody can pay]").as_deref(),
            Some("nobody can pay")
        );
        assert_eq!(why("[SLO-Bypass:now] Fix it\n\nbody").as_deref(), Some("now"));
        assert_eq!(why("Fix it [slo-bypass]").as_deref(), Some(""));
        assert_eq!(why("Fix it [slo-bypass: ]").as_deref(), Some(""));
    }

    #[test]
    fn what_only_looks_like_one_does_not() {
        for message in [
            "",
            "Fix it",
            "Fix it\n\nPlease mind SLO-Bypass: it is documented.\n",
            "Fix it\n\nSLO-Bypass: not in the last paragraph\n\nSigned-off-by: Ana",
            "Fix it\n\nSLO-Bypass: among prose\nwithout a colon",
            "Fix it\nSLO-Bypass: not a paragraph of its own",
            "Fix it\n\nmentions [slo-bypass: x] in the body",
            "Fix [slo-bypassed] it",
            "Fix it [slo-bypass: never closed",
            "Fix it\n\n  SLO-Bypass: an indented quotation",
            "Fix it\n\n> SLO-Bypass: a quotation",
        ] {
            assert_eq!(why(message), None, "{message:?}");
        }
    }

    #[test]
    fn a_revert_has_none_whatever_it_quotes() {
        for message in [
            "Revert \"Fix it [slo-bypass: now]\"\n\nThis reverts commit 1234.",
            "revert: fix it\n\nSLO-Bypass: now",
            "Undo the fix\n\nThis reverts commit 1234.\n\nSLO-Bypass: now",
            "Reapply \"Fix it [slo-bypass: now]\"",
        ] {
            assert_eq!(why(message), None, "{message:?}");
        }
        assert_eq!(why("Revertible payments [slo-bypass: now]").as_deref(), Some("now"));
    }

    #[test]
    fn a_time_that_is_none_is_kept_to_be_refused() {
        let marker = Marker::in_message("Fix\n\nSLO-Bypass: x\nSLO-Bypass-Until: tomorrow").unwrap();
        assert_eq!(marker.until, Some(Err("tomorrow".to_owned())));
    }
}
