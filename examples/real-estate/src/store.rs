//! The data, in SQLite: all SQL is here, and none of it runs on an async thread.

mod chat;
mod seed;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use tokio::task::spawn_blocking;
use uuid::Uuid;

pub(crate) use chat::Message;

/// The database. Clones share its one connection, which is locked on threads for blocking work only.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
}

/// A home for sale, or sold.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Listing {
    pub(crate) id: i64,
    pub(crate) district: String,
    pub(crate) title: String,
    /// In won.
    pub(crate) price: i64,
}

/// The transactions of one region in one month (UTC).
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Month {
    /// As `2026-03`.
    pub(crate) month: String,
    pub(crate) transactions: i64,
    /// In won; the mean of the two in the middle when their number is even.
    pub(crate) median_price: f64,
}

/// Somebody with an account.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// What became of the wish to buy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purchase {
    /// It is theirs now.
    Done,
    /// Somebody has it, perhaps they themselves.
    AlreadySold,
    /// There is nothing of this number.
    NoSuchListing,
}

/// Why there is no answer from the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The file is not there and cannot be made, or is no database of ours.
    #[error("{path} cannot be opened as a database: {reason}; give `--database` another path, or leave it out")]
    Open { path: String, reason: rusqlite::Error },
    /// SQLite refused or could not answer.
    #[error("a query did not work")]
    Query(#[from] rusqlite::Error),
    /// The query panicked, or the runtime is going down.
    #[error("a query was broken off")]
    BrokenOff,
}

impl Store {
    /// Opens a file, or a database in memory, and fills it when it is empty.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        let opened = path.map_or_else(Connection::open_in_memory, Connection::open);
        let filled = opened.and_then(|mut connection| {
            seed::fill(&mut connection, Utc::now())?;
            Ok(connection)
        });
        let connection = filled.map_err(|reason| StoreError::Open {
            path: path.map_or_else(|| "memory".to_owned(), |path| path.display().to_string()),
            reason,
        })?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Up to 20 listings that are for sale, cheapest first.
    pub(crate) async fn search(
        &self,
        district: Option<String>,
        max_price: Option<i64>,
    ) -> Result<Vec<Listing>, StoreError> {
        self.run(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, district, title, price FROM listings
                 WHERE sold_to IS NULL AND district = coalesce(?1, district) AND price <= coalesce(?2, price)
                 ORDER BY price, id LIMIT 20",
            )?;
            query.query_map(params![district, max_price], listing)?.collect()
        })
        .await
    }

    /// Up to 5 listings that are for sale in other districts, the nearest in price first: it looks at every listing.
    pub(crate) async fn similar(&self, listing: &Listing) -> Result<Vec<Listing>, StoreError> {
        let (district, price) = (listing.district.clone(), listing.price);
        self.run(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, district, title, price FROM listings
                 WHERE sold_to IS NULL AND district <> ?1 ORDER BY abs(price - ?2), id LIMIT 5",
            )?;
            query.query_map(params![district, price], self::listing)?.collect()
        })
        .await
    }

    /// The last twelve months in which a region had transactions, newest first; none for an unknown region.
    pub(crate) async fn months(&self, region: String) -> Result<Vec<Month>, StoreError> {
        self.run(move |connection| {
            let mut query = connection.prepare_cached(
                "WITH ranked AS (
                   SELECT strftime('%Y-%m', traded_at, 'unixepoch') AS month, price,
                          row_number() OVER (PARTITION BY strftime('%Y-%m', traded_at, 'unixepoch') ORDER BY price) AS place,
                          count(*) OVER (PARTITION BY strftime('%Y-%m', traded_at, 'unixepoch')) AS size
                   FROM transactions WHERE region = ?1
                 )
                 SELECT month, size, avg(price) FROM ranked WHERE place IN ((size + 1) / 2, (size + 2) / 2)
                 GROUP BY month ORDER BY month DESC LIMIT 12",
            )?;
            let months = query.query_map([region], |row| {
                Ok(Month { month: row.get(0)?, transactions: row.get(1)?, median_price: row.get(2)? })
            })?;
            months.collect()
        })
        .await
    }

    /// A new token, if there is such an account.
    pub(crate) async fn login(&self, email: String, password: String) -> Result<Option<String>, StoreError> {
        self.run(move |connection| {
            let mut account = connection.prepare_cached("SELECT id FROM users WHERE email = ?1 AND password = ?2")?;
            let Some(user) = account
                .query_row([email, password], |row| row.get::<_, i64>(0))
                .optional()?
            else {
                return Ok(None);
            };
            let token = Uuid::new_v4().to_string();
            let mut session = connection.prepare_cached("INSERT INTO sessions (token, user) VALUES (?1, ?2)")?;
            session.execute(params![token, user])?;
            Ok(Some(token))
        })
        .await
    }

    /// Whose token this is.
    pub(crate) async fn user_of(&self, token: String) -> Result<Option<User>, StoreError> {
        self.run(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT users.id, users.name, users.email FROM sessions JOIN users ON users.id = sessions.user
                 WHERE sessions.token = ?1",
            )?;
            let user = |row: &Row<'_>| {
                Ok(User {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    email: row.get(2)?,
                })
            };
            query.query_row([token], user).optional()
        })
        .await
    }

    /// Sells a listing to a user, unless it is sold.
    pub(crate) async fn purchase(&self, user: i64, listing: i64) -> Result<Purchase, StoreError> {
        self.run(move |connection| {
            // One statement decides, so that two buyers, in other processes even, cannot both have it.
            let mut sell =
                connection.prepare_cached("UPDATE listings SET sold_to = ?1 WHERE id = ?2 AND sold_to IS NULL")?;
            if sell.execute([user, listing])? == 1 {
                return Ok(Purchase::Done);
            }
            let mut known = connection.prepare_cached("SELECT 1 FROM listings WHERE id = ?1")?;
            Ok(if known.exists([listing])? {
                Purchase::AlreadySold
            } else {
                Purchase::NoSuchListing
            })
        })
        .await
    }

    /// The 20 listings that a user bought last.
    pub(crate) async fn bought_by(&self, user: i64) -> Result<Vec<Listing>, StoreError> {
        self.run(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, district, title, price FROM listings WHERE sold_to = ?1 ORDER BY id DESC LIMIT 20",
            )?;
            query.query_map([user], listing)?.collect()
        })
        .await
    }

    /// Imports a batch: one transaction for each region, traded at `now`. Gives their number.
    pub(crate) async fn import(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        self.run(move |connection| seed::trade(connection, now)).await
    }

    /// Builds the index of the search anew.
    pub(crate) async fn index(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.run(move |connection| seed::index(connection, now).map(drop)).await
    }

    /// When the newest transaction was made; blocks its thread. A row dated in the future proves nothing.
    pub(crate) fn newest_transaction(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let newest: Option<i64> = lock(&self.connection).query_row(
            "SELECT max(traded_at) FROM transactions WHERE traded_at <= ?1",
            [Utc::now().timestamp()],
            |row| row.get(0),
        )?;
        Ok(newest.and_then(|seconds| DateTime::from_timestamp(seconds, 0)))
    }

    /// When the index of the search was last built, and of how many listings.
    pub(crate) async fn newest_indexing(&self) -> Result<Option<(DateTime<Utc>, u64)>, StoreError> {
        let newest: Option<(i64, u64)> = self
            .run(|connection| {
                let newest = "SELECT finished_at, listings FROM indexings ORDER BY finished_at DESC LIMIT 1";
                connection
                    .query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .await?;
        Ok(newest.and_then(|(seconds, listings)| Some((DateTime::from_timestamp(seconds, 0)?, listings))))
    }

    async fn run<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let answer = spawn_blocking(move || query(&lock(&connection))).await;
        // A panic in the query, which the hook has shown, or a runtime that is going down.
        answer.map_err(|_| StoreError::BrokenOff)?.map_err(StoreError::Query)
    }
}

/// A query that panicked has rolled its transaction back, so the connection is still good.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listing(row: &Row<'_>) -> rusqlite::Result<Listing> {
    Ok(Listing {
        id: row.get(0)?,
        district: row.get(1)?,
        title: row.get(2)?,
        price: row.get(3)?,
    })
}

#[cfg(test)]
mod tests;
