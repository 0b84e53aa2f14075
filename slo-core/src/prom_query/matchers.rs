//! Lists of matchers between braces: `{queue="orders", code=~"5.."}`.

use super::literal::unquoted;
use super::{PromQueryError, quoted, regex};

/// Reads every list of matchers of a query whose brackets and quotes are closed, and the escapes of every quoted text.
///
/// Of a query with templates (`WITH`, which VictoriaMetrics alone has) only the brackets are known.
pub(super) fn check(text: &str) -> Result<(), PromQueryError> {
    let has_templates = text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("with"));
    let mut rest = text;
    let mut before = "";
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '"' | '\'' | '`' => {
                let length = quoted(rest, sign)?;
                unquoted(&rest[..length])?;
                length
            }
            '{' if has_templates => 1,
            '{' => {
                let length = closed(rest)?;
                let inside = &rest[1..length - 1];
                let is_named = before
                    .trim_end()
                    .ends_with(|sign: char| sign.is_alphanumeric() || "_:.".contains(sign));
                list(inside, is_named)?;
                length
            }
            sign => sign.len_utf8(),
        };
        before = &text[..text.len() - rest.len() + length];
        rest = &rest[length..];
    }
    Ok(())
}

/// The text with neither what stands in quotes nor what stands in braces, which are left empty.
pub(super) fn without_selectors(text: &str) -> String {
    let (mut bare, mut depth) = (String::new(), 0_u32);
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '"' | '\'' | '`' => quoted(rest, sign).unwrap_or(rest.len()),
            _ => sign.len_utf8(),
        };
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if length > sign.len_utf8() || matches!(sign, '"' | '\'' | '`') {
            bare.push_str(if depth == 0 { "\"\"" } else { "" });
        } else if depth == 0 || sign == '{' {
            bare.push(sign);
        }
        rest = &rest[length..];
    }
    bare
}

/// The length of the list that begins here, with its braces. What is in it may open no other.
fn closed(rest: &str) -> Result<usize, PromQueryError> {
    let mut at = 1;
    while let Some(sign) = rest[at..].chars().next() {
        at += match sign {
            '"' | '\'' | '`' => quoted(&rest[at..], sign)?,
            '}' => return Ok(at + 1),
            sign => sign.len_utf8(),
        };
    }
    Err(PromQueryError::Open('{'))
}

/// Where reading a list is.
struct List<'q> {
    whole: &'q str,
    rest: &'q str,
}

/// One list, without its braces. Of a selector without a name some matcher must ask for more than nothing.
fn list(inside: &str, is_named: bool) -> Result<(), PromQueryError> {
    let mut list = List {
        whole: inside,
        rest: inside.trim(),
    };
    let mut selects = is_named;
    while !list.rest.is_empty() {
        selects |= list.matcher()?;
        list.separator()?;
    }
    if selects {
        Ok(())
    } else {
        Err(PromQueryError::MatchesAll(inside.to_owned()))
    }
}

impl List<'_> {
    fn wrong(&self) -> PromQueryError {
        PromQueryError::Matchers(self.whole.to_owned())
    }

    /// `name="value"`, `"name"="value"`, or the name of a metric in quotes; whether it asks for more than nothing.
    fn matcher(&mut self) -> Result<bool, PromQueryError> {
        let in_quotes = self.literal()?;
        if in_quotes.is_none() && !self.name() {
            return Err(self.wrong());
        }
        let Some((operator, after)) = ["=~", "!~", "!=", "="]
            .into_iter()
            .find_map(|operator| Some((operator, self.rest.strip_prefix(operator)?)))
        else {
            return in_quotes.map(|_| true).ok_or_else(|| self.wrong());
        };
        self.rest = after.trim_start();
        let mut value = self.literal()?.ok_or_else(|| self.wrong())?;
        // VictoriaMetrics adds texts up.
        while let Some(after) = self.rest.strip_prefix('+') {
            self.rest = after.trim_start();
            value.push_str(&self.literal()?.ok_or_else(|| self.wrong())?);
        }
        if operator.ends_with('~') {
            regex::check(&value).map_err(|why| PromQueryError::Regex {
                given: value.clone(),
                why,
            })?;
        }
        Ok(match operator {
            "=" => !value.is_empty(),
            "=~" => !matches!(value.as_str(), "" | ".*"),
            "!=" => value.is_empty(),
            _ => matches!(value.as_str(), "" | ".*"),
        })
    }

    /// A comma, which may be the last, or VictoriaMetrics' `or`.
    fn separator(&mut self) -> Result<(), PromQueryError> {
        if let Some(after) = self.rest.strip_prefix(',') {
            self.rest = after.trim_start();
            return Ok(());
        }
        let after = self.rest.get(..2).filter(|word| word.eq_ignore_ascii_case("or"));
        match after.map(|_| &self.rest[2..]) {
            Some(after) if after.starts_with([' ', '"']) && !after.trim().is_empty() => {
                self.rest = after.trim_start();
                Ok(())
            }
            _ if self.rest.is_empty() => Ok(()),
            _ => Err(self.wrong()),
        }
    }

    fn literal(&mut self) -> Result<Option<String>, PromQueryError> {
        let Some(quote) = self.rest.chars().next().filter(|sign| "\"'`".contains(*sign)) else {
            return Ok(None);
        };
        let (literal, after) = self.rest.split_at(quoted(self.rest, quote)?);
        self.rest = after.trim_start();
        unquoted(literal).map(Some)
    }

    /// Goes over a name; `false` where there is none. VictoriaMetrics takes more signs than Prometheus.
    fn name(&mut self) -> bool {
        let is_of_a_name = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | ':' | '.');
        let mut length = 0;
        while let Some(sign) = self.rest[length..].chars().next() {
            length += match sign {
                '\\' => 1 + self.rest[length + 1..].chars().next().map_or(0, char::len_utf8),
                sign if is_of_a_name(sign) => sign.len_utf8(),
                _ => break,
            };
        }
        let (name, after) = self.rest.split_at(length);
        self.rest = after.trim_start();
        !name.is_empty() && !name.starts_with(|sign: char| sign.is_ascii_digit())
    }
}
