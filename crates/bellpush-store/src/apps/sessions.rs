//! Widget sessions and their tokens.

use bellpush_core::{
    context::Context,
    events::EventTime,
    ids::{ApiKeyId, AppId, DestinationId, SessionId, SignInId, WidgetKeyId},
    origin::AllowedOrigin,
};

use uuid::Uuid;

use crate::{
    SecretHash, Store, StoreError,
    db::{self, Row, to_json},
};

/// A session to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its app.
    pub app_id: AppId,
    /// The origin of the embedding page; `None` when a backend makes it, which has none.
    pub origin: Option<AllowedOrigin>,
    /// Its context.
    pub context: Context,
    /// Whether it is a preview.
    pub preview: bool,
    /// The sign-in that it was begun with, and ends with.
    pub sign_in_id: Option<SignInId>,
    /// The API key that it was begun with, and ends with.
    pub api_key_id: Option<ApiKeyId>,
    /// The widget key that it was begun with, and ends with.
    pub widget_key_id: Option<WidgetKeyId>,
    /// The routing key that a backend gave.
    pub routing_key: Option<String>,
    /// The destination that its calls go to; `None` for the default one.
    pub destination_id: Option<DestinationId>,
    /// The family of the browser, if it is known.
    pub browser: Option<&'static str>,
    /// The language that the browser would like best, if it says so.
    pub language: Option<String>,
}

/// A widget session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Its app.
    pub app_id: AppId,
    /// The origin of the embedding page, if known.
    pub origin: Option<AllowedOrigin>,
    /// Its context.
    pub context: Context,
    /// Whether it is a preview.
    pub preview: bool,
    /// The sign-in that it was begun with, and ends with.
    pub sign_in_id: Option<SignInId>,
    /// The API key that it was begun with, and ends with.
    pub api_key_id: Option<ApiKeyId>,
    /// The widget key that it was begun with, and ends with.
    pub widget_key_id: Option<WidgetKeyId>,
    /// The routing key that a backend gave.
    pub routing_key: Option<String>,
    /// The destination that its calls go to; `None` for the default one.
    pub destination_id: Option<DestinationId>,
    /// When it was made.
    pub created_at: EventTime,
}

pub(crate) const BY_TOKEN: &str = concat!(
    "
    SELECT ",
    db::columns!(sessions),
    "
    FROM session_tokens
    JOIN sessions ON sessions.id = session_tokens.session_id
    JOIN apps ON apps.id = sessions.app_id
    WHERE token_hash = $1
      AND expires_at > $2"
);

impl Store {
    /// Makes a session with its first token; `None` when there is no such app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_session(
        &self,
        new: NewSession,
        token: &SecretHash,
        expires_at: EventTime,
    ) -> Result<Option<Session>, StoreError> {
        let id = SessionId::from_uuid(Uuid::now_v7());
        let created_at = db::now();
        let transaction = self.db().begin().await?;
        let sql = "
            INSERT INTO sessions
                (id, app_id, origin, context, preview, routing_key, destination_id, created_at,
                 browser, language, sign_in_id, api_key_id, widget_key_id)
            SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
            FROM apps
            WHERE id = $2";
        let values = [
            id.to_string().into(),
            new.app_id.to_string().into(),
            new.origin.as_ref().map(ToString::to_string).into(),
            to_json(&new.context).into(),
            new.preview.into(),
            new.routing_key.clone().into(),
            new.destination_id.map(|id| id.to_string()).into(),
            created_at.millis().into(),
            new.browser.into(),
            new.language.clone().into(),
            new.sign_in_id.map(|id| id.to_string()).into(),
            new.api_key_id.map(|id| id.to_string()).into(),
            new.widget_key_id.map(|id| id.to_string()).into(),
        ];
        if db::execute(&transaction, sql, values).await? == 0 {
            return Ok(None);
        }
        let sql = "
            INSERT INTO session_tokens (token_hash, session_id, expires_at)
            VALUES ($1, $2, $3)";
        let (hash, at) = (token.as_str().into(), expires_at.millis().into());
        db::execute(&transaction, sql, [hash, id.to_string().into(), at]).await?;
        let pairs: Vec<_> =
            new.context.iter().map(|(key, value)| (key, db::without_nul(value))).collect();
        if !pairs.is_empty() {
            let sql = "
                INSERT INTO session_context (app_id, key, value, session_id)
                SELECT $2, value ->> 0, value ->> 1, $3
                FROM jsonb_each($1)";
            let (app_id, id) = (new.app_id.to_string(), id.to_string());
            let values = [to_json(&pairs).into(), app_id.into(), id.into()];
            db::execute(&transaction, sql, values).await?;
        }
        db::commit(transaction).await?;
        let NewSession { app_id, origin, context, preview, sign_in_id, .. } = new;
        let NewSession { api_key_id, widget_key_id, routing_key, destination_id, .. } = new;
        Ok(Some(Session {
            id,
            app_id,
            origin,
            context,
            preview,
            sign_in_id,
            api_key_id,
            widget_key_id,
            routing_key,
            destination_id,
            created_at,
        }))
    }

    /// Gives a session one more token; `false` when there is no such session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_session_token(
        &self,
        session_id: SessionId,
        token: &SecretHash,
        expires_at: EventTime,
    ) -> Result<bool, StoreError> {
        let sql = "
            INSERT INTO session_tokens (token_hash, session_id, expires_at)
            SELECT $1, sessions.id, $3
            FROM sessions
            JOIN apps ON apps.id = sessions.app_id
            WHERE sessions.id = $2";
        let (hash, at) = (token.as_str().into(), expires_at.millis().into());
        let values = [hash, session_id.to_string().into(), at];
        Ok(db::execute(&self.db().write, sql, values).await? > 0)
    }

    /// When the last token of a session expires; `None` when it has none any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_end(&self, id: SessionId) -> Result<Option<EventTime>, StoreError> {
        let sql = "
            SELECT MAX(expires_at) AS expires_at
            FROM session_tokens
            WHERE session_id = $1";
        let row = db::one(&self.db().read, sql, [id.to_string().into()]).await?;
        row.map_or(Ok(None), |row| row.time_opt("expires_at"))
    }

    /// One session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let sql = concat!(
            "
            SELECT ",
            db::columns!(sessions),
            "
            FROM sessions
            JOIN apps ON apps.id = sessions.app_id
            WHERE sessions.id = $1"
        );
        let row = db::one(&self.db().read, sql, [id.to_string().into()]).await?;
        row.as_ref().map(session).transpose()
    }

    /// The session with this token, unless the token has expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_by_token(
        &self,
        token: &SecretHash,
        now: EventTime,
    ) -> Result<Option<Session>, StoreError> {
        let values = [token.as_str().into(), now.millis().into()];
        let row = db::one(&self.db().read, BY_TOKEN, values).await?;
        row.as_ref().map(session).transpose()
    }

    /// Removes tokens that have expired; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_expired_tokens(&self, now: EventTime) -> Result<u64, StoreError> {
        let sql = "DELETE FROM session_tokens WHERE expires_at <= $1";
        Ok(db::execute(&self.db().write, sql, [now.millis().into()]).await?)
    }
}

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        origin: row.parse_opt("origin")?,
        context: row.json("context")?,
        preview: row.get("preview")?,
        sign_in_id: row.parse_opt("sign_in_id")?,
        api_key_id: row.parse_opt("api_key_id")?,
        widget_key_id: row.parse_opt("widget_key_id")?,
        routing_key: row.get("routing_key")?,
        destination_id: row.parse_opt("destination_id")?,
        created_at: row.time("created_at")?,
    })
}
