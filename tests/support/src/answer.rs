//! An HTTP answer, read to its end.

use anyhow::{Context as _, bail, ensure};
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::SOON;

/// A client with patience, but not for ever.
///
/// # Panics
/// When the machine has no sockets.
#[must_use]
pub fn client() -> reqwest::Client {
    #[allow(clippy::expect_used, reason = "a client without TLS and proxy has nothing to fail at")]
    reqwest::Client::builder().no_proxy().read_timeout(SOON).build().expect("an HTTP client")
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// A problem document (RFC 9457) that has everything that it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status, the same in the document and in the answer.
    pub status: u16,
    /// What the `type` ends with.
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// What happened.
    pub detail: String,
    /// The field that caused it; empty for the body as a whole.
    pub pointer: Option<String>,
}

impl Answer {
    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// There was no whole answer.
    pub async fn to(request: reqwest::RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header; empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The answer, if it has this status.
    ///
    /// # Errors
    /// Another status, shown with the body.
    pub fn expect(self, status: u16) -> anyhow::Result<Self> {
        if self.status != status {
            bail!("expected {status}, the answer is {}: {}", self.status, self.text());
        }
        Ok(self)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not JSON of this form.
    pub fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("not as expected: {}", self.text()))
    }

    /// The body as a problem document.
    ///
    /// # Errors
    /// It is none, or it lacks something that every problem document has.
    pub fn problem(&self) -> anyhow::Result<Problem> {
        let shown = || format!("{} {}", self.status, self.text());
        ensure!(
            self.header("content-type") == "application/problem+json",
            "{:?} is not the type of a problem: {}",
            self.header("content-type"),
            shown()
        );
        let document: Value = self.json()?;
        let text = |field: &str| {
            let text = document[field].as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned).with_context(|| format!("no {field}: {}", shown()))
        };
        let kind = text("type")?;
        let kind = kind
            .strip_prefix("urn:bellpush:problem:")
            .with_context(|| format!("another type: {}", shown()))?;
        ensure!(document["status"] == self.status, "two statuses: {}", shown());
        Ok(Problem {
            status: self.status,
            kind: kind.to_owned(),
            title: text("title")?,
            detail: text("detail")?,
            pointer: match document.get("pointer") {
                Some(pointer) => Some(pointer.as_str().with_context(shown)?.to_owned()),
                None => None,
            },
        })
    }
}

impl Problem {
    /// Status and kind, to be compared in tests.
    #[must_use]
    pub fn is(&self, status: u16, kind: &str) -> bool {
        self.status == status && self.kind == kind
    }
}
