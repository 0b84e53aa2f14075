//! The headers that a variable asks for: `name=value,other=value`, values percent-encoded.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::environment::{EnvironmentError, Said};

/// Reads the headers of a variable; their values are kept out of every message, for they are often tokens.
pub(super) fn headers(said: Option<Said>) -> Result<HeaderMap, EnvironmentError> {
    let Some((variable, value)) = said else {
        return Ok(HeaderMap::new());
    };
    let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .zip(1..)
        .map(|(entry, number)| header(entry).ok_or(EnvironmentError::NotHeaders { variable, number }))
        .collect()
}

fn header(entry: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = entry.split_once('=')?;
    let mut value = HeaderValue::from_bytes(&decoded(value.trim())).ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

/// `%20` is a space; what is no such code stays what it is.
fn decoded(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, more @ ..] = rest {
        let code = (*first == b'%').then(|| byte(more)).flatten();
        bytes.push(code.unwrap_or(*first));
        rest = code.map_or(more, |_| &more[2..]);
    }
    bytes
}

/// The byte that two hexadecimal digits stand for.
fn byte(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLE: &str = "OTEL_EXPORTER_OTLP_HEADERS";

    fn read(value: &str) -> Result<HeaderMap, EnvironmentError> {
        headers(Some((VARIABLE, value.to_owned())))
    }

    #[test]
    fn names_and_values_are_read_and_decoded() {
        let read = read(" Authorization=Bearer%20a=b%2C , x-scope = shop,,odd=100%,end=%4").unwrap();
        let values = ["authorization", "x-scope", "odd", "end"].map(|name| read[name].as_bytes());
        assert_eq!(values, [&b"Bearer a=b,"[..], b"shop", b"100%", b"%4"]);
        assert_eq!(read.len(), 4);
        assert!(headers(None).unwrap().is_empty());
    }

    #[test]
    fn an_entry_that_is_no_header_is_named_by_its_place_and_shows_nothing() {
        for (value, number) in [
            ("token secret", 1),
            ("a=b,to ken=secret", 2),
            ("a=b,c=%0Asecret", 2),
            ("=secret", 1),
        ] {
            let refused = read(value).unwrap_err();
            assert_eq!(
                refused,
                EnvironmentError::NotHeaders {
                    variable: VARIABLE,
                    number
                }
            );
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
        assert!(!format!("{:?}", read("authorization=secret").unwrap()).contains("secret"));
    }
}
