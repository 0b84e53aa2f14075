//! A health endpoint behind a real server, probed over loopback: how often its data is read, and what a prober reads.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use chrono::{DateTime, Utc};
use e2e::{Failure, Outcome};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use slo_health::{Freshness, SyntheticHealth};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

const PATH: &str = "/synthetic/health";
const HOUR: Duration = Duration::from_secs(3_600);
/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database that counts its queries, and answers them while its gate is open.
#[derive(Clone)]
struct Database {
    queries: Arc<AtomicUsize>,
    answered: Arc<watch::Sender<usize>>,
    gate: Arc<watch::Sender<bool>>,
}

impl Database {
    fn new(is_open: bool) -> Self {
        Self {
            queries: Arc::default(),
            answered: Arc::new(watch::Sender::new(0)),
            gate: Arc::new(watch::Sender::new(is_open)),
        }
    }

    async fn newest(self) -> Result<Option<DateTime<Utc>>, watch::error::RecvError> {
        self.queries.fetch_add(1, Ordering::SeqCst);
        self.gate.subscribe().wait_for(|is_open| *is_open).await?;
        self.answered.send_modify(|answered| *answered += 1);
        Ok(Some(Utc::now()))
    }

    fn queries(&self) -> usize {
        self.queries.load(Ordering::SeqCst)
    }
}

struct Served {
    address: SocketAddr,
    database: Database,
    _server: JoinHandle<io::Result<()>>,
}

impl Served {
    async fn start(database: Database) -> Result<Self, Failure> {
        let read = database.clone();
        let health = SyntheticHealth::builder()
            .check("sales", Freshness::within(HOUR), move || read.clone().newest())
            // As long as this test may take on whatever machine: what is counted does not depend on how fast that is.
            .trust_for(HOUR)
            .deadline(PATIENCE)
            .build()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let app: Router = health.router(PATH);
        let server = axum::serve(listener, app);
        Ok(Self {
            address,
            database,
            _server: tokio::spawn(server.into_future()),
        })
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Failure> {
        connect(self.address).await
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Body>, Failure> {
    let stream = TcpStream::connect(address).await?;
    let (requests, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(requests)
}

async fn probe(connection: &mut SendRequest<Body>) -> Result<Response<Incoming>, Failure> {
    connection.ready().await?;
    let request = Request::get(PATH).header("host", "probed").body(Body::empty())?;
    let late = |_| Failure::new(format!("no answer within {PATIENCE:?}"));
    Ok(timeout(PATIENCE, connection.send_request(request))
        .await
        .map_err(late)??)
}

/// So many probes that were answered with 200 and `fresh`, on one connection or on one each as the Blackbox exporter does.
async fn fresh_answers(address: SocketAddr, times: usize, keeps_alive: bool) -> Result<usize, Failure> {
    let mut connection = connect(address).await?;
    let mut fresh = 0;
    for _ in 0..times {
        if !keeps_alive {
            connection = connect(address).await?;
        }
        let response = probe(&mut connection).await?;
        let status = response.headers().get("slo-health-status");
        fresh += usize::from(response.status() == 200 && status.is_some_and(|status| status == "fresh"));
    }
    Ok(fresh)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_probes_leave_the_database_untouched() -> Outcome {
    let served = Served::start(Database::new(true)).await?;
    probe(&mut served.connect().await?).await?;
    assert_eq!(served.database.queries(), 1);

    let mut probers = JoinSet::new();
    for prober in 0..10 {
        probers.spawn(fresh_answers(served.address, 1_000, prober > 0));
    }
    let mut fresh = 0;
    while let Some(answers) = probers.join_next().await {
        fresh += answers??;
    }
    assert_eq!((fresh, served.database.queries()), (10_000, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_at_a_cold_cache_cause_one_query() -> Outcome {
    let served = Served::start(Database::new(false)).await?;
    let mut probers = JoinSet::new();
    for _ in 0..500 {
        probers.spawn(fresh_answers(served.address, 2, false));
    }
    let mut gate = served.database.gate.subscribe();
    while served.database.queries() == 0 {
        tokio::task::yield_now().await;
    }
    served.database.gate.send_replace(true);
    gate.changed().await?;
    let mut fresh = 0;
    while let Some(answers) = probers.join_next().await {
        fresh += answers??;
    }
    assert_eq!((fresh, served.database.queries()), (1_000, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prober_that_closes_its_connection_does_not_stop_the_query() -> Outcome {
    let served = Served::start(Database::new(false)).await?;
    let mut connection = served.connect().await?;
    let gone = tokio::spawn(async move { probe(&mut connection).await.map(|_| ()) });
    while served.database.queries() == 0 {
        tokio::task::yield_now().await;
    }
    gone.abort(); // and with it the only handle of the connection, which closes it
    assert!(gone.await.is_err());
    let mut answered = served.database.answered.subscribe();
    served.database.gate.send_replace(true);
    timeout(PATIENCE, answered.wait_for(|&answered| answered == 1)).await??;
    assert_eq!(fresh_answers(served.address, 1, false).await?, 1);
    assert_eq!(served.database.queries(), 1);
    Ok(())
}

fn instant(headers: &HeaderMap, name: &str) -> Result<DateTime<Utc>, Failure> {
    let value = headers.get(name).ok_or_else(|| Failure::new(format!("no `{name}`")))?;
    Ok(DateTime::parse_from_rfc2822(value.to_str()?)?.to_utc())
}

// The data is written while it is read, so each watermark is as young as it can be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_wire_nothing_is_modified_after_its_date_and_there_is_one_date() -> Outcome {
    let health = SyntheticHealth::builder()
        .check("sales", Freshness::within(HOUR), async || {
            Ok::<_, Infallible>(Utc::now() + Duration::from_secs(60)) // a clock that is ahead
        })
        .trust_for(Duration::ZERO)
        .build()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let app: Router = health.router(PATH);
    tokio::spawn(axum::serve(listener, app).into_future());
    let mut connection = connect(address).await?;
    for _ in 0..2_000 {
        let response = probe(&mut connection).await?;
        let headers = response.headers();
        assert_eq!(headers.get_all("date").iter().count(), 1);
        assert!(instant(headers, "last-modified")? <= instant(headers, "date")?);
    }
    Ok(())
}
