//! One connection for many requests, and many connections for one request each.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::Request;
use e2e::{Failure, Outcome};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::routes::{Stage, TEXT};
use crate::served::{Served, eventually, soon};

/// A connection that is kept alive for as long as its handle lives.
pub(crate) async fn connect(address: SocketAddr) -> Result<SendRequest<Body>, Failure> {
    let stream = TcpStream::connect(address).await?;
    let (requests, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(requests)
}

/// One request and all of its answer.
pub(crate) async fn ask(connection: &mut SendRequest<Body>, path: &str) -> Result<usize, Failure> {
    connection.ready().await?;
    let request = Request::get(path).header("host", "sockets").body(Body::empty())?;
    let answer = soon(connection.send_request(request)).await??;
    Ok(soon(answer.into_body().collect()).await??.to_bytes().len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_kept_alive_counts_each_of_its_requests() -> Outcome {
    let served = Served::start(Stage::new().routes()).await?;
    let mut connection = connect(served.address).await?;
    for _ in 0..1_000 {
        assert_eq!(ask(&mut connection, "/text").await?, TEXT.len());
    }
    served.check([1_000, 0, 0], &[("200 - 1.1", 1_000)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_do_not_wait_for_answers_are_counted_each() -> Outcome {
    let served = Served::start(Stage::new().routes()).await?;
    let mut stream = TcpStream::connect(served.address).await?;
    let request = "GET /text HTTP/1.1\r\nhost: sockets\r\n\r\n";
    let last = "GET /text HTTP/1.1\r\nhost: sockets\r\nconnection: close\r\n\r\n";
    stream.write_all((request.repeat(99) + last).as_bytes()).await?;
    let mut answers = String::new();
    soon(stream.read_to_string(&mut answers)).await??;
    assert_eq!(answers.matches(TEXT).count(), 100);
    served.check([100, 0, 0], &[("200 - 1.1", 100)]).await
}

/// On one thread, with the server: what is allocated on it is counted, and the other tests' is not.
#[test]
fn ten_thousand_connections_in_sequence_leave_no_memory_behind() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(Served::start(Stage::new().routes()))?;
    // Buffers that stay are made once.
    runtime.block_on(one_after_the_other(&served, WARM_UP))?;
    let mut done = Ok(());
    let seen = allocation_counter::measure(|| {
        done = runtime.block_on(one_after_the_other(&served, CONNECTIONS));
    });
    done?;
    assert!(seen.count_total > CONNECTIONS, "the server ran on another thread");
    assert!(
        seen.bytes_current.unsigned_abs() < STAYS,
        "{} bytes stayed allocated after {CONNECTIONS} connections",
        seen.bytes_current
    );
    let all = WARM_UP + CONNECTIONS;
    runtime.block_on(served.check([all, 0, 0], &[("200 - 1.1", all)]))
}

#[test]
fn clients_that_vanish_leave_no_memory_behind() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stage = Stage::new();
    let served = runtime.block_on(Served::start(stage.routes()))?;
    runtime.block_on(each_vanishes(&served, &stage, WARM_UP))?;
    let mut done = Ok(());
    let seen = allocation_counter::measure(|| {
        done = runtime.block_on(each_vanishes(&served, &stage, VANISHING));
    });
    done?;
    assert!(
        seen.bytes_current.unsigned_abs() < STAYS / 4,
        "{} bytes stayed allocated after {VANISHING} clients",
        seen.bytes_current
    );
    let all = WARM_UP + VANISHING;
    runtime.block_on(served.check([0, 0, all], &[("- cancelled 1.1", all)]))
}

async fn each_vanishes(served: &Served, stage: &Stage, clients: u64) -> Outcome {
    for _ in 0..clients {
        let mut stream = TcpStream::connect(served.address).await?;
        stream.write_all(b"GET /hang HTTP/1.1\r\nhost: sockets\r\n\r\n").await?;
        stage
            .begun(served.reliability.status().requests.totals.excluded() + 1)
            .await?;
        stream.set_zero_linger()?;
        drop(stream);
        eventually(|| match served.reliability.status().in_flight {
            0 => Ok(()),
            _ => Err("the server waits for a client that is gone".to_owned()),
        })
        .await?;
    }
    Ok(())
}

async fn one_after_the_other(served: &Served, connections: u64) -> Outcome {
    let before = served.reliability.status().requests.totals.good();
    for _ in 0..connections {
        let mut stream = TcpStream::connect(served.address).await?;
        stream.write_all(b"GET /text HTTP/1.1\r\nhost: sockets\r\n\r\n").await?;
        let mut answer = [0; 1_024];
        let mut read = 0;
        while !answer[..read].ends_with(TEXT.as_bytes()) {
            match soon(stream.read(&mut answer[read..])).await?? {
                0 => return Err(Failure::new("closed before the answer was complete")),
                more => read += more,
            }
        }
        // Else the system would keep each port for another minute.
        stream.set_zero_linger()?;
    }
    eventually(|| match served.reliability.status().requests.totals.good() {
        good if good == before + connections => Ok(()),
        good => Err(format!("{good} requests counted")),
    })
    .await
}

const WARM_UP: u64 = 500;
const CONNECTIONS: u64 = 10_000;
const VANISHING: u64 = 1_000;

/// In bytes: a few connections that the server has not yet closed, but not six bytes for each.
const STAYS: u64 = 64 * 1_024;
