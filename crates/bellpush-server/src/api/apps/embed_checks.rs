//! `/v1/apps/{appId}/embed-checks`: what would keep the widget from working in a page.

use std::sync::Arc;

use axum::{Json, extract::State};
use bellpush_core::{
    embed::{self, Finding, Owner, PageAddress, Subject, Verdict},
    events::EventTime,
    ids::AppId,
};
use bellpush_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::path::{PathIds, app},
    clock::now,
    config::ServerConfig,
    embed::EmbedChecks,
    http::{body::JsonBody, limits::Limits, problem::Problem},
};

/// The page to check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmbedCheck {
    /// Its address.
    #[schema(value_type = PageAddress)]
    url: String,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmbedCheckView {
    /// When it was looked at.
    #[schema(value_type = String, format = DateTime)]
    checked_at: EventTime,
    /// The addresses that were read, after all redirects: the page, and the frame in it that holds the
    /// widget. Empty where the page could not be read.
    documents: Vec<String>,
    /// Whether nothing was found that keeps the widget from working.
    ok: bool,
    /// Check by check, the page's own first.
    findings: Vec<FindingView>,
}

/// What one check says.
#[derive(Debug, Serialize, ToSchema)]
struct FindingView {
    /// What was looked at.
    check: Subject,
    /// How it ended.
    verdict: Verdict,
    /// Whose setting it is.
    owner: Owner,
    /// What was found.
    sentence: String,
    /// The line to put in place of what is there, or to take away where the sentence says so.
    fix: Option<String>,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        let Finding { subject, verdict, owner, sentence, fix } = finding;
        Self { check: subject, verdict, owner, sentence, fix }
    }
}

/// Check an embedding page
///
/// Reads the page as a browser would be served it, from public addresses alone, and the server's own
/// documents by its public address. No script of the page is run. At most 20 a minute for each app.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/embed-checks", operation_id = "checkEmbedding", tag = "apps",
    params(("appId" = String, Path)),
    request_body = NewEmbedCheck,
    responses((status = 200, description = "What was found, also where the page can't be read", body = EmbedCheckView))
)]
pub(crate) async fn create(
    State(store): State<Store>,
    State(checks): State<EmbedChecks>,
    State(config): State<Arc<ServerConfig>>,
    State(limits): State<Arc<Limits>>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(new): JsonBody<NewEmbedCheck>,
) -> Result<Json<EmbedCheckView>, Problem> {
    let page = embed::page_address(&new.url).ok_or_else(|| {
        Problem::invalid("write a web address that starts with https://").at("/url")
    })?;
    let app = app(&store, app_id).await?;
    limits.embed_check(app_id)?;
    let checked = checks.check(&store, &config.own_origin, &app, &page).await?;
    Ok(Json(EmbedCheckView {
        checked_at: now(),
        documents: checked.documents.iter().map(ToString::to_string).collect(),
        ok: checked.findings.iter().all(|finding| finding.verdict != Verdict::Fail),
        findings: checked.findings.into_iter().map(Into::into).collect(),
    }))
}
