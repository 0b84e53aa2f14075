//! Foreign text for a terminal: from an engine, a label, a redirect.

/// The text with every sign made visible that would steer a terminal, break the line or turn its direction.
///
/// ```text
/// plain("a\x1b[31mb") == "a\\u{1b}[31mb"
/// ```
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if steers(sign) {
            shown.extend(sign.escape_unicode());
        } else {
            shown.push(sign);
        }
    }
    shown
}

fn steers(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_and_not_obeyed() {
        assert_eq!(plain("caf\u{e9} 가격 €"), "caf\u{e9} 가격 €");
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\t"), "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{9}");
        assert_eq!(plain("x\u{202e}y\u{9b}z\u{feff}"), "x\\u{202e}y\\u{9b}z\\u{feff}");
    }
}
