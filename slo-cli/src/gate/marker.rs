//! The words in a commit message that ask to pass: written down, reviewed, and part of history.
//!
//! On the subject line:
//!
//! ```text
//! Fix the payment timeout [slo-bypass: nobody can pay]
//! ```
//!
//! or as trailers, in the last paragraph of the message, as `git interpret-trailers` reads it:
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
//! A revert quotes the message of what it undoes, and that commit's reasons are not its own: nothing in it counts. Nor does
//! a mark in quotation marks, which speaks of another. What looks like a wish and is none is said, never passed over.

use chrono::{DateTime, Utc};

use super::trailers::trailers;

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
    /// The one revision it is for, if it names one: a version, as no commit knows its own hash.
    pub revision: Option<String>,
    /// From when on it is void; or the text that is no time.
    pub until: Option<Result<DateTime<Utc>, String>>,
}

impl Marker {
    /// The wish in a commit message; `None` when it has none.
    #[must_use]
    pub fn in_message(message: &str) -> Option<Self> {
        let message = Message::of(message)?;
        if message.is_revert() {
            return None;
        }
        let trailers = trailers(&message.body);
        let value = |key: &str| {
            let mut own = trailers.iter().rev().filter(|(name, _)| name.eq_ignore_ascii_case(key));
            own.next().map(|(_, value)| value.clone())
        };
        let said = |key: &str| value(key).filter(|value| !value.is_empty());
        Some(Self {
            why: value("SLO-Bypass").or_else(|| in_subject(message.subject))?,
            ticket: said("SLO-Bypass-Ticket"),
            by: said("SLO-Bypass-By"),
            revision: said("SLO-Bypass-Revision"),
            until: value("SLO-Bypass-Until").map(|until| until.parse().map_err(|_| until)),
        })
    }

    /// Why a message that speaks of a bypass asks for none; `None` where it does ask, and where it does not speak of one.
    #[must_use]
    pub fn why_not(message: &str) -> Option<&'static str> {
        if !message.to_ascii_lowercase().contains(WORD) || Self::in_message(message).is_some() {
            return None;
        }
        Some(match Message::of(message) {
            Some(message) if message.is_revert() => {
                "the message speaks of `slo-bypass`, which does not count in a revert: those are the reasons of another commit"
            }
            _ => {
                "the message speaks of `slo-bypass` and asks for none: write `[slo-bypass: reason]` on its first line, without \
                 quotation marks, or `SLO-Bypass: reason` in its last paragraph, among the trailers"
            }
        })
    }
}

struct Message<'a> {
    subject: &'a str,
    body: Vec<&'a str>,
}

impl<'a> Message<'a> {
    fn of(message: &'a str) -> Option<Self> {
        let mut lines = message.lines();
        let subject = lines.by_ref().find(|line| !line.trim().is_empty())?.trim();
        let body = lines.collect();
        Some(Self { subject, body })
    }

    /// As `git revert` writes it, and forges, and people. Rather one too many: whoever is refused is told, and can say it in
    /// other words.
    fn is_revert(&self) -> bool {
        let reverts = |line: &&str| {
            let line = line.trim_start().to_ascii_lowercase();
            line.starts_with("this reverts commit ") || line.starts_with("this reverts merge request ")
        };
        // The message of a merge has the title of what it merges below its own.
        let title = self.body.iter().find(|line| !line.trim().is_empty());
        let title = title.filter(|_| self.subject.to_ascii_lowercase().starts_with("merge "));
        speaks_of_going_back(self.subject)
            || title.is_some_and(|title| speaks_of_going_back(title))
            || self.body.iter().any(reverts)
    }
}

fn speaks_of_going_back(subject: &str) -> bool {
    // What stands in the mark itself is a reason and no deed.
    let lower = subject.to_ascii_lowercase();
    let lower = match place(subject) {
        Some((start, end)) => format!("{} {}", &lower[..start], &lower[end..]),
        None => lower,
    };
    let words: Vec<_> = lower
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_back = |word: &&str| {
        let known = [
            "revert",
            "reverts",
            "reverted",
            "reverting",
            "reapply",
            "reapplies",
            "backout",
        ];
        known.contains(word)
    };
    let backs_out = |pair: &[&str]| matches!(pair, ["back" | "backs" | "backed" | "backing", "out"]);
    words.iter().any(is_back) || words.windows(2).any(backs_out)
}

/// What stands in `[slo-bypass: ...]`.
fn in_subject(subject: &str) -> Option<String> {
    let (start, end) = place(subject)?;
    if is_quoted(&subject[..start], &subject[end..]) {
        return None;
    }
    let inside = subject[start + 1 + WORD.len()..end - 1].trim();
    // `[slo-bypassed]` is another word.
    match inside.strip_prefix(':') {
        Some(why) => Some(why.trim().to_owned()),
        None => inside.is_empty().then(String::new),
    }
}

/// Where a mark begins, and where it has ended.
fn place(subject: &str) -> Option<(usize, usize)> {
    let start = subject.to_ascii_lowercase().find(&format!("[{WORD}"))?;
    let end = start + subject[start..].find(']')? + 1;
    Some((start, end))
}

/// Whether a quotation is open before and closed after it. Apostrophes are no such sign: `don't`.
fn is_quoted(before: &str, after: &str) -> bool {
    let straight = ['"', '`']
        .into_iter()
        .any(|sign| before.matches(sign).count() % 2 == 1 && after.contains(sign));
    let pairs = [('“', '”'), ('„', '“'), ('«', '»'), ('「', '」')];
    straight
        || pairs.into_iter().any(|(open, close)| {
            let last = before.rfind(open);
            last.is_some_and(|at| !before[at + open.len_utf8()..].contains(close)) && after.contains(close)
        })
}

const WORD: &str = "slo-bypass";

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
            "Fix it\n\n---\nSLO-Bypass: below the line that ends a message",
            "Say more of \"[slo-bypass: x]\" in the manual",
            "Say more of `[slo-bypass: x]` in the manual",
            "Say more of “[slo-bypass: x]” in the manual",
            "Fix it\nSLO-Bypass: not a paragraph of its own",
            "Fix it\n\nmentions [slo-bypass: x] in the body",
            "Fix [slo-bypassed] it",
            "Fix it [slo-bypass: never closed",
            "Fix it\n\n  SLO-Bypass: an indented quotation",
            "Fix it\n\n> SLO-Bypass: a quotation",
        ] {
            assert_eq!(why(message), None, "{message:?}");
            let speaks = message.to_lowercase().contains("slo-bypass");
            assert_eq!(Marker::why_not(message).is_some(), speaks, "{message:?}");
        }
        assert_eq!(Marker::why_not("Fix it [slo-bypass: now]"), None);
        assert_eq!(
            why("Take 5\" of \"a\" [slo-bypass: it's 3\" wide]").as_deref(),
            Some("it's 3\" wide")
        );
        assert_eq!(why("Don't wait [slo-bypass: can't pay]").as_deref(), Some("can't pay"));
    }

    #[test]
    fn a_revert_has_none_whatever_it_quotes() {
        for message in [
            "Revert \"Fix it [slo-bypass: now]\"\n\nThis reverts commit 1234.",
            "revert: fix it\n\nSLO-Bypass: now",
            "Undo the fix\n\nThis reverts commit 1234.\n\nSLO-Bypass: now",
            "Reapply \"Fix it [slo-bypass: now]\"",
            "fix: revert \"Fix it [slo-bypass: now]\"",
            "OPS-1 Revert \"Fix it\" [slo-bypass: now]",
            "Reverted the fix [slo-bypass: now]",
            "revert!: fix it [slo-bypass: now]",
            "Back out \"Fix it\" [slo-bypass: now]",
            "Merge branch 'revert-4f2a' into main\n\nSLO-Bypass: now",
            "Merge pull request #5 from ana/undo\n\nRevert \"Fix it\"\n\nSLO-Bypass: now",
        ] {
            assert_eq!(why(message), None, "{message:?}");
            assert!(Marker::why_not(message).unwrap().contains("revert"), "{message:?}");
        }
        assert_eq!(
            why("Fix it [slo-bypass: the revert is broken]").as_deref(),
            Some("the revert is broken")
        );
        assert_eq!(
            why("Fix it\n\nRevert nothing.\n\nSLO-Bypass: now").as_deref(),
            Some("now")
        );
        assert_eq!(why("Revertible payments [slo-bypass: now]").as_deref(), Some("now"));
    }

    #[test]
    fn a_time_that_is_none_is_kept_to_be_refused() {
        let marker = Marker::in_message("Fix\n\nSLO-Bypass: x\nSLO-Bypass-Until: tomorrow").unwrap();
        assert_eq!(marker.until, Some(Err("tomorrow".to_owned())));
        let marker = Marker::in_message("Fix\n\nSLO-Bypass: x\nSLO-Bypass-Revision: v1.4.2").unwrap();
        assert_eq!(marker.revision.as_deref(), Some("v1.4.2"));
    }
}
