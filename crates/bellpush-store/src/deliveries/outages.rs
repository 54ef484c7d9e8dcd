//! Endpoints that fail: what is kept of it, switching them off, and telling the admins.

use bellpush_core::{
    delivery::{DisableReason, Outage},
    events::EventTime,
    ids::{AppId, IntegrationId, NotificationId},
    integration::IntegrationSettings,
};
use uuid::Uuid;

use super::past_outages;
use crate::{
    Page, PageRequest, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{self, Row, page::Conditions, to_json},
};

/// What the admins are told: an integration was switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// The app.
    pub app_id: AppId,
    /// The integration.
    pub integration_id: IntegrationId,
    /// Its name, as it was then.
    pub integration_name: String,
    /// Why.
    pub reason: DisableReason,
    /// When.
    pub created_at: EventTime,
}

const UNSENT: &str = concat!(
    "
    SELECT ",
    db::columns!(notifications),
    "
    FROM notifications
    WHERE sent_at IS NULL
    ORDER BY id
    LIMIT $1"
);

pub(crate) const FORGET: &str = "
    DELETE FROM notifications
    WHERE id < $1";

impl Store {
    /// Keeps the outages of these integrations, or forgets them (`None`). Those of integrations that
    /// are not active are forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_outages(
        &self,
        outages: &[(IntegrationId, Option<Outage>)],
    ) -> Result<(), StoreError> {
        let ids: Vec<_> = outages.iter().map(|(id, _)| (id,)).collect();
        let rows: Vec<_> = outages
            .iter()
            .filter_map(|(id, outage)| {
                let Outage { failing_since, trips, open_until } = (*outage)?;
                Some((id, failing_since.millis(), trips, open_until.millis()))
            })
            .collect();
        let transaction = self.db().begin().await?;
        self.ownership().fence(&transaction).await?;
        let sql = "
            DELETE FROM outages
            WHERE integration_id IN (SELECT value ->> 0 FROM jsonb_each($1))";
        db::execute(&transaction, sql, [to_json(&ids).into()]).await?;
        let sql = "
            INSERT INTO outages (integration_id, failing_since, trips, open_until)
            SELECT integrations.id, CAST(given.value ->> 1 AS BIGINT),
                CAST(given.value ->> 2 AS BIGINT), CAST(given.value ->> 3 AS BIGINT)
            FROM jsonb_each($1) AS given
            JOIN integrations ON integrations.id = given.value ->> 0
            WHERE integrations.active";
        db::execute(&transaction, sql, [to_json(&rows).into()]).await?;
        let ids: Vec<_> = outages.iter().map(|(id, _)| *id).collect();
        past_outages::keep(&transaction, &ids, db::now()).await?;
        Ok(db::commit(transaction).await?)
    }

    /// Switches an integration off, keeps why, and leaves a notification for the admins. Returns
    /// that; `None` when the integration is gone, was not active, or has another URL than the one that
    /// failed.
    ///
    /// # Errors
    /// When the database fails; nothing has happened then.
    pub async fn disable_integration(
        &self,
        id: IntegrationId,
        reason: DisableReason,
        failed_url: Option<&str>,
    ) -> Result<Option<Notification>, StoreError> {
        let at = db::now();
        let transaction = self.db().begin_configuration().await?;
        self.ownership().fence(&transaction).await?;
        let sql = "
            SELECT app_id, settings
            FROM integrations
            WHERE id = $1
              AND active";
        let Some(row) = db::one(&transaction, sql, [id.to_string().into()]).await? else {
            return Ok(None);
        };
        let (app_id, settings) =
            (row.parse("app_id")?, row.json::<IntegrationSettings>("settings")?);
        if failed_url.is_some_and(|failed| failed != settings.url.to_string()) {
            return Ok(None);
        }
        let before = settings.clone();
        let settings = IntegrationSettings { active: false, ..settings };
        let notification = Notification {
            id: NotificationId::from_uuid(Uuid::now_v7()),
            app_id,
            integration_id: id,
            integration_name: settings.name.clone(),
            reason,
            created_at: at,
        };
        let sql = "
            UPDATE integrations
            SET settings = $2, active = FALSE, updated_at = $3, disabled_reason = $4,
                disabled_at = $3, revision = revision + 1
            WHERE id = $1";
        let values = [
            id.to_string().into(),
            db::over(&row.get::<String>("settings")?, &settings)?.into(),
            at.millis().into(),
            reason.as_str().into(),
        ];
        db::execute(&transaction, sql, values).await?;
        let sql = "DELETE FROM outages WHERE integration_id = $1";
        db::execute(&transaction, sql, [id.to_string().into()]).await?;
        past_outages::keep(&transaction, &[id], at).await?;
        let sql = "
            INSERT INTO notifications
                (id, app_id, integration_id, integration_name, reason, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            notification.id.to_string().into(),
            app_id.to_string().into(),
            id.to_string().into(),
            settings.name.clone().into(),
            reason.as_str().into(),
            at.millis().into(),
        ];
        db::execute(&transaction, sql, values).await?;
        let line = Line::new(AuditAction::IntegrationDisabled).in_app(app_id).on(id);
        let line = line.named(&settings.name).between(&before, &settings);
        audit::write(&transaction, &Actor::SERVER, at, line).await?;
        db::commit(transaction).await?;
        Ok(Some(notification))
    }

    /// What the admins were told, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notifications(
        &self,
        page: PageRequest<NotificationId>,
    ) -> Result<Page<Notification, NotificationId>, StoreError> {
        let mut conditions = Conditions::default();
        if let Some(after) = page.after {
            conditions.and("id < $", after.to_string());
        }
        let query = conditions.query(
            concat!("SELECT ", db::columns!(notifications), " FROM notifications"),
            "ORDER BY id DESC",
            &page,
        );
        Page::read(&self.db().read, query, page.limit, notification, |notification| notification.id)
            .await
    }

    /// Notifications that were not sent to the admins' webhook, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unsent_notifications(&self, limit: u32) -> Result<Vec<Notification>, StoreError> {
        let rows = db::all(&self.db().read, UNSENT, [i64::from(limit).into()]).await?;
        db::readable(rows, notification)
    }

    /// Keeps that a notification was sent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notification_sent(&self, id: NotificationId) -> Result<(), StoreError> {
        let sql = "UPDATE notifications SET sent_at = $2 WHERE id = $1";
        let values = [id.to_string().into(), db::now().millis().into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// Removes the notifications of before, sent or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_notifications(&self, before: EventTime) -> Result<(), StoreError> {
        // Their ids begin with the time.
        let millis = u64::try_from(before.millis()).unwrap_or(0);
        let first = Uuid::from_u128(u128::from(millis) << 80);
        let values = [NotificationId::from_uuid(first).to_string().into()];
        db::execute(&self.db().write, FORGET, values).await?;
        Ok(())
    }
}

fn notification(row: &Row) -> Result<Notification, StoreError> {
    Ok(Notification {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        integration_id: row.parse("integration_id")?,
        integration_name: row.get("integration_name")?,
        reason: row.word("reason")?,
        created_at: row.time("created_at")?,
    })
}
