//! The tables, and the same data in them at every start.

use chrono::{DateTime, Datelike as _, Months, NaiveTime, TimeDelta, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

/// The regions that transactions are known of, which are the districts of the listings, too.
pub(super) const REGIONS: [&str; 5] = ["gangnam", "mapo", "seongdong", "songpa", "yongsan"];

/// How many listings there are at first.
pub(super) const LISTINGS: i64 = 500;

/// How many months of transactions there are at first, the current one included.
pub(super) const MONTHS: u32 = 24;

/// Creates what is missing, and fills what is empty.
pub(super) fn fill(connection: &mut Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    // Immediate: two instances that start on one file at the same moment must not both fill it.
    let all = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    all.execute_batch(TABLES)?;
    if !all.prepare("SELECT 1 FROM users")?.exists([])? {
        users(&all)?;
        listings(&all)?;
        transactions(&all, now)?;
    }
    if !all.prepare("SELECT 1 FROM indexings")?.exists([])? {
        index(&all, now)?;
    }
    all.commit()
}

/// One transaction for each region at this moment. Gives their number.
pub(super) fn trade(connection: &Connection, at: DateTime<Utc>) -> rusqlite::Result<usize> {
    let mut trade = connection.prepare_cached(TRADE)?;
    let mut traded = 0;
    for (region, base) in REGIONS.iter().zip(1..) {
        traded += trade.execute(params![region, at.timestamp(), price(base, at.timestamp())])?;
    }
    Ok(traded)
}

/// Notes that the index of the search was built at this moment, and of how many listings.
pub(super) fn index(connection: &Connection, at: DateTime<Utc>) -> rusqlite::Result<usize> {
    let mut indexing =
        connection.prepare_cached("INSERT INTO indexings (finished_at, listings) SELECT ?1, count(*) FROM listings")?;
    indexing.execute([at.timestamp()])
}

fn users(connection: &Connection) -> rusqlite::Result<()> {
    // In the clear, because they are no secret. A real service keeps a slow, salted hash (argon2) instead.
    let mut user = connection.prepare("INSERT INTO users (email, password, name) VALUES (?1, ?2, ?3)")?;
    user.execute(["ana@example.com", "open-house", "Ana"])?;
    user.execute(["ben@example.com", "garden-view", "Ben"])?;
    Ok(())
}

fn listings(connection: &Connection) -> rusqlite::Result<()> {
    let mut listing =
        connection.prepare("INSERT INTO listings (id, district, title, price) VALUES (?1, ?2, ?3, ?4)")?;
    for (id, (district, base)) in (1..=LISTINGS).zip(REGIONS.iter().zip(1..).cycle()) {
        let title = format!("{} rooms, floor {}", 1 + id % 5, 1 + id % 23);
        listing.execute(params![id, district, title, price(base, id)])?;
    }
    Ok(())
}

/// Some for each region and month; of the current month only those of its first second, which has surely been.
fn transactions(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let first_of_month = now.date_naive().with_day(1).unwrap_or_default();
    for ago in 0..MONTHS {
        let Some(month) = first_of_month.checked_sub_months(Months::new(ago)) else {
            break;
        };
        let start = month.and_time(NaiveTime::MIN).and_utc();
        let trades = if ago == 0 { 1 } else { 4 + ago % 4 };
        for trade_of_month in 0..trades {
            trade(connection, start + TimeDelta::days(3 * i64::from(trade_of_month)))?;
        }
    }
    Ok(())
}

/// In won: a base for each region, and a little up and down that `seed` decides.
fn price(base: i64, seed: i64) -> i64 {
    600_000_000 + base * 150_000_000 + seed.rem_euclid(97) * 2_000_000
}

const TRADE: &str = "INSERT INTO transactions (region, traded_at, price) VALUES (?1, ?2, ?3)";

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL, name TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES users) STRICT;
CREATE TABLE IF NOT EXISTS listings (
  id INTEGER PRIMARY KEY, district TEXT NOT NULL, title TEXT NOT NULL,
  price INTEGER NOT NULL,                -- won
  sold_to INTEGER REFERENCES users
) STRICT;
CREATE TABLE IF NOT EXISTS transactions (
  region TEXT NOT NULL,
  traded_at INTEGER NOT NULL,            -- seconds since 1970, UTC
  price INTEGER NOT NULL                 -- won
) STRICT;
CREATE TABLE IF NOT EXISTS indexings (
  finished_at INTEGER NOT NULL,          -- seconds since 1970, UTC
  listings INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY,
  user INTEGER REFERENCES users,         -- none: the canary
  text TEXT NOT NULL,
  sent_at INTEGER NOT NULL,              -- seconds since 1970, UTC
  delivered_at INTEGER                   -- seconds since 1970, UTC; none: on its way
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_user ON messages (user, id);
CREATE INDEX IF NOT EXISTS messages_by_delivery ON messages (delivered_at);
CREATE INDEX IF NOT EXISTS transactions_by_region ON transactions (region, traded_at);
CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (traded_at);
";
