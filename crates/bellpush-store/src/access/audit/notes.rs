//! What is written down though nothing in the database changes by it.

use bellpush_core::{
    access::Permission,
    ids::{AppId, IntegrationId},
};
use serde_json::json;

use super::{Actor, AuditAction, Line, write};
use crate::{
    Store, StoreError,
    access::{Accounts, SignInWay},
    db::{self, Db},
};

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

    /// Writes down that something was handed out: of an app, or of the installation, and what.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note(
        &self,
        action: AuditAction,
        app_id: Option<AppId>,
        subject: Option<String>,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let line = Line { app_id, subject_id: subject, ..Line::new(action) };
        self.record(actor, line).await
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
        record(self.db(), actor, line).await
    }
}

impl Accounts {
    /// Writes down that somebody did not get in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_refused_sign_in(
        &self,
        email: &str,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let line = Line::new(AuditAction::SignInRefused).named(email);
        record(self.db(), actor, line).await
    }

    /// Writes down that somebody did not get in who came from single sign-on, by the word for why.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_refused_sso(&self, why: &str, actor: &Actor) -> Result<(), StoreError> {
        let told = json!({ "way": SignInWay::Sso.as_str(), "problem": why });
        let line = Line::new(AuditAction::SignInRefused).between(&(), &told);
        record(self.db(), actor, line).await
    }
}

async fn record(db: &Db, actor: &Actor, line: Line) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    write(&transaction, actor, db::now(), line).await?;
    Ok(db::commit(transaction).await?)
}
