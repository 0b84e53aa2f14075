//! Why there is no answer.

use std::time::Duration;

/// Why an engine cannot be asked at all: the command line or the environment is wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The address is none; holds it without what might be a password.
    #[error(
        "`{0}` is not the address of an engine; write what stands before `/api/v1`, like `http://prometheus:9090` or \
         `https://mimir.example.com/prometheus`"
    )]
    Address(String),
    /// An address with a user, and perhaps a password that everybody could read; holds it without them.
    #[error(
        "`{0}` is given with a user before its host, where everybody can read it; write the address alone, and log in by what \
         is for it, like `--user` and the variable SLO_PROMETHEUS_PASSWORD"
    )]
    User(String),
    /// A header that HTTP cannot carry; holds its name.
    #[error("`{0}` is not a header; write `Name: value`, like `X-Scope-OrgID: team-a`")]
    Header(String),
    /// A header without a name or without a colon; holds nothing of it, as all of it may be a secret.
    #[error("a header that is given is none; write `Name: value`, with a colon, like `X-Scope-OrgID: team-a`")]
    NoHeader,
    /// A secret that cannot be read; holds where from and the reason.
    #[error("the {what} cannot be read from {from}: {reason}")]
    Secret {
        /// What it is for.
        what: &'static str,
        /// The file or the variable.
        from: String,
        /// The reason.
        reason: String,
    },
    /// Two ways to log in.
    #[error("both a bearer token and a user are given; leave one out")]
    TwoLogins,
    /// A file of certificates that has none.
    #[error("`{file}` cannot be used as the certificates to trust: {reason}")]
    Certificates {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
}

/// Why a query has no answer that can be relied on. Displays as one sentence without secrets.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nothing came within the time that all tries share.
    #[error("{source_name} did not answer within {}", seconds(*.within))]
    TooSlow {
        /// Who was asked.
        source_name: String,
        /// The time.
        within: Duration,
    },
    /// No connection, or it broke; holds the reason.
    #[error("{source_name} cannot be reached: {reason}")]
    Unreachable {
        /// Who was asked.
        source_name: String,
        /// The reason.
        reason: String,
    },
    /// It points somewhere else, where a token must not be sent unasked.
    #[error("{source_name} redirects to {to}; give that address if it is the right one")]
    Redirected {
        /// Who was asked.
        source_name: String,
        /// Where it points.
        to: String,
    },
    /// It knows us not, or may not tell us.
    #[error("{source_name} refused with status {status}: {advice}")]
    Forbidden {
        /// Who was asked.
        source_name: String,
        /// 401 or 403.
        status: u16,
        /// What to give.
        advice: &'static str,
    },
    /// It refused the query or could not carry it out; holds its words.
    #[error("{source_name} answered with status {status}: {words}")]
    Refused {
        /// Who was asked.
        source_name: String,
        /// The HTTP status.
        status: u16,
        /// The engine's words, shortened.
        words: String,
    },
    /// The answer is larger than any right one.
    #[error("{source_name} answered with more than {} MB; is the query's selector right?", .most / 1_000_000)]
    TooLarge {
        /// Who was asked.
        source_name: String,
        /// In bytes.
        most: u64,
    },
    /// The answer is not of the API's format; holds what it is.
    #[error(
        "{source_name} answered with {found}, which is not what a Prometheus-compatible engine says; is this its address?"
    )]
    NotAnEngine {
        /// Who was asked.
        source_name: String,
        /// What came.
        found: String,
    },
    /// The answer is not that of a status route; holds what it is.
    #[error(
        "{source_name} answered with {found}, which is not what a status route of slo-axum says; is this its address?"
    )]
    NotAStatus {
        /// Who was asked.
        source_name: String,
        /// What came.
        found: String,
    },
}

impl AskError {
    /// Whether another question might be answered: this one was refused, or its answer too large.
    #[must_use]
    pub const fn is_about_the_query(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status < 500 && *status != 429,
            Self::TooLarge { .. } => true,
            Self::TooSlow { .. }
            | Self::Unreachable { .. }
            | Self::Redirected { .. }
            | Self::Forbidden { .. }
            | Self::NotAnEngine { .. }
            | Self::NotAStatus { .. } => false,
        }
    }

    /// Whether a question that costs the engine less might be answered: as before, or this one took too long.
    pub(crate) const fn may_be_its_cost(&self) -> bool {
        self.is_about_the_query() || matches!(self, Self::TooSlow { .. } | Self::Refused { .. })
    }
}

fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}
