//! A small client for the Prometheus HTTP API.
//!
//! The format: <https://prometheus.io/docs/prometheus/latest/querying/api/>. `VictoriaMetrics` adds `isPartial`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::{Http, HttpError, Reply};

/// Why a query has no answer that a test may rely on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PromError {
    /// No complete reply came.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The engine refused the query.
    #[error("`{query}` was refused with status {status}: {message}")]
    Refused {
        /// The query.
        query: String,
        /// The HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
    /// The engine says itself that something may be missing; an answer like that proves nothing.
    #[error("`{query}` was answered only in part: {why}")]
    Partial {
        /// The query.
        query: String,
        /// The engine's words.
        why: String,
    },
    /// The reply is not of the documented format, or a range of samples where one each was expected.
    #[error("`{query}` was answered with something else than samples: {found}")]
    NotSamples {
        /// The query.
        query: String,
        /// The reply, shortened.
        found: String,
    },
    /// One value was asked for, and none or several came.
    #[error("`{query}` has {} series where exactly one was expected: {found:?}", found.len())]
    NotOne {
        /// The query.
        query: String,
        /// What came.
        found: Vec<Sample>,
    },
}

impl From<PromError> for String {
    // Lets `?` pass it up inside `eventually`.
    fn from(error: PromError) -> Self {
        error.to_string()
    }
}

/// One series' value at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// Every label, the metric's name among them as `__name__` unless the query dropped it.
    pub labels: BTreeMap<String, String>,
    /// The value; may be NaN or infinite, as the engine says.
    pub value: f64,
}

impl Sample {
    /// The value of a label; empty when the series lacks it, which is the same in `PromQL`.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// Asks one Prometheus-compatible engine.
#[derive(Clone, Debug)]
pub struct Prom {
    base: String,
    /// The page that makes received samples visible, where the engine has one.
    flush: Option<String>,
    http: Http,
}

impl Prom {
    /// `base` is the address before `/api/v1`, like `http://127.0.0.1:9090`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            flush: None,
            http: Http::new(),
        }
    }

    /// Asks for `page` before each query.
    pub(crate) fn flushed_by(mut self, page: String) -> Self {
        self.flush = Some(page);
        self
    }

    /// What `query` is now, one sample per series, in the engine's order; empty when there are none.
    ///
    /// # Errors
    ///
    /// [`PromError`]; a partial answer is one.
    pub fn instant(&self, query: &str) -> Result<Vec<Sample>, PromError> {
        self.ask(query, &[("query", query)])
    }

    /// What `query` was at a moment, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// As [`Prom::instant`].
    pub fn instant_at(&self, query: &str, unix_seconds: f64) -> Result<Vec<Sample>, PromError> {
        self.ask(query, &[("query", query), ("time", &unix_seconds.to_string())])
    }

    /// The value of the one series that `query` is now.
    ///
    /// # Errors
    ///
    /// [`PromError::NotOne`] when there is none or more than one, else as [`Prom::instant`].
    pub fn scalar(&self, query: &str) -> Result<f64, PromError> {
        let found = self.instant(query)?;
        match found.as_slice() {
            [sample] => Ok(sample.value),
            _ => Err(PromError::NotOne {
                query: query.to_owned(),
                found,
            }),
        }
    }

    fn ask(&self, query: &str, fields: &[(&str, &str)]) -> Result<Vec<Sample>, PromError> {
        if let Some(page) = &self.flush {
            self.http.get(page)?.accepted("GET", page)?;
        }
        // A form: long queries do not fit into an address.
        let reply = self.http.post_form(&format!("{}/api/v1/query", self.base), fields)?;
        read(query, &reply)
    }
}

fn read(query: &str, reply: &Reply) -> Result<Vec<Sample>, PromError> {
    let query = query.to_owned();
    let json: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    if reply.status != 200 || json["status"] == "error" {
        let message = json["error"]
            .as_str()
            .map_or_else(|| shorten(&reply.body), str::to_owned);
        return Err(PromError::Refused {
            query,
            status: reply.status,
            message,
        });
    }
    if json["isPartial"] == true {
        return Err(PromError::Partial {
            query,
            why: "isPartial".to_owned(),
        });
    }
    let warnings: Vec<_> = json["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    // Prometheus 2 lists its remarks on style among the warnings; the answer is whole all the same.
    let warnings: Vec<_> = warnings
        .into_iter()
        .filter(|warning| !warning.starts_with("PromQL info"))
        .collect();
    if !warnings.is_empty() {
        return Err(PromError::Partial {
            query,
            why: warnings.join("; "),
        });
    }
    samples(&json["data"]).ok_or_else(|| PromError::NotSamples {
        query,
        found: shorten(&reply.body),
    })
}

fn samples(data: &Value) -> Option<Vec<Sample>> {
    let result = &data["result"];
    match data["resultType"].as_str()? {
        "vector" => result.as_array()?.iter().map(sample).collect(),
        "scalar" => Some(vec![Sample {
            labels: BTreeMap::new(),
            value: value(result)?,
        }]),
        _ => None,
    }
}

fn sample(series: &Value) -> Option<Sample> {
    let label = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let labels = series["metric"].as_object()?.iter().map(label).collect::<Option<_>>()?;
    Some(Sample {
        labels,
        value: value(&series["value"])?,
    })
}

/// Reads `[time, "value"]`; Rust reads `NaN`, `+Inf` and `-Inf` as Prometheus writes them.
fn value(pair: &Value) -> Option<f64> {
    pair[1].as_str()?.parse().ok()
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 400; // characters
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(body: &str) -> Result<Vec<Sample>, PromError> {
        read(
            "q",
            &Reply {
                status: 200,
                headers: Vec::new(),
                body: body.to_owned(),
            },
        )
    }

    fn vector(result: &str) -> Result<Vec<Sample>, PromError> {
        ok(&format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#
        ))
    }

    #[test]
    fn a_vector_is_read_with_labels_and_values() {
        let samples = vector(
            r#"{"metric":{"__name__":"up","job":"a"},"value":[1795226258.278,"0.1"]},{"metric":{},"value":[1,"1e3"]}"#,
        )
        .unwrap();
        assert_eq!((samples[0].label("__name__"), samples[0].label("job")), ("up", "a"));
        assert_eq!(samples[0].label("absent"), "");
        assert_eq!(
            samples.iter().map(|sample| sample.value).collect::<Vec<_>>(),
            [0.1, 1000.0]
        );
        assert_eq!(vector(""), Ok(vec![]));
    }

    #[test]
    fn values_that_are_no_numbers_stay_what_they_are() {
        let read = |text: &str| vector(&format!(r#"{{"metric":{{}},"value":[1,"{text}"]}}"#)).unwrap()[0].value;
        assert!(read("NaN").is_nan());
        assert_eq!((read("+Inf"), read("-Inf")), (f64::INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn a_scalar_is_one_sample_without_labels() {
        let samples = ok(r#"{"status":"success","data":{"resultType":"scalar","result":[1795226258.295,"1"]}}"#);
        assert_eq!(
            samples,
            Ok(vec![Sample {
                labels: BTreeMap::new(),
                value: 1.0
            }])
        );
    }

    #[test]
    fn a_refused_query_carries_the_engines_words() {
        let body = r#"{"status":"error","errorType":"bad_data","error":"1:6: parse error: unclosed"}"#;
        let error = read(
            "foo((",
            &Reply {
                status: 400,
                headers: Vec::new(),
                body: body.to_owned(),
            },
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`foo((` was refused with status 400: 1:6: parse error: unclosed"
        );
    }

    #[test]
    fn a_reply_of_something_else_is_no_answer() {
        let gateway = read(
            "q",
            &Reply {
                status: 502,
                headers: Vec::new(),
                body: "<html>bad gateway</html>".to_owned(),
            },
        )
        .unwrap_err();
        assert_eq!(
            gateway.to_string(),
            "`q` was refused with status 502: <html>bad gateway</html>"
        );
        for body in [
            "",
            "hello",
            "{}",
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"2"]}]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#,
        ] {
            assert!(matches!(ok(body), Err(PromError::NotSamples { .. })), "{body}");
        }
    }

    #[test]
    fn a_partial_answer_is_an_error() {
        let data = r#""data":{"resultType":"vector","result":[]}"#;
        let partial = ok(&format!(r#"{{"status":"success","isPartial":true,{data}}}"#));
        assert!(matches!(partial, Err(PromError::Partial { .. })), "{partial:?}");
        let warned = ok(&format!(
            r#"{{"status":"success","warnings":["a store is down"],{data}}}"#
        ))
        .unwrap_err();
        assert_eq!(warned.to_string(), "`q` was answered only in part: a store is down");
        let whole = ok(&format!(
            r#"{{"status":"success","isPartial":false,"warnings":[],{data}}}"#
        ));
        assert_eq!(whole, Ok(vec![]));
        let styled = ok(&format!(
            r#"{{"status":"success","warnings":["PromQL info: metric might not be"],{data}}}"#
        ));
        assert_eq!(styled, Ok(vec![]));
    }
}
