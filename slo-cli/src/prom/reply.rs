//! The API's format: what the bytes of an answer say.

use serde::Deserialize;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Answered, Course, History, Sample};

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
    Matrix(Vec<Values>),
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

#[derive(Deserialize)]
struct Values {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

/// Why bytes are no answer to an instant query.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum NotAnAnswer {
    /// The engine says what is wrong; its words.
    Refused(String),
    /// It is something else; what.
    Foreign(String),
}

/// An answer to an instant query.
pub(super) fn instant(body: &[u8]) -> Result<Answered, NotAnAnswer> {
    let (data, doubts) = read(body)?;
    let series = match data {
        Some(Data::Vector(series)) => series.into_iter().map(sample).collect(),
        Some(Data::Scalar((_, value))) => number(&value).map(|value| vec![Sample::new([], value)]),
        Some(Data::Matrix(_)) | None => None,
    };
    let series = series.ok_or_else(no_numbers)?;
    Ok(Answered { series, doubts })
}

/// An answer to a range query.
pub(super) fn range(body: &[u8]) -> Result<History, NotAnAnswer> {
    let (data, doubts) = read(body)?;
    let series = match data {
        Some(Data::Matrix(series)) => series.into_iter().map(course).collect(),
        Some(Data::Vector(_) | Data::Scalar(_)) | None => None,
    };
    let series = series.ok_or_else(no_numbers)?;
    Ok(History { series, doubts })
}

fn no_numbers() -> NotAnAnswer {
    NotAnAnswer::Foreign("values that are not those asked for".to_owned())
}

fn read(body: &[u8]) -> Result<(Option<Data>, Vec<String>), NotAnAnswer> {
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
    Ok((reply.data, doubts))
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

fn course(Values { metric, values }: Values) -> Option<Course> {
    let point = |(seconds, value): (f64, String)| Some((moment(seconds)?, number(&value)?));
    Some(Course {
        labels: metric,
        values: values.into_iter().map(point).collect::<Option<_>>()?,
    })
}

/// Seconds since 1970, to the millisecond.
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, and chrono refuses what it cannot hold"
)]
fn moment(seconds: f64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis((seconds * 1e3).round() as i64)
}

/// Prometheus writes `NaN`, `+Inf` and `-Inf`, which Rust reads as well.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(body: &str) -> Answered {
        instant(body.as_bytes()).unwrap()
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
    fn a_matrix_is_the_course_of_each_series() {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"a":"b"},"values":[[1767225600.123,"1"],[1767225660,"2.5"]]}]}}"#;
        let history = range(body).unwrap();
        let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
        assert_eq!(history.series[0].labels["a"], "b");
        assert_eq!(
            history.series[0].values,
            [(at(1_767_225_600_123), 1.0), (at(1_767_225_660_000), 2.5)]
        );
        assert!(instant(body).is_err());
        assert!(range(br#"{"status":"success","data":{"resultType":"vector","result":[]}}"#).is_err());
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
        assert_eq!(instant(refused), Err(NotAnAnswer::Refused("parse error".to_owned())));
        assert_eq!(words_of_error(refused).as_deref(), Some("parse error"));
        let foreign = |body: &str| match instant(body.as_bytes()) {
            Err(NotAnAnswer::Foreign(what)) => what,
            other => format!("{other:?}"),
        };
        for other in [
            "[]",
            "<html>",
            "{}",
            r#"{"status":"fine"}"#,
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
            assert_eq!(foreign(none), "values that are not those asked for", "{none}");
        }
    }
}
