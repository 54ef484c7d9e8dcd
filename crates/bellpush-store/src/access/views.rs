//! Saved views: what members keep of a list's filters and columns, under a name.

use bellpush_core::{
    access::ViewedList,
    ids::{AppId, MemberId, ViewId},
};
use sea_orm::DatabaseTransaction;
use url::form_urlencoded;
use uuid::Uuid;

use super::accounts::Accounts;
use crate::{
    StoreError,
    db::{self, Row, to_json},
};

/// Views of one member, at most.
const MAX_VIEWS: i64 = 100;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Of which app.
    pub app_id: AppId,
    /// Of which list.
    pub list: ViewedList,
    /// What its member calls it.
    pub name: String,
    /// What stands behind the `?` of the list's address.
    pub query: String,
}

/// What came of keeping a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept, in place of one of the same name if there was one.
    As(ViewId),
    /// There is no such app.
    NoApp,
    /// The member has as many as there may be.
    TooMany,
}

pub(crate) const OF_MEMBER: &str = concat!(
    "
    SELECT ",
    db::columns!(saved_views),
    "
    FROM saved_views
    JOIN apps ON apps.id = saved_views.app_id
    WHERE member_id = $1
    ORDER BY saved_views.app_id, list, name"
);

impl Accounts {
    /// The views of a member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn views(&self, member: MemberId) -> Result<Vec<(ViewId, SavedView)>, StoreError> {
        db::readable(db::all(&self.db().read, OF_MEMBER, [member.to_string().into()]).await?, view)
    }

    /// Keeps a view of a member, in place of one of the same list and name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_view(&self, member: MemberId, view: &SavedView) -> Result<Kept, StoreError> {
        // One after the other, so that none is kept beyond the limit.
        let transaction = self.db().begin_access().await?;
        let of_app = [view.app_id.to_string().into()];
        if db::one(&transaction, "SELECT id FROM apps WHERE id = $1", of_app).await?.is_none() {
            return Ok(Kept::NoApp);
        }
        let sql = "
            INSERT INTO saved_views (id, member_id, app_id, list, name, query)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (member_id, app_id, list, name) DO UPDATE
            SET query = excluded.query
            RETURNING id";
        let values = [
            ViewId::from_uuid(Uuid::now_v7()).to_string().into(),
            member.to_string().into(),
            view.app_id.to_string().into(),
            view.list.as_str().into(),
            view.name.as_str().into(),
            view.query.as_str().into(),
        ];
        let kept = db::one(&transaction, sql, values).await?;
        let kept = kept.ok_or(StoreError::Corrupt { column: "saved_views.id" })?.parse("id")?;
        let sql = "SELECT COUNT(*) AS views FROM saved_views WHERE member_id = $1";
        let count = db::one(&transaction, sql, [member.to_string().into()]).await?;
        if count.map(|row| row.get::<i64>("views")).transpose()?.unwrap_or_default() > MAX_VIEWS {
            db::rollback(transaction).await?;
            return Ok(Kept::TooMany);
        }
        db::commit(transaction).await?;
        Ok(Kept::As(kept))
    }

    /// Forgets a view of a member; `false` when there is no such one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_view(&self, member: MemberId, id: ViewId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM saved_views WHERE member_id = $1 AND id = $2";
        let values = [member.to_string().into(), id.to_string().into()];
        Ok(db::execute(&self.db().write, sql, values).await? > 0)
    }
}

/// Takes the views of an app that name a value of somebody who is erased: any value of a context, where
/// it is not known any more which.
pub(crate) async fn erase(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    value: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "SELECT id, query FROM saved_views WHERE app_id = $1";
    let kept = db::all(transaction, sql, [app_id.to_string().into()]).await?;
    let kept = db::read(kept, |row| Ok((row.get("id")?, row.get("query")?)))?;
    let naming = kept.into_iter().filter(|(_, query): &(String, String)| names(query, value));
    let ids: Vec<String> = naming.map(|(id, _)| id).collect();
    let sql = "
        DELETE FROM saved_views
        WHERE id IN (SELECT value ->> 0 FROM jsonb_each($1))";
    db::execute(transaction, sql, [to_json(&ids.iter().map(|id| [id]).collect::<Vec<_>>()).into()])
        .await?;
    Ok(())
}

/// Whether the query of an address names a value, as it is or within JSON.
fn names(query: &str, value: Option<&str>) -> bool {
    let pairs = form_urlencoded::parse(query.trim_start_matches('?').as_bytes());
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return pairs.into_iter().any(|(key, _)| key == "context");
    };
    let written = to_json(&value);
    let inner = written.trim_matches('"');
    pairs.into_iter().any(|(_, found)| found.contains(value) || found.contains(inner))
}

fn view(row: &Row) -> Result<(ViewId, SavedView), StoreError> {
    let view = SavedView {
        app_id: row.parse("app_id")?,
        list: row.word("list")?,
        name: row.get("name")?,
        query: row.get("query")?,
    };
    Ok((row.parse("id")?, view))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_names_a_value_is_known_by_it_however_it_is_written() {
        for (query, value, named) in [
            ("?context=email%3Azoe%40shop.example&state=failed", Some("zoe@shop.example"), true),
            ("context=note%3Aa+b", Some("a b"), true),
            (r#"context=%22a%3Ax%5C%22y%22"#, Some(r#"x"y"#), true),
            ("?context=email%3Ano%40shop.example", Some("zoe@shop.example"), false),
            ("?state=failed", Some("A-7"), false),
            ("?state=failed", None, false),
            ("?context=orderId%3AA-7", None, true),
        ] {
            assert_eq!(names(query, value), named, "{query} {value:?}");
        }
    }
}
