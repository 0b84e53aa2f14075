//! A receiver of OTLP over HTTP: reads each request as it is sent, and gives one answer to all.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;

use super::*;

/// A head with nothing behind it, as one who takes everything may say.
pub(super) const YES: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Ends with the test's process.
pub(super) fn receiver<S: Read + Write>(
    answer: Vec<u8>,
    accept: impl Fn(TcpStream) -> Option<S> + Send + 'static,
) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (outbox, inbox) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Some(mut stream) = accept(stream) else { continue };
            // A client that does not trust us leaves before it has said anything.
            let Some(received) = read(&mut stream) else { continue };
            let _ = outbox.send(received);
            let _ = stream.write_all(&answer).and_then(|()| stream.flush());
        }
    });
    Receiver { port, inbox }
}

fn read(stream: &mut impl Read) -> Option<Received> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let mut headers = HeaderMap::new();
    stream.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    loop {
        line.clear();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.insert(name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?);
    }
    let length = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    #[cfg(feature = "otlp-gzip")]
    if headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
        let mut whole = Vec::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut whole).ok()?;
        body = whole;
    }
    let metrics = opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest::decode(&body[..]);
    Some(Received {
        headers,
        metrics: metrics.ok()?,
    })
}
