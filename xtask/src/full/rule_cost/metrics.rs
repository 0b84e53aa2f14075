//! What servers say about themselves.

use e2e::{Failure, Http};

/// A server's own metrics at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    /// Name, labels as they are written, value.
    samples: Vec<(String, String, f64)>,
}

/// Reads a page in Prometheus' text format.
pub(crate) fn read(url: &str) -> Result<Metrics, Failure> {
    let reply = Http::new().get(url)?;
    if reply.status != 200 {
        return Err(Failure::new(format!("{url} says {}", reply.status)));
    }
    Ok(Metrics::parse(&reply.body))
}

impl Metrics {
    fn parse(text: &str) -> Self {
        let sample = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            Some((
                name.to_owned(),
                labels.trim_end_matches('}').to_owned(),
                value.parse().ok()?,
            ))
        };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self {
            samples: lines.filter_map(sample).collect(),
        }
    }

    /// The values of a metric, with the labels as they are written.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        let named = self.samples.iter().filter(move |(found, _, _)| found == name);
        named.map(|(_, labels, value)| (labels.as_str(), *value))
    }

    /// The values of a metric added up; 0 where there is none.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.all(name).map(|(_, value)| value).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name_and_added_up() {
        let text = "# HELP a b\na{group=\"x\"} 1\na{group=\"y z\"} 2.5\nab 7\n";
        let metrics = Metrics::parse(text);
        assert!((metrics.sum("a") - 3.5).abs() < 1e-9);
        assert_eq!(metrics.all("ab").collect::<Vec<_>>(), [("", 7.0)]);
        assert_eq!(metrics.all("a").last(), Some(("group=\"y z\"", 2.5)));
        assert!(metrics.sum("b").abs() < 1e-9);
    }
}
