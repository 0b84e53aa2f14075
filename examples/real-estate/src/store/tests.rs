//! The store's answers, each test on a database of its own.

use std::{env, fs, process};

use chrono::TimeDelta;

use super::{seed, *};

fn store() -> Store {
    Store::open(None).unwrap()
}

impl Store {
    /// How many transactions there are.
    pub(crate) async fn transactions(&self) -> Result<i64, StoreError> {
        self.run(|connection| connection.query_row("SELECT count(*) FROM transactions", [], |row| row.get(0)))
            .await
    }
}

/// What time does, and a failing batch.
impl Store {
    pub(crate) async fn indexed_only_at(&self, at: DateTime<Utc>) {
        let change = move |connection: &Connection| {
            connection.execute("DELETE FROM indexings", [])?;
            seed::index(connection, at)
        };
        self.run(change).await.unwrap();
    }

    pub(crate) async fn forget_transactions_after(&self, at: DateTime<Utc>) {
        let change = move |connection: &Connection| {
            connection.execute("DELETE FROM transactions WHERE traded_at > ?1", [at.timestamp()])
        };
        self.run(change).await.unwrap();
    }
}

#[tokio::test]
async fn a_search_is_for_sale_within_the_price_and_cheapest_first() {
    let all = store().search(None, None).await.unwrap();
    assert_eq!(all.len(), 20);
    assert!(all.is_sorted_by_key(|listing| listing.price));

    let limit = 1_000_000_000;
    let found = store().search(Some("mapo".to_owned()), Some(limit)).await.unwrap();
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|listing| listing.district == "mapo" && listing.price <= limit)
    );
    assert_eq!(store().search(Some("atlantis".to_owned()), None).await.unwrap(), []);
}

#[tokio::test]
async fn months_are_counted_with_their_median_newest_first() {
    let store = store();
    let months = store.months("mapo".to_owned()).await.unwrap();
    assert_eq!(months.len(), 12);
    assert!(months.iter().rev().is_sorted_by_key(|month| month.month.clone()));
    assert_eq!(months[0].transactions, 1);

    // Prices 10, 20, 30, 100 in a month of their own: the median lies between the two in the middle.
    store
        .run(|connection| {
            connection.execute_batch(
                "INSERT INTO transactions VALUES ('hadong', 1767225600, 100), ('hadong', 1767225601, 10),
                 ('hadong', 1767225602, 30), ('hadong', 1767225603, 20), ('hadong', 1769904000, 7)",
            )
        })
        .await
        .unwrap();
    let months = store.months("hadong".to_owned()).await.unwrap();
    let expected = [("2026-02", 1, 7.0), ("2026-01", 4, 25.0)];
    let expected = expected.map(|(month, transactions, median_price)| Month {
        month: month.to_owned(),
        transactions,
        median_price,
    });
    assert_eq!(months, expected);
    assert_eq!(store.months("atlantis".to_owned()).await.unwrap(), []);
}

#[tokio::test]
async fn a_token_is_for_the_right_password_only_and_names_its_user() {
    let store = store();
    let login = |password: &str| store.login("ana@example.com".to_owned(), password.to_owned());
    let token = login("open-house").await.unwrap().unwrap();
    assert_ne!(login("open-house").await.unwrap().unwrap(), token);
    assert_eq!(login("garden-view").await.unwrap(), None);
    assert_eq!(store.user_of(token).await.unwrap().unwrap().name, "Ana");
    assert_eq!(store.user_of("made-up".to_owned()).await.unwrap(), None);
}

#[tokio::test]
async fn a_listing_is_sold_once() {
    let store = store();
    assert_eq!(store.purchase(1, 7).await.unwrap(), Purchase::Done);
    assert_eq!(store.purchase(2, 7).await.unwrap(), Purchase::AlreadySold);
    assert_eq!(store.purchase(1, 0).await.unwrap(), Purchase::NoSuchListing);
    let bought: Vec<_> = store
        .bought_by(1)
        .await
        .unwrap()
        .iter()
        .map(|listing| listing.id)
        .collect();
    assert_eq!(bought, [7]);
    assert_eq!(store.bought_by(2).await.unwrap(), []);
}

#[tokio::test]
async fn the_newest_transaction_is_of_this_month_at_first_and_then_the_imported_one() {
    let (store, now) = (store(), Utc::now());
    let seeded = store.newest_transaction().unwrap().unwrap();
    assert!(seeded <= now && now - seeded <= TimeDelta::days(31));
    assert_eq!(store.import(now).await.unwrap(), seed::REGIONS.len());
    assert_eq!(
        store.newest_transaction().unwrap().unwrap().timestamp(),
        now.timestamp()
    );

    store.import(now + TimeDelta::days(400)).await.unwrap();
    assert!(store.newest_transaction().unwrap().unwrap() <= Utc::now());
}

#[test]
fn a_file_is_filled_once_and_kept() {
    let path = env::temp_dir().join(format!("real-estate-test-{}.sqlite", process::id()));
    let sold = |store: &Store| -> i64 {
        lock(&store.connection)
            .query_row("SELECT count(*) FROM listings WHERE sold_to IS NOT NULL", [], |row| {
                row.get(0)
            })
            .unwrap()
    };
    let listings = |store: &Store| -> i64 {
        lock(&store.connection)
            .query_row("SELECT count(*) FROM listings", [], |row| row.get(0))
            .unwrap()
    };
    let first = Store::open(Some(&path)).unwrap();
    lock(&first.connection)
        .execute("UPDATE listings SET sold_to = 1 WHERE id = 7", [])
        .unwrap();
    drop(first);
    let second = Store::open(Some(&path)).unwrap();
    assert_eq!((listings(&second), sold(&second)), (seed::LISTINGS, 1));
    drop(second);
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_path_that_is_no_database_is_named() {
    let error = Store::open(Some(&env::temp_dir())).unwrap_err().to_string();
    assert!(
        error.contains(&*env::temp_dir().display().to_string()) && error.contains("--database"),
        "{error}"
    );
}
