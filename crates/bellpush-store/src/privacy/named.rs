//! Takes away what names a person without hanging on their sessions: what somebody has looked for, and
//! pages that have the value in their address.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, ReplayId},
};
use sea_orm::DatabaseTransaction;

use super::find::pattern;
use crate::{
    Actor, AuditAction, StoreError,
    access::audit::{self, Line},
    db,
};

/// Takes away exports, of which any may have something, and what names the value. Returns how many
/// exports there were.
pub(super) async fn what_names(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    value: &str,
    by: (&Actor, EventTime),
) -> Result<u64, StoreError> {
    erase_pages(transaction, app_id, value).await?;
    erase_filters(transaction, app_id, &pattern(value), by).await
}

/// The same when nobody knows any more which value it was: all that may name one goes.
pub(super) async fn what_names_anything(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    by: (&Actor, EventTime),
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM embed_reports WHERE app_id = $1";
    db::execute(transaction, sql, [app_id.to_string().into()]).await?;
    erase_filters(transaction, app_id, "%", by).await
}

/// Takes away the exports of an app. Returns how many there were.
pub(super) async fn erase_exports(
    transaction: &DatabaseTransaction,
    app_id: AppId,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM exports WHERE app_id = $1";
    Ok(db::execute(transaction, sql, [app_id.to_string().into()]).await?)
}

async fn erase_filters(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    pattern: &str,
    (actor, at): (&Actor, EventTime),
) -> Result<u64, StoreError> {
    let exports = erase_exports(transaction, app_id).await?;
    // One that runs would find nothing more, and without its filter it would find others: it ends.
    let sql = "
        UPDATE replays
        SET filter = '{}', state = 'cancelled', ended_at = $3
        WHERE app_id = $1
          AND state = 'running'
          AND filter LIKE $2 ESCAPE '!'
          AND filter LIKE '%\"context\":[%'
        RETURNING id, integration_id";
    let values = [app_id.to_string().into(), pattern.into(), at.millis().into()];
    for row in db::all(transaction, sql, values).await? {
        let id: ReplayId = row.parse("id")?;
        let line = Line::new(AuditAction::ReplayCancelled).in_app(app_id);
        let line = line.on(row.get::<String>("integration_id")?).named(id.to_string());
        audit::write(transaction, actor, at, line).await?;
    }
    let sql = "
        UPDATE replays
        SET filter = '{}'
        WHERE app_id = $1
          AND state <> 'running'
          AND filter LIKE $2 ESCAPE '!'";
    db::execute(transaction, sql, [app_id.to_string().into(), pattern.into()]).await?;
    Ok(exports)
}

/// In whatever case: letters of an escape may be small or large. Pages come back with the next visit.
async fn erase_pages(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    value: &str,
) -> Result<(), StoreError> {
    let value = db::without_nul(value);
    let escaped: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let sql = "
        DELETE FROM embed_reports
        WHERE app_id = $1
          AND (LOWER(page) LIKE LOWER($2) ESCAPE '!' OR LOWER(page) LIKE LOWER($3) ESCAPE '!')";
    // A space is `+` in a form, and %20 in a path.
    let texts = [value.into_owned(), escaped.replace('+', "%20")];
    let [plain, escaped] = texts.map(|text| {
        let text = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        sea_orm::Value::from(format!("%{text}%"))
    });
    db::execute(transaction, sql, [app_id.to_string().into(), plain, escaped]).await?;
    Ok(())
}
