//! A page that an alert points to.

use core::fmt;
use core::str::FromStr;

/// The address of a runbook or a dashboard: `https://wiki.example.com/runbooks/browse`.
///
/// It ends up in alerts, pages and dashboards as a link to click, so it is an `http` or `https` address with a host,
/// without a user name or password in it, without spaces and without the signs that could end a quoted text.
///
/// # Examples
///
/// ```
/// use slo_core::{Link, LinkError};
///
/// let runbook: Link = "https://wiki.example.com/runbooks/browse#restart".parse()?;
/// assert_eq!(runbook.as_str(), "https://wiki.example.com/runbooks/browse#restart");
/// assert!(matches!("wiki/browse".parse::<Link>(), Err(LinkError::NotALink(_))));
/// assert!(matches!("javascript:alert(1)".parse::<Link>(), Err(LinkError::NotALink(_))));
/// # Ok::<(), LinkError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Link(String);

impl Link {
    /// The longest (bytes): what every browser still opens.
    const LONGEST: usize = 2_000;

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a [`Link`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// No address that a browser would open; holds the text.
    #[error("`{0}` is not a link; write the whole address, like `https://wiki.example.com/runbooks/browse`")]
    NotALink(String),
    /// A sign that an address has only in its escaped form; holds it.
    #[error("a link has no `{0}` in it; write its code, like `%20` for a space")]
    Sign(char),
    /// A user name stands before the host, and maybe a password.
    #[error("a link that everybody sees has no user name and no password in it; write the address without them")]
    Credentials,
    /// Over 2,000 bytes; holds the length.
    #[error("a link of {0} bytes is too long; write at most 2000")]
    TooLong(usize),
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::LONGEST {
            return Err(LinkError::TooLong(text.len()));
        }
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or_else(|| LinkError::NotALink(text.to_owned()))?;
        // RFC 3986 has none of these unescaped, and each could end a quoted text or open a template somewhere.
        let refused = |sign: &char| !sign.is_ascii_graphic() || "\"<>\\^`{|}".contains(*sign);
        if let Some(sign) = text.chars().find(refused) {
            return Err(LinkError::Sign(sign));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(LinkError::Credentials);
        }
        let host = authority.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let host = host.strip_suffix(':').unwrap_or(authority);
        if !host.contains(|sign: char| sign.is_ascii_alphanumeric()) || host.contains(is_no_host) {
            return Err(LinkError::NotALink(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether a host has no such sign, an IPv6 address in brackets among them.
fn is_no_host(sign: char) -> bool {
    !sign.is_ascii_alphanumeric() && !".-_~%[]:".contains(sign)
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Link);

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<LinkError> {
        text.parse::<Link>().err()
    }

    #[test]
    fn addresses_round_trip() {
        for text in [
            "https://wiki.example.com",
            "http://localhost:3000/d/abc?var-service=shop&from=now-1h#top",
            "https://[::1]:8443/runbook",
            "https://example.com/%E2%82%AC?q=a+b",
        ] {
            assert_eq!(text.parse::<Link>().map(|link| link.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_a_browser_would_not_open_is_no_link() {
        for text in [
            "",
            "wiki",
            "//example.com",
            "https:/example.com",
            "ftp://example.com",
            "javascript://x",
            "https://",
            "https://:80/",
            "https:///path",
            "https://?x",
            "https://exa$mple.com",
        ] {
            assert_eq!(refusal(text), Some(LinkError::NotALink(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn nothing_in_a_link_ends_a_text_or_opens_a_template() {
        for sign in ['"', '<', '>', '\\', '`', '{', '|', '}', '^', ' ', '\n', 'é', '\u{202e}'] {
            let text = format!("https://example.com/{sign}");
            assert_eq!(refusal(&text), Some(LinkError::Sign(sign)));
        }
        assert_eq!(refusal("https://me:secret@example.com/"), Some(LinkError::Credentials));
        assert_eq!(refusal("https://example.com/@me"), None);
        let long = format!("https://example.com/{}", "a".repeat(2_000));
        assert_eq!(refusal(&long), Some(LinkError::TooLong(2_020)));
    }

    #[test]
    fn messages_say_what_to_write() {
        assert_eq!(
            LinkError::NotALink("wiki".to_owned()).to_string(),
            "`wiki` is not a link; write the whole address, like `https://wiki.example.com/runbooks/browse`"
        );
        assert_eq!(
            LinkError::Sign(' ').to_string(),
            "a link has no ` ` in it; write its code, like `%20` for a space"
        );
    }
}
