//! Foreign text for a terminal: from an engine, a label, a redirect.

use std::path::Path;

use slo_core::terminal::is_unseen;

/// The text with every sign made visible that would steer a terminal, break the line, turn its direction or hide.
///
/// ```text
/// plain("a\x1b[31mb") == "a\\u{1b}[31mb"
/// ```
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut before, mut rest) = ('a', text.chars());
    while let Some(sign) = rest.next() {
        let after = rest.clone().next().unwrap_or('a');
        // Persian and emoji are written with joiners; between letters of ASCII one can only hide.
        let joins = is_joiner(sign) && !before.is_ascii() && !after.is_ascii();
        if (is_unseen(sign) || is_joiner(sign)) && !joins {
            shown.extend(sign.escape_unicode());
        } else {
            shown.push(sign);
        }
        before = sign;
    }
    shown
}

/// A path as it is shown: whoever names a file may choose any signs for it.
pub(crate) fn shown(path: &Path) -> String {
    plain(&path.to_string_lossy())
}

/// JSON with the same signs written as `\u009b`, which means the same to whoever reads it. JSON itself asks for that of
/// those below U+0020 only.
pub(crate) fn plain_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for sign in json.chars() {
        // In JSON a line break stands between values, and never in a text.
        if sign != '\n' && (is_unseen(sign) || is_joiner(sign)) {
            // All of them are in the first plane: four digits.
            shown.push_str(&format!("\\u{:04x}", u32::from(sign)));
        } else {
            shown.push(sign);
        }
    }
    shown
}

const fn is_joiner(sign: char) -> bool {
    matches!(sign, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_and_not_obeyed() {
        assert_eq!(plain("caf\u{e9} 가격 €"), "caf\u{e9} 가격 €");
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\t"), "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{9}");
        assert_eq!(plain("x\u{202e}y\u{9b}z\u{feff}"), "x\\u{202e}y\\u{9b}z\\u{feff}");
        assert_eq!(plain("a\u{61c}b\u{200b}c\u{2060}d"), "a\\u{61c}b\\u{200b}c\\u{2060}d");
    }

    #[test]
    fn joiners_join_and_do_not_hide() {
        for text in ["خانه\u{200c}ها", "👩\u{200d}💻"] {
            assert_eq!(plain(text), text);
        }
        assert_eq!(
            plain("\u{e9}\u{200d}a\u{200c}\u{e9}"),
            "\u{e9}\\u{200d}a\\u{200c}\u{e9}"
        );
        assert_eq!(plain("al\u{200d}lowed\u{200c}"), "al\\u{200d}lowed\\u{200c}");
    }

    #[test]
    fn json_means_the_same_and_steers_nothing() {
        let text = "a\u{1b}\u{9b}\u{7f}\u{202e}\u{200d}\u{feff}é👩\n\t\"\\";
        for json in [
            serde_json::to_string(text).unwrap(),
            serde_json::to_string_pretty(&[text, text]).unwrap(),
        ] {
            let shown = plain_json(&json);
            assert!(
                shown
                    .chars()
                    .all(|sign| sign == '\n' || !is_unseen(sign) && !is_joiner(sign)),
                "{shown:?}"
            );
            let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
            assert_eq!(read(&shown), read(&json));
        }
    }
}
