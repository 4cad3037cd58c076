//! Searches: a table, the conditions on its rows, and the three ways of reading what matches: how
//! many rows there are, a page of them, and rows by their ids.
//!
//! Pages use keyset pagination. A list is ordered by a unique key, its cursor is the key of the
//! last row, and the next page holds the keys beyond it. Lists by distance have another order and
//! their own cursor: see `near`.
//!
//! Functions return database errors as [`StoreError`].

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    hash::Hash,
    str::FromStr,
};

use crate::store::engine::columns::text;
use crate::store::{Row, StoreError, Tx, Value};

/// The page of a list that is requested: after a cursor, after a number of rows, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageWindow<Id> {
    /// Maximum number of rows on the page.
    pub limit: u32,
    /// Number of rows to skip.
    pub offset: u32,
    /// The key of the last row that the caller has, if any.
    pub after: Option<Id>,
}

impl<Id> PageWindow<Id> {
    /// Returns the window of the first `limit` rows of a list.
    pub const fn first(limit: u32) -> Self {
        Self {
            limit,
            offset: 0,
            after: None,
        }
    }
}

/// Some rows of a list, and how many it has in all.
#[derive(Clone, Debug)]
pub struct PageOfRows<T> {
    /// The rows, up to one more than the window's limit, to tell whether more follow.
    pub rows: Vec<T>,
    /// Number of rows of the whole list.
    pub total: u64,
}

/// What a list selects of the rows that a search finds, and the key that orders them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    /// The selected columns.
    pub(super) columns: &'static str,
    /// The joins that the columns need, or an empty text. They neither add nor remove a row, so
    /// rows are counted without them.
    pub(super) joins: &'static str,
    /// The unique column that orders the rows.
    pub(super) key: &'static str,
    /// The direction of the order.
    pub(super) order: KeyOrder,
}

/// The direction of a list's key. Ids and log positions ascend with the time of creation.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyOrder {
    OldestFirst,
    NewestFirst,
}

/// The table of a list and the conditions on its rows. Parameters are numbered as they are added.
#[derive(Clone, Debug)]
pub(super) struct Search {
    table: &'static str,
    /// The condition after WHERE.
    pub(super) condition: String,
    /// The values of its `$n`.
    pub(super) params: Vec<Value>,
}

impl Search {
    /// Returns a search for every row of a table.
    pub(super) fn all(table: &'static str) -> Self {
        Self::with(table, "1 = 1")
    }

    /// Returns a search by one column, such as `task.agent_id = `.
    pub(super) fn of(table: &'static str, column: &str, value: impl Into<Value>) -> Self {
        Self {
            table,
            condition: format!("{column}$1"),
            params: vec![value.into()],
        }
    }

    /// Returns a search by a literal condition.
    pub(super) fn with(table: &'static str, condition: &str) -> Self {
        Self {
            table,
            condition: condition.to_owned(),
            params: Vec::new(),
        }
    }

    /// Narrows the search by a column, if there is a value.
    pub(super) fn filter(&mut self, column: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let number = self.bind(value);
            self.require(&format!("{column}{number}"));
        }
    }

    /// Narrows the search by a literal condition, so that a partial index can serve it.
    pub(super) fn require(&mut self, condition: &str) {
        self.condition.push_str(" AND ");
        self.condition.push_str(condition);
    }

    /// Adds a parameter that no condition names yet, and returns its placeholder.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    /// Returns the table that is searched.
    pub(super) fn table(&self) -> &'static str {
        self.table
    }

    /// Returns how many rows the search finds.
    pub(super) fn count(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let (table, condition) = (self.table, &self.condition);
        read_count(
            tx,
            &format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}"),
            &self.params,
        )
    }

    /// Returns how many rows the search finds, or `most` if there are more.
    pub(super) fn count_up_to(&self, tx: &mut Tx<'_>, most: u32) -> Result<u64, StoreError> {
        let (table, condition) = (self.table, &self.condition);
        let some = format!("SELECT 1 AS one FROM {table} WHERE {condition} LIMIT {most}");
        let count = format!("SELECT COUNT(*) AS n FROM ({some}) AS found");
        read_count(tx, &count, &self.params)
    }

    /// Reads a page of the list, and counts all its rows.
    pub(super) fn page<Id: Into<Value>, T>(
        self,
        tx: &mut Tx<'_>,
        listing: &Listing,
        window: PageWindow<Id>,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<PageOfRows<T>, StoreError> {
        let total = self.count(tx)?;
        let rows = self.rows(tx, listing, window, read)?;
        Ok(PageOfRows { rows, total })
    }

    /// Reads the rows of a page, and one row beyond it, for a list whose total is known otherwise.
    pub(super) fn rows<Id: Into<Value>, T>(
        mut self,
        tx: &mut Tx<'_>,
        listing: &Listing,
        window: PageWindow<Id>,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let key = listing.key;
        let (beyond, direction) = match listing.order {
            KeyOrder::OldestFirst => (">", "ASC"),
            KeyOrder::NewestFirst => ("<", "DESC"),
        };
        self.filter(&format!("{key} {beyond} "), window.after);
        let limit = self.bind(i64::from(window.limit) + 1);
        let offset = self.bind(window.offset);
        let select = self.select(listing);
        let page = format!("{select} ORDER BY {key} {direction} LIMIT {limit} OFFSET {offset}");
        tx.query(&page, &self.params)?.iter().map(read).collect()
    }

    /// Reads the row of a search that finds at most one, or `None`.
    pub(super) fn one<T>(
        self,
        tx: &mut Tx<'_>,
        listing: &Listing,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let row = tx.first(&self.select(listing), &self.params)?;
        row.map(|row| read(&row)).transpose()
    }

    fn select(&self, listing: &Listing) -> String {
        let Listing { columns, joins, .. } = listing;
        let (table, condition) = (self.table, &self.condition);
        format!("SELECT {columns} FROM {table} {joins} WHERE {condition}")
    }
}

/// Numbers of ids that one statement names: few lengths, so that few statements are prepared. The
/// last id is repeated to fill a length.
const LENGTHS: [usize; 4] = [1, 8, 32, IDS_MAX];
const IDS_MAX: usize = 128;

/// Returns the row with each of these ids, as `read` converts it. `select` names a column `id` and
/// ends before ` IN (…)`.
pub(super) fn with_ids<Id: Copy + Eq + Hash + Display + FromStr, T>(
    tx: &mut Tx<'_>,
    select: &str,
    ids: &[Id],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<HashMap<Id, T>, StoreError> {
    let grouped = grouped_by_ids(tx, select, ids, read)?;
    let one_each = grouped
        .into_iter()
        .filter_map(|(id, mut rows)| Some((id, rows.pop()?)));
    Ok(one_each.collect())
}

/// Returns the rows of each of these ids, in no particular order, for a table that has several of
/// them. Parameters are those of [`with_ids`].
pub(super) fn grouped_by_ids<Id: Copy + Eq + Hash + Display + FromStr, T>(
    tx: &mut Tx<'_>,
    select: &str,
    ids: &[Id],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<HashMap<Id, Vec<T>>, StoreError> {
    let each_once: HashSet<_> = ids.iter().copied().collect();
    let ids: Vec<_> = each_once.into_iter().collect();
    let mut found: HashMap<Id, Vec<T>> = HashMap::new();
    for part in ids.chunks(IDS_MAX) {
        let length = LENGTHS.into_iter().find(|length| *length >= part.len());
        let mut params: Vec<Value> = part.iter().map(|id| id.to_string().into()).collect();
        let last = params.last().cloned().into_iter().cycle();
        params.extend(last.take(length.unwrap_or_default().saturating_sub(part.len())));
        let names: Vec<_> = (1..=params.len()).map(|nth| format!("${nth}")).collect();
        for row in tx.query(&format!("{select} IN ({})", names.join(", ")), &params)? {
            let of_id = found.entry(text(&row, "id")?).or_default();
            of_id.push(read(&row)?);
        }
    }
    Ok(found)
}

/// Returns the same as [`with_ids`], in the order of the ids.
pub(super) fn in_order_of<Id: Copy + Eq + Hash + Display + FromStr, T>(
    tx: &mut Tx<'_>,
    select: &str,
    ids: &[Id],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = with_ids(tx, select, ids, read)?;
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn read_count(tx: &mut Tx<'_>, count: &str, params: &[Value]) -> Result<u64, StoreError> {
    let row = tx.first(count, params)?;
    let total = row.map_or(Ok(0), |row| row.get::<i64>("n"))?;
    Ok(u64::try_from(total).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::support::{self, FreshStore, on_both_databases};
    use crate::store::tests::{put, with_tables};

    const NEWEST_FIRST: Listing = Listing {
        columns: "purse.id AS id",
        joins: "",
        key: "purse.id",
        order: KeyOrder::NewestFirst,
    };

    const OLDEST_FIRST: Listing = Listing {
        order: KeyOrder::OldestFirst,
        ..NEWEST_FIRST
    };

    /// Purses `a` to `f`, which hold 0 to 5.
    async fn with_purses(store: &FreshStore) {
        with_tables(store).await;
        let fill = |tx: &mut Tx<'_>| {
            let purses = ["a", "b", "c", "d", "e", "f"].into_iter().zip(0..);
            purses.map(|(id, held)| put(tx, id, held)).sum()
        };
        store.write::<u64, StoreError>(fill).await.unwrap();
    }

    /// The ids on a page of the purses that hold more than nothing, and their total.
    async fn page(
        store: &FreshStore,
        listing: &'static Listing,
        window: PageWindow<&'static str>,
    ) -> (String, u64) {
        let read = move |tx: &mut Tx<'_>| {
            let search = Search::of("purse", "purse.held > ", 0_i64);
            search.page(tx, listing, window, |row| row.get::<String>("id"))
        };
        let found = store.read(read).await.unwrap();
        (found.rows.concat(), found.total)
    }

    on_both_databases! {
        async fn pages_follow_the_key_in_either_order(store) {
            with_purses(&store).await;
            let first = PageWindow::first(2);
            let after = |after| PageWindow { after: Some(after), ..first };
            assert_eq!(page(&store, &NEWEST_FIRST, first).await, ("fed".to_owned(), 5));
            assert_eq!(page(&store, &NEWEST_FIRST, after("e")).await, ("dcb".to_owned(), 5));
            assert_eq!(page(&store, &NEWEST_FIRST, after("c")).await, ("b".to_owned(), 5));
            assert_eq!(page(&store, &NEWEST_FIRST, after("b")).await, (String::new(), 5));
            assert_eq!(page(&store, &OLDEST_FIRST, first).await, ("bcd".to_owned(), 5));
            assert_eq!(page(&store, &OLDEST_FIRST, after("c")).await, ("def".to_owned(), 5));
            let skipping = PageWindow { offset: 1, ..after("c") };
            assert_eq!(page(&store, &OLDEST_FIRST, skipping).await, ("ef".to_owned(), 5));
        }
    }
}
