//! Who did something, as it is shown.

use bellpush_store::Who;
use serde::Serialize;
use utoipa::ToSchema;

/// Who did something.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ActorView {
    /// `member`, `api_key`, `host` (the command line or the configuration), `server` (by itself),
    /// `stranger` (not signed in) or `unknown` (as a newer version has written it).
    pub(crate) kind: &'static str,
    /// The id of the member or of the API key; it may be gone.
    pub(crate) id: Option<String>,
    /// Their name then.
    pub(crate) name: Option<String>,
}

impl ActorView {
    /// Of who is known by this and was called so.
    pub(crate) fn new(who: Who, name: Option<String>) -> Self {
        Self { kind: who.kind(), id: who.id(), name }
    }
}
