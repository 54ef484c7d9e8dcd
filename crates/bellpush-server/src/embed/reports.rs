//! What real visits report of the pages that embed a widget.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header::REFERER};
use bellpush_core::{
    embed::{Visit, VisitProblem, visited_page},
    ids::AppId,
    origin::AllowedOrigin,
};
use bellpush_store::{Store, StoreError};
use moka::sync::Cache;
use url::Url;

use crate::clock::now;

/// What a page reports is written again after this time, unless it is something else.
const SAME_FOR: Duration = Duration::from_secs(60);
/// Reports that are known to have been written.
const KNOWN: u64 = 10_000;

const FETCH_DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Keeps reports, each page's once a minute. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct EmbedReports {
    store: Store,
    written: Cache<(AppId, Visit), ()>,
}

impl EmbedReports {
    /// The reports of a store.
    pub(crate) fn new(store: Store) -> Self {
        let written = Cache::builder().max_capacity(KNOWN).time_to_live(SAME_FOR).build();
        Self { store, written }
    }

    /// Keeps what a visit reports.
    pub(crate) async fn keep(&self, app_id: AppId, visit: Visit) -> Result<(), StoreError> {
        let entry = (app_id, visit);
        if self.written.contains_key(&entry) {
            return Ok(());
        }
        self.store.keep_embed_report(app_id, &entry.1, now()).await?;
        self.written.insert(entry, ());
        Ok(())
    }

    /// Keeps, beside the answer, that a browser asked for the widget's document in vain.
    pub(crate) fn keep_refusal(
        &self,
        app_id: AppId,
        problem: VisitProblem,
        embedder: Option<&str>,
        headers: &HeaderMap,
    ) {
        let is_frame = headers.get(FETCH_DESTINATION).is_some_and(|value| value == "iframe");
        let origin = embedder.and_then(|origin| origin.parse::<AllowedOrigin>().ok());
        let Some(origin) = origin.filter(|_| is_frame) else { return };
        let page = visited_page(&origin, referred_path(headers, &origin).as_deref());
        let visit =
            Visit { page, problem: Some(problem), microphone: None, frames: None, loader: None };
        let reports = self.clone();
        tokio::spawn(async move {
            if let Err(error) = reports.keep(app_id, visit).await {
                tracing::warn!(%error, "what a visit reports can't be kept");
            }
        });
    }
}

/// The path of the page around the widget, where its policy tells more than its origin.
fn referred_path(headers: &HeaderMap, origin: &AllowedOrigin) -> Option<String> {
    let url = Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?;
    let is_it = url.origin().ascii_serialization() == origin.as_str();
    (is_it && url.path() != "/").then(|| url.path().to_owned())
}
