//! Designs as widgets get them, and as what visitors send is checked against.

mod publisher;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bellpush_core::{
    FieldError,
    design::{Block, Design, Theme},
    ids::AppId,
};
use bellpush_store::{App, PublishedDesign, Store};
use moka::sync::Cache;
use serde_json::Value;

pub(crate) use self::publisher::DesignPublisher;
use crate::{clock::now, http::problem::Problem};

/// Published versions that are kept in memory; they never change.
const CACHED: u64 = 1_000;
/// How long a widget that has loaded an earlier version may still send what that version asks for.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);

/// The designs of all apps. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Designs {
    store: Store,
    read: Cache<(AppId, u32), Arc<Design>>,
}

/// A design as a widget gets it.
#[derive(Debug, Clone)]
pub(crate) struct ShownDesign {
    /// The number of the published version; `None` for a draft, and for an app without a document.
    pub(crate) version: Option<u32>,
    /// The document.
    pub(crate) design: Arc<Design>,
}

impl ShownDesign {
    /// The document as the widget is told: the theme that every widget has by itself is left out.
    pub(crate) fn told(&self) -> Value {
        let mut document = self.design.to_json();
        if let Some(fields) = document.as_object_mut()
            && self.design.theme == Theme::default()
        {
            fields.remove("theme");
        }
        document
    }

    /// Whether it may have more than what every widget can show by itself: a document of the app's
    /// own, or buttons among the app's settings.
    pub(crate) fn wants_extras(&self) -> bool {
        self.version.is_some()
            || self.design.states.blocks().any(|(_, _, block)| matches!(block, Block::Button(_)))
    }

    /// The hash of the consent in each language of the design.
    pub(crate) fn consent_hashes(&self) -> BTreeMap<&str, String> {
        let languages = self.design.languages.iter().map(String::as_str);
        let hash = |language| Some((language, self.design.consent()?.hash(language)?));
        languages.filter_map(hash).collect()
    }
}

impl Designs {
    /// The designs of a store.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, read: Cache::new(CACHED) }
    }

    /// What a widget of the app shows: the published version; in a preview the draft, if there is
    /// one; without either what follows from the app's settings.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn shown(&self, app: &App, preview: bool) -> Result<ShownDesign, Problem> {
        if preview && let Some(draft) = self.store.design_draft(app.id).await? {
            let design = Arc::new(kept(&draft.document)?);
            return Ok(ShownDesign { version: None, design });
        }
        match self.store.published_design(app.id, None).await? {
            Some(published) => {
                let version = Some(published.version.version);
                Ok(ShownDesign { version, design: self.published(app.id, &published)? })
            }
            None => {
                let design = Arc::new(Design::of_settings(&app.settings));
                Ok(ShownDesign { version: None, design })
            }
        }
    }

    /// The design that a visitor has answered: the version that the widget has loaded, else the one
    /// that is shown now. `None` for an app that has no document.
    ///
    /// # Errors
    /// 422 when there is no such version, 409 when it was replaced more than a day ago.
    pub(crate) async fn answered(
        &self,
        app: &App,
        preview: bool,
        version: Option<u32>,
    ) -> Result<Option<Arc<Design>>, Problem> {
        if preview && let Some(draft) = self.store.design_draft(app.id).await? {
            return Ok(Some(Arc::new(kept(&draft.document)?)));
        }
        let Some(published) = self.store.published_design(app.id, version).await? else {
            return match version {
                Some(version) => {
                    let detail = format!("the app has no version {version} of its design");
                    Err(Problem::invalid(detail).at("/designVersion"))
                }
                None => Ok(None),
            };
        };
        let age = published.replaced_at.map_or(0, |at| now().millis().saturating_sub(at.millis()));
        if u128::try_from(age).unwrap_or_default() > KEPT_FOR.as_millis() {
            let detail = "the design of the widget has changed meanwhile; reload the page";
            return Err(Problem::conflict(detail).at("/designVersion"));
        }
        self.published(app.id, &published).map(Some)
    }

    fn published(&self, app_id: AppId, found: &PublishedDesign) -> Result<Arc<Design>, Problem> {
        let key = (app_id, found.version.version);
        if let Some(design) = self.read.get(&key) {
            return Ok(design);
        }
        let design = Arc::new(kept(&found.document)?);
        self.read.insert(key, Arc::clone(&design));
        Ok(design)
    }
}

/// A document that was accepted before.
///
/// # Errors
/// 500 when this version can't read it.
pub(crate) fn kept(document: &str) -> Result<Design, Problem> {
    Design::read_kept(document).map_err(|faults| {
        let FieldError { pointer, message } = faults.into_iter().next().unwrap_or_else(|| {
            FieldError { pointer: String::new(), message: "unknown".to_owned() }
        });
        tracing::error!(pointer, message, "a design that is kept can't be read");
        Problem::internal("the app's design can't be read; the server's log says why")
    })
}
