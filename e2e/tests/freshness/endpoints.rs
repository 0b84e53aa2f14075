//! What can be at the other end of a probe: the real routes in each of their states, and everybody else.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, Utc};
use e2e::Failure;
use slo_health::probe::{ProbeKitError, ProbeState, ProbeTarget};
use slo_health::{Freshness, SyntheticHealth};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) const PATH: &str = "/synthetic/health";
/// Within what the routes answer; much less than the exporter waits, so that a busy machine does not blur the two.
pub(crate) const DEADLINE: Duration = Duration::from_millis(300);
const HOUR: Duration = Duration::from_secs(3_600);

/// A name for each target, and what a probe of it must find.
pub(crate) const CASES: [(&str, ProbeState); 13] = [
    ("fresh", ProbeState::Fresh),
    ("warn", ProbeState::Fresh),
    ("flips", ProbeState::Fresh),
    ("stale", ProbeState::Stale),
    ("empty", ProbeState::Stale),
    ("invalid", ProbeState::Stale),
    ("error", ProbeState::CheckError),
    ("timeout", ProbeState::CheckTimeout),
    ("proxy", ProbeState::Foreign),
    ("login", ProbeState::Foreign),
    ("hung", ProbeState::Hung),
    ("refused", ProbeState::Unreachable),
    ("nowhere", ProbeState::Unreachable),
];

/// Serves all of them until it is dropped.
pub(crate) struct Endpoints {
    _runtime: Runtime,
    routes: SocketAddr,
    proxy: SocketAddr,
    login: SocketAddr,
    hung: SocketAddr,
    refused: SocketAddr,
    /// The newest business event behind `fresh`.
    pub(crate) watermark: DateTime<Utc>,
    /// Whether `flips` has fresh data by now.
    pub(crate) has_flipped: Arc<AtomicBool>,
}

impl Endpoints {
    pub(crate) fn start() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let watermark = Utc::now() - Duration::from_secs(600);
        let has_flipped = Arc::new(AtomicBool::new(false));
        let app = routes(watermark, &has_flipped)?;
        let (routes, proxy, login, hung) = runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            tokio::spawn(async move { axum::serve(listener, app).await });
            Ok::<_, Failure>((address, says(PROXY).await?, says(LOGIN).await?, says("").await?))
        })?;
        Ok(Self {
            _runtime: runtime,
            routes,
            proxy,
            login,
            hung,
            // Nobody listens there once the listener is gone, as it is at the end of this line.
            refused: StdListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?,
            watermark,
            has_flipped,
        })
    }

    /// A target per case, with the case as a label.
    pub(crate) fn targets(&self) -> Result<Vec<ProbeTarget>, ProbeKitError> {
        let target = |(case, _): &(&str, ProbeState)| {
            let base = match *case {
                "proxy" => format!("http://{}", self.proxy),
                "login" => format!("http://{}", self.login),
                "hung" => format!("http://{}", self.hung),
                "refused" => format!("http://{}", self.refused),
                // A name that never exists: RFC 6761, 6.4.
                "nowhere" => "http://nowhere.invalid".to_owned(),
                case => format!("http://{}/{case}", self.routes),
            };
            Ok(ProbeTarget::new(base)?.label("case", *case))
        };
        CASES.iter().map(target).collect()
    }
}

/// The real routes, one endpoint per state, each below a prefix of its own.
fn routes(watermark: DateTime<Utc>, has_flipped: &Arc<AtomicBool>) -> Result<Router, Failure> {
    let within = || Freshness::within(HOUR).warn_after(HOUR / 2);
    let builder = || {
        SyntheticHealth::builder()
            .deadline(DEADLINE)
            .min_interval(Duration::ZERO)
    };
    let has_flipped = Arc::clone(has_flipped);
    let at = move |at: DateTime<Utc>| builder().check("data", within(), move || async move { Ok::<_, Infallible>(at) });
    let endpoints = [
        ("fresh", at(watermark)),
        ("warn", at(Utc::now() - HOUR * 3 / 4)),
        ("stale", at(Utc::now() - 2 * HOUR)),
        ("invalid", at(Utc::now() + 2 * HOUR)),
        (
            "flips",
            builder().trust_for(Duration::ZERO).check("data", within(), move || {
                let age = if has_flipped.load(Ordering::Relaxed) {
                    HOUR / 4
                } else {
                    2 * HOUR
                };
                async move { Ok::<_, Infallible>(Utc::now() - age) }
            }),
        ),
        (
            "empty",
            builder().check("data", within(), || async {
                Ok::<_, Infallible>(None::<DateTime<Utc>>)
            }),
        ),
        (
            "error",
            builder().check("data", within(), || async {
                Err::<DateTime<Utc>, _>("the database is gone")
            }),
        ),
        (
            "timeout",
            builder().check("data", within(), || async {
                std::future::pending::<Result<DateTime<Utc>, Infallible>>().await
            }),
        ),
    ];
    endpoints
        .into_iter()
        .try_fold(Router::new(), |router, (case, builder)| {
            let health = builder.build()?;
            Ok(router.merge(health.router(&format!("/{case}{PATH}"))))
        })
}

/// Answers every connection with this text, or, where it is empty, holds it without a word.
async fn says(text: &'static str) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    if !text.is_empty() {
                        let _ = stream.write_all(text.as_bytes()).await;
                        break;
                    }
                }
            });
        }
    });
    Ok(address)
}

/// A proxy without a backend; its page has a date of its own, which is not that of any data.
const PROXY: &str = "HTTP/1.1 503 Service Unavailable\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                     Content-Length: 19\r\nConnection: close\r\n\r\nno healthy upstream";
/// What would be a 200 if redirects were followed.
const LOGIN: &str = "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
