//! What one request allocates in each layer. A program of its own: counting costs every allocation some time.

use std::hint::black_box;

use benches::{Layered, all};
use served::{Load, drive};

fn main() {
    let layers = all();
    println!(
        "allocations per request, 22 requests over 20 routes\n{:<36} {:>8} {:>8} {:>9} {:>8}",
        "", "count", "bytes", "over bare", "net"
    );
    let mut before = Vec::new();
    for layer in &layers {
        let (count, bytes) = per_request(layer);
        layer.assert_counted();
        before.push(count);
        let (bare, passed) = (before[0], before[before.len().min(2) - 1]);
        println!(
            "{:<36} {count:>8.2} {bytes:>8.0} {:>9.2} {:>8.2}",
            layer.name,
            count - bare,
            count - passed
        );
    }
}

/// After every series exists. The requests' own parts are made before and freed meanwhile, which is not counted.
fn per_request(layer: &Layered) -> (f64, f64) {
    let mut app = layer.app.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(drive(&mut app, Load::Mixed.requests(2 * CYCLE)));
    let requests = Load::Mixed.requests(MEASURED);
    let seen = allocation_counter::measure(|| runtime.block_on(drive(black_box(&mut app), requests)));
    layer.sent(u64::from(2 * CYCLE + MEASURED));
    let mean = |total: u64| total as f64 / f64::from(MEASURED);
    (mean(seen.count_total), mean(seen.bytes_total))
}

const CYCLE: u32 = 22;
const MEASURED: u32 = 10 * CYCLE;
