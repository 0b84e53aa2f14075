//! Many requests on one connection, some of them reset, over HTTP/2.

use std::net::SocketAddr;

use axum::http::Request;
use e2e::{Failure, Outcome};
use h2::client::{self, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::routes::{Stage, TEXT};
use crate::served::{Served, soon};

/// Requests of each kind.
const EACH: u64 = 30;

/// In bytes, for each stream.
const WINDOW: u32 = 128 * 1_024;

type Body = axum::body::Bytes;

struct Connection {
    requests: SendRequest<Body>,
    driver: JoinHandle<Result<(), h2::Error>>,
}

/// A request without a body, its answer, and the handle that resets it.
type Asked = (ResponseFuture, SendStream<Body>);

impl Connection {
    async fn new(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        // Room for what nobody reads: else one stream that is not read would hold up its neighbours.
        let mut settings = client::Builder::new();
        settings
            .initial_window_size(WINDOW)
            .initial_connection_window_size(100 * WINDOW);
        let (requests, connection) = settings.handshake(stream).await?;
        let driver = tokio::spawn(connection);
        Ok(Self { requests, driver })
    }

    async fn ask(&mut self, path: &str) -> Result<Asked, Failure> {
        let request = Request::get(format!("http://sockets{path}")).body(())?;
        let mut ready = soon(self.requests.clone().ready()).await??;
        Ok(ready.send_request(request, true)?)
    }

    /// Closes the socket under all that is in flight.
    fn tear(self) {
        self.driver.abort();
    }
}

/// Reads one frame of the body; more only when the server may send more.
async fn read_frame(body: &mut RecvStream) -> Result<usize, Failure> {
    let frame = body
        .data()
        .await
        .ok_or_else(|| Failure::new("the body has no frame"))??;
    let _enough = body.flow_control().release_capacity(frame.len());
    Ok(frame.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_are_cancelled_and_their_neighbours_are_not() -> Outcome {
    let stage = Stage::new();
    let served = Served::start(stage.routes()).await?;
    let mut connection = Connection::new(served.address).await?;
    let (mut hanging, mut stalled) = (Vec::new(), Vec::new());
    for _ in 0..EACH {
        hanging.push(connection.ask("/hang").await?);
        let (answer, reset) = connection.ask("/stalled").await?;
        let mut body = soon(answer).await??.into_body();
        read_frame(&mut body).await?;
        stalled.push((body, reset));
        let (answer, _) = connection.ask("/text").await?;
        assert_eq!(read_frame(&mut soon(answer).await??.into_body()).await?, TEXT.len());
    }
    stage.begun(2 * EACH).await?;
    for (_, reset) in &mut hanging {
        reset.send_reset(Reason::CANCEL);
    }
    for (_, reset) in &mut stalled {
        reset.send_reset(Reason::CANCEL);
    }
    let expected = [("- cancelled 2", EACH), ("200 - 2", EACH), ("200 cancelled 2", EACH)];
    served.check([EACH, 0, 2 * EACH], &expected).await?;

    // The connection has outlived all that.
    let (answer, _) = connection.ask("/text").await?;
    assert_eq!(soon(answer).await??.status(), 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_takes_all_its_streams_with_it() -> Outcome {
    let stage = Stage::new();
    let served = Served::start(stage.routes()).await?;
    let mut connection = Connection::new(served.address).await?;
    let mut asked = Vec::new();
    for _ in 0..EACH {
        asked.push(connection.ask("/hang").await?);
        asked.push(connection.ask("/endless").await?);
    }
    stage.begun(2 * EACH).await?;
    connection.tear();
    let expected = [("- cancelled 2", EACH), ("200 cancelled 2", EACH)];
    served.check([0, 0, 2 * EACH], &expected).await
}

/// Reset at once, as in the attack called rapid reset: most never reach a handler, and each that was begun ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_at_once_are_counted_once_each() -> Outcome {
    let served = Served::start(Stage::new().routes()).await?;
    let mut connection = Connection::new(served.address).await?;
    for _ in 0..EACH {
        for path in ["/text", "/hang", "/stalled", "/endless"] {
            let (_answer, mut reset) = connection.ask(path).await?;
            reset.send_reset(Reason::CANCEL);
        }
        // In between, an answer: the server has read all that came before it.
        let (answer, _) = connection.ask("/text").await?;
        assert_eq!(read_frame(&mut soon(answer).await??.into_body()).await?, TEXT.len());
    }
    let counted = served.counted().await?;
    assert!(
        counted.events.good() >= EACH && counted.events.bad() == 0,
        "{counted:?}"
    );
    Ok(())
}
