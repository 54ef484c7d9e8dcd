//! Nodes, their leases, and the calls that a dead node left behind.

use bellpush_core::{
    context::Context,
    events::EventTime,
    ids::{AppId, CallId, NodeId},
};

use crate::{
    Store, StoreError,
    calls::{
        call::{Call, call},
        state::LIVE_OF_APP,
    },
    db::{self, Row},
};

/// A live call whose node is gone, with what its terminal event needs.
#[derive(Debug, Clone, PartialEq)]
pub struct OrphanedCall {
    /// The call.
    pub call: Call,
    /// Its session's context.
    pub context: Context,
    /// Whether its session is a preview.
    pub preview: bool,
    /// Whether its visitor can take it up.
    pub can_be_taken_up: bool,
}

impl OrphanedCall {
    /// Whether its visitor has hung up, or it was taken to be ended: nobody takes it up any more.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.call.orphaned_at.is_some_and(|at| at.millis() == 0)
    }
}

/// A node whose lease has not run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivingNode {
    /// Where browsers reach it alone, if it has a URL of its own; without a slash at the end.
    pub url: Option<String>,
    /// Whether it takes shards: one that is about to stop does not, nor does one without others.
    pub takes_shards: bool,
}

pub(crate) const ORPHANED: &str = concat!(
    "
    SELECT ",
    db::columns!(calls),
    ", calls.resume_hash, sessions.context, sessions.preview
    FROM calls
    LEFT JOIN sessions ON sessions.id = calls.session_id
    JOIN apps ON apps.id = calls.app_id
    WHERE calls.state = 'live'
      AND calls.node_id <> $1
      AND ",
    without_lease!("calls.node_id"),
    "
    ORDER BY calls.id"
);

pub(crate) const LIVE_OF: &str = "
    SELECT id
    FROM calls
    WHERE state = 'live'
      AND node_id = $1";

const OWN_CALL: &str = concat!(
    "
    SELECT ",
    db::columns!(calls),
    ", calls.resume_hash, sessions.context, sessions.preview
    FROM calls
    LEFT JOIN sessions ON sessions.id = calls.session_id
    JOIN apps ON apps.id = calls.app_id
    WHERE calls.id = $1
      AND calls.node_id = $2
      AND calls.state = 'live'"
);

/// What its visitor has hung up stays abandoned.
pub(crate) const FOUND_AGAIN: &str = concat!(
    "
    UPDATE calls
    SET orphaned_at = NULL
    WHERE state = 'live'
      AND orphaned_at <> 0
      AND (
          node_id = $1
          OR NOT ",
    without_lease!("calls.node_id"),
    "
      )"
);

/// Only of calls that are to be ended. By `ended_at` rather than `state`: there are indexes of live calls,
/// which are not what finds one by its id.
pub(crate) const TAKE_ORPHAN: &str = concat!(
    "
    UPDATE calls
    SET node_id = $1,
        orphaned_at = 0
    WHERE id = $4
      AND node_id = $5
      AND ended_at IS NULL
      AND ",
    without_lease!("calls.node_id")
);

impl Store {
    /// Enters a node, with the URL that browsers reach it alone by if it has one; its calls are its
    /// own until the lease ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn join(
        &self,
        node_id: NodeId,
        lease_until: EventTime,
        url: Option<&str>,
    ) -> Result<(), StoreError> {
        let sql = "
            INSERT INTO nodes (id, lease_until, url)
            VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until";
        let values = [
            node_id.to_string().into(),
            lease_until.millis().into(),
            url.map(str::to_owned).into(),
        ];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// Extends a lease, also one that has run out meanwhile; `false` when the node is not entered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_lease(
        &self,
        node_id: NodeId,
        lease_until: EventTime,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE nodes SET lease_until = $2 WHERE id = $1";
        let values = [node_id.to_string().into(), lease_until.millis().into()];
        Ok(db::execute(&self.db().write, sql, values).await? > 0)
    }

    /// Notes that a node is about to stop: it takes no shards any more, and its calls are to go on
    /// elsewhere.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_stopping(&self, node_id: NodeId) -> Result<(), StoreError> {
        let sql = "UPDATE nodes SET takes_shards = FALSE WHERE id = $1";
        db::execute(&self.db().write, sql, [node_id.to_string().into()]).await?;
        Ok(())
    }

    /// The URLs of the nodes that live, of those that have one of their own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn node_urls(&self, now: EventTime) -> Result<Vec<String>, StoreError> {
        let sql = "
            SELECT DISTINCT url
            FROM nodes
            WHERE url IS NOT NULL
              AND lease_until > $1
            ORDER BY url";
        let rows = db::all(&self.db().read, sql, [now.millis().into()]).await?;
        db::read(rows, |row| row.get("url"))
    }

    /// Whether a node lives, and the URL that browsers reach it alone by, if it has one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn living_node(
        &self,
        node_id: NodeId,
        now: EventTime,
    ) -> Result<Option<LivingNode>, StoreError> {
        let sql = "
            SELECT url, takes_shards
            FROM nodes
            WHERE id = $1
              AND lease_until > $2";
        let values = [node_id.to_string().into(), now.millis().into()];
        let row = db::one(&self.db().read, sql, values).await?;
        row.map(|row| {
            Ok(LivingNode { url: row.get("url")?, takes_shards: row.get("takes_shards")? })
        })
        .transpose()
    }

    /// Forgets of the live calls of nodes that have a lease again, and of `own`, that they were orphans: when
    /// the lease is over another time, they wait for their visitors anew. The times are those of
    /// [`Store::orphaned_calls`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unmark_orphans(
        &self,
        own: NodeId,
        now: EventTime,
        latest: EventTime,
    ) -> Result<(), StoreError> {
        let values = [own.to_string().into(), now.millis().into(), latest.millis().into()];
        db::execute(&self.db().write, FOUND_AGAIN, values).await?;
        Ok(())
    }

    /// Live calls of other nodes than `own` that have no lease, or one that ended before `now`, or
    /// one that ends after `latest`, which nobody can have taken while the clock was right.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn orphaned_calls(
        &self,
        own: NodeId,
        now: EventTime,
        latest: EventTime,
    ) -> Result<Vec<OrphanedCall>, StoreError> {
        let values = [own.to_string().into(), now.millis().into(), latest.millis().into()];
        let rows = db::all(&self.db().read, ORPHANED, values).await?;
        db::readable(rows, orphan)
    }

    /// Takes an orphan to end it, as one that nobody takes up any more; `false` when its node has a lease
    /// again, or it is another's by now, or over. The times are those of [`Store::orphaned_calls`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_orphan(
        &self,
        own: NodeId,
        orphan: &Call,
        now: EventTime,
        latest: EventTime,
    ) -> Result<bool, StoreError> {
        let values = [
            own.to_string().into(),
            now.millis().into(),
            latest.millis().into(),
            orphan.id.to_string().into(),
            orphan.node_id.to_string().into(),
        ];
        Ok(db::execute(&self.db().write, TAKE_ORPHAN, values).await? > 0)
    }

    /// The live calls of a node.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live_calls_on(&self, node_id: NodeId) -> Result<Vec<CallId>, StoreError> {
        let rows = db::all(&self.db().read, LIVE_OF, [node_id.to_string().into()]).await?;
        db::readable(rows, |row| row.parse("id"))
    }

    /// Whether an app has fewer live calls than this, at all servers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_room(&self, app_id: AppId, most: u32) -> Result<bool, StoreError> {
        let row = db::one(&self.db().read, LIVE_OF_APP, [app_id.to_string().into()]).await?;
        let live = row.map_or(Ok(0), |row| row.get::<i64>("live"))?;
        Ok(live < i64::from(most))
    }

    /// A live call of this node, as if the node were gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own_call(
        &self,
        id: CallId,
        node_id: NodeId,
    ) -> Result<Option<OrphanedCall>, StoreError> {
        let values = [id.to_string().into(), node_id.to_string().into()];
        let row = db::one(&self.db().read, OWN_CALL, values).await?;
        row.as_ref().map(orphan).transpose()
    }
}

/// The context of a call's session, and whether that is a preview. Where it is gone, nothing is known but that
/// the call has to end.
pub(crate) fn context(row: &Row) -> Result<(Context, bool), StoreError> {
    let preview: Option<bool> = row.get("preview")?;
    Ok((row.json_opt("context")?.unwrap_or_default(), preview.unwrap_or_default()))
}

fn orphan(row: &Row) -> Result<OrphanedCall, StoreError> {
    let (context, preview) = context(row)?;
    Ok(OrphanedCall {
        call: call(row)?,
        context,
        preview,
        can_be_taken_up: row.get::<Option<String>>("resume_hash")?.is_some(),
    })
}
