//! The audit trail: who did what with which secret, when, and from where. What it tells of is done
//! in the same transaction as it is written down.

use std::net::IpAddr;

use bellpush_core::{
    delivery::Seq,
    events::EventTime,
    ids::{ApiKeyId, AppId, IntegrationId},
    integration::SecretName,
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};

use crate::{
    Page, PageRequest, Store, StoreError,
    db::{
        self, Row,
        page::{Conditions, Query},
    },
};

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// By which API key.
    pub api_key_id: ApiKeyId,
    /// From which address.
    pub address: IpAddr,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// A named secret was made or replaced.
    SecretSet,
    /// A named secret was deleted.
    SecretDeleted,
    /// A named secret was read back.
    SecretRevealed,
    /// The signing secret was read back.
    SigningSecretRevealed,
    /// The signing secret was replaced.
    SigningSecretRotated,
}

impl AuditAction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SecretSet => "secret_set",
            Self::SecretDeleted => "secret_deleted",
            Self::SecretRevealed => "secret_revealed",
            Self::SigningSecretRevealed => "signing_secret_revealed",
            Self::SigningSecretRotated => "signing_secret_rotated",
        }
    }
}

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the trail.
    pub seq: Seq,
    /// The app.
    pub app_id: AppId,
    /// The integration; it may be gone.
    pub integration_id: IntegrationId,
    /// What was done.
    pub action: AuditAction,
    /// With which named secret.
    pub secret: Option<SecretName>,
    /// By which API key.
    pub api_key_id: ApiKeyId,
    /// From which address.
    pub address: IpAddr,
    /// When.
    pub at: EventTime,
}

impl Store {
    /// The audit trail of an app, or of one of its integrations, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(
        &self,
        app_id: AppId,
        integration_id: Option<IntegrationId>,
        page: PageRequest<Seq>,
    ) -> Result<Page<AuditEntry, Seq>, StoreError> {
        let query = query(app_id, integration_id, page);
        Page::read(&self.db().read, query, page.limit, entry, |entry| entry.seq).await
    }
}

/// Writes one line.
pub(crate) async fn write(
    transaction: &DatabaseTransaction,
    (app_id, integration_id): (AppId, IntegrationId),
    action: AuditAction,
    secret: Option<&SecretName>,
    actor: &Actor,
    at: EventTime,
) -> Result<(), StoreError> {
    let sql = "
        INSERT INTO audit
            (app_id, integration_id, action, secret_name, api_key_id, address, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        app_id.to_string().into(),
        integration_id.to_string().into(),
        action.as_str().into(),
        secret.map(|name| name.as_str().to_owned()).into(),
        actor.api_key_id.to_string().into(),
        actor.address.to_string().into(),
        at.millis().into(),
    ];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

pub(crate) fn query(
    app_id: AppId,
    integration_id: Option<IntegrationId>,
    page: PageRequest<Seq>,
) -> Query {
    let mut conditions = Conditions::default();
    match integration_id {
        // By its own index; that it is one of the app, the caller has seen.
        Some(id) => conditions.and("integration_id = $", id.to_string()),
        None => conditions.and("app_id = $", app_id.to_string()),
    }
    if let Some(after) = page.after {
        conditions.and("seq < $", after.0);
    }
    conditions.query("SELECT * FROM audit", "ORDER BY seq DESC", &page)
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        seq: Seq(row.get("seq")?),
        app_id: row.parse("app_id")?,
        integration_id: row.parse("integration_id")?,
        action: row.word("action")?,
        secret: row.parse_opt("secret_name")?,
        api_key_id: row.parse("api_key_id")?,
        address: row.parse("address")?,
        at: row.time("at")?,
    })
}
