//! Exports: jobs that write calls or events into a file, and their files.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId, ExportId},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    calls::CallFilter,
    sealed::{fold, unfold},
};
use crate::{
    Actor, AuditAction, EventFilter, Page, PageRequest, Store, StoreError,
    access::audit::{self, Line},
    db::{
        self, AppNumber, Lock, Row,
        page::{Conditions, Query},
        to_json,
    },
};

/// How long a step of a job may take before another node takes it over.
const LEASE_MS: i64 = 60_000;

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "filter", rename_all = "snake_case")]
pub enum Exported {
    /// Calls.
    Calls(CallFilter),
    /// Events.
    Events(EventFilter),
}

impl Exported {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Calls(_) => "calls",
            Self::Events(_) => "events",
        }
    }
}

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated values.
    Csv,
    /// One JSON array.
    Json,
}

impl ExportFormat {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// How far an export has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportState {
    /// There may be more to write.
    Running,
    /// The file is complete.
    Done,
    /// It was given up.
    Failed,
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// The app.
    pub app_id: AppId,
    /// What is in it.
    pub exported: Exported,
    /// Whether that is all: a newer version may have conditions besides, and then writes it alone.
    pub is_whole: bool,
    /// Its form.
    pub format: ExportFormat,
    /// The keys of contexts that have a column each.
    pub context_keys: Vec<String>,
    /// How far it has come.
    pub state: ExportState,
    /// Why it was given up.
    pub failure: Option<String>,
    /// Rows written so far.
    pub rows: u64,
    /// Bytes of the file so far.
    pub bytes: u64,
    /// Parts of the file so far.
    pub parts: u32,
    /// Where it goes on: what was there when it was made comes after the first place.
    pub place: String,
    /// When it was made.
    pub created_at: EventTime,
    /// When it was done or given up.
    pub ended_at: Option<EventTime>,
    /// When it goes.
    pub expires_at: EventTime,
}

/// What a step of an export has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportStep {
    /// The text of the part.
    pub text: String,
    /// Rows in it.
    pub rows: u32,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

pub(crate) const RUNNING: &str = concat!(
    "
    SELECT ",
    db::columns!(exports),
    "
    FROM exports
    WHERE state = 'running'
      AND leased_until < $1
    ORDER BY id"
);

pub(crate) const PART: &str = "
    SELECT body
    FROM export_parts
    WHERE export_id = $1
      AND part = $2";

pub(crate) const EXPIRED: &str = "DELETE FROM exports WHERE expires_at <= $1";

impl Store {
    /// Makes an export of what is there now; `None` when there is no such app, or as many of its
    /// exports are running as may.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_export(
        &self,
        app_id: AppId,
        exported: Exported,
        format: ExportFormat,
        expires_at: EventTime,
        max_running: u32,
        actor: &Actor,
    ) -> Result<Option<Export>, StoreError> {
        let id = ExportId::from_uuid(Uuid::now_v7());
        let place = match &exported {
            Exported::Calls(_) => self.behind_last_call(app_id).await?.to_string(),
            Exported::Events(_) => (self.last_seq().await?.0 + 1).to_string(),
        };
        let context_keys = self.context_keys(app_id).await?;
        let now = self.clock().await?;
        let transaction = self.db().begin().await?;
        db::lock(&transaction, Lock::ExportsOfApp(AppNumber::of(&app_id))).await?;
        let sql = "
            INSERT INTO exports
                (id, app_id, kind, format, filter, context_keys, state, row_count, bytes, parts,
                 place, leased_until, created_at, expires_at)
            SELECT $1, apps.id, $3, $4, $5, $6, 'running', 0, 0, 0, $7, 0, $8, $9
            FROM apps
            WHERE apps.id = $2
              AND (
                SELECT COUNT(*)
                FROM exports
                WHERE exports.app_id = $2
                  AND exports.state = 'running'
              ) < $10";
        let values = [
            id.to_string().into(),
            app_id.to_string().into(),
            exported.kind().into(),
            format.as_str().into(),
            to_json(&exported).into(),
            to_json(&context_keys).into(),
            place.into(),
            now.millis().into(),
            expires_at.millis().into(),
            i64::from(max_running).into(),
        ];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(None);
        }
        let line = Line::new(AuditAction::ExportMade).in_app(app_id).on(id);
        let told = json!({ "kind": exported.kind(), "format": format.as_str() });
        audit::write(&transaction, actor, now, line.between(&(), &told)).await?;
        db::commit(transaction).await?;
        self.export(app_id, id).await
    }

    /// The first place that no call of an app has: some are of servers whose clocks are ahead of this one's.
    async fn behind_last_call(&self, app_id: AppId) -> Result<CallId, StoreError> {
        let newest = self.calls(app_id, &CallFilter::default(), PageRequest::first(1)).await?;
        let newest = newest.items.first().map(|found| found.call.id.uuid().as_u128());
        Ok(CallId::from_uuid(
            newest.map_or_else(Uuid::now_v7, |id| Uuid::from_u128(id.saturating_add(1))),
        ))
    }

    /// An app's exports, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exports(
        &self,
        app_id: AppId,
        page: PageRequest<ExportId>,
    ) -> Result<Page<Export, ExportId>, StoreError> {
        let query = query(app_id, page);
        Page::read(&self.db().read, query, page.limit, export, |export| export.id).await
    }

    /// One export of an app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn export(&self, app_id: AppId, id: ExportId) -> Result<Option<Export>, StoreError> {
        let sql = concat!(
            "SELECT ",
            db::columns!(exports),
            " FROM exports WHERE id = $1 AND app_id = $2"
        );
        let values = [id.to_string().into(), app_id.to_string().into()];
        db::one(&self.db().read, sql, values).await?.as_ref().map(export).transpose()
    }

    /// Deletes an export with its file, also one that is running; whether it was there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_export(
        &self,
        app_id: AppId,
        id: ExportId,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin().await?;
        let sql = "DELETE FROM exports WHERE id = $1 AND app_id = $2";
        let values = [id.to_string().into(), app_id.to_string().into()];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(false);
        }
        let line = Line::new(AuditAction::ExportDeleted).in_app(app_id).on(id);
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }

    /// Takes on an export that nobody writes at present: it is this node's for its next step. Those by
    /// conditions that only a newer version knows are left to it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_export(&self) -> Result<Option<Export>, StoreError> {
        let now = self.clock().await?.millis();
        let waiting = db::readable(db::all(&self.db().read, RUNNING, [now.into()]).await?, export)?;
        let Some(found) = waiting.into_iter().find(|export| export.is_whole) else {
            return Ok(None);
        };
        let sql = "
            UPDATE exports
            SET leased_until = $2
            WHERE id = $1
              AND state = 'running'
              AND leased_until < $3";
        let values = [found.id.to_string().into(), (now + LEASE_MS).into(), now.into()];
        let taken = db::execute(&self.db().write, sql, values).await? > 0;
        Ok(taken.then_some(found))
    }

    /// Keeps a step of an export, with how far it has come; the export as it is then. `None` when it
    /// is gone, or another node has gone on with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn advance_export(
        &self,
        export: &Export,
        step: &ExportStep,
    ) -> Result<Option<Export>, StoreError> {
        let identity = identity(export.id, export.parts);
        let body = fold(self.data_key(), &identity, step.text.as_bytes())?;
        let now = self.clock().await?.millis();
        let transaction = self.db().begin().await?;
        let sql = "
            UPDATE exports
            SET parts = parts + 1,
                row_count = row_count + $3,
                bytes = bytes + $4,
                place = COALESCE($5, place),
                state = CASE WHEN $5 IS NULL THEN 'done' ELSE state END,
                ended_at = CASE WHEN $5 IS NULL THEN $6 END,
                leased_until = $6 + $7
            WHERE id = $1
              AND parts = $2
              AND state = 'running'";
        let values = [
            export.id.to_string().into(),
            i64::from(export.parts).into(),
            i64::from(step.rows).into(),
            i64::try_from(step.text.len()).unwrap_or(i64::MAX).into(),
            step.next.clone().into(),
            now.into(),
            LEASE_MS.into(),
        ];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(None);
        }
        let sql = "INSERT INTO export_parts (export_id, part, body) VALUES ($1, $2, $3)";
        let values = [export.id.to_string().into(), i64::from(export.parts).into(), body.into()];
        db::execute(&transaction, sql, values).await?;
        db::commit(transaction).await?;
        self.export(export.app_id, export.id).await
    }

    /// Gives an export up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fail_export(&self, id: ExportId, why: &str) -> Result<(), StoreError> {
        let sql = "
            UPDATE exports
            SET state = 'failed', failure = $2, ended_at = $3
            WHERE id = $1
              AND state = 'running'";
        let now = self.clock().await?.millis();
        let values = [id.to_string().into(), why.into(), now.into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// A part of an export's file; `None` when it is not there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn export_part(
        &self,
        id: ExportId,
        part: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let values = [id.to_string().into(), i64::from(part).into()];
        let row = db::one(&self.db().read, PART, values).await?;
        let body = row.map(|row| row.get::<Vec<u8>>("body")).transpose()?;
        body.map(|body| unfold(self.data_key(), &identity(id, part), &body)).transpose()
    }

    /// Removes the exports whose time is over; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_expired_exports(&self, now: EventTime) -> Result<u64, StoreError> {
        Ok(db::execute(&self.db().write, EXPIRED, [now.millis().into()]).await?)
    }
}

pub(crate) fn query(app_id: AppId, page: PageRequest<ExportId>) -> Query {
    let mut conditions = Conditions::default();
    conditions.and("app_id = $", app_id.to_string());
    if let Some(after) = page.after {
        conditions.and("id < $", after.to_string());
    }
    conditions.query(
        concat!("SELECT ", db::columns!(exports), " FROM exports"),
        "ORDER BY id DESC",
        &page,
    )
}

fn export(row: &Row) -> Result<Export, StoreError> {
    let whole = row.json_whole("filter");
    Ok(Export {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        is_whole: whole.is_ok(),
        exported: whole.or_else(|_| of_kind(row))?,
        format: row.word("format")?,
        context_keys: row.json("context_keys")?,
        state: row.word("state")?,
        failure: row.get("failure")?,
        rows: row.count("row_count")?,
        bytes: row.count("bytes")?,
        parts: row.count("parts")?,
        place: row.get("place")?,
        created_at: row.time("created_at")?,
        ended_at: row.time_opt("ended_at")?,
        expires_at: row.time("expires_at")?,
    })
}

/// What an export is of, where its conditions can't be read.
fn of_kind(row: &Row) -> Result<Exported, StoreError> {
    match row.get::<String>("kind")?.as_str() {
        "calls" => Ok(Exported::Calls(CallFilter::default())),
        "events" => Ok(Exported::Events(EventFilter::default())),
        _ => Err(StoreError::Corrupt { column: "kind" }),
    }
}

fn identity(id: ExportId, part: u32) -> String {
    format!("export:{id}:{part}")
}
