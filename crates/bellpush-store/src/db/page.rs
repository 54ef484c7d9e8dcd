//! Paging by key: a page names the key that the next one starts after.

use bellpush_core::ids::AppId;
use sea_orm::{ConnectionTrait, Value};

use super::{
    row::{Row, readable},
    statements,
    untimed::AMONG,
};
use crate::error::StoreError;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// Start after this key; `None` for the first page.
    pub after: Option<K>,
    /// Items on the page, at most.
    pub limit: u32,
}

impl<K> PageRequest<K> {
    /// The first page.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask after for the next page; `None` when this is the last one.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Reads a page by a query that gives one row more than the page holds, if there is one. Rows that
    /// only a newer version can read are passed over: the page holds the fewer.
    pub(crate) async fn read(
        connection: &impl ConnectionTrait,
        mut query: Query,
        limit: u32,
        item: impl Fn(&Row) -> Result<T, StoreError>,
        key: impl Fn(&T) -> K,
    ) -> Result<Self, StoreError> {
        let mut looked_at = limit as usize;
        loop {
            let rows = statements::all(connection, &query.sql, query.values.clone()).await?;
            let mut more = rows.len() > looked_at;
            let rows = rows.into_iter().take(looked_at).collect();
            let mut items = readable(rows, &item)?;
            // The next page begins behind the last one that can be read: there has to be one.
            if items.is_empty() && more && looked_at > 0 {
                looked_at = looked_at.saturating_mul(2);
                query.look_at(looked_at);
                continue;
            }
            more |= items.len() > limit as usize;
            items.truncate(limit as usize);
            let next = items.last().filter(|_| more).map(&key);
            return Ok(Self { items, next });
        }
    }
}

/// A query put together from what was asked for.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Query {
    /// Gives one row more than so many: of a query that [`Conditions::query`] has made, whose limit is
    /// its last value.
    fn look_at(&mut self, rows: usize) {
        if let Some(limit) = self.values.last_mut() {
            *limit = i64::try_from(rows).unwrap_or(i64::MAX).saturating_add(1).into();
        }
    }
}

/// The conditions of a query.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition on one value: `$` in its text stands for the value.
    pub(crate) fn and(&mut self, condition: &str, value: impl Into<Value>) {
        let placeholder = self.placeholder(value);
        self.and_always(&condition.replace('$', &placeholder));
    }

    /// Adds the condition that a column has one of these values.
    pub(crate) fn and_among(&mut self, column: &str, values: Vec<String>) {
        let places: Vec<_> = values.into_iter().map(|value| self.placeholder(value)).collect();
        self.and_always(&format!("{column} IN ({})", places.join(", ")));
    }

    /// Adds a condition without a value.
    pub(crate) fn and_always(&mut self, condition: &str) {
        self.sql.push_str(if self.sql.is_empty() { "WHERE " } else { "\n  AND " });
        self.sql.push_str(condition);
    }

    /// Restricts to an app's sessions whose context has this key and value: few sessions.
    pub(crate) fn and_context(&mut self, app_id: AppId, (key, value): &(String, String)) {
        let app_id = self.placeholder(app_id.to_string());
        let key = self.placeholder(key.as_str());
        let value = self.placeholder(value.as_str());
        let [begin, end] = AMONG;
        self.and_always(&format!(
            "session_id {begin}
                SELECT session_id
                FROM session_context
                WHERE app_id = {app_id}
                  AND key = {key}
                  AND value = {value}
            {end}"
        ));
    }

    /// The same for each row by itself, of which the column names the session.
    pub(crate) fn and_context_of(
        &mut self,
        app_id: AppId,
        (key, value): &(String, String),
        column: &str,
    ) {
        let app_id = self.placeholder(app_id.to_string());
        let key = self.placeholder(key.as_str());
        let value = self.placeholder(value.as_str());
        self.and_row_of(&format!(
            "session_context
                WHERE session_context.app_id = {app_id}
                  AND session_context.key = {key}
                  AND session_context.value = {value}
                  AND session_context.session_id = {column}"
        ));
    }

    /// Restricts to rows that have such a row in another table, looked up for each of them. Not by `EXISTS`: of that,
    /// PostgreSQL makes a join, and may go through all of the other table first.
    pub(crate) fn and_row_of(&mut self, other: &str) {
        self.and_always(&format!(
            "(
                SELECT 1
                FROM {other}
                LIMIT 1
            ) IS NOT NULL"
        ));
    }

    /// The query of one page, reading one row more to see whether there is a next page.
    pub(crate) fn query<K>(mut self, select: &str, order: &str, page: &PageRequest<K>) -> Query {
        let limit = self.placeholder(i64::from(page.limit) + 1);
        let sql = format!("{select}\n{}\n{order}\nLIMIT {limit}", self.sql);
        Query { sql, values: self.values }
    }

    /// The query of everything.
    pub(crate) fn all(self, select: &str) -> Query {
        Query { sql: format!("{select}\n{}", self.sql), values: self.values }
    }

    pub(crate) fn placeholder(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }
}
