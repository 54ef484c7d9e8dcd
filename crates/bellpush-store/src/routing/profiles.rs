//! Profiles: where an app's calls go. The table is named by their ids' other word, destinations.

use std::collections::BTreeMap;

use bellpush_core::{
    configuration::ProfileConfiguration,
    ids::{AppId, DestinationId, TrunkId},
    profile::{ProfileSettings, check_references, referring_to},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::Value;
use uuid::Uuid;

use super::form_fields;
use crate::{
    Edit, Expected, SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    db::{self, Row, to_json},
    revision::Subject,
};

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: DestinationId,
    /// Its app.
    pub app_id: AppId,
    /// Its settings.
    pub settings: ProfileSettings,
    /// Whether calls that ask for no profile go there. Every app has exactly one such.
    pub is_default: bool,
    /// Counts its changes, from 1.
    pub revision: u64,
}

pub(crate) const OF_APP: &str = "
    SELECT id, app_id, settings, is_default, revision
    FROM destinations
    WHERE app_id = $1
    ORDER BY is_default DESC, id";

impl Store {
    /// An app's profiles, the default one first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profiles(&self, app_id: AppId) -> Result<Vec<Profile>, StoreError> {
        let values = [app_id.to_string().into()];
        db::readable(db::all(&self.db().read, OF_APP, values).await?, profile)
    }

    /// One profile of an app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profile(
        &self,
        app_id: AppId,
        id: DestinationId,
    ) -> Result<Option<Profile>, StoreError> {
        let sql = "
            SELECT id, app_id, settings, is_default, revision
            FROM destinations
            WHERE id = $1
              AND app_id = $2";
        let values = [id.to_string().into(), app_id.to_string().into()];
        let row = db::one(&self.db().read, sql, values).await?;
        row.as_ref().map(profile).transpose()
    }

    /// Makes a profile.
    ///
    /// # Errors
    /// [`SaveError::UnknownApp`]; [`SaveError::Field`] when it refers to what is not there, or
    /// would send calls round in a circle; or when the database fails.
    pub async fn create_profile(
        &self,
        app_id: AppId,
        settings: &ProfileSettings,
        is_default: bool,
        actor: &Actor,
    ) -> Result<Profile, SaveError> {
        let id = DestinationId::from_uuid(Uuid::now_v7());
        let transaction = self.db().begin_configuration().await?;
        let others = profiles(&transaction, app_id).await?;
        // Every app has a profile from its beginning on.
        if others.is_empty() {
            return Err(SaveError::UnknownApp);
        }
        check(&transaction, &others, (app_id, id), settings).await?;
        if is_default {
            clear_default(&transaction, &others, actor).await?;
        }
        insert(&transaction, app_id, id, settings, is_default).await?;
        let made = Profile { id, app_id, settings: settings.clone(), is_default, revision: 1 };
        let line = line(AuditAction::ProfileMade, &made).between(&(), &told(&made));
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(made)
    }

    /// Replaces a profile's settings, and makes it the default one if it shall be; `None` when the
    /// app has no such profile. A default profile stays it until another becomes it.
    ///
    /// # Errors
    /// As [`Store::create_profile`], and [`SaveError::Outdated`].
    pub async fn update_profile<'a>(
        &self,
        app_id: AppId,
        id: DestinationId,
        settings: &ProfileSettings,
        make_default: bool,
        edit: impl Into<Edit<'a>>,
    ) -> Result<Option<Profile>, SaveError> {
        let Edit { actor, expected } = edit.into();
        let transaction = self.db().begin_configuration().await?;
        let all = profiles(&transaction, app_id).await?;
        let Some(present) = all.iter().find(|profile| profile.id == id) else {
            return Ok(None);
        };
        check_revision(&transaction, present, expected).await?;
        let is_default = present.is_default || make_default;
        check(&transaction, &all, (app_id, id), settings).await?;
        if is_default && !present.is_default {
            clear_default(&transaction, &all, actor).await?;
        }
        let mut updated = Profile {
            id,
            app_id,
            settings: settings.clone(),
            is_default,
            revision: present.revision,
        };
        let line = line(AuditAction::ProfileUpdated, &updated);
        let line = line.between(&told(present), &told(&updated));
        updated.revision += u64::from(line.has_changes());
        overwrite(&transaction, &updated).await?;
        audit::write_update(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(Some(updated))
    }

    /// Deletes a profile; `false` when the app has none such.
    ///
    /// # Errors
    /// [`SaveError::InUse`] for the default profile, and for one that others refer to;
    /// [`SaveError::Outdated`]; or when the database fails.
    pub async fn delete_profile<'a>(
        &self,
        app_id: AppId,
        id: DestinationId,
        edit: impl Into<Edit<'a>>,
    ) -> Result<bool, SaveError> {
        let Edit { actor, expected } = edit.into();
        let transaction = self.db().begin_configuration().await?;
        let all = profiles(&transaction, app_id).await?;
        let Some(present) = all.iter().find(|profile| profile.id == id) else {
            return Ok(false);
        };
        check_revision(&transaction, present, expected).await?;
        if present.is_default {
            let by = "it is the app's default profile; make another one the default first".into();
            return Err(SaveError::InUse { why: by });
        }
        let by_id: BTreeMap<_, _> =
            all.iter().map(|profile| (profile.id, profile.settings.clone())).collect();
        if let Some(other) = referring_to(&by_id, id).next() {
            let why = format!("the profile {:?} refers to it", other.name);
            return Err(SaveError::InUse { why });
        }
        let sql = "DELETE FROM destinations WHERE id = $1";
        db::execute(&transaction, sql, [id.to_string().into()]).await?;
        let line = line(AuditAction::ProfileDeleted, present).between(&told(present), &());
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(true)
    }
}

fn line(action: AuditAction, profile: &Profile) -> Line {
    Line::new(action).in_app(profile.app_id).on(profile.id).named(&profile.settings.name)
}

/// What the audit trail tells of a profile.
fn told(profile: &Profile) -> Value {
    let mut told = serde_json::to_value(&profile.settings).unwrap_or_default();
    if let Some(fields) = told.as_object_mut() {
        fields.insert("isDefault".into(), profile.is_default.into());
    }
    told
}

pub(crate) async fn profiles(
    connection: &impl ConnectionTrait,
    app_id: AppId,
) -> Result<Vec<Profile>, StoreError> {
    db::read(db::all(connection, OF_APP, [app_id.to_string().into()]).await?, profile)
}

/// Whether what a profile refers to is there. Changes of the configuration come one at a time, so
/// that it still is at the commit.
async fn check(
    transaction: &DatabaseTransaction,
    all: &[Profile],
    (app_id, id): (AppId, DestinationId),
    settings: &ProfileSettings,
) -> Result<(), SaveError> {
    if let Some(trunk_id) = settings.trunk_id {
        check_trunk(transaction, trunk_id).await?;
    }
    let mut by_id: BTreeMap<_, _> =
        all.iter().map(|profile| (profile.id, profile.settings.clone())).collect();
    by_id.insert(id, settings.clone());
    check_references(&by_id, id)?;
    form_fields::check(transaction, app_id, settings).await
}

async fn check_trunk(transaction: &DatabaseTransaction, id: TrunkId) -> Result<(), SaveError> {
    let sql = "SELECT id FROM trunks WHERE id = $1";
    match db::one(transaction, sql, [id.to_string().into()]).await? {
        Some(_) => Ok(()),
        None => Err(SaveError::UnknownTrunk(id)),
    }
}

async fn check_revision(
    transaction: &DatabaseTransaction,
    present: &Profile,
    expected: Expected,
) -> Result<(), SaveError> {
    let id = present.id.to_string();
    let subject = Subject { id: Some(&id), actions: &[AuditAction::ProfileUpdated] };
    expected.check(transaction, present.revision, subject).await
}

/// Takes from the default profile that it is it, so that another can become it.
async fn clear_default(
    transaction: &DatabaseTransaction,
    all: &[Profile],
    actor: &Actor,
) -> Result<(), StoreError> {
    let Some(before) = all.iter().find(|profile| profile.is_default) else { return Ok(()) };
    let sql = "UPDATE destinations SET is_default = FALSE, revision = revision + 1 WHERE id = $1";
    db::execute(transaction, sql, [before.id.to_string().into()]).await?;
    let after = Profile { is_default: false, ..before.clone() };
    let line = line(AuditAction::ProfileUpdated, &after).between(&told(before), &told(&after));
    audit::write(transaction, actor, db::now(), line).await?;
    Ok(())
}

/// Writes a profile over the one that is there.
async fn overwrite(transaction: &DatabaseTransaction, it: &Profile) -> Result<(), StoreError> {
    let sql = "
        UPDATE destinations
        SET name = $2, kind = $3, settings = $4, trunk_id = $5, is_default = $6, revision = $7
        WHERE id = $1";
    let kept = "SELECT settings AS kept FROM destinations WHERE id = $1";
    let values = [
        it.id.to_string().into(),
        it.settings.name.clone().into(),
        it.settings.kind.as_str().into(),
        db::rewritten(transaction, kept, it.id, &it.settings).await?.into(),
        it.settings.trunk_id.map(|id| id.to_string()).into(),
        it.is_default.into(),
        db::number(it.revision),
    ];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

/// Makes the profiles of an app these ones, whose references among themselves are checked.
pub(crate) async fn replace_all(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    wanted: &[ProfileConfiguration],
    actor: &Actor,
) -> Result<(), SaveError> {
    let present = profiles(transaction, app_id).await?;
    for trunk_id in wanted.iter().filter_map(|it| it.settings.trunk_id) {
        check_trunk(transaction, trunk_id).await?;
    }
    // The index allows one default at any time, so there is none in between.
    let sql = "UPDATE destinations SET is_default = FALSE WHERE app_id = $1 AND is_default";
    db::execute(transaction, sql, [app_id.to_string().into()]).await?;
    for gone in present.iter().filter(|it| !wanted.iter().any(|other| other.id == it.id)) {
        let sql = "DELETE FROM destinations WHERE id = $1";
        db::execute(transaction, sql, [gone.id.to_string().into()]).await?;
        let line = line(AuditAction::ProfileDeleted, gone).between(&told(gone), &());
        audit::write(transaction, actor, db::now(), line).await?;
    }
    for ProfileConfiguration { id, is_default, settings } in wanted {
        let before = present.iter().find(|it| it.id == *id);
        let mut profile = Profile {
            id: *id,
            app_id,
            settings: settings.clone(),
            is_default: *is_default,
            revision: before.map_or(1, |it| it.revision),
        };
        let Some(before) = before else {
            insert(transaction, app_id, *id, settings, *is_default).await?;
            let line = line(AuditAction::ProfileMade, &profile).between(&(), &told(&profile));
            audit::write(transaction, actor, db::now(), line).await?;
            continue;
        };
        let line = line(AuditAction::ProfileUpdated, &profile);
        let line = line.between(&told(before), &told(&profile));
        profile.revision += u64::from(line.has_changes());
        overwrite(transaction, &profile).await?;
        if line.has_changes() {
            audit::write_update(transaction, actor, db::now(), line).await?;
        }
    }
    Ok(())
}

/// Enters a profile.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    id: DestinationId,
    settings: &ProfileSettings,
    is_default: bool,
) -> Result<(), StoreError> {
    let sql = "
        INSERT INTO destinations (id, app_id, name, kind, settings, trunk_id, is_default)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        id.to_string().into(),
        app_id.to_string().into(),
        settings.name.clone().into(),
        settings.kind.as_str().into(),
        to_json(settings).into(),
        settings.trunk_id.map(|id| id.to_string()).into(),
        is_default.into(),
    ];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

pub(crate) fn profile(row: &Row) -> Result<Profile, StoreError> {
    Ok(Profile {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        settings: row.json("settings")?,
        is_default: row.get("is_default")?,
        revision: row.count("revision")?,
    })
}
