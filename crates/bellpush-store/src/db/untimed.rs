//! Statements that may take as long as they need: those that go through all that there is of an app,
//! and that nobody waits for at a browser.

use std::borrow::Cow;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::row::{Row, without_nul};

/// The rows of a list in JSON, as SQLite reads them. Both databases parse it once, into a binary form
/// that a row's values are taken from: from text, each value would be looked for anew.
const LIST: &str = "jsonb_each($1)";
const POSTGRES_LIST: &str = "jsonb_array_elements($1::jsonb)";

fn statement(backend: DbBackend, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let sql = match backend {
        DbBackend::Postgres if sql.contains(LIST) => Cow::Owned(sql.replace(LIST, POSTGRES_LIST)),
        _ => Cow::Borrowed(sql),
    };
    let values = values.into_iter().map(|value| match value {
        Value::String(Some(text)) => Value::String(Some(without_nul(&text).into_owned())),
        other => other,
    });
    Statement::from_sql_and_values(backend, sql, values)
}

pub(crate) async fn execute(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let statement = statement(connection.get_database_backend(), sql, values);
    connection.execute_raw(statement).await.map(|done| done.rows_affected())
}

pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, DbErr> {
    let statement = statement(connection.get_database_backend(), sql, values);
    Ok(connection.query_all_raw(statement).await?.into_iter().map(Row).collect())
}

pub(crate) async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Row>, DbErr> {
    let statement = statement(connection.get_database_backend(), sql, values);
    Ok(connection.query_one_raw(statement).await?.map(Row))
}
