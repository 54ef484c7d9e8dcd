//! The web parts of other versions on the same database: while two versions run beside each other, a browser
//! that has a page of one may ask the other for the page's files.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    extract::{FromRef, Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use bellpush_store::{Store, StoreError};
use moka::future::Cache;
use tokio_util::sync::CancellationToken;

use crate::http::{
    assets::{self, Cache as CacheFor, File},
    client_ip::{LimitKey, TrustedProxies},
    lookups::FailedLookups,
    problem::Problem,
};

/// How often a server says which files it has, and for how long after that others have them at hand.
const PUBLISH_EVERY: Duration = Duration::from_secs(24 * 3600);
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// Files of others that are remembered, in bytes: some versions.
const REMEMBERED: u64 = 32 * 1024 * 1024;
/// The longest name of a file.
const LONGEST: usize = 100;

/// See the module's text. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct WebFiles {
    store: Store,
    /// A name that nobody knows costs a look-up.
    lookups: Arc<FailedLookups>,
    others: Cache<String, File>,
}

impl WebFiles {
    /// Those that a store's servers share. One address may ask for so many a minute in vain.
    pub(crate) fn new(store: Store, in_vain: NonZeroU32) -> Self {
        let weight = |path: &String, file: &File| {
            u32::try_from(path.len() + file.size()).unwrap_or(u32::MAX)
        };
        Self {
            store,
            lookups: Arc::new(FailedLookups::per_minute(in_vain)),
            others: Cache::builder().max_capacity(REMEMBERED).weigher(weight).build(),
        }
    }

    /// Serves a file whose name carries a hash: this version's own, or another's.
    async fn serve(
        &self,
        (folder, name): (&str, &str),
        asker: IpAddr,
        request: &HeaderMap,
    ) -> Response {
        let path = format!("{folder}/assets/{name}");
        let found = match assets::find(&path) {
            Some(own) => Ok(Some(own)),
            None if self.store.is_shared() && is_name(name) => self.other(&path, asker).await,
            None => Ok(None),
        };
        match found {
            Ok(Some(file)) => assets::send(&path, file, request, CacheFor::Forever),
            Ok(None) => Problem::not_found(format!("there is no file {path:?}")).into_response(),
            Err(problem) => problem.into_response(),
        }
    }

    /// A file of another version. Whoever asks for the same one at the same time waits for one answer.
    async fn other(&self, path: &str, asker: IpAddr) -> Result<Option<File>, Problem> {
        if let Some(file) = self.others.get(path).await {
            return Ok(Some(file));
        }
        let read = async {
            match self.store.web_file(path).await {
                Ok(Some(file)) => Ok(File::from(file)),
                Ok(None) => Err(None),
                Err(error) => Err(Some(Problem::from(error))),
            }
        };
        let found = async {
            match self.others.try_get_with_by_ref(path, read).await {
                Ok(file) => Ok(Some(file)),
                Err(failure) => match &*failure {
                    Some(problem) => Err(problem.clone()),
                    None => Ok(None),
                },
            }
        };
        self.lookups.count(asker, found).await
    }

    /// Has this version's files at hand for servers of others.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn publish(&self) -> Result<(), StoreError> {
        let paths: Vec<String> = assets::hashed().collect();
        self.store.publish_web_files(&paths, assets::embedded, KEPT_FOR).await
    }

    /// Says every day that they are still in use, until the server stops.
    pub(crate) async fn keep(self, stopped: CancellationToken) {
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                () = tokio::time::sleep(PUBLISH_EVERY) => {}
            }
            if let Err(error) = self.publish().await {
                tracing::warn!(%error, "files of the web parts can't be published to other servers");
            }
        }
    }

    /// Forgets what was counted of addresses that have been quiet. To be called now and then.
    pub(crate) fn forget_idle(&self) {
        self.lookups.forget_idle();
    }
}

/// The route of a folder's files whose names carry a hash.
pub(crate) fn hashed_files<S>(folder: &'static str) -> MethodRouter<S>
where
    WebFiles: FromRef<S>,
    TrustedProxies: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    get(
        async move |State(files): State<WebFiles>,
                    LimitKey(asker): LimitKey,
                    Path(file): Path<String>,
                    headers: HeaderMap| {
            files.serve((folder, &file), asker, &headers).await
        },
    )
}

/// Whether the build may have given a file this name.
fn is_name(name: &str) -> bool {
    let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.len() <= LONGEST && name.bytes().all(is_of_names)
}
