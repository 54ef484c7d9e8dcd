//! Statements that go to the database together.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Value};

use super::{row::Row, statements};

/// Statements of one transaction, run in turn. SQLite, whose connection is a thread of its own, is
/// woken once for all of them; PostgreSQL takes only one statement with values at a time.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    statements: Vec<(&'static str, Vec<Value>)>,
}

impl Batch {
    /// Adds a statement, with its values for `$1`, `$2`, ….
    pub(crate) fn add(&mut self, sql: &'static str, values: impl IntoIterator<Item = Value>) {
        self.statements.push((sql, values.into_iter().collect()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Runs them, and returns the rows of all: a statement whose rows are of interest has a column
    /// that tells them from the others'. After an error the transaction is of no more use.
    pub(crate) async fn run(self, transaction: &DatabaseTransaction) -> Result<Vec<Row>, DbErr> {
        if transaction.get_database_backend() == DbBackend::Sqlite {
            let (sql, values) = joined(self.statements);
            return statements::all(transaction, &sql, values).await;
        }
        let mut rows = Vec::new();
        for (sql, values) in self.statements {
            rows.extend(statements::all(transaction, sql, values).await?);
        }
        Ok(rows)
    }
}

/// One text of all statements, with all of their values: `$1` of a later statement becomes the number
/// of its value among all.
fn joined(statements: Vec<(&'static str, Vec<Value>)>) -> (String, Vec<Value>) {
    let (mut all, mut values) = (String::new(), Vec::new());
    for (sql, own) in statements {
        let mut parts = sql.split('$');
        all.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            let number = number.parse::<usize>().map_or(0, |number| number + values.len());
            // Writing to a string can't fail.
            let _ = write!(all, "${number}{rest}");
        }
        all.push(';');
        values.extend(own);
    }
    (all, values)
}

#[cfg(test)]
mod tests {
    use sea_orm::Value;

    use super::joined;

    #[test]
    fn the_values_of_each_statement_stay_its_own() {
        let (sql, values) = joined(vec![
            ("SELECT $1, $2, $1", vec![1_i64.into(), 2_i64.into()]),
            ("SELECT 'none'", vec![]),
            ("SELECT $1 + 10", vec![3_i64.into()]),
        ]);

        assert_eq!(sql, "SELECT $1, $2, $1;SELECT 'none';SELECT $3 + 10;");
        assert_eq!(values, [1_i64, 2, 3].map(Value::from));
    }
}
