//! What real visits report of the pages that embed a widget: the last of each page.

use bellpush_core::{
    embed::{Visit, VisitProblem},
    events::EventTime,
    ids::AppId,
};

use crate::{
    Store, StoreError,
    db::{self, Row},
};

/// Pages of an app that are kept, those seen last: of pages that show the widget, and of others.
const MAX_PAGES: i64 = 200;
const MAX_REFUSED: i64 = 20;

pub(crate) const OF_APP: &str = "
    SELECT page, problem, microphone, frames, loader, first_seen_at, seen_at
    FROM embed_reports
    WHERE app_id = $1
    ORDER BY seen_at DESC, page";

/// Takes away what is beyond the newest ones. Anybody can name pages that show nothing: these take no
/// place of the others.
const FORGET_SHOWN: &str = "
    DELETE FROM embed_reports
    WHERE app_id = $1 AND page IN (
        SELECT page
        FROM embed_reports
        WHERE app_id = $1 AND problem IS NULL
        ORDER BY seen_at DESC
        LIMIT 1000 OFFSET $2
    )";
const FORGET_REFUSED: &str = "
    DELETE FROM embed_reports
    WHERE app_id = $1 AND page IN (
        SELECT page
        FROM embed_reports
        WHERE app_id = $1 AND problem IS NOT NULL
        ORDER BY seen_at DESC
        LIMIT 1000 OFFSET $2
    )";

/// What was last reported of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedReport {
    /// What was reported.
    pub visit: Visit,
    /// When the page was first seen.
    pub first_seen_at: EventTime,
    /// When it was last seen.
    pub seen_at: EventTime,
}

impl Store {
    /// Keeps what a visit reports, in place of what was reported of that page before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_embed_report(
        &self,
        app_id: AppId,
        visit: &Visit,
        at: EventTime,
    ) -> Result<(), StoreError> {
        // Whoever names a page that shows nothing changes nothing of one that does.
        let sql = "
            INSERT INTO embed_reports
                (app_id, page, problem, microphone, frames, loader, first_seen_at, seen_at)
            SELECT $1, $2, $3, $4, $5, $6, $7, $7
            WHERE EXISTS (SELECT 1 FROM apps WHERE id = $1)
            ON CONFLICT (app_id, page) DO UPDATE SET
                problem = excluded.problem,
                microphone = excluded.microphone,
                frames = excluded.frames,
                loader = excluded.loader,
                seen_at = excluded.seen_at
            WHERE excluded.problem IS NULL OR embed_reports.problem IS NOT NULL";
        let app = app_id.to_string();
        let problem = visit.problem.map(|problem| match problem {
            VisitProblem::Origin => "origin",
            VisitProblem::WidgetKey => "widget_key",
        });
        let values = [
            app.clone().into(),
            db::without_nul(&visit.page).into_owned().into(),
            problem.into(),
            visit.microphone.into(),
            visit.frames.map(i64::from).into(),
            visit.loader.into(),
            at.millis().into(),
        ];
        let transaction = self.db().begin().await?;
        db::execute(&transaction, sql, values).await?;
        let (forget, kept) = match visit.problem {
            None => (FORGET_SHOWN, MAX_PAGES),
            Some(_) => (FORGET_REFUSED, MAX_REFUSED),
        };
        db::execute(&transaction, forget, [app.into(), kept.into()]).await?;
        db::commit(transaction).await?;
        Ok(())
    }

    /// What was last reported of an app's pages, those seen last first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn embed_reports(&self, app_id: AppId) -> Result<Vec<EmbedReport>, StoreError> {
        let rows = db::all(&self.db().read, OF_APP, [app_id.to_string().into()]).await?;
        db::readable(rows, report)
    }
}

fn report(row: &Row) -> Result<EmbedReport, StoreError> {
    let frames: Option<i64> = row.get("frames")?;
    Ok(EmbedReport {
        visit: Visit {
            page: row.get("page")?,
            problem: row.word_opt("problem")?,
            microphone: row.get("microphone")?,
            frames: frames.map(|frames| u8::try_from(frames).unwrap_or(u8::MAX)),
            loader: row.get("loader")?,
        },
        first_seen_at: row.time("first_seen_at")?,
        seen_at: row.time("seen_at")?,
    })
}
