//! Services as nobody plans them: replicas that come and go, restarts at any minute, pushes that are lost.
//!
//! Random, and the same each time.

use std::ops::Range;

use crate::traffic::{DAYS, Life, Told, days};

/// The last week of the month, and what the first window of it looks back to.
pub(crate) const SINCE: u64 = days(DAYS - 7) - 60;

/// `SplitMix64` (Steele, Lea and Flood, 2014): small, and good enough to be wild.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    const fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }
}

/// Services whose every push arrived.
pub(crate) fn complete() -> Vec<Told> {
    let busy = [3, 60, 900, 20, 250];
    (1..).zip(busy).map(|(seed, busy)| service(seed, busy)).collect()
}

/// The same services, and pushes are lost: single ones, minutes, and hours; at any time of a process.
pub(crate) fn with_losses() -> Vec<Told> {
    let lossy = |(seed, mut told): (u64, Told)| {
        let mut random = Random(seed * 7_919);
        told.service = told.service.replace("complete", "lossy");
        for life in &mut told.lives {
            life.lost = losses(&mut random, life);
        }
        told
    };
    (1..).zip(complete()).map(lossy).collect()
}

/// One to three replicas, each a chain of processes; the first is there from the beginning, others join later.
fn service(seed: u64, busy: u64) -> Told {
    let mut random = Random(seed);
    let mut lives = Vec::new();
    for replica in 0..=seed % 3 {
        let mut from = match replica {
            0 => SINCE,
            _ => random.within(SINCE..days(DAYS - 2)),
        };
        while from + 2 < days(DAYS) {
            let to = (from + random.within(200..5_000)).min(days(DAYS));
            lives.push(Life::new(format!("{seed}-{replica}-{from}"), from, to, "0.01"));
            from = to + random.within(0..4);
        }
    }
    Told {
        service: format!("complete-{seed}"),
        slo: "wild",
        window_days: 7,
        busy,
        lives,
    }
}

/// Some fifteen times a week for minutes, and now and then for hours. Of three processes one is late, as its first pushes
/// are lost, and with one what it counted at last is.
fn losses(random: &mut Random, life: &Life) -> Vec<Range<u64>> {
    let mut lost = Vec::new();
    let mut at = life.from + 3;
    match random.next() % 3 {
        0 => lost.push(life.from..life.from + random.within(1..20)),
        1 => lost.push(life.to - random.within(1..20)..life.to),
        _ => {}
    }
    loop {
        at += random.within(60..900);
        let long = match random.next() % 10 {
            0 => random.within(60..240),
            1..4 => random.within(5..30),
            _ => random.within(1..4),
        };
        if at + long >= life.to {
            return lost;
        }
        lost.push(at..at + long);
        at += long;
    }
}
