//! The client against servers that misbehave, on this machine's loopback.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::*;
use crate::test_server::{http, json, nobody, request, serving};

const VECTOR: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a"},"value":[1,"2"]}]}}"#;

fn impatient(address: &str) -> EngineBuilder {
    Engine::at(address).pause(Duration::ZERO).retries(1)
}

fn ask(answers: Vec<Vec<u8>>) -> Result<Answered, AskError> {
    let (address, _requests) = serving(answers);
    impatient(&address).build().unwrap().instant("up", None)
}

/// The error without the address, whose port is another each time.
fn refusal(answers: Vec<Vec<u8>>) -> String {
    let (address, _requests) = serving(answers);
    let error = impatient(&address).build().unwrap().instant("up", None).unwrap_err();
    error.to_string().replace(&address, "ENGINE")
}

#[test]
fn a_query_and_its_moment_are_sent_as_a_form() {
    let (address, requests) = serving(vec![json("200 OK", VECTOR)]);
    let engine = Engine::at(format!("{address}/prometheus/"))
        .header("X-Scope-OrgID: team-a")
        .unwrap();
    let engine = engine.login(Login::Bearer(Secret::new("hush"))).build().unwrap();
    let at = DateTime::from_timestamp_millis(1_767_225_600_123).unwrap();
    let answered = engine.instant(r#"up{job="a&b"}"#, Some(at)).unwrap();
    assert_eq!(answered.series, [Sample::new([("job", "a")], 2.0)]);
    let request = requests.recv().unwrap();
    assert!(
        request.starts_with("POST /prometheus/api/v1/query HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("x-scope-orgid: team-a\r\n") && request.contains("authorization: Bearer hush\r\n"));
    assert!(
        request.ends_with("query=up%7Bjob%3D%22a%26b%22%7D&time=2026-01-01T00%3A00%3A00.123Z"),
        "{request}"
    );
}

#[test]
fn the_moments_of_a_stretch_are_those_that_were_asked_for() {
    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
    let (address, requests) = serving(vec![json("200 OK", matrix)]);
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    let stretch = Stretch {
        from: at(1_767_225_601),
        to: at(1_767_229_201),
        step: Duration::from_secs(3_600),
    };
    impatient(&address).build().unwrap().range("up", stretch).unwrap();
    let request = requests.recv().unwrap();
    assert!(
        request.ends_with(
            "query=up&start=2026-01-01T00%3A00%3A01.000Z&end=2026-01-01T01%3A00%3A01.000Z&step=3600&nocache=1"
        ),
        "{request}"
    );
}

#[test]
fn doubts_come_with_the_answer() {
    let doubted = VECTOR.replace(r#""data""#, r#""warnings":["a store is gone"],"data""#);
    assert_eq!(ask(vec![json("200 OK", &doubted)]).unwrap().doubts, ["a store is gone"]);
}

#[test]
fn what_is_down_is_tried_again_and_then_said_to_be_down() {
    let address = nobody();
    let error = impatient(&address).build().unwrap().instant("up", None).unwrap_err();
    assert!(matches!(&error, AskError::Unreachable { .. }), "{error}");
    assert!(
        error.to_string().starts_with(&format!("{address} cannot be reached: ")),
        "{error}"
    );
}

#[test]
fn who_speaks_no_tls_is_not_reached_over_https() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let secure = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let _ = stream.unwrap().write_all(&http("400 Bad Request", "", ""));
        }
    });
    let error = impatient(&secure).build().unwrap().instant("up", None);
    assert!(matches!(error, Err(AskError::Unreachable { .. })), "{error:?}");
}

#[test]
fn an_engine_that_is_back_at_the_next_try_has_answered() {
    let busy = http("503 Service Unavailable", "", "starting up");
    assert_eq!(ask(vec![busy.clone(), json("200 OK", VECTOR)]).unwrap().series.len(), 1);
    assert_eq!(ask(vec![Vec::new(), json("200 OK", VECTOR)]).unwrap().series.len(), 1);
    assert_eq!(
        refusal(vec![busy.clone(), busy]),
        "ENGINE answered with status 503: starting up"
    );
}

#[test]
fn a_wrong_query_is_not_tried_again_and_its_error_is_in_the_engines_words() {
    let wrong = r#"{"status":"error","errorType":"bad_data","error":"1:3: parse error"}"#;
    assert_eq!(
        refusal(vec![json("400 Bad Request", wrong)]),
        "ENGINE answered with status 400: 1:3: parse error"
    );
    assert_eq!(
        refusal(vec![json("200 OK", wrong)]),
        "ENGINE answered with status 200: 1:3: parse error"
    );
}

#[test]
fn who_does_not_answer_is_given_up_on_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let engine = Engine::at(&address).within(Duration::from_millis(30)).build().unwrap();
    let error = engine.instant("up", None).unwrap_err().to_string();
    assert_eq!(error, format!("{address} did not answer within 30 ms"));
}

#[test]
fn who_stops_in_the_middle_of_an_answer_is_given_up_on_in_time() {
    let (address, _requests) = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (held, holder) = channel();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            request(&mut stream);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{");
            let _ = held.send(stream); // open, and nothing more comes
        });
        (address, holder)
    };
    let engine = Engine::at(&address).within(Duration::from_millis(50)).build().unwrap();
    assert!(matches!(engine.instant("up", None), Err(AskError::TooSlow { .. })));
}

#[test]
fn half_an_answer_is_none() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"status\":".to_vec();
    let error = refusal(vec![cut.clone(), cut]);
    assert!(error.starts_with("ENGINE cannot be reached: "), "{error}");
    let whole_but_half = json("200 OK", r#"{"status":"success","data":{"#);
    assert_eq!(
        refusal(vec![whole_but_half]),
        "ENGINE answered with half an answer, which is not what a Prometheus-compatible engine says; is this its address?"
    );
}

#[test]
fn a_web_page_is_no_engine() {
    let page = http("200 OK", "content-type: text/html\r\n", "<h1>Welcome</h1>");
    assert_eq!(
        refusal(vec![page]),
        "ENGINE answered with `text/html`, which is not what a Prometheus-compatible engine says; is this its address?"
    );
    let bare = http("200 OK", "", VECTOR);
    assert!(refusal(vec![bare]).contains("something without a type"));
}

#[test]
fn a_redirect_is_not_followed_and_says_where_to() {
    let moved = http("302 Found", "location: https://login.example.com/\r\n", "");
    assert_eq!(
        refusal(vec![moved]),
        "ENGINE redirects to https://login.example.com/; give that address if it is the right one"
    );
}

#[test]
fn who_must_log_in_is_told_so() {
    let error = refusal(vec![http("401 Unauthorized", "", "")]);
    assert_eq!(
        error,
        "ENGINE refused with status 401: give a token, a user or a tenant header that may read"
    );
}

#[test]
fn ten_megabytes_of_series_are_too_many() {
    let series = r#"{"metric":{"instance":"0123456789"},"value":[1,"2"]},"#.repeat(200_000);
    let body = format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#);
    assert_eq!(
        refusal(vec![json("200 OK", &body)]),
        "ENGINE answered with more than 8 MB; is the query's selector right?"
    );
}

#[test]
fn an_engines_words_cannot_steer_a_terminal() {
    let wrong = r#"{"status":"error","error":"\u001b[2Jall is well"}"#;
    assert_eq!(
        refusal(vec![json("422 Unprocessable Entity", wrong)]),
        r"ENGINE answered with status 422: \u{1b}[2Jall is well"
    );
}

#[test]
fn an_address_is_that_of_an_engine_and_never_shows_a_password() {
    let refused = |address: &str| Engine::at(address).build().unwrap_err().to_string();
    for (given, shown) in [
        ("prometheus:9090", "prometheus:9090"),
        ("ftp://prometheus", "ftp://prometheus"),
        ("http://prometheus/api/v1", "http://prometheus/api/v1"),
        ("http://prometheus/?a=b", "http://prometheus/?***"),
        ("http://", "http:"),
        ("http://h/?apikey=hush", "http://h/?***"),
        ("http://h/#hush", "http://h/#***"),
        ("http://h#hush", "http://h#***"),
        ("http://ana:hu?sh@h", "http://***"),
        ("", ""),
    ] {
        assert!(
            refused(given).starts_with(&format!("`{shown}` is not the address")),
            "{}",
            refused(given)
        );
    }
    for (given, shown) in [
        ("http://ana:hunter2@prometheus:9090", "http://prometheus:9090"),
        ("http://ana@prometheus", "http://prometheus"),
        ("http://p@ss:w@rd@prometheus", "http://prometheus"),
        ("https://ana:hush@h/prometheus/?apikey=hush", "https://***"),
    ] {
        let said = refused(given);
        assert!(said.starts_with(&format!("`{shown}` is given with a user")), "{said}");
        assert!(
            said.contains("`--user` and the variable SLO_PROMETHEUS_PASSWORD"),
            "{said}"
        );
    }
    assert!(Engine::at("http://h/@me").build().is_ok(), "a path may have the sign");
    assert!(Engine::at("http://prometheus:9090/").build().is_ok());
    assert!(Engine::at("https://mimir.example.com/prometheus").build().is_ok());
}

#[test]
fn a_header_is_a_name_and_a_value_and_is_not_shown() {
    let refused = |line: &str| Engine::at("http://a").header(line).unwrap_err().to_string();
    for line in [
        "",
        "X-Token",
        "X Token: hush",
        "Authorization Bearer hush",
        "Bearer hush: x",
    ] {
        let error = refused(line);
        assert!(
            error.starts_with("a header that is given is none") && !error.contains("hu"),
            "{error}"
        );
    }
    let error = refused("X-Token: hu\nsh");
    assert!(
        error.starts_with("`x-token` is not a header") && !error.contains("hu"),
        "{error}"
    );
    let engine = Engine::at("http://a").header("X-Token: hush").unwrap();
    let engine = engine.login(Login::Bearer(Secret::new("hush"))).build().unwrap();
    assert!(!format!("{engine:?}").contains("hush"));
}

#[test]
fn certificates_come_from_a_file_that_has_some() {
    let file = std::env::temp_dir().join(format!("slo-no-certificates-{}.pem", std::process::id()));
    std::fs::write(&file, "nothing").unwrap();
    let error = Engine::at("https://a").trusting(&file).unwrap_err().to_string();
    std::fs::remove_file(&file).unwrap();
    assert!(error.ends_with("it holds no certificate in PEM"), "{error}");
    let error = Engine::at("https://a").trusting(&file).unwrap_err().to_string();
    assert!(error.contains("cannot be used as the certificates to trust"), "{error}");
}

#[test]
fn a_secret_comes_from_a_file_without_its_last_line_end() {
    let file = std::env::temp_dir().join(format!("slo-secret-{}", std::process::id()));
    std::fs::write(&file, "hush\n").unwrap();
    let read = Secret::from_file("bearer token", &file);
    std::fs::write(&file, " \n").unwrap();
    let empty = Secret::from_file("bearer token", &file).unwrap_err().to_string();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(read.unwrap(), Secret::new("hush"));
    assert!(empty.starts_with("the bearer token cannot be read from `") && empty.ends_with("the file is empty"));
}
