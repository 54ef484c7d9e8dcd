//! What is known before a page is judged: answers, and what the server knows of itself.

use url::Url;

use crate::{events::EventTime, ids::AppId, origin::AllowedOrigin};

/// What `allow` of a widget's iframe should hold.
pub const ALLOW: &str = "microphone; autoplay; clipboard-write; screen-wake-lock";

/// An answer to a GET, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The address that answered, after all redirects.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers, with their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: String,
}

impl Fetched {
    /// All values of a header, joined as RFC 9110 section 5.3 joins them.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.iter().filter(|(given, _)| given == name);
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// What the server knows of itself and of the app.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The app.
    pub app_id: AppId,
    /// The server's origin, as browsers reach it.
    pub server: &'a AllowedOrigin,
    /// Who may embed the app's widget.
    pub allowed_origins: &'a [AllowedOrigin],
    /// The app's widget keys, with when they were made.
    pub keys: &'a [(String, EventTime)],
}
