//! What somebody else says, fit for a log and a status page.

/// Its first 500 characters, with `…` where there were more; each control character is a space.
pub(crate) fn shortened(text: &str) -> String {
    let mut rest = text.chars();
    let begin = rest.by_ref().take(LENGTH);
    let mut short: String = begin
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if rest.next().is_some() {
        short.push('…');
    }
    short
}

/// More than anything that was meant to be read.
const LENGTH: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_a_short_one_is_left_as_it_is() {
        assert_eq!(shortened(""), "");
        assert_eq!(shortened("too old"), "too old");
        let fits = "늦".repeat(LENGTH);
        assert_eq!(shortened(&fits), fits);
        assert_eq!(shortened(&format!("{fits}늦")), format!("{fits}…"));
    }

    #[test]
    fn a_text_moves_no_cursor_and_begins_no_line() {
        assert_eq!(shortened("a\r\nERROR b\u{1b}[2J\u{85}\0"), "a  ERROR b [2J  ");
    }
}
