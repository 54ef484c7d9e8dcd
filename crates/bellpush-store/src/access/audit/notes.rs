//! What is written down though nothing in the database changes by it.

use bellpush_core::{
    access::Permission,
    ids::{AppId, IntegrationId},
};
use serde_json::json;

use super::{Actor, AuditAction, Line, write};
use crate::{Store, StoreError, db};

impl Store {
    /// Writes down that something was not permitted: which operation, and for want of what.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_refusal(
        &self,
        actor: &Actor,
        operation: &str,
        needed: Option<Permission>,
    ) -> Result<(), StoreError> {
        let line = Line::new(AuditAction::Refused).named(operation);
        self.record(actor, line.between(&(), &json!({ "needed": needed }))).await
    }

    /// Writes down that a breaker was reset by hand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_breaker_reset(
        &self,
        actor: &Actor,
        app_id: AppId,
        id: IntegrationId,
    ) -> Result<(), StoreError> {
        self.record(actor, Line::new(AuditAction::BreakerReset).in_app(app_id).on(id)).await
    }

    async fn record(&self, actor: &Actor, line: Line) -> Result<(), StoreError> {
        let transaction = self.db().begin().await?;
        write(&transaction, actor, db::now(), line).await?;
        Ok(db::commit(transaction).await?)
    }
}
