//! What is answered to who takes a call up.

use bellpush_core::ids::CallId;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::Calls;
use crate::{
    http::problem::Problem,
    sessions::SessionCreated,
    tokens::{ResumeToken, ToldToken},
};

/// A call that was taken up again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallResumed {
    /// The call's id, the same as before.
    #[schema(value_type = String)]
    call_id: CallId,
    /// The SDP answer.
    sdp: String,
    /// The token for the next time.
    #[schema(value_type = String)]
    resume_token: ToldToken,
    /// The session that the call belongs to, with a new token: what is asked and told of the call
    /// goes by it.
    session: SessionCreated,
    /// Where the call is from now on, as `Location` said it when the call was placed.
    address: String,
}

impl CallResumed {
    pub(super) fn new(
        calls: &Calls,
        call_id: CallId,
        sdp: String,
        next: &ResumeToken,
        session: SessionCreated,
    ) -> Self {
        let (resume_token, address) = (next.reveal().into(), calls.address_of(call_id));
        Self { call_id, sdp, resume_token, session, address }
    }
}

pub(super) fn unknown(id: CallId) -> Problem {
    Problem::not_found(format!("there is no call {id} that can be resumed with this token"))
}
