//! A partitioned table in the database: what partitions it has, how one comes and goes.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{key::Key, plan::Span};
use crate::{
    db::{self, Row},
    error::StoreError,
};

/// What PostgreSQL says of the partition for all that fits into no other.
const DEFAULT: &str = "DEFAULT";
/// Indexes that partitions of events have each for itself, since their keys are not in them.
const OWN_INDEXES: &[(&str, &str)] = &[
    ("pkey", "(seq)"),
    ("one_start", "(call_id) WHERE name = 'call_started'"),
    ("one_end", "(call_id) WHERE name IN ('call_ended', 'call_error')"),
    ("one_survey", "(call_id) WHERE name = 'survey_submitted'"),
];

/// Tables that are partitioned alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables {
    /// Their names, each with the column that it is partitioned by.
    pub(super) columns: &'static [(&'static str, &'static str)],
    pub(super) key: Key,
}

/// A partition as it is in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) span: Span,
    /// Rows of the first of its tables, as far as the database knows.
    pub(super) rows: i64,
}

impl Tables {
    /// Their partitions, in order, but for the default one.
    pub(super) async fn partitions(
        self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<Partition>, StoreError> {
        let Some((table, _)) = self.columns.first() else { return Ok(Vec::new()) };
        let sql = "
            SELECT child.relname::TEXT AS name, pg_get_expr(child.relpartbound, child.oid) AS bound,
                child.reltuples::BIGINT AS count
            FROM pg_inherits
            JOIN pg_class AS child ON child.oid = inhrelid
            WHERE inhparent = CAST(CAST($1 AS TEXT) AS regclass)";
        let rows = db::all(connection, sql, [(*table).into()]).await?;
        let found = rows.iter().map(|row| self.partition(table, row));
        let mut partitions: Vec<_> =
            found.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        partitions.sort_unstable_by_key(|partition: &Partition| partition.span.to);
        Ok(partitions)
    }

    fn partition(self, table: &str, row: &Row) -> Result<Option<Partition>, StoreError> {
        let (name, bound): (String, String) = (row.get("name")?, row.get("bound")?);
        if bound == DEFAULT {
            return Ok(None);
        }
        let unreadable = || StoreError::Corrupt { column: "relpartbound" };
        let (from, to) = bounds(&bound).ok_or_else(unreadable)?;
        let from = match from {
            "MINVALUE" => i64::MIN,
            from => self.key.read(from).ok_or_else(unreadable)?,
        };
        let to = self.key.read(to).ok_or_else(unreadable)?;
        let label = name.strip_prefix(table).and_then(|name| name.strip_prefix('_'));
        let label = label.ok_or_else(unreadable)?.to_owned();
        Ok(Some(Partition { span: Span { label, from, to }, rows: row.get("count")? }))
    }

    /// Makes a partition of each, with what the default ones hold of it.
    pub(super) async fn add(
        self,
        transaction: &DatabaseTransaction,
        span: &Span,
    ) -> Result<(), StoreError> {
        let (from, to) = (self.key.bound(span.from), self.key.bound(span.to));
        for (table, column) in self.columns {
            let name = format!("{table}_{}", span.label);
            let mut statements = vec![
                format!("CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS)"),
                format!(
                    "WITH moved AS (
                        DELETE FROM {table}_default
                        WHERE {column} >= '{from}' AND {column} < '{to}'
                        RETURNING *
                    )
                    INSERT INTO {name} SELECT * FROM moved"
                ),
                format!(
                    "ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{from}') TO ('{to}')"
                ),
            ];
            if self.key == Key::EventId {
                statements.extend(OWN_INDEXES.iter().map(|(index, on)| {
                    format!("CREATE UNIQUE INDEX {name}_{index} ON {name} {on}")
                }));
            }
            for sql in statements {
                transaction.execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }

    /// Whether nothing is in a partition of any of them.
    pub(super) async fn is_empty(
        self,
        transaction: &DatabaseTransaction,
        span: &Span,
    ) -> Result<bool, StoreError> {
        for (table, column) in self.columns {
            let sql = format!("SELECT {column} FROM {table}_{} LIMIT 1", span.label);
            if db::one(transaction, &sql, []).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Drops the partition of each.
    pub(super) async fn drop(
        self,
        transaction: &DatabaseTransaction,
        span: &Span,
    ) -> Result<(), StoreError> {
        for (table, _) in self.columns {
            let sql = format!("DROP TABLE {table}_{}", span.label);
            transaction.execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

/// The bounds in what PostgreSQL says of a partition: `FOR VALUES FROM ('a') TO ('b')`.
fn bounds(expression: &str) -> Option<(&str, &str)> {
    let (from, to) =
        expression.strip_prefix("FOR VALUES FROM (")?.strip_suffix(')')?.split_once(") TO (")?;
    Some((from.trim_matches('\''), to.trim_matches('\'')))
}

#[cfg(test)]
mod tests {
    use super::bounds;

    #[test]
    fn bounds_are_read_as_postgres_writes_them() {
        for (expression, read) in [
            ("FOR VALUES FROM ('01a2-b8') TO ('01a3-00')", Some(("01a2-b8", "01a3-00"))),
            ("FOR VALUES FROM (MINVALUE) TO ('1000001')", Some(("MINVALUE", "1000001"))),
            ("FOR VALUES FROM (5) TO (7)", Some(("5", "7"))),
            ("FOR VALUES IN ('x')", None),
        ] {
            assert_eq!(bounds(expression), read, "{expression}");
        }
    }
}
