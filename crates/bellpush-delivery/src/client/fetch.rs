//! Reading a page: by GET, to the same addresses only as everything else goes.
//!
//! Redirects are followed here, a few: each of them is a request of its own, whose address is checked
//! anew.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, LOCATION, USER_AGENT},
};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    Outcome, Request, WebhookClient,
    outcome::BodyEnd,
    response::{Excerpt, Response},
    stopwatch::Stopwatch,
};

/// Redirects that are followed, one after the other.
const REDIRECTS: u32 = 5;

/// An answer to a GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The address that answered, after all redirects.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The beginning of the body, unpacked. What is no UTF-8 in it is replaced.
    pub body: String,
}

/// Why a page could not be read, as a part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(String);

impl WebhookClient {
    /// Reads a page, of its body so many bytes at most. Ends within this time, with all redirects.
    ///
    /// # Errors
    /// When there is no answer, or no end of redirects.
    pub async fn get(
        &self,
        url: &Url,
        max_bytes: usize,
        within: Duration,
    ) -> Result<Page, Unreachable> {
        let deadline = Instant::now() + within;
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            let page = self.get_once(url, max_bytes, deadline, within).await?;
            let location = page.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let is_redirect = StatusCode::from_u16(page.status).is_ok_and(|it| it.is_redirection());
            let next = location.filter(|_| is_redirect).and_then(|it| page.url.join(it).ok());
            match next.filter(|next| matches!(next.scheme(), "http" | "https")) {
                Some(next) => url = next,
                None => return Ok(page),
            }
        }
        Err(Unreachable(format!("it redirects more than {REDIRECTS} times")))
    }

    async fn get_once(
        &self,
        url: Url,
        max_bytes: usize,
        deadline: Instant,
        within: Duration,
    ) -> Result<Page, Unreachable> {
        let uri: Uri = url[..url::Position::AfterQuery]
            .parse()
            .map_err(|_| Unreachable("the address can't be asked".into()))?;
        let headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("text/html,*/*;q=0.8")),
            (ACCEPT_ENCODING, HeaderValue::from_static("gzip, identity;q=0.5")),
            (USER_AGENT, HeaderValue::from_static(concat!("Bellpush/", env!("CARGO_PKG_VERSION")))),
        ]);
        let request = Request { method: Method::GET, uri, headers, body: Bytes::new() };
        let mut watch = Stopwatch::start();
        // Whatever it waits for, somebody waits here.
        let mut extended = deadline;
        let sending = self.send(&request, &mut extended, &mut watch);
        let sent = timeout_at(deadline, sending).await.and_then(|sent| sent);
        let Response { head, body } = match sent {
            Err(_) => return Err(Unreachable(Outcome::none_within(within).detail)),
            Ok(Err(error)) => return Err(Unreachable(Outcome::from_error(&error).detail)),
            Ok(Ok(response)) => response,
        };
        let mut excerpt = Excerpt::of(&head.headers, max_bytes);
        match timeout_at(deadline, body.read(&mut excerpt)).await {
            Ok(BodyEnd::Read | BodyEnd::Closed) => {}
            Ok(BodyEnd::Broken(why)) => return Err(Unreachable(why)),
            Ok(BodyEnd::TimedOut) | Err(_) => {
                return Err(Unreachable(Outcome::none_within(within).detail));
            }
        }
        let (mut bytes, _) = excerpt.into_bytes();
        bytes.truncate(max_bytes);
        Ok(Page {
            url,
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}
