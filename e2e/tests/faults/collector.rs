//! A collector in trouble, in front of a real one.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What it does with a push.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Takes the connection and never says a word.
    Hang,
    /// Reads the push, says these bytes and hangs up.
    Say(&'static [u8]),
    /// Hands everything to whoever listens on this port.
    PassOn(u16),
}

/// Listens on 127.0.0.1 as long as the test's process lives.
pub(crate) struct Collector {
    port: u16,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Collector {
    pub(crate) fn start(behaviour: Behaviour) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let current = Arc::clone(&behaviour);
        thread::spawn(move || {
            // Those that wait for an answer in vain.
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                let behaviour = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
                match behaviour {
                    Behaviour::Hang => held.push(stream),
                    // A client that hangs up in between has its reasons.
                    Behaviour::Say(answer) => drop(say(&stream, answer)),
                    Behaviour::PassOn(to) => drop(pass_on(stream, to)),
                }
            }
        });
        Ok(Self { port, behaviour })
    }

    /// The value for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/opentelemetry", self.port)
    }

    /// From the next connection on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }
}

/// The whole request is read first: hanging up before would be another fault.
fn say(stream: &TcpStream, answer: &[u8]) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        line.clear();
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    let mut writer = stream;
    writer.write_all(answer)
}

fn pass_on(from: TcpStream, port: u16) -> io::Result<()> {
    let to = TcpStream::connect(("127.0.0.1", port))?;
    for (mut read, mut write) in [(from.try_clone()?, to.try_clone()?), (to, from)] {
        thread::spawn(move || {
            let copied = io::copy(&mut read, &mut write);
            let _ = write.shutdown(Shutdown::Write);
            copied
        });
    }
    Ok(())
}
