//! The table of one measurement.

use std::fmt;

use crate::layers::{Kind, Layered};
use crate::measure::Spent;

/// A row per layer, in nanoseconds per request.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    kind: Kind,
    /// CPU time by round, in order of rounds.
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

impl Table {
    pub(crate) fn new(layers: &[Layered], times: u32, samples: Vec<Vec<Vec<Spent>>>) -> Self {
        let per_request = |seconds: f64| seconds * 1e9 / f64::from(times);
        let rows = layers.iter().zip(samples).map(|(layer, rounds)| {
            let mean = |threads: &Vec<Spent>, of: fn(&Spent) -> f64| {
                per_request(threads.iter().map(of).sum::<f64>() / threads.len() as f64)
            };
            Row {
                name: layer.name,
                kind: layer.kind,
                cpu: rounds
                    .iter()
                    .map(|threads| mean(threads, |spent| spent.cpu.as_secs_f64()))
                    .collect(),
                wall: rounds
                    .iter()
                    .map(|threads| mean(threads, |spent| spent.wall.as_secs_f64()))
                    .collect(),
            }
        });
        Self { rows: rows.collect() }
    }

    fn first(&self, kind: Kind) -> Option<&Row> {
        self.rows.iter().find(|row| row.kind == kind)
    }

    /// The smallest `net` of a peer.
    fn best_peer(&self, reference: &Row) -> Option<f64> {
        let peers = self.rows.iter().filter(|row| row.kind == Kind::Peer);
        peers.map(|row| row.net(reference)).min_by(f64::total_cmp)
    }
}

impl Row {
    /// The median over the rounds of what this row took longer than the other in the same round: both met the same
    /// noise.
    fn net(&self, other: &Self) -> f64 {
        let differences = self.cpu.iter().zip(&other.cpu).map(|(ours, theirs)| ours - theirs);
        percentile(&differences.collect::<Vec<_>>(), 50)
    }
}

/// CPU time by its 10th percentile and its median, the median's ratio to the first row's; what a request costs over bare
/// axum, and over the layer that does nothing (`net`); `net` as a share of the cheapest peer's; the wall clock's 10th
/// percentile.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(bare), Some(passed)) = (self.first(Kind::Bare), self.first(Kind::PassThrough)) else {
            return Ok(());
        };
        let best = self.best_peer(passed);
        let [p10, median, ratio, over, net, of_best, wall] = [
            "p10 ns",
            "median ns",
            "ratio",
            "over bare",
            "net",
            "of best peer",
            "wall ns",
        ];
        writeln!(
            f,
            "{:<36} {p10:>8} {median:>9} {ratio:>6} {over:>9} {net:>8} {of_best:>12} {wall:>8}",
            ""
        )?;
        for row in &self.rows {
            let (p10, median) = (percentile(&row.cpu, 10), percentile(&row.cpu, 50));
            let ratio = median / percentile(&bare.cpu, 50);
            let (over, net) = (row.net(bare), row.net(passed));
            let wall = percentile(&row.wall, 10);
            write!(f, "{:<36} {p10:>8.0} {median:>9.0} {ratio:>6.2} {over:>9.0}", row.name)?;
            match (row.kind, best) {
                (Kind::Floor | Kind::Ours | Kind::Peer, Some(best)) => write!(f, " {net:>8.0} {:>12.2}", net / best)?,
                _ => write!(f, " {:>8} {:>12}", "", "")?,
            }
            writeln!(f, " {wall:>8.0}")?;
        }
        Ok(())
    }
}

fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or(f64::NAN)
}
