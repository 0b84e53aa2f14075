//! Clients that leave, and clients that take their time, over HTTP/1.1.

use std::net::SocketAddr;

use e2e::{Failure, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::routes::{LARGE, Stage, TEXT};
use crate::served::{Served, soon};

/// Clients of each test.
const CLIENTS: u64 = 40;

async fn ask(address: SocketAddr, path: &str) -> Result<TcpStream, Failure> {
    send(address, &format!("GET {path} HTTP/1.1\r\nhost: sockets\r\n\r\n")).await
}

/// A connection on which this was written.
pub(crate) async fn send(address: SocketAddr, request: &str) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Reads until this was seen; fails when the server closes before.
pub(crate) async fn read_until(stream: &mut TcpStream, wanted: &str) -> Outcome {
    let mut seen = Vec::new();
    while !seen.windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
        if soon(stream.read_buf(&mut seen)).await?? == 0 {
            return Err(Failure::new(format!("closed after {}", String::from_utf8_lossy(&seen))));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_before_the_head_is_counted_as_cancelled() -> Outcome {
    let stage = Stage::new();
    let served = Served::start(stage.routes()).await?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(ask(served.address, "/hang").await?);
    }
    stage.begun(CLIENTS).await?;
    assert_eq!(served.reliability.status().in_flight, CLIENTS);
    drop(clients);
    served.check([0, 0, CLIENTS], &[("- cancelled 1.1", CLIENTS)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_in_the_middle_of_a_body_is_counted_as_cancelled() -> Outcome {
    let stage = Stage::new();
    let served = Served::start(stage.routes()).await?;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        // One waits for the server, which notices that it is gone; the other the server waits for.
        let path = ["/stalled", "/endless"][usize::from(number % 2 == 0)];
        let mut client = ask(served.address, path).await?;
        read_until(&mut client, "\r\n\r\n10000\r\n.").await?;
        clients.push(client);
    }
    assert_eq!(served.reliability.status().in_flight, CLIENTS);
    drop(clients);
    served.check([0, 0, CLIENTS], &[("200 cancelled 1.1", CLIENTS)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_after_the_last_byte_had_its_answer() -> Outcome {
    let served = Served::start(Stage::new().routes()).await?;
    for _ in 0..CLIENTS {
        let mut client = ask(served.address, "/text").await?;
        read_until(&mut client, TEXT).await?;
    }
    served.check([CLIENTS, 0, 0], &[("200 - 1.1", CLIENTS)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_in_the_middle_of_its_own_body_is_counted_once() -> Outcome {
    let stage = Stage::new();
    let served = Served::start(stage.routes()).await?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = TcpStream::connect(served.address).await?;
        let head = "POST /upload HTTP/1.1\r\nhost: sockets\r\ncontent-length: 1000\r\n\r\n";
        client.write_all((head.to_owned() + TEXT).as_bytes()).await?;
        clients.push(client);
    }
    stage.begun(CLIENTS).await?;
    drop(clients);
    // The handler reads an error and answers it, whoever may still be there to read.
    served.check([CLIENTS, 0, 0], &[("400 - 1.1", CLIENTS)]).await
}

/// Whether they had their answer is for the kernel to say; that each is counted once is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_do_not_wait_at_all_are_counted_once_each() -> Outcome {
    let served = Served::start(Stage::new().routes()).await?;
    for number in 0..10 * CLIENTS {
        let client = ask(served.address, ["/text", "/large"][usize::from(number % 2 == 0)]).await?;
        if number % 3 == 0 {
            // Closed without a farewell: reset.
            client.set_zero_linger()?;
        }
    }
    // Connections of which the server still has to read the request are not begun yet.
    let mut last = ask(served.address, "/text").await?;
    read_until(&mut last, TEXT).await?;
    let counted = served.counted().await?;
    assert_eq!(counted.events.bad(), 0, "{counted:?}");
    assert!(counted.recorded() > 1, "{counted:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_one_good_request_however_long_it_takes() -> Outcome {
    let served = Served::start(Stage::new().routes()).await?;
    let mut slow = Vec::new();
    for _ in 0..4 {
        let mut client = ask(served.address, "/large").await?;
        read_until(&mut client, "\r\n\r\n").await?;
        slow.push(client);
    }
    // Others are served meanwhile, and counted.
    for _ in 0..CLIENTS {
        let mut client = ask(served.address, "/text").await?;
        read_until(&mut client, TEXT).await?;
    }
    assert_eq!(served.reliability.status().requests.totals.good(), CLIENTS);
    assert_eq!(served.reliability.status().in_flight, 4);
    let mut piece = vec![0; 7_001];
    for mut client in slow {
        let mut read = 0;
        while read < LARGE {
            read += soon(client.read(&mut piece)).await??;
        }
    }
    served.check([CLIENTS + 4, 0, 0], &[("200 - 1.1", CLIENTS + 4)]).await
}
