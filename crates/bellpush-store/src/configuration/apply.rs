//! Makes what is set up what a document says: in one transaction, so that all of it is done or
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use bellpush_core::{
    FieldError,
    configuration::{
        AppConfiguration, Configuration, DesignConfiguration, IntegrationConfiguration,
        PlannedChange, SecretReference, TrunkConfiguration, plan,
    },
    events::EventTime,
    ids::{AppId, IntegrationId},
    integration::SecretName,
};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    applied,
    error::{ApplyError, at, failed, refused},
    read,
    settle::settled,
};
use crate::{
    Actor, AuditAction, Edit, Expected, GivenSecrets, KeyRing, NewDesignVersion, NewSecrets,
    PasswordChange, SaveError, Store,
    access::audit::{self, Line},
    alerts::{rules, watched::check_unwatched},
    apps::{app, designs, widget_keys},
    db,
    integrations::{integration, secrets},
    routing::{profiles, trunks},
};

/// What an integration that is not there yet signs with.
pub type NewSigning = BTreeMap<IntegrationId, (SecretString, Option<SecretString>)>;

/// A document, checked, and how it is applied.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    /// What shall be set up.
    pub wanted: &'a Configuration,
    /// The hash of the state that it was planned on.
    pub state: &'a str,
    /// What the file is called.
    pub file_name: Option<&'a str>,
    /// For each integration of the document.
    pub signing: &'a NewSigning,
    /// Active integrations of one app, at most.
    pub max_active: u8,
}

impl Store {
    /// What applying a checked document would change, and the hash of the state that this was found
    /// on: of the apps and trunks that the document names.
    ///
    /// # Errors
    /// [`ApplyError::At`] when it refers to what is not there, or the store fails.
    pub async fn plan_configuration(
        &self,
        wanted: &Configuration,
    ) -> Result<(Vec<PlannedChange>, String), ApplyError> {
        let snapshot = self.db().begin_reading().await?;
        let present = read::part(&snapshot, wanted).await?;
        let wanted = settled(&snapshot, self.keys(), &present, wanted).await?;
        Ok((plan(&present, &wanted), read::state(&present)))
    }

    /// Applies a checked document, and says what that has changed. `permit` judges these very changes: what is
    /// set up can't become another before they are made.
    ///
    /// # Errors
    /// [`ApplyError`], or why `permit` refuses; nothing is changed then.
    pub async fn apply_configuration<E: From<ApplyError>>(
        &self,
        application: Application<'_>,
        permit: impl FnOnce(&[PlannedChange]) -> Result<(), E>,
        actor: &Actor,
    ) -> Result<Vec<PlannedChange>, E> {
        let begun = self.begin_applying(application).await?;
        permit(&begun.planned)?;
        Ok(self.carry_out(begun, application, actor).await?)
    }

    async fn begin_applying(&self, application: Application<'_>) -> Result<Begun, ApplyError> {
        let transaction = self.db().begin_configuration().await?;
        let present = read::part(&transaction, application.wanted).await?;
        let state = read::state(&present);
        if state != application.state {
            return Err(ApplyError::Moved { state });
        }
        let wanted = settled(&transaction, self.keys(), &present, application.wanted).await?;
        let planned = plan(&present, &wanted);
        Ok(Begun { transaction, present, wanted, planned })
    }

    async fn carry_out(
        &self,
        begun: Begun,
        application: Application<'_>,
        actor: &Actor,
    ) -> Result<Vec<PlannedChange>, ApplyError> {
        let Begun { transaction, present, wanted, planned } = begun;
        let apply = Apply {
            transaction: &transaction,
            keys: self.keys(),
            application,
            actor,
            at: db::now(),
        };
        for (index, trunk) in wanted.trunks.iter().enumerate() {
            let before = present.trunks.iter().find(|it| it.id == trunk.id);
            apply.trunk(&format!("/trunks/{index}"), before, trunk).await?;
        }
        for (index, app) in wanted.apps.iter().enumerate() {
            let before = present.apps.iter().find(|it| it.id == app.id);
            apply.app(&format!("/apps/{index}"), before, app).await?;
        }
        applied::keep(&transaction, &wanted, application.file_name, actor, apply.at).await?;
        for app in &wanted.apps {
            let line = Line::new(AuditAction::ConfigurationApplied).in_app(app.id).on(app.id);
            let line = match application.file_name {
                Some(name) => line.named(name),
                None => line,
            };
            audit::write(&transaction, actor, apply.at, line).await?;
        }
        db::commit(transaction).await?;
        self.remover().wake();
        Ok(planned)
    }
}

/// What is about to be changed, by a transaction in which nobody else changes it.
struct Begun {
    transaction: DatabaseTransaction,
    present: Configuration,
    wanted: Configuration,
    planned: Vec<PlannedChange>,
}

struct Apply<'a> {
    transaction: &'a DatabaseTransaction,
    keys: &'a KeyRing,
    application: Application<'a>,
    actor: &'a Actor,
    at: EventTime,
}

impl Apply<'_> {
    async fn trunk(
        &self,
        place: &str,
        before: Option<&TrunkConfiguration>,
        trunk: &TrunkConfiguration,
    ) -> Result<(), ApplyError> {
        if before == Some(trunk) {
            return Ok(());
        }
        let TrunkConfiguration { id, settings, password } = trunk;
        let value = match password {
            Some(SecretReference::Value(value)) => Some(SecretString::from(value.clone())),
            _ => None,
        };
        if before.is_none() {
            let place = (*id, self.at);
            let password = value.as_ref();
            trunks::insert(self.transaction, self.keys, place, settings, password, self.actor)
                .await?;
            return Ok(());
        }
        let change = match (value, password) {
            (Some(value), _) => PasswordChange::Set(value),
            (None, Some(_)) => PasswordChange::Keep,
            (None, None) if before.is_some_and(|it| it.password.is_some()) => {
                PasswordChange::Remove
            }
            (None, None) => PasswordChange::Keep,
        };
        trunks::update(self.transaction, self.keys, *id, settings, (&change, self.edit()))
            .await
            .map_err(|error| at(place, error))?;
        Ok(())
    }

    async fn app(
        &self,
        place: &str,
        before: Option<&AppConfiguration>,
        app: &AppConfiguration,
    ) -> Result<(), ApplyError> {
        let settings = app.settings.as_ref();
        if let Some(settings) = settings
            && before.is_none()
        {
            app::insert(self.transaction, app.id, settings, self.at, self.actor).await?;
            if app.profiles.is_none() {
                app::insert_demo(self.transaction, app.id).await?;
            }
        } else if let Some(settings) = settings
            && before.and_then(|it| it.settings.as_ref()) != Some(settings)
        {
            app::update(self.transaction, app.id, settings, self.edit())
                .await
                .map_err(|error| at(&format!("{place}/settings"), error))?;
        }
        let old = before.and_then(|it| it.profiles.as_ref());
        if let Some(profiles) = &app.profiles
            && old != Some(profiles)
        {
            profiles::replace_all(self.transaction, app.id, profiles, self.actor)
                .await
                .map_err(|error| at(&format!("{place}/profiles"), error))?;
        }
        self.widget_keys(place, before, app).await?;
        self.integrations(place, before, app).await?;
        let old = before.and_then(|it| it.alert_rules.as_ref());
        if let Some(wanted) = &app.alert_rules
            && old != Some(wanted)
        {
            let rules = rules::replace_all(self.transaction, app.id, wanted, self.edit(), self.at);
            rules.await.map_err(|error| at(&format!("{place}/alertRules"), error))?;
        }
        let old = before.and_then(|it| it.design.as_ref());
        match &app.design {
            Some(design) => self.design(app.id, old, design).await,
            None => Ok(()),
        }
    }

    async fn widget_keys(
        &self,
        place: &str,
        before: Option<&AppConfiguration>,
        app: &AppConfiguration,
    ) -> Result<(), ApplyError> {
        let Some(keys) = &app.widget_keys else { return Ok(()) };
        let old: Vec<_> =
            before.and_then(|it| it.widget_keys.as_ref()).into_iter().flatten().collect();
        for gone in old.iter().filter(|it| !keys.contains(it)) {
            widget_keys::delete(self.transaction, app.id, gone.id, self.actor).await?;
        }
        for (index, key) in keys.iter().enumerate().filter(|(_, key)| !old.contains(key)) {
            let sql = "SELECT id FROM widget_keys WHERE key = $1 OR id = $2";
            let values = [key.key.clone().into(), key.id.to_string().into()];
            if db::one(self.transaction, sql, values).await?.is_some() {
                let message = "another app has this widget key";
                return Err(refused(&format!("{place}/widgetKeys/{index}/key"), message));
            }
            let new = (app.id, key.id, self.at);
            widget_keys::insert(self.transaction, new, &key.key, self.actor).await?;
        }
        Ok(())
    }

    async fn integrations(
        &self,
        place: &str,
        before: Option<&AppConfiguration>,
        app: &AppConfiguration,
    ) -> Result<(), ApplyError> {
        let Some(all) = &app.integrations else { return Ok(()) };
        let old: Vec<_> =
            before.and_then(|it| it.integrations.as_ref()).into_iter().flatten().collect();
        for gone in old.iter().filter(|it| !all.iter().any(|other| other.id == it.id)) {
            let place = format!("{place}/integrations");
            // Rules that are in the document fit its integrations.
            if app.alert_rules.is_none() {
                let watched = check_unwatched(self.transaction, gone.id).await;
                watched.map_err(|error| at(&place, error))?;
            }
            integration::delete(self.transaction, app.id, gone.id, self.edit())
                .await
                .map_err(|error| at(&place, error))?;
        }
        // Those that are switched off first, so that there is room for others.
        let mut ordered: Vec<_> = all.iter().enumerate().collect();
        ordered.sort_by_key(|(_, it)| it.settings.active);
        for (index, it) in ordered {
            let before = old.iter().find(|old| old.id == it.id).copied();
            if before != Some(it) {
                self.integration(app.id, before, it)
                    .await
                    .map_err(|error| at(&format!("{place}/integrations/{index}"), error))?;
            }
        }
        Ok(())
    }

    async fn integration(
        &self,
        app_id: AppId,
        before: Option<&IntegrationConfiguration>,
        it: &IntegrationConfiguration,
    ) -> Result<(), SaveError> {
        let (transaction, max) = (self.transaction, self.application.max_active);
        let named: BTreeMap<SecretName, SecretString> = it
            .secrets
            .iter()
            .filter_map(|(name, secret)| match secret {
                SecretReference::Value(value) => Some((name.clone(), value.clone().into())),
                SecretReference::Kept => None,
            })
            .collect();
        let signing = self.application.signing.get(&it.id);
        let Some((signing_secret, signing_key)) = signing.cloned() else {
            return Err(
                FieldError { pointer: String::new(), message: "it can't sign".into() }.into()
            );
        };
        let Some(before) = before else {
            let sql = "SELECT id FROM integrations WHERE id = $1";
            if db::one(transaction, sql, [it.id.to_string().into()]).await?.is_some() {
                let message = "another app has an integration with this id".into();
                return Err(FieldError { pointer: "/id".into(), message }.into());
            }
            let new = NewSecrets { signing_secret, signing_key, named };
            let place = (app_id, it.id, self.at);
            let with = (&new, max);
            return integration::insert(
                transaction,
                self.keys,
                place,
                &it.settings,
                with,
                self.actor,
            )
            .await;
        };
        let given = GivenSecrets { named, signing_key };
        let change = ((&given, self.edit()), max);
        integration::update(transaction, self.keys, (app_id, it.id), &it.settings, change).await?;
        let gone: BTreeSet<_> =
            before.secrets.keys().filter(|name| !it.secrets.contains_key(*name)).cloned().collect();
        secrets::remove(transaction, (app_id, it.id), &gone, self.actor).await?;
        Ok(())
    }

    async fn design(
        &self,
        app_id: AppId,
        before: Option<&DesignConfiguration>,
        design: &DesignConfiguration,
    ) -> Result<(), ApplyError> {
        let text = |document: &Map<String, Value>| Value::Object(document.clone()).to_string();
        if let Some(published) = &design.published
            && before.and_then(|it| it.published.as_ref()) != Some(published)
        {
            let new = NewDesignVersion {
                document: &text(published),
                note: self.application.file_name,
                restored: None,
                draft: Expected::Any,
            };
            designs::publish(self.transaction, app_id, new, self.actor).await.map_err(failed)?;
        }
        if let Some(draft) = &design.draft
            && before.and_then(|it| it.draft.as_ref()) != Some(draft)
        {
            designs::save_draft(self.transaction, app_id, &text(draft), self.edit())
                .await
                .map_err(failed)?;
        }
        Ok(())
    }

    fn edit(&self) -> Edit<'_> {
        Edit { actor: self.actor, expected: Expected::Any }
    }
}
