//! Regular expressions as Prometheus and VictoriaMetrics read them: those of Go, which are RE2's.
//!
//! A reader of our own. Those of Rust read another language in what people write here: a lone `{` is a sign to Go, and so
//! is a `[` in a class; `a**` and look-around are none. See <https://pkg.go.dev/regexp/syntax>.

use core::iter::Peekable;
use core::str::Chars;

/// Deeper and larger than this no engine reads them.
const DEEPEST: usize = 1_000;
const MOST_REPEATED: u32 = 1_000;

/// Why a text is no regular expression.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let mut reader = Reader {
        signs: text.chars().peekable(),
        open: 0,
        operand: false,
        repeated: false,
    };
    while let Some(sign) = reader.signs.next() {
        reader.sign(sign)?;
    }
    if reader.open == 0 {
        Ok(())
    } else {
        Err("a `(` is not closed")
    }
}

struct Reader<'t> {
    signs: Peekable<Chars<'t>>,
    /// How many groups are open.
    open: usize,
    /// Whether there is something before that can be repeated.
    operand: bool,
    /// Whether what is before was a repetition.
    repeated: bool,
}

impl Reader<'_> {
    fn sign(&mut self, sign: char) -> Result<(), &'static str> {
        let was_repeated = core::mem::take(&mut self.repeated);
        match sign {
            '(' => return self.group(),
            ')' => {
                self.open = self.open.checked_sub(1).ok_or("a `)` closes nothing")?;
                self.operand = true;
            }
            '|' => self.operand = false,
            '*' | '+' | '?' => return self.repeat(was_repeated),
            '{' => match self.counts() {
                Some((least, most))
                    if least > MOST_REPEATED || most.is_some_and(|most| most > MOST_REPEATED || most < least) =>
                {
                    return Err("a count of repetitions is over 1000, or its numbers are the wrong way round");
                }
                Some(_) => return self.repeat(was_repeated),
                None => self.operand = true,
            },
            '[' => {
                self.class()?;
                self.operand = true;
            }
            '\\' => self.escape_outside()?,
            _ => self.operand = true,
        }
        Ok(())
    }

    fn repeat(&mut self, was_repeated: bool) -> Result<(), &'static str> {
        self.signs.next_if_eq(&'?');
        if was_repeated {
            return Err("a repetition is repeated");
        }
        if !self.operand {
            return Err("`*`, `+`, `?` or a count has nothing before it to repeat");
        }
        self.repeated = true;
        Ok(())
    }

    /// A group, or flags for the rest of the one that is open.
    fn group(&mut self) -> Result<(), &'static str> {
        if self.signs.next_if_eq(&'?').is_some() {
            if matches!(self.signs.peek(), Some('P' | '<')) {
                self.named()?;
            } else if !self.flags()? {
                return Ok(());
            }
        }
        self.open += 1;
        self.operand = false;
        if self.open > DEEPEST {
            return Err("groups are nested too deep");
        }
        Ok(())
    }

    /// `P<name>` or `<name>`.
    fn named(&mut self) -> Result<(), &'static str> {
        const WRONG: &str = "`(?` begins nothing that is known; there is no looking ahead or behind";
        self.signs.next_if_eq(&'P');
        self.signs.next_if_eq(&'<').ok_or(WRONG)?;
        let mut length = 0;
        while self
            .signs
            .next_if(|sign| sign.is_ascii_alphanumeric() || *sign == '_')
            .is_some()
        {
            length += 1;
        }
        let is_closed = self.signs.next_if_eq(&'>').is_some();
        if is_closed && length > 0 { Ok(()) } else { Err(WRONG) }
    }

    /// Flags like `i-s`, and whether a group begins behind them.
    fn flags(&mut self) -> Result<bool, &'static str> {
        const WRONG: &str = "`(?` begins nothing that is known; there is no looking ahead or behind";
        let (mut negated, mut after_the_sign) = (false, true);
        for sign in self.signs.by_ref() {
            match sign {
                'i' | 'm' | 's' | 'U' => after_the_sign = true,
                '-' if !negated => (negated, after_the_sign) = (true, false),
                ':' if after_the_sign => return Ok(true),
                ')' if after_the_sign => return Ok(false),
                _ => return Err(WRONG),
            }
        }
        Err(WRONG)
    }

    /// The numbers of `{2}`, `{2,}` or `{2,3}`; `None`, and nothing is taken, where it is a sign like any other.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let mut ahead = self.signs.clone();
        let least = number(&mut ahead)?;
        let most = match ahead.next_if_eq(&',') {
            None => Some(least),
            Some(_) if ahead.peek() == Some(&'}') => None,
            Some(_) => Some(number(&mut ahead)?),
        };
        ahead.next_if_eq(&'}')?;
        self.signs = ahead;
        Some((least, most))
    }

    fn escape_outside(&mut self) -> Result<(), &'static str> {
        match self.signs.peek() {
            Some('Q') => {
                self.signs.next();
                self.quoted();
                return Ok(());
            }
            Some('A' | 'b' | 'B' | 'z') => {
                self.signs.next();
            }
            _ => {
                self.escape()?;
            }
        }
        self.operand = true;
        Ok(())
    }

    /// Signs up to `\E`, or to the end, which all mean themselves.
    fn quoted(&mut self) {
        while let Some(sign) = self.signs.next() {
            if sign == '\\' && self.signs.next_if_eq(&'E').is_some() {
                return;
            }
            self.operand = true;
        }
    }

    /// What stands behind `\`, here or in a class: a sign, or `None` for a class of signs.
    fn escape(&mut self) -> Result<Option<char>, &'static str> {
        const WRONG: &str = "a `\\` has nothing behind it that it can escape; there are no references back";
        let sign = self.signs.next().ok_or(WRONG)?;
        match sign {
            'd' | 's' | 'w' | 'D' | 'S' | 'W' => Ok(None),
            'p' | 'P' => self.table().map(|()| None).ok_or(WRONG),
            'x' => self.hexadecimal().map(Some).ok_or(WRONG),
            '0' => Ok(Some(self.octal(0))),
            '1'..='7' if self.signs.peek().is_some_and(|next| ('0'..='7').contains(next)) => {
                let first = u32::from(sign) - u32::from('0');
                Ok(Some(self.octal(first)))
            }
            'a' => Ok(Some('\u{7}')),
            'f' => Ok(Some('\u{c}')),
            'n' => Ok(Some('\n')),
            'r' => Ok(Some('\r')),
            't' => Ok(Some('\t')),
            'v' => Ok(Some('\u{b}')),
            sign if sign.is_ascii() && !sign.is_ascii_alphanumeric() => Ok(Some(sign)),
            _ => Err(WRONG),
        }
    }

    /// Up to two more octal digits.
    fn octal(&mut self, first: u32) -> char {
        let mut code = first;
        for _ in 0..2 {
            let Some(digit) = self.signs.next_if(|sign| ('0'..='7').contains(sign)) else {
                break;
            };
            code = code * 8 + u32::from(digit) - u32::from('0');
        }
        char::from_u32(code).unwrap_or_default()
    }

    /// Two digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Option<char> {
        let mut digits = String::new();
        if self.signs.next_if_eq(&'{').is_some() {
            while let Some(digit) = self.signs.next_if(char::is_ascii_hexdigit) {
                digits.push(digit);
            }
            self.signs.next_if_eq(&'}')?;
        } else {
            digits.push(self.signs.next_if(char::is_ascii_hexdigit)?);
            digits.push(self.signs.next_if(char::is_ascii_hexdigit)?);
        }
        // Go takes halves of surrogates as well, which are no signs here: one of them is as good as another.
        let code = u32::from_str_radix(&digits, 16)
            .ok()
            .filter(|code| *code <= 0x10_ffff)?;
        Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// `N` or `{Greek}`: which tables there are by longer names is the engine's to know.
    fn table(&mut self) -> Option<()> {
        if self.signs.next_if_eq(&'{').is_none() {
            return self.signs.next_if(|sign| "CLMNPSZ".contains(*sign)).map(|_| ());
        }
        self.signs.next_if_eq(&'^');
        self.signs.next_if(char::is_ascii_uppercase)?;
        while self
            .signs
            .next_if(|sign| sign.is_ascii_alphabetic() || *sign == '_')
            .is_some()
        {}
        self.signs.next_if_eq(&'}').map(|_| ())
    }

    /// A class, behind its `[`.
    fn class(&mut self) -> Result<(), &'static str> {
        const OPEN: &str = "a `[` is not closed";
        self.signs.next_if_eq(&'^');
        let mut is_first = true;
        loop {
            let sign = self.signs.next().ok_or(OPEN)?;
            let from = match sign {
                ']' if !is_first => return Ok(()),
                '[' if self.is_posix()? => None,
                '\\' => self.escape()?,
                sign => Some(sign),
            };
            is_first = false;
            let Some(from) = from else { continue };
            let mut ahead = self.signs.clone();
            if ahead.next() != Some('-') || ahead.peek() == Some(&']') {
                continue;
            }
            self.signs = ahead;
            let to = match self.signs.next().ok_or(OPEN)? {
                '\\' => self.escape()?.ok_or("a range in a class ends in a class")?,
                sign => sign,
            };
            if to < from {
                return Err("a range in a class has its ends the wrong way round");
            }
        }
    }

    /// Whether `[:alpha:]` stands here, behind its first bracket.
    fn is_posix(&mut self) -> Result<bool, &'static str> {
        let mut ahead = self.signs.clone();
        if ahead.next_if_eq(&':').is_none() {
            return Ok(false);
        }
        let rest: String = ahead.collect();
        let Some((name, _)) = rest.split_once(":]") else {
            return Ok(false);
        };
        if !POSIX.contains(&name.trim_start_matches('^')) || name.starts_with("^^") {
            return Err("a class like `[:alpha:]` has a name that is not known");
        }
        // The colon before the name and the two signs behind it.
        for _ in 0..name.chars().count() + 3 {
            self.signs.next();
        }
        Ok(true)
    }
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// A number without a zero before it.
fn number(signs: &mut Peekable<Chars<'_>>) -> Option<u32> {
    let mut digits = String::new();
    while let Some(digit) = signs.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    let is_plain = !digits.is_empty() && (digits.len() == 1 || !digits.starts_with('0'));
    is_plain.then(|| digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_is_read() {
        for regex in [
            "",
            "5..",
            "a|b|",
            "(a|b)*?",
            "(?i)GET|post",
            "(?P<x>a)(?<y>b)",
            "(?:a)",
            "(?i-s:a)",
            "/users/{id}",
            "a{2}",
            "a{2,}",
            "a{2,3}?",
            "{",
            "a{,2}",
            "a{01}",
            "[]a]",
            "[^]]",
            "[a-]",
            "[-a]",
            "[[a]",
            "[[:alpha:]_]",
            "[[:^digit:]]",
            "[[:x]",
            r"\d+\.\w",
            r"[\d-x]",
            r"\Q(\E+",
            r"\Q(",
            r"\pN\p{Greek}\P{^Lu}",
            r"\x41\x{1F600}",
            r"\07\12",
            r"\/\-\_",
            "^*",
            "a]",
            "a}",
            r"\bab\B\A\z",
            "x*(?i)*",
        ] {
            assert_eq!(check(regex), Ok(()), "{regex}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for (regex, why) in [
            ("(", "`(` is not closed"),
            ("a)", "closes nothing"),
            ("[a", "`[` is not closed"),
            ("[]", "`[` is not closed"),
            ("*", "nothing before"),
            ("a|*", "nothing before"),
            ("(+)", "nothing before"),
            ("(?i)*", "nothing before"),
            ("a**", "repeated"),
            ("a*{2}", "repeated"),
            ("{2}", "nothing before"),
            ("a{1001}", "over 1000"),
            ("a{3,2}", "wrong way round"),
            ("[z-a]", "wrong way round"),
            (r"[a-\d]", "ends in a class"),
            ("[[:letter:]]", "name that is not known"),
            ("(?=a)", "looking ahead"),
            ("(?<!a)", "looking ahead"),
            ("(?P<>a)", "looking ahead"),
            ("(?-)", "looking ahead"),
            (r"(a)\1", "references back"),
            (r"\Z", "references back"),
            (r"[\b]", "references back"),
            (r"\x4", "references back"),
            ("a\\", "references back"),
            (r"\p{Greek", "references back"),
            (r"\p{2}", "references back"),
            (r"\pX", "references back"),
        ] {
            let refused = check(regex);
            assert!(refused.is_err_and(|said| said.contains(why)), "{regex}: {refused:?}");
        }
        assert!(check(&"(".repeat(1_001)).is_err_and(|said| said.contains("too deep")));
    }
}
