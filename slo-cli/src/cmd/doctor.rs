//! `slo doctor`: what is wrong on the way from the process to the pager.

use std::io::Read;

use super::check::Source;
use super::login::{self, engine};
use super::{Answer, Surroundings};
use crate::args::{DoctorArgs, Format};
use crate::doctor::{Diagnosis, Patient, State};
use crate::exit::Exit;
use crate::prom::Asking;
use crate::render::diagnosis;
use crate::web::Web;

/// Runs the command against the servers that the arguments name.
pub fn run(args: &DoctorArgs, stdin: &mut impl Read, around: &impl Surroundings) -> Answer {
    let slos = match Source::read(&args.file, stdin).understood() {
        Ok(slos) => slos,
        Err(mistakes) => return Answer::complaint(Exit::Usage, mistakes),
    };
    let slos = match &args.environment {
        Some(name) => slos.for_environment(name),
        None => slos,
    };
    let engine = match engine(&args.engine, around) {
        Ok(engine) => engine,
        Err(error) => return Answer::complaint(Exit::Usage, format!("slo: {error}")),
    };
    let pager = match login::alertmanager(&args.alertmanager, around) {
        Ok(access) => Web::let_in_by(&access, args.engine.timeout),
        Err(message) => return Answer::complaint(Exit::Usage, message),
    };
    let patient = Patient {
        args,
        slos: &slos,
        asking: Asking::new(&engine, Some(around.now())),
        store: &engine,
        pager: &pager,
        web: &Web::within(args.engine.timeout),
        clock: &|| around.now(),
    };
    answer(&patient.examine(), args.format)
}

fn answer(found: &Diagnosis, format: Format) -> Answer {
    let mut answer = Answer::of(match format {
        Format::Text => diagnosis::text(found),
        Format::Json => diagnosis::json(found),
    });
    answer.exit = match found.worst() {
        State::Fine | State::Skipped | State::Note | State::Warning => Exit::Pass,
        State::Unknown => Exit::NoAnswer,
        State::Broken => Exit::Refused,
    };
    answer
}
