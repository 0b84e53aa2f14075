//! Arguments of `slo gate audit`.

use std::path::PathBuf;

use clap::Parser;

/// Arguments of `slo gate audit`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo gate audit gate.audit                                is every record the one that was written?
  slo gate audit gate.audit --expect-head 4f2a9c1...       and is the one that was announced still there?

Exit codes: 0 nothing was altered, 1 something was, 2 wrong usage, 3 the file cannot be read or the answer not written")]
#[non_exhaustive]
pub struct AuditArgs {
    /// The audit file of `slo gate --audit`; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The hash of a record that was announced, which must be in the file: it shows whether the end was cut off.
    #[arg(long, value_name = "HASH", value_parser = hash)]
    pub expect_head: Option<String>,
}

/// The whole hash of a record: the beginning of one would be in no file, and read as if its end were cut off.
fn hash(text: &str) -> Result<String, String> {
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!(
            "`{text}` is no hash of a record; write all 64 digits that were announced"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_given_whole() {
        let whole = "4563121353bfe60ecb0e655bc3c2f70c6c533242380f1251f233ecfa9c19cf8f";
        assert_eq!(hash(&whole.to_uppercase()), Ok(whole.to_owned()));
        for part in [
            "",
            "4563121",
            "4563121...",
            &format!("{whole}0"),
            &whole.replace('f', "g"),
        ] {
            assert_eq!(
                hash(part),
                Err(format!(
                    "`{part}` is no hash of a record; write all 64 digits that were announced"
                ))
            );
        }
    }
}
