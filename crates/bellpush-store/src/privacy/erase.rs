//! Erases what is kept of a person, session by session.
//!
//! The ids of the sessions stay, as a tombstone: so it is known what was erased, and a database that
//! comes back from a backup is made to forget it again.

use std::collections::BTreeSet;

use bellpush_core::{
    events::EventTime,
    ids::{AppId, ErasureId, SessionId},
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};

use super::{
    find::{IDS, OF_CALLS, OF_EVENTS, OF_SESSIONS, PersonKey, SentTo, db_list},
    named::{erase_exports, what_names, what_names_anything},
};
use crate::{
    Actor, AuditAction, Page, PageRequest, Publisher, Store, StoreError,
    access::{
        audit::{self, Line},
        views,
    },
    db::{
        self, Row,
        page::{Conditions, Query},
        to_json,
    },
};

/// Sessions of one step: events never wait for it long.
const STEP: i64 = 25;

/// How far an erasure has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// There is more to erase.
    Running,
    /// Nothing is left in the database.
    Done,
}

/// What was erased, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Erased {
    /// Sessions, with their context.
    pub sessions: u64,
    /// Events.
    pub events: u64,
    /// Calls, with what was written into forms.
    pub calls: u64,
    /// Surveys.
    pub surveys: u64,
    /// Requests to be called back.
    pub callbacks: u64,
    /// Parts of the records of calls.
    pub records: u64,
    /// Deliveries.
    pub deliveries: u64,
    /// Attempts of these, with what endpoints answered.
    pub attempts: u64,
    /// Exports of the app, all of which might have had something of the person.
    pub exports: u64,
    /// To which endpoints the data had been sent: they have to be asked to erase it, too.
    pub sent_to: Vec<SentTo>,
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// The app.
    pub app_id: AppId,
    /// How far it has come.
    pub state: ErasureState,
    /// Who asked for it.
    pub requested_by: Publisher,
    /// Sessions that there were.
    pub sessions: u64,
    /// Sessions that it is done with.
    pub done: u64,
    /// What went.
    pub erased: Erased,
    /// Whether it was done again, in a database that did not know of it.
    pub repeated: bool,
    /// When it was asked for.
    pub created_at: EventTime,
    /// When it was done.
    pub ended_at: Option<EventTime>,
}

pub(crate) const RUNNING: &str = concat!(
    "
    SELECT ",
    db::columns!(erasures),
    "
    FROM erasures
    WHERE state = 'running'
    ORDER BY id
    LIMIT 1"
);

impl Store {
    /// Begins to erase what is kept of these sessions; `None` when there is no such app. `key` is how
    /// the person was found: exports, filters of replays and pages that name it go at once, and it is kept
    /// nowhere.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_erasure(
        &self,
        (app_id, id): (AppId, ErasureId),
        sessions: &BTreeSet<SessionId>,
        key: &PersonKey,
        sent_to: Vec<SentTo>,
        actor: &Actor,
    ) -> Result<Option<Erasure>, StoreError> {
        let at = db::now();
        let transaction = self.db().begin_configuration().await?;
        let (PersonKey::Context { value, .. } | PersonKey::Form { value, .. }) = key;
        let exports = what_names(&transaction, app_id, value, (actor, at)).await?;
        views::erase(&transaction, app_id, Some(value)).await?;
        let erased = Erased { exports, sent_to, ..Erased::default() };
        let by = Publisher { who: actor.who, name: actor.name.clone() };
        let new = New { id, app_id, by: &by, erased: &erased, repeated: false, at };
        if !insert(&transaction, new, sessions).await? {
            return Ok(None);
        }
        let line = Line::new(AuditAction::PersonErased).in_app(app_id).on(id);
        audit::write(&transaction, actor, at, line).await?;
        db::commit(transaction).await?;
        self.erasure(app_id, id).await
    }

    /// Begins an erasure again that this database does not know of, since it comes from a backup;
    /// whether there was something to begin.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn repeat_erasure(
        &self,
        app_id: AppId,
        id: ErasureId,
        sessions: &BTreeSet<SessionId>,
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin_configuration().await?;
        let sql = "SELECT id FROM erasures WHERE id = $1";
        if db::one(&transaction, sql, [id.to_string().into()]).await?.is_some() {
            return Ok(false);
        }
        // Nobody knows any more what the filters would have to name: those that name anything go.
        let (at, actor) = (db::now(), Actor::SERVER);
        let exports = what_names_anything(&transaction, app_id, (&actor, at)).await?;
        let erased = Erased { exports, ..Erased::default() };
        views::erase(&transaction, app_id, None).await?;
        let by = Publisher { who: actor.who, name: None };
        let new = New { id, app_id, by: &by, erased: &erased, repeated: true, at };
        if !insert(&transaction, new, sessions).await? {
            return Ok(false);
        }
        let line = Line::new(AuditAction::PersonErased).in_app(app_id).on(id);
        audit::write(&transaction, &actor, at, line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }

    /// An app's erasures, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erasures(
        &self,
        app_id: AppId,
        page: PageRequest<ErasureId>,
    ) -> Result<Page<Erasure, ErasureId>, StoreError> {
        let query = query(app_id, page);
        Page::read(&self.db().read, query, page.limit, erasure, |erasure| erasure.id).await
    }

    /// One erasure of an app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erasure(
        &self,
        app_id: AppId,
        id: ErasureId,
    ) -> Result<Option<Erasure>, StoreError> {
        let sql = concat!(
            "SELECT ",
            db::columns!(erasures),
            " FROM erasures WHERE id = $1 AND app_id = $2"
        );
        let values = [id.to_string().into(), app_id.to_string().into()];
        db::one(&self.db().read, sql, values).await?.as_ref().map(erasure).transpose()
    }

    /// The erasure that was begun last, in any app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_erasure(&self) -> Result<Option<ErasureId>, StoreError> {
        let sql = "SELECT id FROM erasures ORDER BY id DESC LIMIT 1";
        let row = db::one(&self.db().read, sql, []).await?;
        row.map(|row| row.parse("id")).transpose()
    }

    /// The sessions that an erasure is about.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of_erasure(
        &self,
        id: ErasureId,
    ) -> Result<BTreeSet<SessionId>, StoreError> {
        let sql = "SELECT session_id FROM erased_sessions WHERE erasure_id = $1";
        let rows = db::all(&self.db().read, sql, [id.to_string().into()]).await?;
        rows.iter().map(|row| row.parse("session_id")).collect()
    }

    /// An erasure that is not done yet, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn running_erasure(&self) -> Result<Option<Erasure>, StoreError> {
        db::one(&self.db().read, RUNNING, []).await?.as_ref().map(erasure).transpose()
    }

    /// Erases a few more sessions. After the last ones it is done: of several who erase, one has done them. `None`
    /// when it was done before, or has gone with its app.
    ///
    /// # Errors
    /// When the database fails; what went until then is gone.
    pub async fn advance_erasure(
        &self,
        app_id: AppId,
        id: ErasureId,
    ) -> Result<Option<Erasure>, StoreError> {
        // With the lock, so that results which are being recorded leave nothing, and no event comes
        // in between.
        let transaction = self.db().begin_configuration().await?;
        let sql = concat!(
            "SELECT ",
            db::columns!(erasures),
            " FROM erasures WHERE id = $1 AND state = 'running'"
        );
        let Some(row) = db::one(&transaction, sql, [id.to_string().into()]).await? else {
            return Ok(None);
        };
        let Erasure { mut erased, .. } = erasure(&row)?;
        let sql = "
            SELECT session_id
            FROM erased_sessions
            WHERE erasure_id = $1
              AND NOT is_done
            ORDER BY session_id
            LIMIT $2";
        let rows = db::all(&transaction, sql, [id.to_string().into(), STEP.into()]).await?;
        let next: Vec<SessionId> =
            rows.iter().map(|row| row.parse("session_id")).collect::<Result<_, _>>()?;
        erase(&transaction, app_id, &next, &mut erased).await?;
        let is_over = (next.len() as i64) < STEP;
        if is_over {
            // Those that were made since it began may have had something, too.
            erased.exports += erase_exports(&transaction, app_id).await?;
        }
        let sql = format!(
            "UPDATE erased_sessions SET is_done = TRUE WHERE erasure_id = $2 AND session_id IN ({IDS})"
        );
        db::execute(&transaction, &sql, [db_list(&next), id.to_string().into()]).await?;
        let sql = concat!(
            "
            UPDATE erasures
            SET done = done + $2, report = $3, state = $4, ended_at = $5
            WHERE id = $1
            RETURNING ",
            db::columns!(erasures)
        );
        let state = if is_over { "done" } else { "running" };
        let ended = is_over.then(|| db::now().millis());
        let values = [
            id.to_string().into(),
            (next.len() as i64).into(),
            to_json(&erased).into(),
            state.into(),
            ended.into(),
        ];
        let row = db::one(&transaction, sql, values).await?;
        db::commit(transaction).await?;
        row.as_ref().map(erasure).transpose()
    }

    /// Takes what was deleted off the disk, too, as far as the database can be made to.
    ///
    /// SQLite overwrites what it deletes (`secure_delete`); here its file is written anew, unless it is
    /// so large that events would wait for long, and the write-ahead log is emptied. PostgreSQL is
    /// told to give the space free (`VACUUM`), which is then written over in time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        self.db().scrub().await
    }
}

struct New<'a> {
    id: ErasureId,
    app_id: AppId,
    by: &'a Publisher,
    erased: &'a Erased,
    repeated: bool,
    at: EventTime,
}

async fn insert(
    transaction: &DatabaseTransaction,
    new: New<'_>,
    sessions: &BTreeSet<SessionId>,
) -> Result<bool, StoreError> {
    let sql = "
        INSERT INTO erasures
            (id, app_id, state, requested_by, sessions, done, report, repeated, created_at)
        SELECT $1, id, 'running', $3, $4, 0, $5, $6, $7
        FROM apps
        WHERE id = $2";
    let values = [
        new.id.to_string().into(),
        new.app_id.to_string().into(),
        to_json(new.by).into(),
        i64::try_from(sessions.len()).unwrap_or(i64::MAX).into(),
        to_json(new.erased).into(),
        new.repeated.into(),
        new.at.millis().into(),
    ];
    if db::execute(transaction, sql, values).await? == 0 {
        return Ok(false);
    }
    let ids: Vec<_> = sessions.iter().copied().collect();
    let sql = "
        INSERT INTO erased_sessions (erasure_id, session_id, is_done)
        SELECT $2, value ->> 0, FALSE
        FROM jsonb_each($1)";
    db::execute(transaction, sql, [db_list(&ids), new.id.to_string().into()]).await?;
    // They are not valid from here on: nothing comes from them any more.
    let sql = format!("DELETE FROM session_tokens WHERE session_id IN ({IDS})");
    db::execute(transaction, &sql, [db_list(&ids)]).await?;
    Ok(true)
}

/// Takes away what hangs on sessions, what is found by something else before it.
async fn erase(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    sessions: &[SessionId],
    erased: &mut Erased,
) -> Result<(), StoreError> {
    if sessions.is_empty() {
        return Ok(());
    }
    let list = || db_list(sessions);
    // Of integrations that were deleted, deliveries may be there for a while.
    let of_app = "integration_id IN (
        SELECT id FROM integrations WHERE app_id = $2 UNION ALL SELECT integration_id FROM removals)";
    for (table, count) in
        [("attempts", &mut erased.attempts), ("deliveries", &mut erased.deliveries)]
    {
        let sql = format!("DELETE FROM {table} WHERE {of_app} AND {OF_EVENTS}");
        *count += db::execute(transaction, &sql, [list(), app_id.to_string().into()]).await?;
    }
    let sql = format!("DELETE FROM event_traces WHERE {OF_EVENTS}");
    db::execute(transaction, &sql, [list()]).await?;
    for (table, which, count) in [
        ("survey_responses", OF_CALLS, &mut erased.surveys),
        ("call_records", OF_CALLS, &mut erased.records),
        ("callback_requests", OF_SESSIONS, &mut erased.callbacks),
        ("events", OF_SESSIONS, &mut erased.events),
        ("calls", OF_SESSIONS, &mut erased.calls),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {which}");
        *count += db::execute(transaction, &sql, [list()]).await?;
    }
    // Tokens and context go with them.
    let sql = format!("DELETE FROM sessions WHERE id IN ({IDS})");
    erased.sessions += db::execute(transaction, &sql, [list()]).await?;
    Ok(())
}

pub(crate) fn query(app_id: AppId, page: PageRequest<ErasureId>) -> Query {
    let mut conditions = Conditions::default();
    conditions.and("app_id = $", app_id.to_string());
    if let Some(after) = page.after {
        conditions.and("id < $", after.to_string());
    }
    conditions.query(
        concat!("SELECT ", db::columns!(erasures), " FROM erasures"),
        "ORDER BY id DESC",
        &page,
    )
}

fn erasure(row: &Row) -> Result<Erasure, StoreError> {
    Ok(Erasure {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        state: row.word("state")?,
        requested_by: row.json("requested_by")?,
        sessions: row.count("sessions")?,
        done: row.count("done")?,
        erased: row.json("report")?,
        repeated: row.get("repeated")?,
        created_at: row.time("created_at")?,
        ended_at: row.time_opt("ended_at")?,
    })
}
