//! A quoted text, as Prometheus and MetricsQL read it: with the escapes of Go.

use core::str::Chars;

use super::PromQueryError;

/// What a closed literal says; the first sign is the quote that it ends with.
pub(super) fn unquoted(literal: &str) -> Result<String, PromQueryError> {
    let mut signs = literal.chars();
    let quote = signs.next().unwrap_or('"');
    signs.next_back();
    if quote == '`' {
        return Ok(signs.collect()); // in backquotes nothing is escaped
    }
    let mut text = String::new();
    while let Some(sign) = signs.next() {
        if sign == '\\' {
            text.push(escaped(&mut signs, quote)?);
        } else {
            text.push(sign);
        }
    }
    Ok(text)
}

/// The sign that an escape stands for, behind its `\`.
fn escaped(signs: &mut Chars<'_>, quote: char) -> Result<char, PromQueryError> {
    let sign = signs.next().unwrap_or('\\');
    let known = match sign {
        'a' | 'b' | 'f' | 'v' => Some(' '), // signs that nobody sees: some blank is as good for what is checked here
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'x' => code(signs, 2, 16),
        'u' => code(signs, 4, 16),
        'U' => code(signs, 8, 16),
        '0'..='7' => octal(signs, sign),
        sign if sign == '\\' || sign == quote => Some(sign),
        _ => None,
    };
    known.ok_or(PromQueryError::Escape(sign))
}

/// So many digits.
fn code(signs: &mut Chars<'_>, digits: usize, radix: u32) -> Option<char> {
    let code = (0..digits).try_fold(0_u32, |code, _| {
        let digit = signs.next()?.to_digit(radix)?;
        code.checked_mul(radix)?.checked_add(digit)
    });
    char::from_u32(code?)
}

/// Three digits of one byte.
fn octal(signs: &mut Chars<'_>, first: char) -> Option<char> {
    let first = first.to_digit(8)?;
    let code = first * 64 + u32::from(code(signs, 2, 8)?);
    u8::try_from(code).ok().map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        for (literal, text) in [
            (r#""a\\.b""#, r"a\.b"),
            (r#""\"\\\x41\u0041\U00000041\101""#, "\"\\AAAA"),
            (r"'it\'s'", "it's"),
            (r"`\d+`", r"\d+"),
        ] {
            assert_eq!(unquoted(literal).as_deref(), Ok(text), "{literal}");
        }
        for (literal, sign) in [
            (r#""\d""#, 'd'),
            (r#""\'""#, '\''),
            (r#"'\"'"#, '"'),
            (r#""\x4""#, 'x'),
            (r#""\777""#, '7'),
            (r#""\ud800""#, 'u'),
        ] {
            assert_eq!(unquoted(literal), Err(PromQueryError::Escape(sign)), "{literal}");
        }
    }
}
