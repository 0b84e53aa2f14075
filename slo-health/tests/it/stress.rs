//! Many callers on several threads, who hang up when they like, before reads that are slow, fail and panic.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use slo_health::{Check, Freshness, ManualClock, State, SyntheticHealth};
use tokio::task::{JoinSet, yield_now};

use crate::common::{HOUR, InFlight, Reads, noon};

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(AtomicU64);

impl Dice {
    fn below(&self, sides: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

#[derive(Clone)]
struct Chaos {
    dice: Arc<Dice>,
    reads: Arc<Reads>,
    ended: Arc<AtomicUsize>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        Self {
            dice: Arc::new(Dice(AtomicU64::new(seed))),
            reads: Arc::default(),
            ended: Arc::default(),
        }
    }

    /// Slow by some turns of the scheduler, then an answer, an error or a panic.
    async fn read(self) -> Result<Option<chrono::DateTime<chrono::Utc>>, String> {
        let _in_flight = InFlight::begin(&self.reads);
        for _ in 0..self.dice.below(50) {
            yield_now().await;
        }
        self.end()
    }

    fn end(&self) -> Result<Option<chrono::DateTime<chrono::Utc>>, String> {
        self.ended.fetch_add(1, Ordering::SeqCst);
        match self.dice.below(10) {
            0 => panic!("a read that panics"),
            1 => Err("no connection".to_owned()),
            2 => Ok(None),
            3 => Ok(Some(noon() - 2 * HOUR)),
            _ => Ok(Some(noon())),
        }
    }

    fn check(&self, name: &str, is_blocking: bool) -> Check {
        let chaos = self.clone();
        let policy = Freshness::within(HOUR);
        if is_blocking {
            Check::blocking(name, policy, move || {
                let _in_flight = InFlight::begin(&chaos.reads);
                chaos.end()
            })
        } else {
            Check::new(name, policy, move || chaos.clone().read())
        }
    }
}

/// Asks, and gives up after some turns, as probers do whose patience ends.
async fn ask(health: SyntheticHealth, patience: u64) -> Option<State> {
    let mut report = std::pin::pin!(health.report());
    let mut left = patience;
    std::future::poll_fn(move |cx| match report.as_mut().poll(cx) {
        Poll::Ready(report) => Poll::Ready(Some(report.state())),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

async fn storm(health: &SyntheticHealth, dice: &Dice, callers: usize) -> (usize, usize) {
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        let patience = if dice.below(3) == 0 { dice.below(20) } else { u64::MAX };
        asking.spawn(ask(health.clone(), patience));
        if dice.below(4) == 0 {
            yield_now().await;
        }
    }
    let answers = asking.join_all().await;
    let answered = answers.iter().flatten().count();
    (answered, answers.len() - answered)
}

/// The deadline is far beyond any of it: what is answered was read, and who left gave up of their own accord.
fn build(
    checks: [(&Chaos, bool); 2],
    pace: impl Fn(Check) -> Check,
) -> Result<SyntheticHealth, slo_health::BuildError> {
    let add = |builder: slo_health::SyntheticHealthBuilder, (number, (chaos, is_blocking)): (usize, (&Chaos, bool))| {
        builder.with(pace(chaos.check(&format!("check-{number}"), is_blocking)))
    };
    let builder = SyntheticHealth::builder()
        .deadline(HOUR)
        .clock(ManualClock::new(noon()));
    checks.into_iter().enumerate().fold(builder, add).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_callers_and_reads_do_one_read_is_in_flight_and_every_run_ends() {
    let mut have_left = 0;
    for seed in 0..10 {
        let (slow, blocking) = (Chaos::new(seed), Chaos::new(seed + 1_000));
        let health = build([(&slow, false), (&blocking, true)], |check| {
            check.trust_for(Duration::ZERO).min_interval(Duration::ZERO)
        })
        .unwrap();
        let (answered, gone) = storm(&health, &slow.dice, 1_000).await;
        assert_eq!(answered + gone, 1_000);
        have_left += gone;
        // Whoever is patient waits for what others have left in flight.
        assert!(ask(health, u64::MAX).await.is_some(), "nothing is stuck");
        for chaos in [&slow, &blocking] {
            assert_eq!(chaos.reads.in_flight(), 0);
            let runs = chaos.reads.begun();
            assert_eq!(chaos.reads.most_at_once(), 1, "seed {seed}");
            assert_eq!(chaos.ended.load(Ordering::SeqCst), runs, "no run is thrown away");
            assert!((1..=1_001).contains(&runs), "{runs} runs for 1,001 requests");
        }
    }
    assert!(have_left > 0, "some hang up before their answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_within_one_interval_causes_one_read() {
    for seed in 0..10 {
        let (slow, blocking) = (Chaos::new(seed), Chaos::new(seed + 1_000));
        let health = build([(&slow, false), (&blocking, true)], |check| check.min_interval(HOUR)).unwrap();
        for _ in 0..10 {
            storm(&health, &slow.dice, 200).await;
        }
        assert!(ask(health, u64::MAX).await.is_some());
        for chaos in [&slow, &blocking] {
            assert_eq!((chaos.reads.begun(), chaos.reads.most_at_once()), (1, 1), "seed {seed}");
        }
    }
}
