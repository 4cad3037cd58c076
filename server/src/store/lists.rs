//! Lists of the host, newest first: one way of filtering, counting and paging them. Tasks have
//! their own search in `tasks.rs`.

use super::{Row, StoreError, Tx, Value, params, tasks::PageOfRows};

/// The page of a list that is requested.
#[derive(Clone, Debug)]
pub struct PageWindow {
    /// Maximum number of rows.
    pub limit: u32,
    /// Number of rows to skip.
    pub offset: u32,
    /// The id of the last row that the caller has, if any.
    pub after: Option<String>,
}

/// A list ordered by ids that sort by creation: its table, its conditions and their parameters.
pub(super) struct List {
    columns: &'static str,
    table: &'static str,
    id: &'static str,
    conditions: String,
    params: Vec<Value>,
}

impl List {
    /// Returns a list of all rows of `table`, ordered by its column `id`.
    pub(super) fn of(columns: &'static str, table: &'static str, id: &'static str) -> Self {
        let conditions = String::from("1 = 1");
        Self {
            columns,
            table,
            id,
            conditions,
            params: Vec::new(),
        }
    }

    /// Adds a condition in which `?` stands for the value, if there is a value.
    pub(super) fn and(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.params.push(value.into());
            let nth = format!("${}", self.params.len());
            self.conditions.push_str(" AND ");
            self.conditions.push_str(&condition.replace('?', &nth));
        }
    }

    /// Reads one page of the list, with up to one row beyond it.
    pub(super) fn read<T>(
        mut self,
        tx: &mut Tx<'_>,
        part: &PageWindow,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<PageOfRows<T>, StoreError> {
        let Self { table, id, .. } = self;
        let count = format!(
            "SELECT COUNT(*) AS n FROM {table} WHERE {}",
            self.conditions
        );
        let total = tx
            .first(&count, &self.params)?
            .map_or(Ok(0), |row| row.get::<i64>("n"))?;
        self.and(&format!("{id} < ?"), part.after.as_deref());
        let nth = self.params.len();
        let one_beyond = i64::from(part.limit) + 1;
        self.params
            .extend(params![one_beyond, i64::from(part.offset)]);
        let page = format!(
            "SELECT {} FROM {table} WHERE {} ORDER BY {id} DESC LIMIT ${} OFFSET ${}",
            self.columns,
            self.conditions,
            nth + 1,
            nth + 2
        );
        let rows = tx.query(&page, &self.params)?;
        Ok(PageOfRows {
            rows: rows.iter().map(read).collect::<Result<_, _>>()?,
            total: u64::try_from(total).unwrap_or_default(),
        })
    }
}
