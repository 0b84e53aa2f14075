//! `slo gate audit`: whether the records of the gate are as they were written.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::Answer;
use crate::args::AuditArgs;
use crate::exit::Exit;
use crate::gate::audit::{Report, verify};
use crate::render::shown;

/// Runs the command.
pub fn run(args: &AuditArgs, stdin: &mut impl BufRead) -> Answer {
    let expected = args.expect_head.as_deref();
    let verified = if args.file == Path::new("-") {
        verify(stdin, expected)
    } else {
        File::open(&args.file).and_then(|file| verify(BufReader::new(file), expected))
    };
    match verified {
        Ok(report) if report.is_sound() => Answer::of(sound(&report)),
        Ok(report) => Answer::complaint(Exit::Refused, altered(&report, expected)),
        Err(error) => {
            let file = shown(&args.file);
            Answer::complaint(
                Exit::NoAnswer,
                format!("slo: the audit file `{file}` cannot be read: {error}"),
            )
        }
    }
}

fn sound(report: &Report) -> String {
    match &report.head {
        None => "no record\n".to_owned(),
        Some(head) => format!(
            "{} records, nothing altered; the newest is {}\n",
            report.records, head.hash
        ),
    }
}

/// Every finding, and what else is there.
fn altered(report: &Report, expected: Option<&str>) -> String {
    let mut said = String::new();
    for finding in report.findings.iter().take(MOST) {
        let _ = writeln!(said, "slo: {finding}");
    }
    if report.findings.len() > MOST {
        let _ = writeln!(said, "slo: and {} lines more", report.findings.len() - MOST);
    }
    if let Some(expected) = expected.filter(|_| !report.has_expected) {
        let _ = writeln!(
            said,
            "slo: the record {expected} was announced and is not in the audit file: its end was cut off, or it is another file"
        );
    }
    let newest = report
        .head
        .as_ref()
        .map(|head| format!("; the newest is {}", head.hash));
    said + &format!(
        "slo: {} records are as they were written{}",
        report.records,
        newest.unwrap_or_default()
    )
}

/// How many lines are named each by itself.
const MOST: usize = 20;

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
                "slo: line 1 of the audit file was altered: it is no record\nslo: 0 records are as they were written\n"
            )
        );
        let many = audit(&"{}\n".repeat(23), None);
        assert!(
            many.err.contains("line 20 of") && !many.err.contains("line 21 of"),
            "{}",
            many.err
        );
        assert!(many.err.contains("slo: and 3 lines more\n"), "{}", many.err);
        let cut = audit("", Some("abc"));
        assert_eq!(cut.exit, Exit::Refused);
        assert!(
            cut.err.starts_with("slo: the record abc was announced and is not"),
            "{}",
            cut.err
        );
        let nowhere = AuditArgs {
            file: "/nowhere/gate.audit".into(),
            expect_head: None,
        };
        let nowhere = run(&nowhere, &mut &b""[..]);
        assert_eq!(nowhere.exit, Exit::NoAnswer);
        assert!(
            nowhere
                .err
                .starts_with("slo: the audit file `/nowhere/gate.audit` cannot be read: "),
            "{}",
            nowhere.err
        );
        let bytes = AuditArgs {
            file: "-".into(),
            expect_head: None,
        };
        assert_eq!(run(&bytes, &mut &b"{\"a\":\"\xe9\"}\n"[..]).exit, Exit::Refused);
    }
}
