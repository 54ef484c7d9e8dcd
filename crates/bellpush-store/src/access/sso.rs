//! How people may sign in, and whom a provider of single sign-on means.

use bellpush_core::{
    access::{Change, Email, Grant, SignInSettings},
    events::EventTime,
    ids::MemberId,
};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use serde_json::Value;

use super::{
    Who,
    accounts::Accounts,
    audit::{self, Actor, AuditAction, Line},
    members::{self, Member, MemberError, NewMember, insert, owners, told},
    settings::{SETTINGS, read},
    sign_ins::{self, NewSignIn, SignIn},
};
use crate::{Edit, SaveError, Store, StoreError, db, revision::Subject};

/// The key of the client's secret.
pub(crate) const SECRET: &str = "sso_client_secret";
/// The identity that the client's secret is sealed for.
pub(crate) const SECRET_IDENTITY: &str = "settings:sso_client_secret";

/// Whom a provider means.
#[derive(Debug, Clone, Copy)]
pub struct SsoIdentity<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// What it calls the person.
    pub subject: &'a str,
}

/// Somebody whom a provider has sent.
#[derive(Debug, Clone)]
pub struct SsoArrival<'a> {
    /// The revision of the settings by which they were judged.
    pub settings: u64,
    /// Whom it means.
    pub identity: SsoIdentity<'a>,
    /// Their name.
    pub name: &'a str,
    /// Their e-mail address, if the provider has verified it.
    pub email: Option<&'a Email>,
    /// The role that they shall have now; `None` leaves that of a member.
    pub grant: Option<Grant>,
    /// The role of somebody who comes for the first time; `None`: only members get in.
    pub new_member: Option<Grant>,
}

/// Why somebody whom a provider has sent did not get in.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// They are no member, and can't become one.
    #[error("there is no member for this account; ask for an invitation")]
    NoMember,
    /// The member of their address comes by another account of the same provider.
    #[error("the member of this address signs in by another account of the same provider")]
    OtherAccount,
    /// The settings by which they were judged are no longer the present ones.
    #[error("how people sign in has just been changed; try again")]
    Changed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for SsoError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<MemberError> for SsoError {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::Store(error) => Self::Store(error),
            _ => Self::NoMember,
        }
    }
}

impl Store {
    /// The secret of the client at the provider, if there is one.
    ///
    /// # Errors
    /// When the database fails, or it can't be opened.
    pub async fn sso_client_secret(&self) -> Result<Option<SecretString>, StoreError> {
        let Some(sealed) = self.setting(SECRET).await? else { return Ok(None) };
        Ok(Some(self.keys().open(SECRET_IDENTITY, &sealed)?))
    }

    /// Replaces how people may sign in; the client's secret is replaced if another one is given. With another
    /// client at the same provider, its people are linked anew, by their addresses. When
    /// single sign-on becomes the only way in, all browsers are signed out that came otherwise. Returns
    /// the revision that they are of then.
    ///
    /// # Errors
    /// [`SaveError::SecretsRequired`] when it keeps the client's secret and names another issuer,
    /// [`SaveError::Outdated`], or when the database fails.
    pub async fn save_sign_in_settings<'a>(
        &self,
        settings: &SignInSettings,
        secret: Option<&SecretString>,
        edit: impl Into<Edit<'a>>,
    ) -> Result<u64, SaveError> {
        let Edit { actor, expected } = edit.into();
        let sealed = secret.map(|secret| self.keys().seal(SECRET_IDENTITY, secret)).transpose();
        let sealed = sealed.map_err(StoreError::from)?;
        let transaction = self.db().begin_access().await?;
        let (before, revision) = read(&transaction).await?;
        let subject = Subject { id: None, actions: &[AuditAction::SignInSettingsUpdated] };
        expected.check::<SaveError>(&transaction, revision, subject).await?;
        if sealed.is_none()
            && settings.sso.is_some()
            && !has_same_issuer(&before, settings)
            && db::one(
                &transaction,
                "SELECT 1 AS kept FROM settings WHERE key = $1",
                [SECRET.into()],
            )
            .await?
            .is_some()
        {
            let names = vec!["clientSecret".to_owned()];
            return Err(SaveError::SecretsRequired { names, pointer: "/clientSecret" });
        }
        let line = Line::new(AuditAction::SignInSettingsUpdated).between(&before, settings);
        let line = if sealed.is_some() { line.and_secret("/sso/clientSecret") } else { line };
        let revision = revision + u64::from(line.has_changes());
        let kept = "SELECT value AS kept FROM settings WHERE key = $1";
        let written = db::rewritten(&transaction, kept, SETTINGS, settings).await?;
        put(&transaction, SETTINGS, &written, revision).await?;
        if let Some(sealed) = &sealed {
            put(&transaction, SECRET, sealed, revision).await?;
        }
        if settings.sso.is_none() {
            let sql = "DELETE FROM settings WHERE key = $1";
            db::execute(&transaction, sql, [SECRET.into()]).await?;
        }
        if let (Some(was), Some(sso)) = (&before.sso, &settings.sso)
            && was.issuer == sso.issuer
            && was.client_id != sso.client_id
        {
            // A provider may call people differently for each of its clients.
            let sql = "DELETE FROM sso_identities WHERE issuer = $1";
            db::execute(&transaction, sql, [sso.issuer.as_str().into()]).await?;
        }
        if settings.require_sso && !before.require_sso {
            db::execute(&transaction, "DELETE FROM sign_ins WHERE way <> 'sso'", []).await?;
        }
        audit::write_update(&transaction, actor, db::now(), line).await?;
        self.db().commit_access(transaction).await?;
        Ok(revision)
    }
}

impl Accounts {
    /// How people may sign in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_in_settings(&self) -> Result<SignInSettings, StoreError> {
        Ok(self.sign_in_settings_with_revision().await?.0)
    }

    /// The same with their revision, which counts their changes; 0 when there was none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_in_settings_with_revision(
        &self,
    ) -> Result<(SignInSettings, u64), StoreError> {
        read(&self.db().read).await
    }

    /// Signs a browser in whose owner a provider has sent: the member that it is linked with, or else the
    /// one with the verified address, who is linked then, or else a new one. The role that the groups
    /// say is theirs from then on, but for the last owner's.
    ///
    /// # Errors
    /// [`SsoError`] says why not.
    pub async fn sso_sign_in(
        &self,
        arrival: &SsoArrival<'_>,
        new: &NewSignIn<'_>,
    ) -> Result<(Member, SignIn), SsoError> {
        let transaction = self.db().begin_access().await?;
        let at = db::now();
        // While the provider was asked, they may have changed.
        if read(&transaction).await?.1 != arrival.settings {
            return Err(SsoError::Changed);
        }
        let (member, is_new) = match linked(&transaction, arrival.identity).await? {
            Some(member) => (member, false),
            None => link(&transaction, arrival, at).await?,
        };
        let who = Who::Member(member.id);
        let actor = Actor { who, name: Some(member.name.clone()), address: Some(new.address) };
        if is_new {
            let line = Line::new(AuditAction::SsoLinked).on(member.id).named(&member.name);
            let line = line.with(Change::between(&Value::Null, &told(&member)));
            audit::write(&transaction, &actor, at, line).await?;
        }
        let member = regrant(&transaction, member, arrival.grant.clone(), (&actor, at)).await?;
        let sign_in = sign_ins::insert(&transaction, member.id, new, at).await?;
        let line = Line::new(AuditAction::SignedIn).on(member.id).named(new.device);
        let line = line.between(&(), &serde_json::json!({ "way": new.way.as_str() }));
        audit::write(&transaction, &actor, at, line).await?;
        self.db().commit_access(transaction).await?;
        Ok((member, sign_in))
    }
}

/// Whether the client's secret would be sent to where it was sent before: a provider may have other
/// tenants at the same host.
fn has_same_issuer(before: &SignInSettings, after: &SignInSettings) -> bool {
    let issuer = |settings: &SignInSettings| settings.sso.as_ref().map(|sso| sso.issuer.clone());
    issuer(before) == issuer(after)
}

async fn put(
    transaction: &DatabaseTransaction,
    key: &str,
    value: &str,
    revision: u64,
) -> Result<(), StoreError> {
    let sql = "
        INSERT INTO settings (key, value, revision)
        VALUES ($1, $2, $3)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision";
    db::execute(transaction, sql, [key.into(), value.into(), db::number(revision)]).await?;
    Ok(())
}

async fn linked(
    transaction: &DatabaseTransaction,
    identity: SsoIdentity<'_>,
) -> Result<Option<Member>, StoreError> {
    let sql = "SELECT member_id FROM sso_identities WHERE issuer = $1 AND subject = $2";
    let values = [identity.issuer.into(), identity.subject.into()];
    let Some(row) = db::one(transaction, sql, values).await? else { return Ok(None) };
    let id: MemberId = row.parse("member_id")?;
    members::find(transaction, id).await
}

/// Whether a member is linked with anybody of the same provider.
async fn is_linked(
    transaction: &DatabaseTransaction,
    member_id: MemberId,
    identity: SsoIdentity<'_>,
) -> Result<bool, StoreError> {
    let sql = "SELECT subject FROM sso_identities WHERE member_id = $1 AND issuer = $2 LIMIT 1";
    let values = [member_id.to_string().into(), identity.issuer.into()];
    Ok(db::one(transaction, sql, values).await?.is_some())
}

/// Links somebody who comes for the first time.
async fn link(
    transaction: &DatabaseTransaction,
    arrival: &SsoArrival<'_>,
    at: EventTime,
) -> Result<(Member, bool), SsoError> {
    let email = arrival.email.ok_or(SsoError::NoMember)?;
    let member = match members::by_email(transaction, email).await? {
        // Providers give an address to somebody else when the one who had it has left.
        Some((member, _)) if is_linked(transaction, member.id, arrival.identity).await? => {
            return Err(SsoError::OtherAccount);
        }
        Some((member, _)) => member,
        None => {
            let grant = arrival.new_member.clone().ok_or(SsoError::NoMember)?;
            let new = NewMember { name: arrival.name, email, password: None };
            insert(transaction, &new, grant, at).await?
        }
    };
    let sql = "
        INSERT INTO sso_identities (issuer, subject, member_id, linked_at)
        VALUES ($1, $2, $3, $4)";
    let SsoIdentity { issuer, subject } = arrival.identity;
    let values = [issuer.into(), subject.into(), member.id.to_string().into(), at.millis().into()];
    db::execute(transaction, sql, values).await?;
    Ok((member, true))
}

/// Gives a member the role that their groups say; an owner keeps theirs if there is no other.
async fn regrant(
    transaction: &DatabaseTransaction,
    member: Member,
    grant: Option<Grant>,
    (actor, at): (&Actor, EventTime),
) -> Result<Member, StoreError> {
    let Some(grant) = grant.filter(|grant| *grant != member.grant) else { return Ok(member) };
    if member.grant.is_owner() && owners(transaction, 2).await? < 2 {
        return Ok(member);
    }
    members::regrant(transaction, &member, grant, (actor, at)).await
}
