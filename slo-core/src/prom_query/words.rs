//! Words and operators of a query that want something beside them.

use super::PromQueryError;
use super::matchers::without_selectors;

/// Words that are nothing without what follows.
const UNFINISHED: [&str; 12] = [
    "and",
    "atan2",
    "bool",
    "by",
    "group_left",
    "group_right",
    "ignoring",
    "offset",
    "on",
    "or",
    "unless",
    "without",
];

/// Signs that cannot end a query; all but the first two cannot begin one either.
const OPERATORS: &str = "+-*/%^=<>!,";

/// Whether nothing is left hanging: `sum(..) by` and `a +` are refused, and `by job` is.
pub(super) fn check(text: &str) -> Result<(), PromQueryError> {
    let bare = without_selectors(text);
    let bare = bare.trim();
    if let Some(sign) = bare.chars().next().filter(|sign| OPERATORS[2..].contains(*sign)) {
        return Err(PromQueryError::AtAnEnd(sign.to_string()));
    }
    if let Some(sign) = bare.chars().next_back().filter(|sign| OPERATORS.contains(*sign)) {
        return Err(PromQueryError::AtAnEnd(sign.to_string()));
    }
    let is_of_a_word = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | ':' | '.' | '\\');
    let mut rest = bare;
    while let Some(at) = rest.find(is_of_a_word) {
        let (before, behind) = rest.split_at(at);
        let length = behind.find(|sign| !is_of_a_word(sign)).unwrap_or(behind.len());
        let (word, after) = behind.split_at(length);
        let lower = word.to_ascii_lowercase();
        let next = after.trim_start().chars().next();
        // Behind a bracket it is no metric of that name.
        let closes = before.trim_end().ends_with([')', ']', '}']);
        if next.is_none() && closes && UNFINISHED.contains(&lower.as_str()) {
            return Err(PromQueryError::AtAnEnd(word.to_owned()));
        }
        if next.is_some_and(is_of_a_word) && matches!(lower.as_str(), "by" | "without") {
            return Err(PromQueryError::NoLabels(word.to_owned()));
        }
        rest = after;
    }
    Ok(())
}
