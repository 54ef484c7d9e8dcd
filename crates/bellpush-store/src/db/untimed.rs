//! Statements that may take as long as they need: those that go through all that there is of an app,
//! and that nobody waits for at a browser.

use std::{
    borrow::Cow,
    mem,
    sync::atomic::{AtomicU32, Ordering},
};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement, Value};

use super::row::{Row, without_nul};
use crate::error::is_outdated_plan;

/// The rows of a list in JSON, as SQLite reads them. Both databases parse it once, into a binary form
/// that a row's values are taken from: from text, each value would be looked for anew.
const LIST: &str = "jsonb_each($1)";
const POSTGRES_LIST: &str = "jsonb_array_elements($1::jsonb)";

/// Begins and ends a query whose rows a column's value is to be among: few of them, and each looked up by an index.
/// Of `IN` PostgreSQL makes a join. As it has no statistics of a partitioned table as a whole, it then takes half of all
/// rows for wanted, and goes through all of them; of an array it knows better.
pub(crate) const AMONG: [&str; 2] = ["IN (/* among */", "/* among */)"];
const POSTGRES_AMONG: [&str; 2] = ["= ANY (ARRAY(", "))"];
/// The same of those that are listed.
const AMONG_LIST: [(&str, &str); 2] = [
    (
        "IN (SELECT value ->> 0 FROM jsonb_each($1))",
        "= ANY (ARRAY(SELECT value ->> 0 FROM jsonb_each($1)))",
    ),
    (
        "IN (SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1))",
        "= ANY (ARRAY(SELECT CAST(value ->> 0 AS BIGINT) FROM jsonb_each($1)))",
    ),
];

/// How often PostgreSQL has refused what was prepared before a table was changed. It is a part of each
/// statement from then on: all are prepared anew, at every connection, and behind a pooler that keeps prepared
/// statements for all who have the same text.
static CHANGES_SEEN: AtomicU32 = AtomicU32::new(0);

fn statement(backend: DbBackend, sql: &str, values: Vec<Value>, changes_seen: u32) -> Statement {
    let sql = match backend {
        DbBackend::Postgres => postgres(sql),
        _ => Cow::Borrowed(sql),
    };
    let sql = match changes_seen {
        0 => sql,
        _ => Cow::Owned(format!("{sql} /* {changes_seen} */")),
    };
    let values = values.into_iter().map(|value| match value {
        Value::String(Some(text)) => Value::String(Some(without_nul(&text).into_owned())),
        other => other,
    });
    Statement::from_sql_and_values(backend, sql, values)
}

/// A statement as PostgreSQL takes it.
fn postgres(sql: &str) -> Cow<'_, str> {
    let mut sql = Cow::Borrowed(sql);
    let [begin, _] = AMONG;
    if sql.contains(begin) {
        for (among, postgres) in AMONG.iter().zip(POSTGRES_AMONG) {
            sql = Cow::Owned(sql.replace(among, postgres));
        }
    }
    if sql.contains(LIST) {
        for (among, postgres) in AMONG_LIST.into_iter().chain([(LIST, POSTGRES_LIST)]) {
            sql = Cow::Owned(sql.replace(among, postgres));
        }
    }
    sql
}

/// What is asked of the database, to be asked again where it was prepared before a table was changed.
struct Asked<'a> {
    backend: DbBackend,
    sql: &'a str,
    values: Vec<Value>,
    changes_seen: u32,
}

impl<'a> Asked<'a> {
    fn of(
        connection: &impl ConnectionTrait,
        sql: &'a str,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        let (backend, values) = (connection.get_database_backend(), values.into_iter().collect());
        Self { backend, sql, values, changes_seen: CHANGES_SEEN.load(Ordering::Acquire) }
    }

    /// The statement, the first time.
    fn statement(&mut self) -> Statement {
        let values = match self.backend {
            DbBackend::Postgres => self.values.clone(),
            // It is never asked again.
            _ => mem::take(&mut self.values),
        };
        statement(self.backend, self.sql, values, self.changes_seen)
    }

    /// The statement once more, if that is of use after such an error. In a transaction, which has failed by
    /// then, it fails again, and its caller may try the whole.
    fn again(self, error: &DbErr) -> Option<Statement> {
        if !is_outdated(error) {
            return None;
        }
        let (seen, next) = (self.changes_seen, self.changes_seen.wrapping_add(1));
        // Of many who meet the same change at once, one counts it.
        let counted =
            CHANGES_SEEN.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire);
        let seen = counted.map_or_else(|now| now, |_| next);
        Some(statement(self.backend, self.sql, self.values, seen))
    }
}

/// Whether a statement was refused only because it was prepared before a table was changed.
fn is_outdated(error: &DbErr) -> bool {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            is_outdated_plan(error)
        }
        _ => false,
    }
}

macro_rules! ask {
    ($connection:ident.$ask:ident($sql:ident, $values:ident)) => {{
        let mut asked = Asked::of($connection, $sql, $values);
        match $connection.$ask(asked.statement()).await {
            Err(error) => match asked.again(&error) {
                Some(again) => $connection.$ask(again).await.map_err(|_| error),
                None => Err(error),
            },
            answered => answered,
        }
    }};
}

pub(crate) async fn execute(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    Ok(ask!(connection.execute_raw(sql, values))?.rows_affected())
}

pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, DbErr> {
    Ok(ask!(connection.query_all_raw(sql, values))?.into_iter().map(Row).collect())
}

pub(crate) async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Row>, DbErr> {
    Ok(ask!(connection.query_one_raw(sql, values))?.map(Row))
}
