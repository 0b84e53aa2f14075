//! The engine that keeps the series: whether it answers, what time it has, and for how long it remembers.

use std::time::Duration;

use serde_json::Value;

use super::{Finding, Link, Patient, skew};
use crate::render::{plain, units};

const HERE: Link = Link::Store;

impl Patient<'_> {
    /// What was found, and whether there is any sense in asking it more.
    pub(super) fn store(&self) -> (Vec<Finding>, bool) {
        let answer = match self.asking.ask("vector(1)".to_owned()).into_answer() {
            Ok(answer) => answer,
            Err(error) => {
                let broken = Finding::broken(HERE, "answers", error.to_string());
                return (
                    vec![broken.mend("is --prometheus what stands before /api/v1, and may we read there?")],
                    false,
                );
            }
        };
        let mut findings = vec![match answer.doubts.first() {
            Some(words) => Finding::warning(
                HERE,
                "answers",
                format!("it answers and doubts itself: {}", plain(words)),
            )
            .mend("mend what it says; verdicts of doubted answers are unknown"),
            None => Finding::fine(HERE, "answers", format!("{} answers", self.asking.source())),
        }];
        findings.extend(self.clock_of_the_store());
        let engine = self.of_itself();
        findings.push(self.retention(engine.kept()));
        findings.extend(engine.cache());
        (findings, true)
    }

    /// By its page and not by `time()`, which VictoriaMetrics has 30 s late.
    fn clock_of_the_store(&self) -> Option<Finding> {
        let before = (self.clock)();
        let page = self.store.get("/api/v1/query?query=1").ok()?;
        skew::of_page(HERE, "the store", &page, [before, (self.clock)()])
    }

    fn retention(&self, kept: Option<Duration>) -> Finding {
        let windows = self.slos.slos().iter().map(|slo| (slo.window().longest(), slo.name()));
        let Some((needed, name)) = windows.max_by_key(|(length, _)| *length) else {
            return Finding::fine(HERE, "retention", "no SLO asks for the past");
        };
        let asks = format!("the window of {name} is {}", shown(needed));
        match kept.or(self.slos.retention()) {
            None => Finding::unknown(
                HERE,
                "retention",
                format!("how long it remembers is not visible, and {asks}"),
            )
            .mend("write `retention` into the spec"),
            Some(kept) if kept < needed => {
                let found = format!("it forgets after {}, and {asks}", shown(kept));
                Finding::broken(HERE, "retention", found).mend(format!(
                    "let it remember for {}: --storage.tsdb.retention.time of Prometheus, -retentionPeriod of VictoriaMetrics",
                    shown(needed + SPARE)
                ))
            }
            Some(kept) => Finding::fine(
                HERE,
                "retention",
                format!("it remembers for {}, and {asks}", shown(kept)),
            ),
        }
    }

    /// What the engine says of itself: Prometheus on a page of its API, VictoriaMetrics among its own metrics.
    fn of_itself(&self) -> OfItself {
        let page = |path: &str| self.store.get(path).ok().filter(|page| page.is_success());
        let told = page("/api/v1/status/runtimeinfo")
            .and_then(|page| serde_json::from_slice::<Value>(&page.body).ok())
            .and_then(|info| info["data"]["storageRetention"].as_str().and_then(prometheus));
        let metrics = || page("/metrics").map(|page| String::from_utf8_lossy(&page.body).into_owned());
        told.map_or_else(|| OfItself::Metrics(metrics().unwrap_or_default()), OfItself::Retention)
    }
}

/// What an engine says of itself.
enum OfItself {
    /// Prometheus: how long it remembers.
    Retention(Duration),
    /// Of any other: its own metrics, if it shows some.
    Metrics(String),
}

impl OfItself {
    fn kept(&self) -> Option<Duration> {
        match self {
            Self::Retention(kept) => Some(*kept),
            Self::Metrics(metrics) => victoria(metrics),
        }
    }

    /// VictoriaMetrics alone has one that it throws away. See
    /// `docs/adr/084-victoriametrics-keeps-what-it-computed-if-told-to.md`.
    fn cache(&self) -> Option<Finding> {
        let Self::Metrics(metrics) = self else { return None };
        let kept = flag(metrics, "search.cacheTimestampOffset").and_then(lengths)?;
        if kept >= LATEST_TILE || flag(metrics, "search.disableCache") == Some("true") {
            return None;
        }
        let found = format!(
            "it forgets what it has computed whenever a sample is over {} late, as those of rules each five minutes are",
            shown(kept)
        );
        Some(Finding::note(HERE, "cache", found).mend(
            "-search.cacheTimestampOffset=10m of VictoriaMetrics; without it, rules over long windows cost more, and say the same",
        ))
    }
}

/// Prometheus: `15d`, or `35d or 10GB`, whichever comes first.
fn prometheus(told: &str) -> Option<Duration> {
    told.split(" or ").find_map(|part| lengths(part.trim()))
}

/// Units from years to milliseconds, one after another, as in `4w2d`.
pub(super) fn lengths(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| !sign.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|sign: char| sign.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => DAY,
            "w" => 7 * DAY,
            "y" => 365 * DAY,
            _ => return None,
        };
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(millis)?)?;
        rest = next;
    }
    (sum > 0).then(|| Duration::from_millis(sum))
}

/// What VictoriaMetrics was started with, or has by default: `flag{name="retentionPeriod", value="1", is_set="false"} 1`.
fn flag<'m>(metrics: &'m str, name: &str) -> Option<&'m str> {
    let begins = format!(r#"flag{{name="{name}","#);
    let line = metrics.lines().find(|line| line.starts_with(&begins))?;
    Some(line.split_once(r#"value=""#)?.1.split_once('"')?.0)
}

/// VictoriaMetrics: months where no unit is.
fn victoria(metrics: &str) -> Option<Duration> {
    let value = flag(metrics, "retentionPeriod")?;
    match value.parse::<u64>() {
        Ok(months) => Some(Duration::from_millis(months.checked_mul(31 * DAY)?)),
        Err(_) => lengths(value),
    }
}

fn shown(time: Duration) -> String {
    units::duration(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// How late a tile is recorded at most: vmalert writes it down at the last round five minutes, half a minute ago; then it
/// computes and sends it.
const LATEST_TILE: Duration = Duration::from_secs(360);

const DAY: u64 = 86_400_000;
/// What a store forgets, it forgets by the day or the block.
const SPARE: Duration = Duration::from_secs(5 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    const A_DAY: Duration = Duration::from_millis(DAY);

    #[test]
    fn what_engines_say_of_their_memory_is_understood() {
        for (told, days) in [
            ("15d", 15),
            ("35d or 10GB", 35),
            ("10GB or 5w", 35),
            ("1y", 365),
            ("24h", 1),
        ] {
            assert_eq!(prometheus(told), Some(A_DAY * days), "{told}");
        }
        for told in [
            "",
            "10GB",
            "soon",
            "0s",
            "99999999999999999999d",
            "18446744073709551615y",
        ] {
            assert_eq!(prometheus(told), None, "{told}");
        }
        let flag =
            |value: &str| format!("a 1\nflag{{name=\"retentionPeriod\", value=\"{value}\", is_set=\"true\"}} 1\n");
        assert_eq!(victoria(&flag("1")), Some(A_DAY * 31));
        assert_eq!(victoria(&flag("35d")), Some(A_DAY * 35));
        assert_eq!(victoria("flag{name=\"httpListenAddr\", value=\":8428\"} 1"), None);
    }
}
