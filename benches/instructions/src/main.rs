//! The hot path, each piece for itself: `cargo xtask instructions` runs it under valgrind and counts.
//!
//! Without an argument it lists its cases, one per line: the name, how often the piece is repeated, and the case that is to
//! be subtracted, if there is one. With a name it runs that case.

mod cases;
mod nowhere;

use std::hint::black_box;
use std::process::ExitCode;

use cases::CASES;

fn main() -> ExitCode {
    let Some(asked) = std::env::args().nth(1) else {
        for case in &CASES {
            println!("{} {} {}", case.name, case.times, case.net_of);
        }
        return ExitCode::SUCCESS;
    };
    let Some(case) = CASES.iter().find(|case| case.name == asked) else {
        eprintln!("no case is called `{asked}`; without an argument they are listed");
        return ExitCode::FAILURE;
    };
    let mut work = (case.prepare)(case.times);
    // Once before: series are created, stripes and routes found.
    work();
    count_instructions_of(&mut work);
    ExitCode::SUCCESS
}

/// Valgrind counts while this runs, and knows it by its name.
#[inline(never)]
fn count_instructions_of(work: &mut dyn FnMut()) {
    work();
    // Not the last thing it does: a jump into `work` would end the counting before it began.
    black_box(());
}
