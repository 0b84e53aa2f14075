//! The tool `slo`: parse, run, print, exit.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Parser;
use slo_cli::args::{Args, Command, GateCommand};
use slo_cli::cmd::{
    Answer, Surroundings, audit, check, completions, dashboards, doctor, gate, manifests, probes, rules, schema, status,
};
use slo_cli::exit::Exit;

fn main() -> ExitCode {
    let args = Args::parse();
    let answer = match args.command {
        Command::Check(check) => check::run(&check, args.color, &mut io::stdin().lock()),
        Command::Dashboards(args) => dashboards::run(&args, &mut io::stdin().lock()),
        Command::Manifests(args) => manifests::run(&args, &mut io::stdin().lock()),
        Command::Probes(args) => probes::run(&args, &mut io::stdin().lock()),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Rules(args) => rules::run(&args, &mut io::stdin().lock()),
        Command::Doctor(args) => doctor::run(&args, &mut io::stdin().lock(), &Terminal),
        Command::Gate(args) => match &args.command {
            Some(GateCommand::Audit(args)) => audit::run(args, &mut io::stdin().lock()),
            None => gate::run(&args, &mut io::stdin().lock(), &mut Terminal),
        },
        Command::Status(all) => status::run(&all, args.color, &mut Terminal, &mut io::stdout()),
    };
    print(&answer).into()
}

/// The clock, the environment and the ear of whoever waits.
struct Terminal;

impl Surroundings for Terminal {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn pause(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn tell(&mut self, line: &str) {
        // Progress that nobody can read is no reason to stop.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}

/// Prints the answer and keeps its exit code, unless what it says got lost.
fn print(answer: &Answer) -> Exit {
    let written = write(&mut io::stdout().lock(), &answer.out);
    // Where even this cannot be written, nobody can be told.
    let _ = write(&mut io::stderr().lock(), &answer.err);
    match written {
        Ok(()) => answer.exit,
        // `slo check | head -1`: the reader has seen what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => answer.exit,
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "slo: cannot write to standard output: {error}");
            Exit::NoAnswer
        }
    }
}

fn write(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}
