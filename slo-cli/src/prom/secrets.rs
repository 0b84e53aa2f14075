//! What we log in with, kept out of what others say back to us.

use super::{Access, Secret};
use crate::render::plain;

/// What is replaced wherever an engine says it back.
#[derive(Debug)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    /// The longest first, as one may be part of another. What is as short as `1` would be found everywhere.
    pub(super) fn of(access: &Access) -> Self {
        const SHORTEST: usize = 4;
        let mut secrets = access.secrets().to_vec();
        secrets.retain(|secret| secret.expose().len() >= SHORTEST);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// The text without them.
    pub(super) fn hidden(&self, text: &str) -> String {
        let hide = |text: String, secret: &Secret| text.replace(secret.expose(), "***");
        self.0.iter().fold(text.to_owned(), hide)
    }

    pub(super) fn hidden_in(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.hidden(text)).collect()
    }

    /// Foreign words as they may be shown.
    pub(super) fn shown(&self, words: &str) -> String {
        plain(&shortened(&self.hidden(words)))
    }
}

/// Enough to recognise it.
fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(lines: &[&str]) -> Secrets {
        let access = lines
            .iter()
            .try_fold(Access::default(), |access, line| access.header(line));
        Secrets::of(&access.unwrap())
    }

    #[test]
    fn the_longest_goes_first_and_what_is_found_everywhere_stays() {
        let secrets = secrets(&["a: hush", "b: hush-hush", "c: 123"]);
        assert_eq!(secrets.hidden("hush-hush hush 123"), "*** *** 123");
        assert_eq!(secrets.hidden_in(&["hush".to_owned()]), ["***"]);
    }

    #[test]
    fn no_secret_is_shown_by_halves() {
        let secrets = secrets(&["a: hush-hush"]);
        let words = format!("{}hush-hush\u{1b}", "x".repeat(196));
        assert_eq!(secrets.shown(&words), format!("{}***\\u{{1b}}", "x".repeat(196)));
        let long = secrets.shown(&"x".repeat(201));
        assert_eq!((long.chars().count(), long.ends_with('…')), (201, true));
    }
}
