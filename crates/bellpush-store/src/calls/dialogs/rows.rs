//! What becomes of dialogs, as rows. A node writes those that it answers for, and no others: one that was
//! taken for dead changes nothing of what has become another's.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bellpush_core::{
    events::EventTime,
    ids::{CallId, DestinationId, NodeId, TrunkId},
    trunk::{DialogChange, DialogSnapshot, OpenDialog},
};

use crate::{
    db::{self, Batch, Db, Row, to_json},
    error::StoreError,
    insight::sealed::{fold, unfold},
    vault::DataKey,
};

/// One that was answered when its call was another node's already is only there to be ended.
pub(crate) const KEEP: &str = "
    INSERT INTO dialogs (
        sip_call_id, call_id, profile_id, trunk_id, node_id, opened_at, snapshot, is_to_end
    )
    SELECT given.value ->> 0, given.value ->> 1, given.value ->> 2, given.value ->> 3, $2, $3,
        given.value ->> 4,
        EXISTS (
            SELECT 1
            FROM calls
            WHERE calls.id = given.value ->> 1
              AND calls.node_id <> $2
              AND calls.ended_at IS NULL
        )
    FROM jsonb_each($1) AS given
    WHERE TRUE
    ON CONFLICT (sip_call_id) DO UPDATE
    SET snapshot = excluded.snapshot
    WHERE dialogs.node_id = excluded.node_id";

/// Not simply by `node_id`: all that a node has would be read for it.
pub(crate) const FORGET: &str = "
    DELETE FROM dialogs
    WHERE sip_call_id IN (SELECT value ->> 0 FROM jsonb_each($1))
      AND node_id || '' = $2";

/// What is kept of dialogs from now on, by the node that answers for them.
#[derive(Debug)]
pub(crate) struct DialogChanges {
    node_id: NodeId,
    at: EventTime,
    open: Vec<(String, CallId, DestinationId, TrunkId, String)>,
    over: Vec<[String; 1]>,
}

impl DialogChanges {
    /// Of these changes, in order: the last one of each dialog says where that stands.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn new(
        key: &DataKey,
        (node_id, at): (NodeId, EventTime),
        changes: Vec<DialogChange>,
    ) -> Result<Self, StoreError> {
        let last: BTreeMap<String, DialogChange> =
            changes.into_iter().map(|change| (change.sip_call_id().to_owned(), change)).collect();
        let (mut open, mut over) = (Vec::new(), Vec::new());
        for (sip_call_id, change) in last {
            match change {
                DialogChange::Open(OpenDialog { call_id, profile_id, trunk_id, snapshot }) => {
                    let sealed = seal(key, &snapshot)?;
                    open.push((sip_call_id, call_id, profile_id, trunk_id, sealed));
                }
                DialogChange::Over { .. } => over.push([sip_call_id]),
            }
        }
        Ok(Self { node_id, at, open, over })
    }

    /// Adds the statements that keep them.
    pub(crate) fn record(&self, batch: &mut Batch) {
        let node_id = self.node_id.to_string();
        if !self.open.is_empty() {
            let at = self.at.millis();
            batch.add(KEEP, [to_json(&self.open).into(), node_id.clone().into(), at.into()]);
        }
        if !self.over.is_empty() {
            batch.add(FORGET, [to_json(&self.over).into(), node_id.into()]);
        }
    }

    /// Keeps them in a transaction of their own.
    pub(crate) async fn record_alone(&self, db: &Db) -> Result<(), StoreError> {
        let transaction = db.begin().await?;
        let mut batch = Batch::default();
        self.record(&mut batch);
        batch.run(&transaction).await?;
        Ok(db::commit(transaction).await?)
    }
}

/// Encrypts what is kept of a dialog: it says who was called.
pub(in crate::calls) fn seal(
    key: &DataKey,
    snapshot: &DialogSnapshot,
) -> Result<String, StoreError> {
    let folded = fold(key, &identity(&snapshot.sip_call_id), to_json(snapshot).as_bytes())?;
    Ok(BASE64_STANDARD.encode(folded))
}

/// The other way round.
pub(super) fn open(key: &DataKey, row: &Row) -> Result<DialogSnapshot, StoreError> {
    let corrupt = || StoreError::Corrupt { column: "snapshot" };
    let sealed: String = row.get("snapshot")?;
    let folded = BASE64_STANDARD.decode(sealed).map_err(|_| corrupt())?;
    let plain = unfold(key, &identity(&row.get::<String>("sip_call_id")?), &folded)?;
    serde_json::from_slice(&plain).map_err(|_| corrupt())
}

fn identity(sip_call_id: &str) -> String {
    format!("dialog:{sip_call_id}")
}
