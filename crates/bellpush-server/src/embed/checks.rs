//! Reads what a check of an embedding page needs: the page, the frames in it that lead to the widget, and
//! the server's own documents by its public address.

use std::{sync::Arc, time::Duration};

use bellpush_core::{
    embed::{self, Document, Facts, Fetched, Finding, Seen},
    ids::AppId,
    origin::AllowedOrigin,
};
use bellpush_delivery::{AddressPolicy, ClientError, ClientSettings, Page, WebhookClient};
use bellpush_store::{App, Store, StoreError};
use futures_util::future::{join, join_all};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tokio::sync::Semaphore;
use url::Url;

use crate::http::problem::Problem;

/// Bytes of a page that are read, at most.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// How long one page may take, with its redirects.
const PATIENCE: Duration = Duration::from_secs(10);
/// Frames of a page that are looked into, at most.
const MAX_FRAMES: usize = 4;
/// Checks at once, at most.
const AT_ONCE: usize = 4;

/// What reads pages. Clones share their connections.
#[derive(Debug, Clone)]
pub struct EmbedChecks {
    /// For pages: public addresses, and what else the operator lets be called.
    pages: Arc<WebhookClient>,
    /// For this server's own public address alone, wherever that leads.
    own: Arc<WebhookClient>,
    permits: Arc<Semaphore>,
}

/// What came of a check.
pub(crate) struct Checked {
    /// The addresses that were read, from the outside in.
    pub(crate) documents: Vec<Url>,
    pub(crate) findings: Vec<Finding>,
}

impl EmbedChecks {
    /// Reads pages at addresses that this policy lets be called.
    ///
    /// # Errors
    /// When the system's certificate authorities can't be read.
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let everywhere: [IpNet; 2] = [Ipv4Net::default().into(), Ipv6Net::default().into()];
        let addresses = AddressPolicy {
            allow: everywhere.into(),
            allow_loopback: true,
            ..AddressPolicy::default()
        };
        let own = ClientSettings { addresses, ..settings.clone() };
        Ok(Self {
            pages: Arc::new(WebhookClient::new(settings)?),
            own: Arc::new(WebhookClient::new(&own)?),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// Checks a page of an app.
    pub(crate) async fn check(
        &self,
        store: &Store,
        server: &AllowedOrigin,
        app: &App,
        page: &Url,
    ) -> Result<Checked, Problem> {
        let _permit = self.permits.try_acquire().map_err(|_| {
            Problem::unavailable("other pages are being checked; try again in a moment")
                .retry_after(5)
        })?;
        let keys = keys(store, app.id).await?;
        let (chain, unread) = match self.chain(page, server.as_str()).await {
            Ok(chain) => (chain, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let holder = chain.last();
        let origin = holder.map_or_else(|| page.origin().ascii_serialization(), Document::origin);
        let given = holder.and_then(Document::widget_key);
        let key = keys.iter().map(|(key, _)| key.as_str()).find(|key| Some(*key) == given);
        let key = key.or_else(|| keys.last().map(|(key, _)| key.as_str())).unwrap_or_default();
        let (widget, loader) = join(
            self.own(server, &format!("/w/{}", app.id), &[("key", key), ("origin", &origin)]),
            self.own(server, "/embed.js", &[]),
        )
        .await;
        let seen = Seen {
            chain: &chain,
            unread: unread.as_deref(),
            widget: widget.as_ref().map_err(String::as_str),
            loader: loader.as_ref().map_err(String::as_str),
        };
        let facts = Facts {
            app_id: app.id,
            server,
            allowed_origins: &app.settings.allowed_origins,
            keys: &keys,
        };
        let findings = embed::examine(&seen, &facts);
        Ok(Checked { documents: chain.iter().map(|it| it.url.clone()).collect(), findings })
    }

    /// The page; where the widget is not in it but in one of its frames, that frame as well.
    async fn chain(&self, page: &Url, server: &str) -> Result<Vec<Document>, String> {
        let mut outer = self.document(page, server).await?;
        if outer.has_snippet() {
            return Ok(vec![outer]);
        }
        let frames: Vec<_> = outer.frames().take(MAX_FRAMES).cloned().collect();
        let read = frames.iter().map(|frame| self.document(&frame.address, server));
        let read = join_all(read).await.into_iter();
        let inner = frames.into_iter().zip(read).find_map(|(frame, document)| {
            Some((frame, document.ok().filter(Document::has_snippet)?))
        });
        Ok(match inner {
            Some((frame, document)) => {
                outer.inner = Some(frame);
                vec![outer, document]
            }
            None => vec![outer],
        })
    }

    async fn document(&self, url: &Url, server: &str) -> Result<Document, String> {
        // What an origin may be, but for HTTP on loopback, is HTTPS.
        if url.origin().ascii_serialization().parse::<AllowedOrigin>().is_err() {
            return Err(format!(
                "{url} is not served by HTTPS, and browsers give such pages no microphone; check its \
                 address that begins with https"
            ));
        }
        let page = self.pages.get(url, MAX_BYTES, PATIENCE).await.map_err(|it| it.to_string())?;
        if !(200..300).contains(&page.status) {
            return Err(format!(
                "{} answers with status {}, perhaps to programs alone",
                page.url, page.status
            ));
        }
        Ok(Document::read(&fetched(page), server))
    }

    async fn own(
        &self,
        server: &AllowedOrigin,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Fetched, String> {
        let mut url = Url::parse(server.as_str()).map_err(|it| it.to_string())?;
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let page = self.own.get(&url, MAX_BYTES, PATIENCE).await.map_err(|it| it.to_string())?;
        Ok(fetched(page))
    }
}

/// The app's widget keys, oldest first.
async fn keys(
    store: &Store,
    app_id: AppId,
) -> Result<Vec<(String, bellpush_core::events::EventTime)>, StoreError> {
    let keys = store.widget_keys(app_id).await?;
    Ok(keys.into_iter().map(|key| (key.key, key.created_at)).collect())
}

fn fetched(page: Page) -> Fetched {
    let Page { url, status, headers, body } = page;
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Fetched { url, status, headers, body }
}
