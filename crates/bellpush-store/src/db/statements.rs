//! Statements, each with the time that a caller waits for its answer.

use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{row::Row, timeout::in_time, untimed};

pub(crate) async fn execute(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    in_time(connection.get_database_backend(), untimed::execute(connection, sql, values)).await
}

pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, DbErr> {
    in_time(connection.get_database_backend(), untimed::all(connection, sql, values)).await
}

pub(crate) async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Row>, DbErr> {
    in_time(connection.get_database_backend(), untimed::one(connection, sql, values)).await
}
