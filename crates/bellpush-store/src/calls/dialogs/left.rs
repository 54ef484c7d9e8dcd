//! Dialogs whose node is gone, and taking them over.

use bellpush_core::{
    events::EventTime,
    ids::{CallId, NodeId},
    trunk::{DialogChange, OpenDialog},
};

use super::rows::{DialogChanges, open, seal};
use crate::{
    Store, StoreError,
    db::{self, Row, to_json},
    vault::DataKey,
};

/// From node to node: however many dialogs those have that live, they are not read. A call that is not over
/// may be taken up by its visitor yet, and its dialog goes on with it.
pub(crate) const LEFT: &str = concat!(
    "
    WITH RECURSIVE answering (node_id) AS (
        SELECT MIN(node_id)
        FROM dialogs
        UNION ALL
        SELECT (SELECT MIN(node_id) FROM dialogs WHERE dialogs.node_id > answering.node_id)
        FROM answering
        WHERE answering.node_id IS NOT NULL
    )
    SELECT dialogs.*
    FROM answering
    JOIN dialogs ON dialogs.node_id = answering.node_id
    WHERE answering.node_id <> $1
      AND ",
    without_lease!("answering.node_id"),
    "
      AND NOT EXISTS (
        SELECT 1
        FROM calls
        JOIN sessions ON sessions.id = calls.session_id
        JOIN apps ON apps.id = calls.app_id
        WHERE calls.id = dialogs.call_id
          AND calls.state = 'live'
      )
    LIMIT $4"
);

/// Whoever is first has it.
pub(crate) const TAKE: &str = "
    UPDATE dialogs
    SET node_id = $2,
        snapshot = given.value ->> 2
    FROM jsonb_each($1) AS given
    WHERE dialogs.sip_call_id = given.value ->> 0
      AND dialogs.node_id = given.value ->> 1
    RETURNING sip_call_id, call_id, profile_id, trunk_id, snapshot";

pub(crate) const OF_CALL: &str = "
    SELECT *
    FROM dialogs
    WHERE call_id = $1
    ORDER BY opened_at DESC
    LIMIT 1";

impl Store {
    /// Keeps what becomes of dialogs that a node answers for, in order. Returns when it is on disk.
    ///
    /// # Errors
    /// When the database fails; then it may be asked again.
    pub async fn keep_dialogs(
        &self,
        node_id: NodeId,
        changes: Vec<DialogChange>,
    ) -> Result<(), StoreError> {
        self.log().keep_dialogs(DialogChanges::new(self.data_key(), node_id, changes)?).await
    }

    /// Takes over up to so many dialogs, of calls that are over, of nodes that have no lease (see [`Store::orphaned_calls`]):
    /// from now on `own` answers for them, and nobody else can take them while it lives.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_left_dialogs(
        &self,
        own: NodeId,
        now: EventTime,
        latest: EventTime,
        most: usize,
    ) -> Result<Vec<OpenDialog>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let (key, own) = (self.data_key(), own.to_string());
        let values = [own.clone().into(), now.millis().into(), latest.millis().into(), most.into()];
        let rows = db::all(&self.db().read, LEFT, values).await?;
        let mut left =
            db::readable(rows, |row| Ok((row.get::<String>("node_id")?, dialog(key, row)?)))?;
        if left.is_empty() {
            return Ok(Vec::new());
        }
        // Those who take at once lock rows in one order.
        left.sort_by(|(_, one), (_, other)| {
            one.snapshot.sip_call_id.cmp(&other.snapshot.sip_call_id)
        });
        let taken = left.into_iter().map(|(node_id, OpenDialog { snapshot, .. })| {
            let sip_call_id = snapshot.sip_call_id.clone();
            Ok((sip_call_id, node_id, seal(key, &snapshot.taken_over())?))
        });
        let taken = taken.collect::<Result<Vec<_>, StoreError>>()?;
        let transaction = self.db().begin().await?;
        let rows = db::all(&transaction, TAKE, [to_json(&taken).into(), own.into()]).await?;
        let taken = db::read(rows, |row| dialog(key, row))?;
        db::commit(transaction).await?;
        Ok(taken)
    }

    /// The dialog by which a call goes on, and when it was answered; `None` without one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dialog_of_call(
        &self,
        id: CallId,
    ) -> Result<Option<(OpenDialog, EventTime)>, StoreError> {
        let row = db::one(&self.db().read, OF_CALL, [id.to_string().into()]).await?;
        let key = self.data_key();
        row.map(|row| Ok((dialog(key, &row)?, row.time("opened_at")?))).transpose()
    }
}

pub(in crate::calls) fn dialog(key: &DataKey, row: &Row) -> Result<OpenDialog, StoreError> {
    Ok(OpenDialog {
        call_id: row.parse("call_id")?,
        profile_id: row.parse("profile_id")?,
        trunk_id: row.parse("trunk_id")?,
        snapshot: open(key, row)?,
    })
}
