//! One request through axum: bare, with a layer that does nothing, with ours, and with those that others publish.

use benches::{Effort, all, measure};
use served::Load;

fn main() {
    let mut effort = Effort {
        rounds: 801,
        times: 550,
    }
    .or_smoke();
    // Each of the requests, in a smoke test too.
    effort.times = effort.times.max(22);
    let layers = all();
    for (load, mixed) in [(Load::Mixed, "22 requests over 20 routes"), (Load::Hot, "one route")] {
        for (threads, at_once) in [(1, "one thread"), (2, "two threads")] {
            println!("{mixed}, {at_once}\n{}", measure(&layers, load, threads, effort));
        }
    }
}
