//! Writing months of samples into an engine: Prometheus' remote write, version 1, which both take.
//!
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>

use e2e::{Failure, Http};
use prost::Message;

/// A series' samples as they go over the wire, without its labels: many series of a fleet share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    wire: Vec<u8>,
    count: u64,
}

impl Samples {
    /// Of moments in milliseconds since 1970, ascending, and values.
    pub(crate) fn new(samples: impl IntoIterator<Item = (i64, f64)>) -> Self {
        let samples: Vec<_> = samples
            .into_iter()
            .map(|(timestamp, value)| Sample { value, timestamp })
            .collect();
        Self {
            count: samples.len() as u64,
            wire: Series {
                labels: Vec::new(),
                samples,
            }
            .encode_to_vec(),
        }
    }
}

/// Writes series to one engine, some megabytes at a time.
#[derive(Debug)]
pub(crate) struct Writer {
    http: Http,
    url: String,
    waiting: Request,
    bytes: usize,
    written: u64,
}

impl Writer {
    /// `base` is the engine's address.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            http: Http::waiting(super::PATIENCE),
            url: format!("{base}/api/v1/write"),
            waiting: Request::default(),
            bytes: 0,
            written: 0,
        }
    }

    /// Adds a series; labels in any order, the name among them as `__name__`.
    pub(crate) fn series(&mut self, labels: &[(&str, &str)], samples: &Samples) -> Result<(), Failure> {
        let mut labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| Label {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            })
            .collect();
        labels.sort_by(|one, other| one.name.cmp(&other.name));
        // Two encoded messages one after the other are one message with the fields of both.
        let mut wire = Series {
            labels,
            samples: Vec::new(),
        }
        .encode_to_vec();
        wire.extend_from_slice(&samples.wire);
        self.bytes += wire.len();
        self.written += samples.count;
        self.waiting.series.push(wire);
        if self.bytes < BATCH { Ok(()) } else { self.flush() }
    }

    /// Sends what waits; says how many samples were written in all.
    pub(crate) fn finish(mut self) -> Result<u64, Failure> {
        self.flush()?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let body = unpacked(&std::mem::take(&mut self.waiting).encode_to_vec())?;
        self.bytes = 0;
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", "snappy"),
            ("x-prometheus-remote-write-version", "0.1.0"),
        ];
        self.http
            .post_bytes(&self.url, &headers, &body)?
            .accepted("POST", &self.url)?;
        Ok(())
    }
}

/// Snappy's format without its compression, one literal: over loopback there is nothing to save.
///
/// <https://github.com/google/snappy/blob/main/format_description.txt>
fn unpacked(body: &[u8]) -> Result<Vec<u8>, Failure> {
    /// A literal whose length, less one, follows in four bytes.
    const LITERAL: u8 = 63 << 2;
    let mut out = Vec::with_capacity(body.len() + 10);
    prost::encoding::encode_varint(body.len() as u64, &mut out);
    if !body.is_empty() {
        out.push(LITERAL);
        out.extend_from_slice(&u32::try_from(body.len() - 1)?.to_le_bytes());
        out.extend_from_slice(body);
    }
    Ok(out)
}

/// In bytes: half a second of an engine's time.
const BATCH: usize = 4 << 20;

/// `WriteRequest`, its series already encoded.
#[derive(Clone, Message)]
struct Request {
    #[prost(bytes = "vec", repeated, tag = "1")]
    series: Vec<Vec<u8>>,
}

/// `TimeSeries`.
#[derive(Clone, Message)]
struct Series {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// In milliseconds since 1970.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_samples_that_were_encoded_apart_are_one_series() {
        let mut writer = Writer::new("http://127.0.0.1:1");
        let samples = Samples::new([(1_000, 0.5), (2_000, 0.0)]);
        writer
            .series(&[("slo_name", "pay"), ("__name__", "up")], &samples)
            .unwrap();
        let series = Series::decode(writer.waiting.series[0].as_slice()).unwrap();
        let labels: Vec<_> = series.labels.iter().map(|label| label.name.as_str()).collect();
        assert_eq!(labels, ["__name__", "slo_name"]);
        let read: Vec<_> = series
            .samples
            .iter()
            .map(|sample| (sample.timestamp, sample.value))
            .collect();
        assert_eq!(read, [(1_000, 0.5), (2_000, 0.0)]);
        assert_eq!(writer.written, 2);
    }

    #[test]
    fn a_literal_of_snappy_says_its_length_twice() {
        assert_eq!(unpacked(b"abc").unwrap(), [3, 252, 2, 0, 0, 0, b'a', b'b', b'c']);
        assert_eq!(unpacked(b"").unwrap(), [0]);
    }
}
