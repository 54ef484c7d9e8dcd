//! Who has a call: the one-time token by which it is taken up, and claiming it for another node.

use std::{collections::HashSet, time::Duration};

use bellpush_core::{
    events::EventTime,
    ids::{CallId, NodeId},
    trunk::OpenDialog,
};

use super::dialogs::{
    left::{IS_ENDING, dialog, of_call},
    rows::seal,
};
use crate::{
    Store, StoreError,
    access::SecretHash,
    calls::call::{Call, call},
    db::{self, to_json},
};

/// For how long a request that has taken a call up may be asked again, in case its answer was lost.
pub const ANSWERED_AGAIN_FOR: Duration = Duration::from_secs(30);

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
    /// Names the request that asks for it, so that it is known when it is asked again.
    pub request: Option<&'a SecretHash>,
    /// When it is asked, by the clock that all nodes share.
    pub at: EventTime,
    /// Since when nobody has had the call, as far as was noticed: so it is again when it is given back.
    pub orphaned_at: Option<EventTime>,
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

/// The same request once more counts as the one that it repeats, until what that has brought is used; another one
/// with the token of before has the call until a connection stands.
// By `ended_at` rather than `state`: there are indexes of live calls, which are not what finds one by its id.
pub(crate) const CLAIM: &str = concat!(
    "
    UPDATE calls
    SET node_id = $3,
        resume_hash = $5,
        claim_hash = $6,
        claim_next = $5,
        former_token = CAST($4 AS TEXT) || ':' || CAST($5 AS TEXT),
        claimed_at = $7,
        orphaned_at = $9
    WHERE id = $1
      AND node_id = $2
      AND (
          resume_hash = $4
          OR claim_hash = $6 AND claim_next = resume_hash AND claimed_at >= $8
          OR former_token = CAST($4 AS TEXT) || ':' || resume_hash AND claimed_at >= $8
      )
      AND ended_at IS NULL
    RETURNING ",
    db::columns!(calls)
);

pub(crate) const CLAIMED_BY: &str = "
    SELECT node_id
    FROM calls
    WHERE id = $1
      AND claim_hash = $2
      AND claim_next = resume_hash
      AND claimed_at >= $3
      AND ended_at IS NULL";

/// That which the call's node had. What rang elsewhere, or is being ended, does not go with the call: nor what
/// its node has begun to end by the time that the row can be written.
pub(crate) const CLAIM_DIALOG: &str = concat!(
    "
    UPDATE dialogs
    SET node_id = $3
    WHERE sip_call_id = (",
    of_call!("sip_call_id"),
    ")
      AND node_id || '' = $2
      AND NOT is_to_end
    RETURNING ",
    db::columns!(dialogs)
);

pub(crate) const EXCHANGE: &str = "
    UPDATE calls
    SET resume_hash = $4,
        claim_hash = $5,
        claim_next = $4,
        former_token = CAST($3 AS TEXT) || ':' || CAST($4 AS TEXT),
        claimed_at = $6
    WHERE id = $1
      AND node_id = $2
      AND (
          resume_hash = $3
          OR former_token = CAST($3 AS TEXT) || ':' || resume_hash AND claimed_at >= $7
      )
      AND ended_at IS NULL";

/// A token that the answer to a later request has brought is not lost by it.
const FORGET_FORMER: &str = "
    UPDATE calls
    SET former_token = NULL
    WHERE id = $1
      AND node_id = $2
      AND resume_hash = $3";

pub(crate) const ELSEWHERE: &str = "
    SELECT calls.id
    FROM jsonb_each($1) AS given
    JOIN calls ON calls.id = given.value ->> 0
    WHERE calls.node_id <> $2";

/// Only when a lease was in doubt.
pub(crate) const ENDED: &str = "
    SELECT calls.id
    FROM jsonb_each($1) AS given
    JOIN calls ON calls.id = given.value ->> 0
    WHERE calls.ended_at IS NOT NULL";

/// Only when a node has died. What lies ahead was noted by a clock that has been set back since.
const MARK_ORPHANS: &str = "
    UPDATE calls
    SET orphaned_at = $2
    FROM jsonb_each($1) AS given
    WHERE calls.id = given.value ->> 0
      AND calls.node_id = given.value ->> 1
      AND calls.ended_at IS NULL
      AND (calls.orphaned_at IS NULL OR calls.orphaned_at > $2)";

impl Store {
    /// Takes a call over, whether or not its node lives: from now on the new one answers for it and
    /// for its dialog, and alone may end it. `None` when the token is not the present one, or the call
    /// is over, or being ended, or another's: of several who ask at once, one has it. A request that another node has
    /// answered within [`ANSWERED_AGAIN_FOR`] takes the call over from that one with the same token, and so does
    /// another one with it before [`Store::forget_former_token`].
    ///
    /// # Errors
    /// When the database fails. Whether the call was claimed is then not known.
    pub async fn claim_call(&self, claim: Claim<'_>) -> Result<Option<ClaimedCall>, StoreError> {
        self.hand_to(claim, None).await
    }

    async fn hand_to(
        &self,
        claim: Claim<'_>,
        orphaned_at: Option<EventTime>,
    ) -> Result<Option<ClaimedCall>, StoreError> {
        let Claim { call_id, from, to, shown, next, request, at, .. } = claim;
        let (id, node) = (call_id.to_string(), to.to_string());
        let former = from.to_string();
        let transaction = self.db().begin().await?;
        let values = [
            id.clone().into(),
            former.clone().into(),
            node.clone().into(),
            shown.as_str().into(),
            next.as_str().into(),
            request.map(SecretHash::as_str).into(),
            at.millis().into(),
            answered_since(at).into(),
            orphaned_at.map(EventTime::millis).into(),
        ];
        let Some(row) = db::one(&transaction, CLAIM, values).await? else {
            db::rollback(transaction).await?;
            return Ok(None);
        };
        let call = call(&row)?;
        let key = self.data_key();
        let values = [id.clone().into(), former.clone().into(), node.into()];
        let dialog = match db::one(&transaction, CLAIM_DIALOG, values).await? {
            Some(row) => {
                let (open, opened_at) = (dialog(key, &row)?, row.time("opened_at")?);
                let open = OpenDialog { snapshot: open.snapshot.taken_over(), ..open };
                let sql = "UPDATE dialogs SET snapshot = $2 WHERE sip_call_id = $1";
                let sealed = seal(key, &open.snapshot)?;
                let sip_call_id = open.snapshot.sip_call_id.clone();
                db::execute(&transaction, sql, [sip_call_id.into(), sealed.into()]).await?;
                Some((open, opened_at))
            }
            // It would be dialled anew, though it was answered: its end is about to be stored.
            None if db::one(&transaction, IS_ENDING, [id.into(), former.into()])
                .await?
                .is_some() =>
            {
                db::rollback(transaction).await?;
                return Ok(None);
            }
            None => None,
        };
        db::commit(transaction).await?;
        Ok(Some(ClaimedCall { call, dialog }))
    }

    /// The node that has answered this very request, and has the call: as long as the token that the
    /// answer brought is the present one, and within [`ANSWERED_AGAIN_FOR`] of this time by the clock that
    /// all nodes share.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claimed_by(
        &self,
        call_id: CallId,
        request: &SecretHash,
        at: EventTime,
    ) -> Result<Option<NodeId>, StoreError> {
        let (id, since) = (call_id.to_string(), answered_since(at));
        let values = [id.into(), request.as_str().into(), since.into()];
        let row = db::one(&self.db().write, CLAIMED_BY, values).await?;
        row.map(|row| row.parse("node_id")).transpose()
    }

    /// Gives a call back to the node that it was claimed from, with the token that was shown, and as much of
    /// an orphan as it was: whoever claimed it can't go on with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unclaim_call(&self, claim: Claim<'_>) -> Result<(), StoreError> {
        let Claim { from, to, shown, next, orphaned_at, .. } = claim;
        let back = Claim { from: to, to: from, shown: next, next: shown, request: None, ..claim };
        self.hand_to(back, orphaned_at).await?;
        Ok(())
    }

    /// Makes another token the one that takes the call up, of a call that stays on its node. `false` when
    /// the former is not the present one, or the call is over, or lives on another node than this.
    ///
    /// # Errors
    /// When the database fails. Which one is good is then not known.
    pub async fn exchange_resume_token(&self, claim: Claim<'_>) -> Result<bool, StoreError> {
        let Claim { call_id, to, shown, next, request, at, .. } = claim;
        let values = [
            call_id.to_string().into(),
            to.to_string().into(),
            shown.as_str().into(),
            next.as_str().into(),
            request.map(SecretHash::as_str).into(),
            at.millis().into(),
            answered_since(at).into(),
        ];
        Ok(db::execute(&self.db().write, EXCHANGE, values).await? > 0)
    }

    /// The connection stands that whoever was given this token has asked for: the token of before is of no use
    /// any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_former_token(
        &self,
        call_id: CallId,
        node_id: NodeId,
        present: &SecretHash,
    ) -> Result<(), StoreError> {
        let id = call_id.to_string();
        let values = [id.into(), node_id.to_string().into(), present.as_str().into()];
        db::execute(&self.db().write, FORGET_FORMER, values).await?;
        Ok(())
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

    /// Which of these calls are over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ended_calls(&self, calls: &[CallId]) -> Result<Vec<CallId>, StoreError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<[&CallId; 1]> = calls.iter().map(|id| [id]).collect();
        let rows = db::all(&self.db().write, ENDED, [to_json(&asked).into()]).await?;
        db::read(rows, |row| row.parse("id"))
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

    /// Notes when it was noticed that the nodes of these calls are gone, of those of which it was not by then.
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

/// A request that was answered before then is not answered again at this time.
fn answered_since(at: EventTime) -> i64 {
    let millis = i64::try_from(ANSWERED_AGAIN_FOR.as_millis()).unwrap_or(i64::MAX);
    at.millis().saturating_sub(millis)
}
