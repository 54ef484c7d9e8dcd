//! What visitors' submissions are checked against.

use axum::extract::FromRef;
use bellpush_core::ids::CallId;
use bellpush_store::{Session, Store};

use crate::{designs::Designs, http::problem::Problem};

/// What is known of apps and calls.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(super) store: Store,
    pub(super) designs: Designs,
}

impl<S> FromRef<S> for Checks
where
    Store: FromRef<S>,
    Designs: FromRef<S>,
{
    fn from_ref(state: &S) -> Self {
        Self { store: FromRef::from_ref(state), designs: FromRef::from_ref(state) }
    }
}

impl Checks {
    /// Refuses a call that is none of the session.
    ///
    /// # Errors
    /// 404 then.
    pub(super) async fn is_call_of(
        &self,
        session: &Session,
        call_id: CallId,
    ) -> Result<(), Problem> {
        let call = self.store.call(call_id).await?;
        match call.filter(|call| call.session_id == session.id) {
            Some(_) => Ok(()),
            None => {
                let detail = format!("there is no call {call_id} in this session");
                Err(Problem::not_found(detail).at("/callId"))
            }
        }
    }
}
