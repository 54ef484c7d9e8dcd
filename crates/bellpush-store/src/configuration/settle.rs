//! What a document means beside what is set up: with its secrets settled, and its parts fitting each
//! other and what stays.

use bellpush_core::{
    FieldError,
    configuration::{AppConfiguration, Configuration, SecretReference},
    design::Design,
};
use sea_orm::DatabaseTransaction;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::error::{ApplyError, at, refused};
use crate::{
    KeyRing, StoreError, db,
    integrations::sealed::secret_identity,
    routing::{form_fields, trunks},
};

/// The document with values of secrets that are there already as references, so that it changes
/// nothing to apply it twice; but for those of what leads elsewhere now, which are wanted anew.
pub(super) async fn settled(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    present: &Configuration,
    wanted: &Configuration,
) -> Result<Configuration, ApplyError> {
    let mut wanted = wanted.clone();
    for (index, trunk) in wanted.trunks.iter_mut().enumerate() {
        let old = present.trunks.iter().find(|it| it.id == trunk.id);
        let has_moved = old.is_some_and(|old| !trunk.settings.has_peer_of(&old.settings));
        let sql = "SELECT password AS sealed FROM trunks WHERE id = $1";
        let place = format!("/trunks/{index}/password");
        if let Some(secret) = &mut trunk.password {
            let kept = Kept {
                had: old.is_some_and(|old| old.password.is_some()),
                has_moved,
                sql,
                values: vec![trunk.id.to_string().into()],
                identity: trunks::password_identity(trunk.id),
            };
            settle(transaction, keys, kept, &place, secret).await?;
        }
    }
    for (number, app) in wanted.apps.iter_mut().enumerate() {
        let before = present.apps.iter().find(|it| it.id == app.id);
        if before.is_none() && app.settings.is_none() {
            let message = "an app that is not there yet needs settings";
            return Err(refused(&format!("/apps/{number}/settings"), message));
        }
        if let Some((place, fault)) = missing_field(transaction, before, app).await? {
            return Err(at(&format!("/apps/{number}/{place}"), fault.into()));
        }
        let old = before.and_then(|it| it.integrations.as_ref());
        for (index, it) in app.integrations.iter_mut().flatten().enumerate() {
            let had = old.into_iter().flatten().find(|old| old.id == it.id);
            let has_moved =
                had.is_some_and(|old| !it.settings.url.has_origin_of(&old.settings.url));
            for (name, secret) in &mut it.secrets {
                let place = format!("/apps/{number}/integrations/{index}/secrets/{name}");
                let id = it.id.to_string();
                let kept = Kept {
                    had: had.is_some_and(|old| old.secrets.contains_key(name)),
                    has_moved,
                    sql: "
                        SELECT sealed
                        FROM integration_secrets
                        WHERE integration_id = $1
                          AND name = $2",
                    values: vec![id.clone().into(), name.as_str().into()],
                    identity: secret_identity(&id, name.as_str()),
                };
                settle(transaction, keys, kept, &place, secret).await?;
            }
        }
    }
    Ok(wanted)
}

/// Where the secret is that is there.
struct Kept {
    had: bool,
    /// Whether what has it leads elsewhere than before.
    has_moved: bool,
    sql: &'static str,
    values: Vec<sea_orm::Value>,
    identity: String,
}

async fn settle(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    kept: Kept,
    place: &str,
    secret: &mut SecretReference,
) -> Result<(), ApplyError> {
    match secret {
        SecretReference::Kept if !kept.had => {
            let message =
                "there is no secret to keep; give its value, as { secret = \"env:NAME\" }";
            Err(refused(place, message))
        }
        SecretReference::Value(value) if kept.had && !kept.has_moved => {
            let row = db::one(transaction, kept.sql, kept.values).await?;
            let Some(row) = row else { return Ok(()) };
            let sealed: String = row.get("sealed")?;
            let present = keys.open(&kept.identity, &sealed).map_err(StoreError::from)?;
            if present.expose_secret() == value.as_str() {
                *secret = SecretReference::Kept;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A field of the form that a profile would name and the design would not have: where in the app's part,
/// and why.
async fn missing_field(
    transaction: &DatabaseTransaction,
    before: Option<&AppConfiguration>,
    app: &AppConfiguration,
) -> Result<Option<(String, FieldError)>, StoreError> {
    let old = before.and_then(|it| it.profiles.as_ref());
    let profiles: Vec<_> = app.profiles.as_ref().or(old).into_iter().flatten().collect();
    let named = |design: &Design| {
        profiles.iter().enumerate().find_map(|(index, profile)| {
            let fault = design.check_names(&profile.settings).err()?;
            Some((format!("profiles/{index}/settings"), fault))
        })
    };
    let published = app.design.as_ref().and_then(|it| it.published.as_ref());
    if let Some(published) = published {
        // What was checked can be read.
        let Ok(design) = Design::read_kept(&Value::Object(published.clone()).to_string()) else {
            return Ok(None);
        };
        // Of profiles that are not in the document, the design is what has to be changed.
        if app.profiles.is_none() {
            let settings = profiles.iter().map(|profile| &profile.settings);
            let fault = design.check_uses(settings).err().and_then(|mut all| all.pop());
            return Ok(fault.map(|fault| ("design/published".to_owned(), fault)));
        }
        if let Some(found) = named(&design) {
            return Ok(Some(found));
        }
    }
    if app.profiles.is_none() {
        return Ok(None);
    }
    let stays = form_fields::designs(transaction, app.id).await?.into_iter();
    let stays = stays.filter(|it| published.is_none() || it.is_scheduled);
    Ok(stays.map(|it| it.design).find_map(|design| named(&design)))
}
