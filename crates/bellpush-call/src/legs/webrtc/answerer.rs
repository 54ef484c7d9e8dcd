//! Makes answers to offers.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use bellpush_srtp::dtls::{Certificate, DtlsError};
use sdp_types::Attribute;

use super::{Offer, OfferError, WebRtcLeg, answer::candidates};
use crate::{media::WallClock, place::Speech};

/// What the server is to all browsers: one certificate, as making one takes longer than the rest
/// of an answer.
#[derive(Clone)]
pub(crate) struct Identity(Arc<Certificate>);

impl Identity {
    /// # Errors
    /// There is no cryptography for it.
    pub(crate) fn new() -> Result<Self, DtlsError> {
        Certificate::generate().map(|certificate| Self(Arc::new(certificate)))
    }
}

/// Makes the browser legs of all calls.
pub(crate) struct Answerer {
    here: Arc<Here>,
    clock: WallClock,
}

/// What all answers say of the server.
pub(super) struct Here {
    pub(super) certificate: Arc<Certificate>,
    pub(super) candidates: Vec<Attribute>,
}

impl Answerer {
    /// The clock is for reports.
    pub(crate) fn new(addresses: &[SocketAddr], identity: &Identity, clock: WallClock) -> Self {
        let Identity(certificate) = identity.clone();
        let here = Here { certificate, candidates: candidates(addresses) };
        Self { here: Arc::new(here), clock }
    }

    /// The leg for an offer, and the SDP answer, which names the codecs in their order: a browser
    /// speaks the first.
    pub(crate) fn answer(
        &self,
        now: Instant,
        offer: &Offer,
        speech: Speech<'_>,
    ) -> Result<(WebRtcLeg, String), OfferError> {
        let leg = WebRtcLeg::new(now, Arc::clone(&self.here), offer, self.clock, speech);
        let leg = leg.map_err(|error| OfferError::Unusable(error.to_string()))?;
        let answer = leg.told(offer);
        Ok((leg, answer))
    }
}
