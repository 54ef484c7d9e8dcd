//! When something that an app relies on was out of order, for charts of what happened meanwhile. Trunks and
//! integrations have a table each, of one form: they go with what they are of, and servers of versions that
//! know no other tables may run beside this one.

use std::str::FromStr;

use bellpush_core::{events::EventTime, ids::AppId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::{Store, StoreError, db};

/// Outages of one subject that are kept, the newest ones.
const MAX_OUTAGES: i64 = 1_000;

/// An outage of a trunk, or of the endpoint of an integration, whose breaker was not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastOutage<Id> {
    /// What was out of order.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Since when.
    pub began_at: EventTime,
    /// When it was over; `None`: it goes on.
    pub ended_at: Option<EventTime>,
}

/// The outages of one kind of subject.
#[derive(Debug)]
pub(crate) struct PastOutages {
    /// Their table.
    pub(crate) table: &'static str,
    /// Its column that names the subject.
    pub(crate) id: &'static str,
    /// The table of the subjects, with their settings.
    pub(crate) subjects: &'static str,
    /// The ids of the subjects that an app (`$1`) relies on.
    pub(crate) of_app: &'static str,
}

impl PastOutages {
    /// Those of an app's subjects that touch a span of time, newest first.
    pub(crate) fn in_span(&self) -> String {
        let Self { table, id, subjects, of_app } = self;
        format!(
            "
    SELECT {table}.{id} AS subject_id, {table}.began_at, {table}.ended_at, {subjects}.settings
    FROM {table}
    JOIN {subjects} ON {subjects}.id = {table}.{id}
    WHERE {table}.{id} IN ({of_app})
      AND {table}.began_at < $3
      AND ({table}.ended_at IS NULL OR {table}.ended_at >= $2)
    ORDER BY {table}.began_at DESC
    LIMIT $4"
        )
    }

    /// Takes out those that were over before.
    pub(crate) fn forget(&self) -> String {
        format!("DELETE FROM {} WHERE ended_at IS NOT NULL AND ended_at < $1", self.table)
    }

    /// Ends those of one subject, or of some by another condition, at `$2`. A clock may have been put back
    /// in between.
    pub(crate) fn end(&self, of: &str) -> String {
        let Self { table, .. } = self;
        format!(
            "
    UPDATE {table}
    SET ended_at = CASE WHEN began_at > $2 THEN began_at ELSE $2 END
    WHERE ended_at IS NULL
      AND {of}"
        )
    }

    /// When the newest one began that is too many, of each of these subjects.
    pub(crate) fn too_old(&self) -> String {
        let Self { table, id, .. } = self;
        format!(
            "
    SELECT given.value ->> 0 AS subject_id, (
        SELECT {table}.began_at
        FROM {table}
        WHERE {table}.{id} = given.value ->> 0
        ORDER BY {table}.began_at DESC
        LIMIT 1 OFFSET $2
    ) AS began_at
    FROM jsonb_each($1) AS given"
        )
    }

    /// Takes out the oldest ones of these subjects, given as a list of lists, where there are too many.
    pub(crate) async fn limit(
        &self,
        transaction: &DatabaseTransaction,
        ids: &str,
    ) -> Result<(), StoreError> {
        let Self { table, id, .. } = self;
        // Once for each subject: asked of every row, it would read the others of its subject each time.
        let rows = db::all(transaction, &self.too_old(), [ids.into(), MAX_OUTAGES.into()]).await?;
        let sql = format!("DELETE FROM {table} WHERE {id} = $1 AND began_at <= $2");
        for row in rows {
            let Some(newest) = row.get::<Option<i64>>("began_at")? else { continue };
            let subject: String = row.get("subject_id")?;
            db::execute(transaction, &sql, [subject.into(), newest.into()]).await?;
        }
        Ok(())
    }

    /// Those of an app's subjects in a span of time, newest first.
    pub(crate) async fn read<Id: FromStr>(
        &self,
        store: &Store,
        app_id: AppId,
        (from, to): (EventTime, EventTime),
        limit: u32,
    ) -> Result<Vec<PastOutage<Id>>, StoreError> {
        let values = [
            app_id.to_string().into(),
            from.millis().into(),
            to.millis().into(),
            i64::from(limit).into(),
        ];
        db::readable(db::all(&store.db().read, &self.in_span(), values).await?, |row| {
            let settings: serde_json::Value = row.json("settings")?;
            Ok(PastOutage {
                id: row.parse("subject_id")?,
                name: settings["name"].as_str().unwrap_or_default().to_owned(),
                began_at: row.time("began_at")?,
                ended_at: row.time_opt("ended_at")?,
            })
        })
    }

    /// Forgets those that were over before.
    pub(crate) async fn remove(
        &self,
        connection: &impl ConnectionTrait,
        before: EventTime,
    ) -> Result<(), StoreError> {
        db::execute(connection, &self.forget(), [before.millis().into()]).await?;
        Ok(())
    }
}
