//! The last numbers are pushed before the last snapshot is taken: a request that ends in between is good in the one and in
//! flight in no other.
#![cfg(unix)]

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_last_push_comes_before_the_last_snapshot() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order");
    fs::create_dir_all(&folder).unwrap();
    let snapshot = folder.join(format!("{}.snapshot", std::process::id()));
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let (pushed, pushes) = mpsc::channel();
    let file = snapshot.clone();
    thread::spawn(move || {
        for stream in collector.incoming().flatten() {
            pushed.send(file.exists()).unwrap();
            accept(&stream).unwrap();
        }
    });

    let mut service = Command::new(env!("CARGO_BIN_EXE_real-estate"));
    for (variable, _) in std::env::vars().filter(|(variable, _)| variable.starts_with("OTEL_")) {
        service.env_remove(variable);
    }
    service
        .args(["--listen", "127.0.0.1:0", "--snapshot-every", "1h", "--snapshot"])
        .arg(&snapshot)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .stdout(Stdio::null());
    let mut service = Running(service.spawn().unwrap());
    pushes.recv_timeout(PATIENCE).unwrap();
    until(|| snapshot.exists());
    fs::remove_file(&snapshot).unwrap();

    assert!(service.terminate().unwrap().success());
    assert_eq!(
        pushes.recv_timeout(PATIENCE),
        Ok(false),
        "it was saved before it was pushed"
    );
    assert!(service.ended().unwrap().success());
    assert!(snapshot.exists());
    fs::remove_dir_all(&folder).unwrap();
}

/// Takes one push.
fn accept(stream: &TcpStream) -> io::Result<()> {
    let (mut reader, mut line, mut length) = (BufReader::new(stream), String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        line.clear();
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    let mut writer = stream;
    writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
}

/// Does not outlive the test.
struct Running(Child);

impl Running {
    fn terminate(&self) -> io::Result<ExitStatus> {
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()
    }

    fn ended(&mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It fails where the service has ended.
        let _ = self.0.kill();
    }
}
