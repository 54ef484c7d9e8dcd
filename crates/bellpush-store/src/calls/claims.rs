//! Who has a call: the one-time token by which it is taken up, and claiming it for another node.

use std::collections::HashSet;

use bellpush_core::{
    events::EventTime,
    ids::{CallId, NodeId},
    trunk::OpenDialog,
};

use super::dialogs::{left::dialog, rows::seal};
use crate::{
    Store, StoreError,
    access::SecretHash,
    calls::call::{Call, call},
    db::{self, to_json},
};

/// What a claim goes by.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The call.
    pub call_id: CallId,
    /// The node that had it.
    pub from: NodeId,
    /// The node that has it from now on.
    pub to: NodeId,
    /// The hash of the token that was shown; it is of no more use then.
    pub shown: &'a SecretHash,
    /// The hash of the next one.
    pub next: &'a SecretHash,
}

/// A call that was claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedCall {
    /// The call, on its new node.
    pub call: Call,
    /// The dialog by which it goes on, numbered above all that was sent in it, and when it was
    /// answered; `None` without one.
    pub dialog: Option<(OpenDialog, EventTime)>,
}

// By `ended_at` rather than `state`: there are indexes of live calls, which are not what finds one by its id.
pub(crate) const CLAIM: &str = "
    UPDATE calls
    SET node_id = $3,
        resume_hash = $5,
        orphaned_at = NULL
    WHERE id = $1
      AND node_id = $2
      AND resume_hash = $4
      AND ended_at IS NULL
    RETURNING *";

pub(crate) const CLAIM_DIALOG: &str = "
    UPDATE dialogs
    SET node_id = $2
    WHERE sip_call_id = (
        SELECT sip_call_id
        FROM dialogs
        WHERE call_id = $1
        ORDER BY opened_at DESC
        LIMIT 1
    )
    RETURNING *";

pub(crate) const EXCHANGE: &str = "
    UPDATE calls
    SET resume_hash = $4
    WHERE id = $1
      AND node_id = $2
      AND resume_hash = $3
      AND ended_at IS NULL";

pub(crate) const ELSEWHERE: &str = "
    SELECT calls.id
    FROM jsonb_each($1) AS given
    JOIN calls ON calls.id = given.value ->> 0
    WHERE calls.node_id <> $2";

/// Only when a node has died.
const MARK_ORPHANS: &str = "
    UPDATE calls
    SET orphaned_at = $2
    FROM jsonb_each($1) AS given
    WHERE calls.id = given.value ->> 0
      AND calls.node_id = given.value ->> 1
      AND calls.ended_at IS NULL
      AND calls.orphaned_at IS NULL";

impl Store {
    /// Takes a call over, whether or not its node lives: from now on the new one answers for it and
    /// for its dialog, and alone may end it. `None` when the token is not the present one, or the call
    /// is over, or another's: of several who ask at once, one has it.
    ///
    /// # Errors
    /// When the database fails. Whether the call was claimed is then not known.
    pub async fn claim_call(&self, claim: Claim<'_>) -> Result<Option<ClaimedCall>, StoreError> {
        let Claim { call_id, from, to, shown, next } = claim;
        let (id, node) = (call_id.to_string(), to.to_string());
        let transaction = self.db().begin().await?;
        let values = [
            id.clone().into(),
            from.to_string().into(),
            node.clone().into(),
            shown.as_str().into(),
            next.as_str().into(),
        ];
        let Some(row) = db::one(&transaction, CLAIM, values).await? else {
            transaction.rollback().await?;
            return Ok(None);
        };
        let call = call(&row)?;
        let key = self.data_key();
        let dialog = match db::one(&transaction, CLAIM_DIALOG, [id.into(), node.into()]).await? {
            Some(row) => {
                let (open, opened_at) = (dialog(key, &row)?, row.time("opened_at")?);
                let open = OpenDialog { snapshot: open.snapshot.taken_over(), ..open };
                let sql = "UPDATE dialogs SET snapshot = $2 WHERE sip_call_id = $1";
                let sealed = seal(key, &open.snapshot)?;
                let sip_call_id = open.snapshot.sip_call_id.clone();
                db::execute(&transaction, sql, [sip_call_id.into(), sealed.into()]).await?;
                Some((open, opened_at))
            }
            None => None,
        };
        db::commit(transaction).await?;
        Ok(Some(ClaimedCall { call, dialog }))
    }

    /// Gives a call back to the node that it was claimed from, with the token that was shown: whoever
    /// claimed it can't go on with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unclaim_call(&self, claim: Claim<'_>) -> Result<(), StoreError> {
        let Claim { call_id, from, to, shown, next } = claim;
        let back = Claim { call_id, from: to, to: from, shown: next, next: shown };
        self.claim_call(back).await?;
        Ok(())
    }

    /// Makes another token the one that takes the call up. `false` when the former is not the present
    /// one, or the call is over, or lives on another node than this.
    ///
    /// # Errors
    /// When the database fails. Which one is good is then not known.
    pub async fn exchange_resume_token(
        &self,
        call_id: CallId,
        node_id: NodeId,
        shown: &SecretHash,
        next: &SecretHash,
    ) -> Result<bool, StoreError> {
        let values = [
            call_id.to_string().into(),
            node_id.to_string().into(),
            shown.as_str().into(),
            next.as_str().into(),
        ];
        Ok(db::execute(&self.db().write, EXCHANGE, values).await? > 0)
    }

    /// Which of these calls live on another node than this, or lived there last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calls_elsewhere(
        &self,
        node_id: NodeId,
        calls: &[CallId],
    ) -> Result<HashSet<CallId>, StoreError> {
        if calls.is_empty() {
            return Ok(HashSet::new());
        }
        let asked: Vec<[&CallId; 1]> = calls.iter().map(|id| [id]).collect();
        let values = [to_json(&asked).into(), node_id.to_string().into()];
        let rows = db::all(&self.db().write, ELSEWHERE, values).await?;
        rows.iter().map(|row| row.parse("id")).collect()
    }

    /// Notes that nobody will take a call up any more whose node is gone: its visitor has hung up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn abandon_orphan(&self, call_id: CallId, node_id: NodeId) -> Result<(), StoreError> {
        let sql = "
            UPDATE calls
            SET orphaned_at = 0
            WHERE id = $1
              AND node_id = $2
              AND ended_at IS NULL";
        let values = [call_id.to_string().into(), node_id.to_string().into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// Notes when it was noticed that the nodes of these calls are gone, of those of which it was not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_orphans(
        &self,
        orphans: &[(CallId, NodeId)],
        at: EventTime,
    ) -> Result<(), StoreError> {
        if !orphans.is_empty() {
            let values = [to_json(&orphans).into(), at.millis().into()];
            db::execute(&self.db().write, MARK_ORPHANS, values).await?;
        }
        Ok(())
    }
}
