//! Texts: plain, in quotes, or in a block.

use std::fmt::Write as _;

use super::Style;

/// How `VictoriaMetrics` and `vmalert` begin the name of an environment variable in a configuration file.
pub(super) const ENVIRONMENT: &str = "%{";

/// Words that some reader of some version of YAML takes for a truth value or for nothing.
const TAKEN: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

impl Style {
    pub(super) fn takes_blocks(self) -> bool {
        self != Self::Probes
    }

    /// Whether every reader takes it, without quotes, as this very text.
    fn is_plain(self, text: &str) -> bool {
        let inside = |sign: u8| {
            sign.is_ascii_alphanumeric()
                || matches!(sign, b'_' | b'-' | b'.' | b'/')
                || sign == b':' && self != Self::Objects
        };
        let begins = text.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
        let is_word = begins && text.bytes().all(inside) && !text.ends_with(':');
        let is_taken = || TAKEN.iter().any(|taken| text.eq_ignore_ascii_case(taken));
        // Words of digits, like `1e3`, do not begin so.
        is_word && !is_taken() || self == Self::Rules && is_length(text)
    }
}

/// One line: plain or in quotes.
pub(super) fn write(out: &mut String, text: &str, style: Style) {
    if style.is_plain(text) {
        out.push_str(text);
    } else if style == Style::Probes && text.chars().all(is_printable) && !text.contains(ENVIRONMENT) {
        out.extend(["'", &text.replace('\'', "''"), "'"]);
    } else {
        write_escaped(out, text);
    }
}

/// A line for people, in which names may stand that somebody chose: what would end it, or name an environment variable, is
/// written as between double quotes.
pub(super) fn write_remark(out: &mut String, line: &str) {
    for sign in line.chars() {
        let names_a_variable = sign == '{' && out.ends_with('%');
        if is_printable(sign) && !names_a_variable {
            out.push(sign);
        } else {
            escape(out, sign);
        }
    }
}

/// Several lines of printable characters, none of them blanks alone, that begin and end with one that is not empty: a reader
/// takes the first for the indentation, and drops empty ones at the end.
pub(super) fn fits_a_block(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let is_blank = |line: &str| !line.is_empty() && line.bytes().all(|sign| sign == b' ');
    text.contains('\n')
        && !lines.starts_with([' ', '\n'])
        && !lines.is_empty()
        && !lines.ends_with('\n')
        // A line of blanks alone ends with one: without such an end no line need be looked at.
        && !((lines.contains(" \n") || lines.ends_with(' ')) && lines.split('\n').any(is_blank))
        && are_printable(lines)
        && !lines.contains(ENVIRONMENT)
}

/// Of printable characters, line breaks among them. Nearly all texts are ASCII, of which all bytes are looked at at once.
fn are_printable(lines: &str) -> bool {
    let is_plain = |sign: u8| matches!(sign, b' '..=b'~' | b'\n');
    lines.bytes().fold(true, |all, sign| all & is_plain(sign))
        || lines.chars().all(|sign| sign == '\n' || is_printable(sign))
}

fn is_length(text: &str) -> bool {
    let digits = text.trim_end_matches(|sign: char| sign.is_ascii_lowercase());
    matches!(&text[digits.len()..], "s" | "m" | "h" | "d")
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Between double quotes, whatever is in it. What needs no escape is copied in pieces.
fn write_escaped(out: &mut String, text: &str) {
    let may_stay = |sign: u8| matches!(sign, b' '..=b'~') && !matches!(sign, b'"' | b'\\' | b'{');
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|sign| !may_stay(sign)) {
        let (piece, behind) = rest.split_at(at);
        out.push_str(piece);
        let mut signs = behind.chars();
        signs.next().into_iter().for_each(|sign| escape(out, sign));
        rest = signs.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// One sign, behind what is written already.
fn escape(out: &mut String, sign: char) {
    // Writing to a string cannot fail.
    let _ = match sign {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        '\n' => out.write_str("\\n"),
        '\t' => out.write_str("\\t"),
        '{' if out.ends_with('%') => out.write_str("\\x7b"),
        sign if is_printable(sign) => out.write_char(sign),
        sign => match u32::from(sign) {
            code @ 0..=0xff => write!(out, "\\x{code:02x}"),
            code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
            code => write!(out, "\\U{code:08x}"),
        },
    };
}

/// YAML 1.2.2, production 1 (`c-printable`), without line breaks of any kind, tabs and the byte order mark.
fn is_printable(sign: char) -> bool {
    match sign {
        '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => true,
        _ => false,
    }
}
