//! The design documents of apps: a draft, and every version that was published.

use bellpush_core::{
    FieldError,
    access::Change,
    events::EventTime,
    ids::{ApiKeyId, AppId},
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Edit, Expected, Outdated, Page, PageRequest, Store, StoreError,
    access::{
        Who,
        audit::{self, Actor, AuditAction, Line},
    },
    db::{
        self, Row,
        page::{Conditions, Query},
        to_json,
    },
    revision::Subject,
    routing::{form_fields::kept_design, profiles},
};

use super::newer_designs;

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesignDraft {
    /// The document, as JSON.
    pub document: String,
    /// Counts up with every change, from 1; 0 stands for no draft.
    pub revision: u64,
    /// When it was last changed.
    pub updated_at: EventTime,
}

/// Who published a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// The name of the member or the key then.
    pub name: Option<String>,
}

/// A published version, without its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesignVersion {
    /// Its number, from 1.
    pub version: u32,
    /// What is new in it, in the words of who published it.
    pub note: Option<String>,
    /// The version that it brought back.
    pub restored: Option<u32>,
    /// By whom it was published.
    pub publisher: Publisher,
    /// When.
    pub published_at: EventTime,
}

/// A published version with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedDesign {
    /// What is known of it.
    pub version: DesignVersion,
    /// The document, as JSON.
    pub document: String,
    /// When another one took its place; `None`: it is the present one.
    pub replaced_at: Option<EventTime>,
}

/// A version to be published.
#[derive(Debug, Clone, Copy)]
pub struct NewDesignVersion<'a> {
    /// The document, as JSON.
    pub document: &'a str,
    /// What is new in it.
    pub note: Option<&'a str>,
    /// The version that it brings back.
    pub restored: Option<u32>,
    /// Which revision the draft has to be of: the one that it is; any when it is not the draft.
    pub draft: Expected,
}

/// Why a design was not saved.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    /// There is no such app.
    #[error("there is no such app")]
    UnknownApp,
    /// Somebody else has changed the draft.
    #[error(transparent)]
    Outdated(#[from] Outdated),
    /// Its form lacks fields that profiles of the app name.
    #[error("profiles name fields that its form has not")]
    MissingFields(Vec<FieldError>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for DesignError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// The draft of an app's design, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn design_draft(&self, app_id: AppId) -> Result<Option<DesignDraft>, StoreError> {
        let sql = "SELECT document, revision, updated_at FROM design_drafts WHERE app_id = $1";
        let row = db::one(&self.db().read, sql, [app_id.to_string().into()]).await?;
        row.as_ref().map(draft).transpose()
    }

    /// Changes the draft, if it is of the expected revision (0: there is none).
    ///
    /// # Errors
    /// [`DesignError::Outdated`], [`DesignError::UnknownApp`], or when the database fails.
    pub async fn save_design_draft<'a>(
        &self,
        app_id: AppId,
        document: &str,
        edit: impl Into<Edit<'a>>,
    ) -> Result<DesignDraft, DesignError> {
        let transaction = self.db().begin_configuration().await?;
        let saved = save_draft(&transaction, app_id, document, edit.into()).await?;
        db::commit(transaction).await?;
        Ok(saved)
    }

    /// Publishes a version, which is the present one from then on.
    ///
    /// # Errors
    /// [`DesignError::Outdated`] when it is to be a draft that has changed, [`DesignError::UnknownApp`],
    /// [`DesignError::MissingFields`], or when the database fails.
    pub async fn publish_design(
        &self,
        app_id: AppId,
        new: NewDesignVersion<'_>,
        actor: &Actor,
    ) -> Result<DesignVersion, DesignError> {
        let transaction = self.db().begin_configuration().await?;
        let published = publish(&transaction, app_id, new, actor).await?;
        db::commit(transaction).await?;
        Ok(published)
    }

    /// The published versions of an app's design, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn design_versions(
        &self,
        app_id: AppId,
        page: PageRequest<u32>,
    ) -> Result<Page<DesignVersion, u32>, StoreError> {
        let query = versions_query(app_id, page);
        Page::read(&self.db().read, query, page.limit, version, |version| version.version).await
    }

    /// A published version with its document: the one of this number, or the present one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn published_design(
        &self,
        app_id: AppId,
        number: Option<u32>,
    ) -> Result<Option<PublishedDesign>, StoreError> {
        let values = [app_id.to_string().into(), number.map(i64::from).into()];
        let row = db::one(&self.db().read, PUBLISHED, values).await?;
        row.map(|row| {
            Ok(PublishedDesign {
                version: version(&row)?,
                document: row.get("document")?,
                replaced_at: row.time_opt("replaced_at")?,
            })
        })
        .transpose()
    }
}

pub(crate) const PUBLISHED: &str = "
    SELECT app_id, version, document, note, restored, api_key_id, published_by,
        published_at,
        (
            SELECT MIN(later.published_at)
            FROM design_versions AS later
            WHERE later.app_id = $1
              AND later.version > design_versions.version
        ) AS replaced_at
    FROM design_versions
    WHERE app_id = $1
      AND ($2 IS NULL OR version = $2)
    ORDER BY version DESC
    LIMIT 1";

pub(crate) fn versions_query(app_id: AppId, page: PageRequest<u32>) -> Query {
    let mut conditions = Conditions::default();
    conditions.and("app_id = $", app_id.to_string());
    if let Some(after) = page.after {
        conditions.and("version < $", i64::from(after));
    }
    let select = "
        SELECT app_id, version, note, restored, api_key_id, published_by, published_at
        FROM design_versions";
    conditions.query(select, "ORDER BY version DESC", &page)
}

/// Changes the draft, in a transaction that changes the configuration.
pub(crate) async fn save_draft(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    document: &str,
    Edit { actor, expected }: Edit<'_>,
) -> Result<DesignDraft, DesignError> {
    let (present, before) = present(transaction, app_id).await?;
    check_revision(transaction, app_id, present, expected).await?;
    let at = db::now();
    let document =
        &newer_designs::drafted(transaction, app_id, before.as_deref(), document).await?;
    let sql = "
        INSERT INTO design_drafts (app_id, document, revision, updated_at)
        SELECT id, $2, 1, $3
        FROM apps
        WHERE id = $1
        ON CONFLICT (app_id) DO UPDATE
        SET document = excluded.document,
            revision = design_drafts.revision + 1,
            updated_at = excluded.updated_at
        RETURNING document, revision, updated_at";
    let values = [app_id.to_string().into(), document.as_str().into(), at.millis().into()];
    let Some(row) = db::one(transaction, sql, values).await? else {
        return Err(DesignError::UnknownApp);
    };
    let saved = draft(&row)?;
    let line = Line::new(AuditAction::DesignDraftSaved).in_app(app_id).on(app_id);
    let changes = changes(before.as_deref(), document);
    audit::write(transaction, actor, at, line.with(changes)).await?;
    Ok(saved)
}

/// Publishes a version, in such a transaction.
pub(crate) async fn publish(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    new: NewDesignVersion<'_>,
    actor: &Actor,
) -> Result<DesignVersion, DesignError> {
    let (present, draft) = present(transaction, app_id).await?;
    check_revision(transaction, app_id, present, new.draft).await?;
    check_fields(transaction, app_id, new.document).await?;
    let base = (draft.as_deref(), new.restored);
    let document = newer_designs::published(transaction, app_id, base, new.document).await?;
    enter(transaction, app_id, NewDesignVersion { document: &document, ..new }, actor).await
}

/// Refuses a design without a field that a profile names. Changes of the configuration come one at a
/// time, so that none names it until the commit.
pub(super) async fn check_fields(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    document: &str,
) -> Result<(), DesignError> {
    let profiles = profiles::profiles(transaction, app_id).await?;
    let naming = profiles.iter().map(|profile| &profile.settings);
    let mut naming = naming.filter(|it| it.form_fields().next().is_some()).peekable();
    if naming.peek().is_none() {
        return Ok(());
    }
    kept_design(document)?.check_uses(naming).map_err(DesignError::MissingFields)
}

/// Enters a version that was found good.
pub(super) async fn enter(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    new: NewDesignVersion<'_>,
    actor: &Actor,
) -> Result<DesignVersion, DesignError> {
    let at = db::now();
    let sql = concat!(
        "
        INSERT INTO design_versions
            (app_id, version, document, note, restored, api_key_id, published_by, published_at)
        SELECT id,
            (SELECT COALESCE(MAX(version), 0) + 1 FROM design_versions WHERE app_id = $1),
            $2, $3, $4, $5, $6, $7
        FROM apps
        WHERE id = $1
        RETURNING ",
        db::columns!(design_versions)
    );
    let values = [
        app_id.to_string().into(),
        new.document.into(),
        new.note.map(str::to_owned).into(),
        new.restored.map(i64::from).into(),
        for_earlier_versions(actor.who).to_string().into(),
        to_json(&Publisher { who: actor.who, name: actor.name.clone() }).into(),
        at.millis().into(),
    ];
    let Some(row) = db::one(transaction, sql, values).await? else {
        return Err(DesignError::UnknownApp);
    };
    let published = version(&row)?;
    let action = match new.restored {
        Some(_) => AuditAction::DesignRolledBack,
        None => AuditAction::DesignPublished,
    };
    let line = Line::new(action).in_app(app_id).on(app_id);
    let line = line.named(published.version.to_string());
    audit::write(transaction, actor, at, line).await?;
    Ok(published)
}

/// The revision of the draft, and its document; 0 when there is none.
pub(super) async fn present(
    transaction: &DatabaseTransaction,
    app_id: AppId,
) -> Result<(u64, Option<String>), StoreError> {
    let sql = "SELECT revision, document FROM design_drafts WHERE app_id = $1";
    let row = db::one(transaction, sql, [app_id.to_string().into()]).await?;
    row.map_or(Ok((0, None)), |row| Ok((row.count("revision")?, Some(row.get("document")?))))
}

pub(super) async fn check_revision(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    present: u64,
    expected: Expected,
) -> Result<(), DesignError> {
    let subject =
        Subject { id: Some(&app_id.to_string()), actions: &[AuditAction::DesignDraftSaved] };
    expected.check(transaction, present, subject).await
}

/// What a draft has of its own now.
fn changes(before: Option<&str>, after: &str) -> Vec<Change> {
    let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
    Change::between(&before.map(read).unwrap_or_default(), &read(after))
}

fn draft(row: &Row) -> Result<DesignDraft, StoreError> {
    Ok(DesignDraft {
        document: row.get("document")?,
        revision: row.count("revision")?,
        updated_at: row.time("updated_at")?,
    })
}

fn version(row: &Row) -> Result<DesignVersion, StoreError> {
    Ok(DesignVersion {
        version: row.count("version")?,
        note: row.get("note")?,
        restored: optional_version(row, "restored")?,
        publisher: publisher(row)?,
        published_at: row.time("published_at")?,
    })
}

/// The API key that versions of bellpush without members read.
const fn for_earlier_versions(who: Who) -> ApiKeyId {
    match who {
        Who::ApiKey(id) => id,
        _ => ApiKeyId::from_uuid(Uuid::nil()),
    }
}

/// Of versions from before members could publish, the API key is known.
fn publisher(row: &Row) -> Result<Publisher, StoreError> {
    match row.json_opt("published_by")? {
        Some(publisher) => Ok(publisher),
        None => Ok(Publisher { who: Who::ApiKey(row.parse("api_key_id")?), name: None }),
    }
}

fn optional_version(row: &Row, column: &'static str) -> Result<Option<u32>, StoreError> {
    let number: Option<i64> = row.get(column)?;
    number.map(u32::try_from).transpose().map_err(|_| StoreError::Corrupt { column })
}
