//! Rehearsals: begun and ended, each in one transaction with its line in the audit trail.
//!
//! A rehearsal is over at its time, whoever looks; that it is written down a moment later, or after the
//! next start of a server, changes nothing but the trail.

pub(crate) mod attempts;
pub(crate) mod running;

use bellpush_core::{
    FieldError,
    delivery::Outage,
    events::EventTime,
    ids::{AppId, RehearsalId},
    integration::IntegrationSettings,
    rehearsal::{Fault, RehearsalSettings, Target},
};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

pub use attempts::RehearsedAttempt;

use crate::{
    Page, PageRequest, SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{
        self, Row,
        page::{Conditions, Query},
    },
    deliveries::endpoints::outage,
};

/// A rehearsal, running or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rehearsal {
    /// Its id.
    pub id: RehearsalId,
    /// Its app.
    pub app_id: AppId,
    /// What it is of.
    pub target: Target,
    /// What goes wrong.
    pub fault: Fault,
    /// When it began.
    pub started_at: EventTime,
    /// When it ends by itself.
    pub ends_at: EventTime,
    /// When it was ended, if that is written down.
    pub ended_at: Option<EventTime>,
    /// How its own breaker was seen last, while not closed.
    pub outage: Option<Outage>,
}

impl Rehearsal {
    /// When it was over, if it is.
    #[must_use]
    pub fn end(&self, now: EventTime) -> Option<EventTime> {
        self.ended_at.or_else(|| (self.ends_at <= now).then_some(self.ends_at))
    }
}

const ONE: &str = concat!(
    "
    SELECT ",
    db::columns!(rehearsals),
    "
    FROM rehearsals
    WHERE id = $1
      AND app_id = $2"
);

/// All times are after the epoch: with the condition, SQLite searches the index, too.
pub(crate) const NEXT_END: &str = "
    SELECT ends_at
    FROM rehearsals
    WHERE ended_at IS NULL
      AND ends_at > 0
    ORDER BY ends_at
    LIMIT 1";

pub(crate) const DUE: &str = concat!(
    "
    UPDATE rehearsals
    SET ended_at = ends_at
    WHERE ended_at IS NULL
      AND ends_at <= $1
    RETURNING ",
    db::columns!(rehearsals)
);

pub(crate) const FORGET: &str = "
    DELETE FROM rehearsals
    WHERE id < $1
      AND ended_at IS NOT NULL";

impl Store {
    /// Begins a rehearsal; `None` when one of this target runs already.
    ///
    /// # Errors
    /// [`SaveError::UnknownApp`], [`SaveError::Field`] when settings do not fit, the target is not
    /// there, or no preview would come to it, or when the database fails.
    pub async fn begin_rehearsal(
        &self,
        app_id: AppId,
        settings: &RehearsalSettings,
        actor: &Actor,
    ) -> Result<Option<Rehearsal>, SaveError> {
        let target = settings.target()?;
        let at = db::now();
        let transaction = self.db().begin_configuration().await?;
        end_due(&transaction, at).await?;
        let name = named(&transaction, app_id, target).await?;
        let sql = "SELECT id FROM rehearsals WHERE target = $1 AND ended_at IS NULL";
        if db::one(&transaction, sql, [text(target).into()]).await?.is_some() {
            // What was due is ended, and known to be.
            db::commit(transaction).await?;
            return Ok(None);
        }
        let sql = concat!(
            "
            INSERT INTO rehearsals (id, app_id, target, fault, started_at, ends_at)
            SELECT $1, id, $3, $4, $5, $6
            FROM apps
            WHERE id = $2
            RETURNING ",
            db::columns!(rehearsals)
        );
        let values = [
            RehearsalId::from_uuid(Uuid::now_v7()).to_string().into(),
            app_id.to_string().into(),
            text(target).into(),
            settings.fault.as_str().into(),
            at.millis().into(),
            (at.millis() + i64::from(settings.seconds) * 1_000).into(),
        ];
        let row = db::one(&transaction, sql, values).await?.ok_or(SaveError::UnknownApp)?;
        let begun = rehearsal(&row)?;
        let details = json!({ "fault": settings.fault, "seconds": settings.seconds });
        let line = Line::new(AuditAction::RehearsalBegun).in_app(app_id).on(text(target));
        let line = line.named(name).between(&(), &details);
        audit::write(&transaction, actor, at, line).await?;
        db::commit(transaction).await?;
        Ok(Some(begun))
    }

    /// Ends a rehearsal before its time; `None` when the app has none such. One that is over stays as it
    /// is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_rehearsal(
        &self,
        app_id: AppId,
        id: RehearsalId,
        actor: &Actor,
    ) -> Result<Option<Rehearsal>, StoreError> {
        let at = db::now();
        let transaction = self.db().begin_configuration().await?;
        end_due(&transaction, at).await?;
        let sql = concat!(
            "
            UPDATE rehearsals
            SET ended_at = $3
            WHERE id = $1
              AND app_id = $2
              AND ended_at IS NULL
            RETURNING ",
            db::columns!(rehearsals)
        );
        let values = [id.to_string().into(), app_id.to_string().into(), at.millis().into()];
        let ended = db::one(&transaction, sql, values).await?;
        if let Some(row) = &ended {
            write_end(&transaction, row, actor, at).await?;
        }
        db::commit(transaction).await?;
        self.rehearsal(app_id, id).await
    }

    /// Writes down the ends of rehearsals whose time is over, and returns those that it were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_due_rehearsals(&self, now: EventTime) -> Result<Vec<Rehearsal>, StoreError> {
        let transaction = self.db().begin_configuration().await?;
        let ended = end_due(&transaction, now).await?;
        db::commit(transaction).await?;
        Ok(ended)
    }

    /// When the next end is to be written down.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_rehearsal_end(&self) -> Result<Option<EventTime>, StoreError> {
        let row = db::one(&self.db().read, NEXT_END, []).await?;
        row.map(|row| row.time("ends_at")).transpose()
    }

    /// One rehearsal of an app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rehearsal(
        &self,
        app_id: AppId,
        id: RehearsalId,
    ) -> Result<Option<Rehearsal>, StoreError> {
        let values = [id.to_string().into(), app_id.to_string().into()];
        db::one(&self.db().read, ONE, values).await?.as_ref().map(rehearsal).transpose()
    }

    /// An app's rehearsals, or those of one target, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rehearsals(
        &self,
        app_id: AppId,
        of: Option<Target>,
        page: PageRequest<RehearsalId>,
    ) -> Result<Page<Rehearsal, RehearsalId>, StoreError> {
        let query = search(app_id, of, page);
        Page::read(&self.db().read, query, page.limit, rehearsal, |rehearsal| rehearsal.id).await
    }

    /// Removes the rehearsals of before that are over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_rehearsals(&self, before: EventTime) -> Result<(), StoreError> {
        // Ids begin with the time.
        let millis = u64::try_from(before.millis()).unwrap_or(0);
        let first = RehearsalId::from_uuid(Uuid::from_u128(u128::from(millis) << 80));
        db::execute(&self.db().write, FORGET, [first.to_string().into()]).await?;
        Ok(())
    }
}

pub(crate) fn search(app_id: AppId, of: Option<Target>, page: PageRequest<RehearsalId>) -> Query {
    let mut conditions = Conditions::default();
    if let Some(target) = of {
        conditions.and("target = $", text(target));
    }
    conditions.and("app_id = $", app_id.to_string());
    if let Some(after) = page.after {
        conditions.and("id < $", after.to_string());
    }
    conditions.query(
        concat!("SELECT ", db::columns!(rehearsals), " FROM rehearsals"),
        "ORDER BY id DESC",
        &page,
    )
}

async fn end_due(
    transaction: &DatabaseTransaction,
    now: EventTime,
) -> Result<Vec<Rehearsal>, StoreError> {
    let rows = db::all(transaction, DUE, [now.millis().into()]).await?;
    for row in &rows {
        write_end(transaction, row, &Actor::SERVER, now).await?;
    }
    db::readable(rows, rehearsal)
}

async fn write_end(
    transaction: &DatabaseTransaction,
    row: &Row,
    actor: &Actor,
    at: EventTime,
) -> Result<(), StoreError> {
    // No more than the line needs: one of a newer version ends here as well.
    let (app_id, of): (AppId, String) = (row.parse("app_id")?, row.get("target")?);
    let name = match target(&of) {
        Some(target) => name_of(transaction, app_id, target).await?,
        None => None,
    };
    let line = Line::new(AuditAction::RehearsalEnded).in_app(app_id).on(of);
    let line = match name {
        Some(name) => line.named(name),
        None => line,
    };
    audit::write(transaction, actor, at, line).await?;
    Ok(())
}

/// The name of a target that previews come to.
async fn named(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    target: Target,
) -> Result<String, SaveError> {
    let refuse = |pointer: &str, message: String| {
        Err(SaveError::Field(FieldError { pointer: pointer.into(), message }))
    };
    match target {
        Target::Integration(id) => {
            let Some(row) = one_of_app(transaction, INTEGRATION, app_id, text(target)).await?
            else {
                return refuse("/integrationId", format!("the app has no integration {id}"));
            };
            let settings: IntegrationSettings = row.json("settings")?;
            let missing = if !settings.active {
                "it is not active: activate it first"
            } else if !settings.include_previews {
                "it gets no events of previews: set includePreviews first"
            } else if settings.events.is_empty() {
                "it gets no events: select some first"
            } else {
                return Ok(settings.name);
            };
            refuse("/integrationId", missing.to_owned())
        }
        Target::Profile(id) => match name_of(transaction, app_id, target).await? {
            Some(name) => Ok(name),
            None => refuse("/destinationId", format!("the app has no destination {id}")),
        },
    }
}

const INTEGRATION: &str = "SELECT settings FROM integrations WHERE id = $1 AND app_id = $2";
const PROFILE: &str = "SELECT settings FROM destinations WHERE id = $1 AND app_id = $2";

async fn name_of(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    target: Target,
) -> Result<Option<String>, StoreError> {
    let sql = match target {
        Target::Integration(_) => INTEGRATION,
        Target::Profile(_) => PROFILE,
    };
    let Some(row) = one_of_app(transaction, sql, app_id, text(target)).await? else {
        return Ok(None);
    };
    let settings: serde_json::Value = row.json("settings")?;
    Ok(settings["name"].as_str().map(ToOwned::to_owned))
}

async fn one_of_app(
    transaction: &DatabaseTransaction,
    sql: &str,
    app_id: AppId,
    id: String,
) -> Result<Option<Row>, StoreError> {
    Ok(db::one(transaction, sql, [id.into(), app_id.to_string().into()]).await?)
}

pub(crate) fn text(target: Target) -> String {
    match target {
        Target::Integration(id) => id.to_string(),
        Target::Profile(id) => id.to_string(),
    }
}

fn target(text: &str) -> Option<Target> {
    let integration = text.parse().map(Target::Integration);
    integration.or_else(|_| text.parse().map(Target::Profile)).ok()
}

pub(crate) fn rehearsal(row: &Row) -> Result<Rehearsal, StoreError> {
    let of: String = row.get("target")?;
    Ok(Rehearsal {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        target: target(&of).ok_or(StoreError::Corrupt { column: "target" })?,
        fault: row.word("fault")?,
        started_at: row.time("started_at")?,
        ends_at: row.time("ends_at")?,
        ended_at: row.time_opt("ended_at")?,
        outage: outage(row)?,
    })
}
