//! What a text says, for tests: a failure shows all of it, at the line of the test.

/// Somewhere in the text.
#[track_caller]
pub(crate) fn assert_says(text: &str, words: &str) {
    assert!(text.contains(words), "`{words}` is not in:\n{text}");
}

/// At the text's beginning.
#[track_caller]
pub(crate) fn assert_begins(text: &str, words: &str) {
    assert!(text.starts_with(words), "`{words}` does not begin:\n{text}");
}

/// At the text's end.
#[track_caller]
pub(crate) fn assert_ends(text: &str, words: &str) {
    assert!(text.ends_with(words), "`{words}` does not end:\n{text}");
}
