//! Answers without a body of their own, and bodies whose end is not the server's, over HTTP/1.1.

use e2e::Outcome;

use crate::routes::Stage;
use crate::served::Served;
use crate::vanishing::{read_until, send};

/// Each is asked for, read as far as this, and then left.
const ASKED: [(&str, &str, &str); 5] = [
    // The server never reads the body of an answer to HEAD.
    ("HEAD /large", "", "\r\n\r\n"),
    ("GET /empty", "", "\r\n\r\n"),
    // Whoever reads events ends them by leaving.
    ("GET /events", "", "data: 1"),
    ("GET /switching", "connection: upgrade\r\nupgrade: echo\r\n", "\r\n\r\n"),
    // Bad for the client, though it read no more than that.
    ("GET /failing", "", "\r\n\r\n"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_whole_where_their_heads_are_and_bad_where_they_failed() -> Outcome {
    let served = Served::start(Stage::new().routes()).await?;
    for (line, headers, until) in ASKED {
        let request = format!("{line} HTTP/1.1\r\nhost: sockets\r\n{headers}\r\n");
        let mut client = send(served.address, &request).await?;
        read_until(&mut client, until).await?;
    }
    let records = [("101 - 1.1", 1), ("200 - 1.1", 2), ("204 - 1.1", 1), ("500 500 1.1", 1)];
    served.check([4, 1, 0], &records).await
}
