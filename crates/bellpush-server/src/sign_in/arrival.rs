//! A browser that is to be signed in.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use bellpush_core::events::EventTime;
use bellpush_store::{NewSignIn, SecretHash, SignInWay};

use super::{LIFETIME, device};
use crate::{
    clock::{later, now},
    tokens::SignInToken,
};

/// A browser that is to be signed in.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(super) token: SignInToken,
    hash: SecretHash,
    device: String,
    pub(super) address: IpAddr,
    expires_at: EventTime,
}

impl Arrival {
    pub(super) fn new(headers: &HeaderMap, address: IpAddr) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let token = SignInToken::random();
        Self {
            hash: token.hash(),
            token,
            device: device::describe(agent.unwrap_or_default()),
            address,
            expires_at: later(now(), LIFETIME),
        }
    }

    /// For the store.
    pub(crate) fn new_sign_in(&self, way: SignInWay) -> NewSignIn<'_> {
        NewSignIn {
            token: &self.hash,
            device: &self.device,
            address: self.address,
            expires_at: self.expires_at,
            way,
        }
    }
}
