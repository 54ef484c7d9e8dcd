//! The roll-ups of an app.

use std::ops::Range;

use bellpush_core::{analytics::Hour, ids::AppId};

use crate::{
    Store, StoreError,
    db::{self},
};

pub(crate) const OF_APP: &str = "
    SELECT hour, body
    FROM analytics_hours
    WHERE app_id = $1
      AND hour >= $2
      AND hour < $3
    ORDER BY hour";

pub(crate) const FORGET: &str = "DELETE FROM analytics_hours WHERE hour < $1";

/// The roll-up of an hour, as it is kept.
#[derive(Debug, Clone)]
pub struct RolledUpHour {
    /// Which hour since 1970, in UTC.
    pub index: i64,
    body: Vec<u8>,
}

impl RolledUpHour {
    /// What was counted in it. Of many hours this takes a while.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn open(&self) -> Result<Hour, StoreError> {
        Hour::from_bytes(&self.body)
            .map_err(|_| StoreError::Corrupt { column: "analytics_hours.body" })
    }
}

impl Store {
    /// The roll-ups of an app in these hours since 1970, in their order; hours in which nothing
    /// happened are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rolled_up_hours(
        &self,
        app_id: AppId,
        hours: Range<i64>,
    ) -> Result<Vec<RolledUpHour>, StoreError> {
        let values = [app_id.to_string().into(), hours.start.into(), hours.end.into()];
        db::read(db::all(&self.db().read, OF_APP, values).await?, |row| {
            Ok(RolledUpHour { index: row.get("hour")?, body: row.get("body")? })
        })
    }
}
