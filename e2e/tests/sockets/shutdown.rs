//! A server that ends while it is busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use e2e::{Failure, Outcome};
use tokio::task::JoinSet;

use crate::connections::{ask, connect};
use crate::routes::{Stage, TEXT};
use crate::served::{Served, eventually};

const CLIENTS: u64 = 16;
/// Requests that are in their handlers when the server is asked to end.
const HELD: u64 = 24;
/// Answers before the server is asked to end.
const BEFORE: u64 = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_shutdown_under_load_loses_no_event() -> Outcome {
    let stage = Stage::new();
    let served = Served::start(stage.routes()).await?;
    let answered = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..HELD {
        let (address, answered) = (served.address, Arc::clone(&answered));
        clients.spawn(async move {
            let mut connection = connect(address).await?;
            assert_eq!(ask(&mut connection, "/gated").await?, TEXT.len());
            answered.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Failure>(())
        });
    }
    stage.begun(HELD).await?;
    for _ in 0..CLIENTS {
        let (address, answered) = (served.address, Arc::clone(&answered));
        clients.spawn(async move {
            let mut connection = connect(address).await?;
            // Until the server takes no more.
            while let Ok(bytes) = ask(&mut connection, "/text").await {
                assert_eq!(bytes, TEXT.len());
                answered.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        });
    }
    eventually(|| match answered.load(Ordering::SeqCst) {
        answered if answered >= BEFORE => Ok(()),
        answered => Err(format!("{answered} answers")),
    })
    .await?;

    // What is held is let go only once the server has been asked.
    let counted = served.shut_down(async || stage.open()).await?;
    for client in clients.join_all().await {
        client?;
    }
    let answered = answered.load(Ordering::SeqCst);
    assert!(answered >= BEFORE + HELD);
    counted.is([answered, 0, 0], &[("200 - 1.1", answered)])
}
