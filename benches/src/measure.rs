//! Requests through each layer in turn, on one thread or several at once.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use rustix::time::{ClockId, clock_gettime};
use served::{Load, drive};
use tokio::runtime::{Builder, Runtime};

use crate::compare::Effort;
use crate::layers::Layered;
use crate::table::Table;

/// What one thread spent on its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// Of this thread alone, whatever else the machine had to do.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

/// Serves `effort.times` requests on each thread, layer by layer, each round beginning with another layer.
///
/// # Panics
///
/// When a layer did not count every request.
#[must_use]
pub fn measure(layers: &[Layered], load: Load, threads: usize, effort: Effort) -> Table {
    let arrived = AtomicUsize::new(0);
    let samples = thread::scope(|scope| {
        let crew: Vec<_> = (0..threads)
            .map(|_| {
                let (give, jobs) = channel();
                let (done, take) = channel();
                let apps = layers.iter().map(|layer| layer.app.clone()).collect();
                let arrived = &arrived;
                scope.spawn(move || {
                    let together = || start_together(arrived, threads);
                    work(apps, load, effort.times, together, &jobs, &done)
                });
                (give, take)
            })
            .collect();
        in_turn(layers, effort, |index| {
            for (give, _) in &crew {
                give.send(index).expect("a worker ends after its last job");
            }
            let spent = crew
                .iter()
                .map(|(_, take)| take.recv().expect("a worker answers each job"));
            spent.collect()
        })
    });
    let served = effort.rounds as u64 * u64::from(effort.times) * threads as u64;
    for layer in layers {
        layer.sent(served);
        layer.assert_counted();
    }
    Table::new(layers, effort.times, samples)
}

/// The samples of each layer: one per round, and in it one per thread.
fn in_turn(layers: &[Layered], effort: Effort, mut once: impl FnMut(usize) -> Vec<Spent>) -> Vec<Vec<Vec<Spent>>> {
    let mut samples = vec![Vec::with_capacity(effort.rounds); layers.len()];
    for round in 0..effort.rounds {
        for turn in 0..layers.len() {
            let index = (round + turn) % layers.len();
            samples[index].push(once(index));
        }
    }
    samples
}

fn work(
    mut apps: Vec<Router>,
    load: Load,
    times: u32,
    together: impl Fn(),
    jobs: &Receiver<usize>,
    done: &Sender<Spent>,
) {
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers");
    for index in jobs {
        let requests = load.requests(times);
        together();
        if done.send(spend(&runtime, &mut apps[index], requests)).is_err() {
            break;
        }
    }
}

/// Returns once all threads of this turn are running. A barrier that sleeps would let the one that wakes the others end
/// before they begin, on a machine that has other things to do.
fn start_together(arrived: &AtomicUsize, threads: usize) {
    let ticket = arrived.fetch_add(1, Ordering::AcqRel);
    let all = (ticket / threads + 1) * threads;
    while arrived.load(Ordering::Acquire) < all {
        spin_loop();
    }
}

fn spend(runtime: &Runtime, app: &mut Router, requests: Vec<axum::extract::Request>) -> Spent {
    let (cpu, wall) = (thread_cpu(), Instant::now());
    runtime.block_on(drive(app, requests));
    Spent {
        cpu: thread_cpu().saturating_sub(cpu),
        wall: wall.elapsed(),
    }
}

/// What this thread has worked so far, whatever else the machine had to do.
///
/// # Panics
///
/// When the operating system tells a negative time.
#[must_use]
pub fn thread_cpu() -> Duration {
    let read = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(read).expect("time spent is not negative")
}
