//! `slo gate audit`: whether the records of the gate are as they were written.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::Answer;
use crate::args::AuditArgs;
use crate::exit::Exit;
use crate::gate::audit::{AuditError, verify};

/// Runs the command.
pub fn run(args: &AuditArgs, stdin: &mut impl BufRead) -> Answer {
    let expected = args.expect_head.as_deref();
    let verified = if args.file == Path::new("-") {
        verify(stdin, expected)
    } else {
        File::open(&args.file)
            .map_err(AuditError::from)
            .and_then(|file| verify(BufReader::new(file), expected))
    };
    match verified {
        Ok(None) => Answer::of("no record\n".to_owned()),
        Ok(Some(head)) => Answer::of(format!(
            "{} records, nothing altered; the newest is {}\n",
            head.sequence + 1,
            head.hash
        )),
        Err(error) => {
            let exit = match error {
                AuditError::Altered { .. } | AuditError::Missing { .. } => Exit::Refused,
                AuditError::File(_) | AuditError::Record(_) => Exit::NoAnswer,
            };
            Answer::complaint(exit, format!("slo: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(text: &str, expect_head: Option<&str>) -> Answer {
        let args = AuditArgs {
            file: "-".into(),
            expect_head: expect_head.map(str::to_owned),
        };
        run(&args, &mut text.as_bytes())
    }

    #[test]
    fn what_is_wrong_is_refused_and_what_cannot_be_read_is_no_answer() {
        assert_eq!(audit("", None).exit, Exit::Pass);
        let altered = audit("{}\n", None);
        assert_eq!(
            (altered.exit, altered.err.as_str()),
            (
                Exit::Refused,
                "slo: line 1 of the audit file was altered: it is no record\n"
            )
        );
        assert_eq!(audit("", Some("abc")).exit, Exit::Refused);
        let nowhere = AuditArgs {
            file: "/nowhere/gate.audit".into(),
            expect_head: None,
        };
        assert_eq!(run(&nowhere, &mut &b""[..]).exit, Exit::NoAnswer);
    }
}
