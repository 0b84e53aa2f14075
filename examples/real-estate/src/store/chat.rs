//! Messages between customers and the agency.

use chrono::{DateTime, Utc};
use rusqlite::params;
use serde::Serialize;

use super::{Store, StoreError};

/// One message of a customer.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Message {
    id: i64,
    pub(crate) text: String,
    /// Whether it has arrived at the agency.
    pub(crate) delivered: bool,
}

impl Store {
    /// Takes a message from a customer, to be delivered at the next round. Gives its number.
    pub(crate) async fn send(&self, user: i64, text: String, now: DateTime<Utc>) -> Result<i64, StoreError> {
        self.run(move |connection| {
            let mut send = connection.prepare_cached(SEND)?;
            send.insert(params![user, text, now.timestamp()])
        })
        .await
    }

    /// The 20 messages that a customer sent last, newest first.
    pub(crate) async fn sent_by(&self, user: i64) -> Result<Vec<Message>, StoreError> {
        self.run(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, text, delivered_at IS NOT NULL FROM messages WHERE user = ?1 ORDER BY id DESC LIMIT 20",
            )?;
            let message = |row: &rusqlite::Row<'_>| {
                Ok(Message {
                    id: row.get(0)?,
                    text: row.get(1)?,
                    delivered: row.get(2)?,
                })
            };
            query.query_map([user], message)?.collect()
        })
        .await
    }

    /// Sends a canary and delivers all that is on its way, so that a chat without customers shows whether it works, too.
    /// Gives how many were delivered.
    pub(crate) async fn deliver(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        self.run(move |connection| {
            let mut canary = connection.prepare_cached(SEND)?;
            canary.execute(params![None::<i64>, "canary", now.timestamp()])?;
            // One canary at a time: only the newest says anything.
            connection.execute(
                "DELETE FROM messages WHERE user IS NULL AND delivered_at IS NOT NULL",
                [],
            )?;
            let mut deliver =
                connection.prepare_cached("UPDATE messages SET delivered_at = ?1 WHERE delivered_at IS NULL")?;
            deliver.execute([now.timestamp()])
        })
        .await
    }

    /// When a message was last delivered.
    pub(crate) async fn newest_delivery(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let newest: Option<i64> = self
            .run(|connection| connection.query_row("SELECT max(delivered_at) FROM messages", [], |row| row.get(0)))
            .await?;
        Ok(newest.and_then(|seconds| DateTime::from_timestamp(seconds, 0)))
    }
}

const SEND: &str = "INSERT INTO messages (user, text, sent_at) VALUES (?1, ?2, ?3)";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_on_its_way_until_the_next_round() {
        let (store, now) = (Store::open(None).unwrap(), Utc::now());
        assert_eq!(store.newest_delivery().await.unwrap(), None);
        store.send(1, "Is it quiet?".to_owned(), now).await.unwrap();
        assert!(!store.sent_by(1).await.unwrap()[0].delivered);
        assert_eq!(store.deliver(now).await.unwrap(), 2); // it and the canary
        let sent = store.sent_by(1).await.unwrap();
        assert_eq!(
            (sent.len(), sent[0].text.as_str(), sent[0].delivered),
            (1, "Is it quiet?", true)
        );
        assert_eq!(store.sent_by(2).await.unwrap(), []);
    }

    #[tokio::test]
    async fn without_customers_the_canary_tells_that_messages_arrive_and_leaves_no_pile() {
        let (store, now) = (Store::open(None).unwrap(), Utc::now());
        for round in 0..3 {
            let at = now + chrono::TimeDelta::seconds(round);
            assert_eq!(store.deliver(at).await.unwrap(), 1);
            assert_eq!(
                store.newest_delivery().await.unwrap().unwrap().timestamp(),
                at.timestamp()
            );
        }
        let rows: i64 = store
            .run(|connection| connection.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)))
            .await
            .unwrap();
        assert_eq!(rows, 1);
    }
}
