//! The API's format: what the bytes of an answer say.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::{Answered, Sample};

/// An answer to an instant query; fields that we do not use are left out.
#[derive(Deserialize)]
struct Reply {
    status: Status,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    /// VictoriaMetrics' cluster: a storage node was missing.
    #[serde(default, rename = "isPartial")]
    is_partial: bool,
    data: Option<Data>,
}

#[derive(Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Success,
    Error,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar((f64, String)),
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

/// Why bytes are no answer to an instant query.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum NotAnAnswer {
    /// The engine says what is wrong; its words.
    Refused(String),
    /// It is something else; what.
    Foreign(String),
}

pub(super) fn read(body: &[u8]) -> Result<Answered, NotAnAnswer> {
    let foreign = |error: serde_json::Error| {
        NotAnAnswer::Foreign(if error.is_eof() {
            "half an answer".to_owned()
        } else {
            "other JSON, or none".to_owned()
        })
    };
    let reply: Reply = serde_json::from_slice(body).map_err(foreign)?;
    if reply.status == Status::Error {
        return Err(NotAnAnswer::Refused(reply.error));
    }
    let mut doubts = reply.warnings;
    if reply.is_partial {
        doubts.push("the answer is partial".to_owned());
    }
    let series = match reply.data {
        Some(Data::Vector(series)) => series.into_iter().map(sample).collect(),
        Some(Data::Scalar((_, value))) => number(&value).map(|value| vec![Sample::new([], value)]),
        None => None,
    };
    let series = series.ok_or_else(|| NotAnAnswer::Foreign("values that are no numbers".to_owned()))?;
    Ok(Answered { series, doubts })
}

/// What an engine says of an error, if it says so in the API's format.
pub(super) fn words_of_error(body: &[u8]) -> Option<String> {
    let reply: Reply = serde_json::from_slice(body).ok()?;
    (reply.status == Status::Error && !reply.error.is_empty()).then_some(reply.error)
}

fn sample(
    Series {
        metric,
        value: (_, value),
    }: Series,
) -> Option<Sample> {
    Some(Sample {
        labels: metric,
        value: number(&value)?,
    })
}

/// Prometheus writes `NaN`, `+Inf` and `-Inf`, which Rust reads as well.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(body: &str) -> Answered {
        read(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_vector_is_one_sample_for_each_series() {
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"up","job":"a"},"value":[1767225600.5,"1"]},
            {"metric":{},"value":[1767225600,"+Inf"]}]},"stats":{"seriesFetched":"2"}}"#;
        let expected = [
            Sample::new([("__name__", "up"), ("job", "a")], 1.0),
            Sample::new([], f64::INFINITY),
        ];
        assert_eq!((ok(body).series.as_slice(), ok(body).doubts.len()), (&expected[..], 0));
    }

    #[test]
    fn a_scalar_is_one_sample_without_labels() {
        let body = r#"{"status":"success","data":{"resultType":"scalar","result":[1767225600,"2.5"]}}"#;
        assert_eq!(ok(body).series, [Sample::new([], 2.5)]);
        let nan = r#"{"status":"success","data":{"resultType":"scalar","result":[1767225600,"NaN"]}}"#;
        assert!(ok(nan).series[0].value.is_nan());
    }

    #[test]
    fn doubts_are_kept() {
        let body = r#"{"status":"success","isPartial":true,"warnings":["a store is gone"],
            "data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(ok(body).doubts, ["a store is gone", "the answer is partial"]);
    }

    #[test]
    fn everything_else_is_no_answer() {
        let refused = br#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        assert_eq!(read(refused), Err(NotAnAnswer::Refused("parse error".to_owned())));
        assert_eq!(words_of_error(refused).as_deref(), Some("parse error"));
        let foreign = |body: &str| match read(body.as_bytes()) {
            Err(NotAnAnswer::Foreign(what)) => what,
            other => format!("{other:?}"),
        };
        for other in [
            "[]",
            "<html>",
            "{}",
            r#"{"status":"fine"}"#,
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]}}"#,
        ] {
            assert_eq!(foreign(other), "other JSON, or none", "{other}");
        }
        assert_eq!(foreign(""), "half an answer");
        assert_eq!(foreign(r#"{"status":"success","data":{"resul"#), "half an answer");
        for none in [
            r#"{"status":"success"}"#,
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"many"]}}"#,
        ] {
            assert_eq!(foreign(none), "values that are no numbers", "{none}");
        }
    }
}
