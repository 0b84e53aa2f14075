//! Failures on request, for tests and the demo: a header says how the request shall fail.
//!
//! Mounted only with `--allow-faults`. Nothing reads the header otherwise: in production it would let any client spend
//! the error budget.

use std::{future::pending, str::FromStr, time::Duration};

use axum::{
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::time::sleep;

/// The name of the header.
pub(crate) const HEADER: &str = "demo-fault";

/// What can go wrong on request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Answers 500.
    Error,
    /// Answers 503.
    Unavailable,
    /// Answers as usual, later.
    Slow(Duration),
    /// Panics.
    Panic,
    /// Never answers, until the timeout layer does.
    Timeout,
}

/// Why a header's value is not a fault.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("write `Demo-Fault: error`, `unavailable`, `slow=900` (milliseconds), `panic` or `timeout`")]
pub(crate) struct UnknownFault;

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "error" => Ok(Self::Error),
            "unavailable" => Ok(Self::Unavailable),
            "panic" => Ok(Self::Panic),
            "timeout" => Ok(Self::Timeout),
            _ => {
                let milliseconds = text.strip_prefix("slow=").ok_or(UnknownFault)?;
                let milliseconds = milliseconds.parse().map_err(|_| UnknownFault)?;
                Ok(Self::Slow(Duration::from_millis(milliseconds).min(SLOWEST)))
            }
        }
    }
}

/// Does what the header asks for. The innermost layer, so that everything around it sees a handler that fails.
pub(crate) async fn obey(request: Request, next: Next) -> Response {
    let Some(value) = request.headers().get(HEADER) else {
        return next.run(request).await;
    };
    match value.to_str().unwrap_or_default().parse() {
        Ok(Fault::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Ok(Fault::Unavailable) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Ok(Fault::Slow(time)) => {
            sleep(time).await;
            next.run(request).await
        }
        Ok(Fault::Panic) => panic!("the header `Demo-Fault: panic` asked for this"),
        Ok(Fault::Timeout) => pending().await,
        Err(unknown @ UnknownFault) => (StatusCode::BAD_REQUEST, format!("{unknown}\n")).into_response(),
    }
}

const SLOWEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_documented() {
        for (text, fault) in [
            ("error", Fault::Error),
            ("unavailable", Fault::Unavailable),
            ("slow=900", Fault::Slow(Duration::from_millis(900))),
            ("slow=99999999", Fault::Slow(SLOWEST)),
            ("panic", Fault::Panic),
            ("timeout", Fault::Timeout),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
        for text in ["", "Error", "slow", "slow=", "slow=-1", "slow=1s", "none"] {
            assert_eq!(text.parse::<Fault>(), Err(UnknownFault), "{text:?}");
        }
    }
}
