//! The addresses that manifests name: where the engine is asked, and where telemetry is written to.

use crate::prom::{EngineError, engine_address};
use crate::render::plain;

/// Where telemetry is written to, when both addresses can be in a file that is committed; or what is wrong. It says no more of
/// an address than may be read by everybody.
pub(super) fn checked(engine: &str, remote_write: Option<&str>) -> Result<String, String> {
    let asked = one("--prometheus", engine)?;
    match remote_write {
        Some(given) => one("--remote-write", given),
        None if path_of(&asked).is_empty() => Ok(format!("{asked}/api/v1/write")),
        None => Err(format!(
            "`--prometheus {}` has a path, under which an engine answers; where it is written to is another in Mimir and in a \
             cluster of VictoriaMetrics. Write that as `--remote-write`, like `https://mimir.example.com/api/v1/push`, \
             `http://vminsert:8480/insert/0/prometheus/api/v1/write`, or `{}/api/v1/write` for Prometheus behind a prefix",
            plain(&asked),
            plain(&asked)
        )),
    }
}

/// As the gate reads it where it runs, and as it is written into arguments of others.
fn one(option: &str, given: &str) -> Result<String, String> {
    let is_of_an_address = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}%".contains(&byte);
    match engine_address(given) {
        Ok(address) if address.bytes().all(is_of_an_address) => Ok(address),
        Ok(_) => Err(format!(
            "`{option}` has signs that are none of an address; write it in visible ASCII, like `http://prometheus:9090`"
        )),
        Err(EngineError::User(shown)) => Err(format!(
            "`{option} {shown}` is given with a user before its host, and these files are to be committed; write the address \
             alone, and give the variables SLO_PROMETHEUS_USER and SLO_PROMETHEUS_PASSWORD to the gate's container, from a \
             Secret"
        )),
        Err(error) if option == "--prometheus" => Err(error.to_string()),
        Err(_) => Err(format!(
            "`{option}` is not an address to write to; write scheme, host and path, like `http://prometheus:9090/api/v1/write`, \
             without a question"
        )),
    }
}

/// What stands behind the host.
fn path_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_without_a_path_is_written_to_where_it_is_asked() {
        let written = |engine: &str| checked(engine, None).unwrap();
        assert_eq!(written("http://prometheus:9090"), "http://prometheus:9090/api/v1/write");
        assert_eq!(written("https://[::1]:8428/"), "https://[::1]:8428/api/v1/write");
    }

    #[test]
    fn one_with_a_path_does_not_say_where_it_is_written_to() {
        let mimir = "https://mimir.example.com/prometheus";
        let said = checked(mimir, None).unwrap_err();
        assert!(
            said.starts_with("`--prometheus https://mimir.example.com/prometheus` has a path"),
            "{said}"
        );
        assert!(
            said.contains("Write that as `--remote-write`, like `https://mimir.example.com/api/v1/push`"),
            "{said}"
        );
        let push = "https://mimir.example.com/api/v1/push";
        assert_eq!(checked(mimir, Some(push)), Ok(push.to_owned()));
        assert!(checked("http://vmselect:8481/select/0/prometheus/", None).is_err());
    }

    #[test]
    fn no_user_and_no_password_is_in_a_file_or_in_what_is_said() {
        for (engine, remote) in [
            ("http://ana:hush@vm:8428", None),
            ("http://ana@vm:8428", None),
            ("http://vm:8428", Some("http://ana:hush@vm:8428/api/v1/write")),
        ] {
            let said = checked(engine, remote).unwrap_err();
            assert!(
                said.contains("is given with a user before its host, and these files are to be committed"),
                "{said}"
            );
            assert!(!said.contains("hush") && !said.contains("ana"), "{said}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "",
            "prometheus:9090",
            "http://",
            "http:///a",
            "http://a b",
            "http://a\n/b",
            "http://a?b",
            "http://ü",
            "http://a/{b}",
        ] {
            assert!(checked(wrong, None).is_err(), "{wrong}");
            let said = checked("http://a", Some(wrong)).unwrap_err();
            assert!(said.starts_with("`--remote-write` "), "{wrong}: {said}");
        }
    }
}
