//! Context as it is searched by: which keys an app has, and how a pair is looked for.

use std::collections::BTreeSet;

use bellpush_core::ids::AppId;

use crate::{
    Store, StoreError,
    db::{self, Db, Row},
};

/// With more sessions of a pair than this, the newest calls or events are looked through for it,
/// rather than all of its sessions for their calls.
const FEW_SESSIONS: i64 = 2_000;
/// Keys of one app that are listed, at most.
const MAX_KEYS: i64 = 200;
/// The newest calls whose keys are listed before all others: anybody can begin sessions with keys of their own.
const NEWEST_CALLS: i64 = 1_000;

pub(crate) const FEW: &str = "
    SELECT COUNT(*) AS sessions
    FROM (
        SELECT 1
        FROM session_context
        WHERE app_id = $1
          AND key = $2
          AND value = $3
        LIMIT $4
    ) AS first_ones";

/// Goes from key to key by the primary key, however many values each has.
pub(crate) const KEYS: &str = "
    WITH RECURSIVE found (key, place) AS (
        SELECT (SELECT MIN(key) FROM session_context WHERE app_id = $1), 1
        UNION ALL
        SELECT
            (SELECT MIN(session_context.key)
             FROM session_context
             WHERE session_context.app_id = $1
               AND session_context.key > found.key),
            found.place + 1
        FROM found
        WHERE found.key IS NOT NULL
          AND found.place < $2
    )
    SELECT key
    FROM found
    WHERE key IS NOT NULL";

/// Those that most of the newest calls have.
pub(crate) const KEYS_OF_CALLS: &str = "
    SELECT session_context.key
    FROM (
        SELECT session_id
        FROM calls
        WHERE app_id = $1
        ORDER BY id DESC
        LIMIT $2
    ) AS first_ones
    CROSS JOIN session_context
    WHERE session_context.session_id = first_ones.session_id
    GROUP BY session_context.key
    ORDER BY COUNT(*) DESC, session_context.key
    LIMIT $3";

/// How the rows of a context's pair are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByContext {
    /// All of its sessions are gone through.
    Sessions,
    /// The newest rows are looked through.
    Rows,
}

/// How to look for this pair.
pub(crate) async fn way(
    db: &Db,
    app_id: AppId,
    (key, value): &(String, String),
) -> Result<ByContext, StoreError> {
    let app_id = app_id.to_string();
    let values =
        [app_id.into(), key.as_str().into(), value.as_str().into(), (FEW_SESSIONS + 1).into()];
    let row = db::one(&db.read, FEW, values).await?;
    let sessions: i64 = row.map_or(Ok(0), |row| row.get("sessions"))?;
    Ok(if sessions > FEW_SESSIONS { ByContext::Rows } else { ByContext::Sessions })
}

impl Store {
    /// The keys that contexts of an app's sessions have, in their order, up to 200: of more, those that most of the
    /// newest calls have, before those that only sessions without a call have.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn context_keys(&self, app_id: AppId) -> Result<Vec<String>, StoreError> {
        let (app, key) = (app_id.to_string(), |row: &Row| row.get::<String>("key"));
        let values = [app.clone().into(), NEWEST_CALLS.into(), MAX_KEYS.into()];
        let of_calls = db::all(&self.db().read, KEYS_OF_CALLS, values).await?;
        let mut keys: BTreeSet<_> = db::read(of_calls, key)?.into_iter().collect();
        let values = [app.into(), MAX_KEYS.into()];
        for other in db::read(db::all(&self.db().read, KEYS, values).await?, key)? {
            if keys.len() as i64 >= MAX_KEYS {
                break;
            }
            keys.insert(other);
        }
        Ok(keys.into_iter().collect())
    }
}
