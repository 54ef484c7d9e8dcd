//! Dialogs whose node is gone, and taking them over.

use std::collections::HashSet;

use bellpush_core::{
    events::EventTime,
    ids::{CallId, NodeId},
    trunk::{DialogChange, OpenDialog},
};
use serde::Serialize;

use super::rows::{DialogChanges, open, seal};
use crate::{
    Store, StoreError,
    db::{self, Row, to_json},
    vault::DataKey,
};

/// From node to node: however many dialogs those have that live, they are not read. A call that is not over
/// may be taken up by its visitor yet, and the dialog that its node has goes on with it.
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
    SELECT ",
    db::columns!(dialogs),
    "
    FROM answering
    JOIN dialogs ON dialogs.node_id = answering.node_id
    WHERE answering.node_id <> $1
      AND ",
    without_lease!("answering.node_id"),
    "
      AND (
          dialogs.is_to_end
          OR NOT EXISTS (
              SELECT 1
              FROM calls
              JOIN apps ON apps.id = calls.app_id
              WHERE calls.id = dialogs.call_id
                AND calls.node_id = dialogs.node_id
                AND calls.state = 'live'
          )
      )
    LIMIT $4"
);

/// Whoever is first has it.
pub(crate) const TAKE: &str = "
    UPDATE dialogs
    SET node_id = $2,
        snapshot = given.value ->> 2,
        is_to_end = TRUE
    FROM jsonb_each($1) AS given
    WHERE dialogs.sip_call_id = given.value ->> 0
      AND dialogs.node_id = given.value ->> 1
    RETURNING sip_call_id, call_id, profile_id, trunk_id, snapshot";

/// Not simply by `node_id`: all that the node has would be read for it.
macro_rules! of_call {
    ($columns:expr) => {
        concat!(
            "SELECT ",
            $columns,
            "
    FROM dialogs
    WHERE call_id = $1
      AND node_id || '' = $2
      AND NOT is_to_end
    ORDER BY opened_at DESC
    LIMIT 1"
        )
    };
}
pub(in crate::calls) use of_call;

pub(crate) const OF_CALL: &str = of_call!(db::columns!(dialogs));

/// Asks whose each is and marks it in one go: nobody takes it over in between. Those of others are written,
/// too, so that whoever is just taking one has it before its node is read here.
pub(crate) const END: &str = "
    UPDATE dialogs
    SET is_to_end = dialogs.is_to_end
        OR dialogs.node_id = $2
            AND (
                given.value ->> 2 = 'always'
                OR EXISTS (
                    SELECT 1
                    FROM calls
                    WHERE calls.id = given.value ->> 1
                      AND (calls.node_id <> $2 OR calls.ended_at IS NOT NULL)
                )
            )
    FROM jsonb_each($1) AS given
    WHERE dialogs.sip_call_id = given.value ->> 0
    RETURNING dialogs.sip_call_id, dialogs.node_id, dialogs.is_to_end";

/// Whether the node that has a call is just ending a dialog of it.
pub(crate) const IS_ENDING: &str = "
    SELECT 1 AS found
    FROM dialogs
    WHERE call_id = $1
      AND node_id || '' = $2
      AND is_to_end
    LIMIT 1";

/// When a node is to end a dialog that it has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndDialog {
    /// Unless another node has it.
    Always,
    /// Only if it has it still, though not its call any more: another node goes on with that by a dialog of
    /// its own, or has ended it.
    WithoutCall,
}

impl Store {
    /// Keeps what becomes of dialogs that a node answers for, in order; those that are new were answered at
    /// this time, by the clock that all nodes share. Returns when it is on disk.
    ///
    /// # Errors
    /// When the database fails; then it may be asked again.
    pub async fn keep_dialogs(
        &self,
        node_id: NodeId,
        at: EventTime,
        changes: Vec<DialogChange>,
    ) -> Result<(), StoreError> {
        self.log().keep_dialogs(DialogChanges::new(self.data_key(), (node_id, at), changes)?).await
    }

    /// Whether a node is just ending a dialog of a call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ends_dialog_of(&self, id: CallId, node_id: NodeId) -> Result<bool, StoreError> {
        let values = [id.to_string().into(), node_id.to_string().into()];
        Ok(db::one(&self.db().write, IS_ENDING, values).await?.is_some())
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

    /// The dialog by which a call of this node goes on, and when it was answered; `None` without one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dialog_of_call(
        &self,
        id: CallId,
        node_id: NodeId,
    ) -> Result<Option<(OpenDialog, EventTime)>, StoreError> {
        let values = [id.to_string().into(), node_id.to_string().into()];
        let row = db::one(&self.db().read, OF_CALL, values).await?;
        let key = self.data_key();
        row.map(|row| Ok((dialog(key, &row)?, row.time("opened_at")?))).transpose()
    }

    /// Which of these dialogs, by Call-ID and call, a node is to end: from now on nobody else goes on with
    /// them. One that has no row is left to whoever has its call, as what ends a dialog takes its row out.
    ///
    /// # Errors
    /// When the database fails. Which are to be ended is then not known; it may be asked again.
    pub async fn end_dialogs(
        &self,
        node_id: NodeId,
        dialogs: &[(&str, CallId, EndDialog)],
    ) -> Result<HashSet<String>, StoreError> {
        let own = node_id.to_string();
        // Those who write several at once lock rows in one order.
        let mut dialogs = dialogs.to_vec();
        dialogs.sort_unstable_by_key(|(sip_call_id, ..)| *sip_call_id);
        let values = [to_json(&dialogs).into(), own.clone().into()];
        let (mut kept, mut ours) = (HashSet::new(), HashSet::new());
        for row in db::all(&self.db().write, END, values).await? {
            let sip_call_id: String = row.get("sip_call_id")?;
            if row.get::<String>("node_id")? == own && row.get("is_to_end")? {
                ours.insert(sip_call_id.clone());
            }
            kept.insert(sip_call_id);
        }
        let unkept = dialogs.into_iter().filter(|(sip_call_id, _, when)| {
            *when == EndDialog::Always && !kept.contains(*sip_call_id)
        });
        let unkept: Vec<(&str, CallId)> =
            unkept.map(|(sip_call_id, call_id, _)| (sip_call_id, call_id)).collect();
        let call_ids: Vec<CallId> = unkept.iter().map(|(_, call_id)| *call_id).collect();
        let elsewhere = self.calls_elsewhere(node_id, &call_ids).await?;
        let unkept = unkept.into_iter().filter(|(_, call_id)| !elsewhere.contains(call_id));
        ours.extend(unkept.map(|(sip_call_id, _)| sip_call_id.to_owned()));
        Ok(ours)
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
