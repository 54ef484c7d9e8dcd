//! Designs that are published by themselves at their time.
//!
//! A schedule goes with the version that it becomes, in one transaction: after a crash it is either
//! still there, or published, and of several nodes one publishes it.

use bellpush_core::{events::EventTime, ids::AppId};

use super::{
    designs::{
        DesignError, DesignVersion, NewDesignVersion, Publisher, check_fields, check_revision,
        enter, present,
    },
    newer_designs,
};
use crate::{
    Expected, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{self, Row, to_json},
};

/// A design that is published by itself, without its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesignSchedule {
    /// What is new in it, in the words of who decided it.
    pub note: Option<String>,
    /// Who decided it.
    pub scheduled_by: Publisher,
    /// When.
    pub scheduled_at: EventTime,
    /// When it is published.
    pub publish_at: EventTime,
}

/// A design to be published later.
#[derive(Debug, Clone, Copy)]
pub struct NewDesignSchedule<'a> {
    /// The document, as JSON.
    pub document: &'a str,
    /// What is new in it.
    pub note: Option<&'a str>,
    /// When.
    pub publish_at: EventTime,
    /// Which revision the draft has to be of.
    pub draft: Expected,
}

impl Store {
    /// The design of an app that is published by itself, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn design_schedule(
        &self,
        app_id: AppId,
    ) -> Result<Option<DesignSchedule>, StoreError> {
        let sql = "
            SELECT note, scheduled_by, scheduled_at, publish_at
            FROM design_schedules
            WHERE app_id = $1";
        let row = db::one(&self.db().read, sql, [app_id.to_string().into()]).await?;
        row.as_ref().map(schedule).transpose()
    }

    /// Has a design published by itself, in place of one that was to be before.
    ///
    /// # Errors
    /// [`DesignError::Outdated`] when the draft has changed, [`DesignError::UnknownApp`],
    /// [`DesignError::MissingFields`], or when the database fails.
    pub async fn schedule_design(
        &self,
        app_id: AppId,
        new: NewDesignSchedule<'_>,
        actor: &Actor,
    ) -> Result<DesignSchedule, DesignError> {
        let transaction = self.db().begin_configuration().await?;
        let (present, draft) = present(&transaction, app_id).await?;
        check_revision(&transaction, app_id, present, new.draft).await?;
        check_fields(&transaction, app_id, new.document).await?;
        let base = (draft.as_deref(), None);
        let document = newer_designs::published(&transaction, app_id, base, new.document).await?;
        let at = db::now();
        let sql = "
            INSERT INTO design_schedules
                (app_id, document, note, scheduled_by, scheduled_at, publish_at, revision)
            SELECT id, $2, $3, $4, $5, $6, 1
            FROM apps
            WHERE id = $1
            ON CONFLICT (app_id) DO UPDATE
            SET document = excluded.document,
                note = excluded.note,
                scheduled_by = excluded.scheduled_by,
                scheduled_at = excluded.scheduled_at,
                publish_at = excluded.publish_at,
                revision = design_schedules.revision + 1
            RETURNING note, scheduled_by, scheduled_at, publish_at";
        let values = [
            app_id.to_string().into(),
            document.into(),
            new.note.map(str::to_owned).into(),
            to_json(&Publisher { who: actor.who, name: actor.name.clone() }).into(),
            at.millis().into(),
            new.publish_at.millis().into(),
        ];
        let Some(row) = db::one(&transaction, sql, values).await? else {
            return Err(DesignError::UnknownApp);
        };
        let scheduled = schedule(&row)?;
        let line = Line::new(AuditAction::DesignScheduled).in_app(app_id).on(app_id);
        let line = line.named(new.publish_at.to_string());
        audit::write(&transaction, actor, at, line).await?;
        db::commit(transaction).await?;
        Ok(scheduled)
    }

    /// Has the design of an app not published by itself; `false` when none was to be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unschedule_design(
        &self,
        app_id: AppId,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let transaction = self.db().begin_configuration().await?;
        let sql = "DELETE FROM design_schedules WHERE app_id = $1 RETURNING publish_at";
        let Some(row) = db::one(&transaction, sql, [app_id.to_string().into()]).await? else {
            return Ok(false);
        };
        let line = Line::new(AuditAction::DesignUnscheduled).in_app(app_id).on(app_id);
        let line = line.named(row.time("publish_at")?.to_string());
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }

    /// When the next design is due.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_design_due(&self) -> Result<Option<EventTime>, StoreError> {
        let row = db::one(&self.db().read, NEXT_DUE, []).await?;
        row.map(|row| row.time("publish_at")).transpose()
    }

    /// Publishes one design whose time has come; `None` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn publish_due_design(
        &self,
        now: EventTime,
    ) -> Result<Option<(AppId, DesignVersion)>, StoreError> {
        let transaction = self.db().begin_configuration().await?;
        let sql = "
            DELETE FROM design_schedules
            WHERE app_id = (
                SELECT app_id
                FROM design_schedules
                WHERE publish_at <= $1
                ORDER BY publish_at
                LIMIT 1
            )
            RETURNING app_id, document, note, scheduled_by";
        let Some(row) = db::one(&transaction, sql, [now.millis().into()]).await? else {
            return Ok(None);
        };
        let app_id: AppId = row.parse("app_id")?;
        let Publisher { who, name } = row.json("scheduled_by")?;
        let actor = Actor { who, name, address: None };
        let (document, note): (String, Option<String>) = (row.get("document")?, row.get("note")?);
        let new = NewDesignVersion {
            document: &document,
            note: note.as_deref(),
            restored: None,
            draft: Expected::Any,
        };
        // Profiles that were saved since name only fields that it has.
        match enter(&transaction, app_id, new, &actor).await {
            Ok(published) => {
                db::commit(transaction).await?;
                Ok(Some((app_id, published)))
            }
            // Of an app that is being removed nothing is left to be published.
            Err(DesignError::UnknownApp) => {
                db::commit(transaction).await?;
                Ok(None)
            }
            Err(DesignError::Store(error)) => Err(error),
            Err(DesignError::Outdated(_) | DesignError::MissingFields(_)) => Ok(None),
        }
    }
}

/// All times are after the epoch: with the condition, SQLite searches the index, too.
pub(crate) const NEXT_DUE: &str = "
    SELECT publish_at
    FROM design_schedules
    WHERE publish_at > 0
    ORDER BY publish_at
    LIMIT 1";

fn schedule(row: &Row) -> Result<DesignSchedule, StoreError> {
    Ok(DesignSchedule {
        note: row.get("note")?,
        scheduled_by: row.json("scheduled_by")?,
        scheduled_at: row.time("scheduled_at")?,
        publish_at: row.time("publish_at")?,
    })
}
