//! Makes answers to offers.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use bellpush_srtp::dtls::{Certificate, DtlsError};

use super::{
    Offer, WebRtcLeg,
    answer::{LocalParameters, candidates},
    ice::{Credentials, Probes},
};
use crate::{MediaProbe, codec::CodecPreferences, media::WallClock};

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
    local_parameters: Arc<LocalParameters>,
    clock: WallClock,
}

impl Answerer {
    /// The clock is for reports.
    pub(crate) fn new(addresses: &[SocketAddr], identity: &Identity, clock: WallClock) -> Self {
        let Identity(certificate) = identity.clone();
        let local_parameters = LocalParameters { certificate, candidates: candidates(addresses) };
        Self { local_parameters: Arc::new(local_parameters), clock }
    }

    /// What a browser needs to try the media port without a call.
    pub(crate) fn probe(&self, now: Instant, probes: &Probes) -> MediaProbe {
        let Credentials { ufrag, password } = probes.credentials(now);
        let LocalParameters { certificate, candidates } = &*self.local_parameters;
        MediaProbe {
            ufrag,
            password,
            fingerprint: certificate.fingerprint().to_string(),
            candidates: candidates.iter().filter_map(|line| line.value.clone()).collect(),
        }
    }

    /// The leg for an offer, and the SDP answer, which names the codecs in their order: a browser
    /// speaks the first.
    pub(crate) fn answer(
        &self,
        now: Instant,
        offer: &Offer,
        speech: CodecPreferences<'_>,
    ) -> (WebRtcLeg, String) {
        let leg =
            WebRtcLeg::new(now, Arc::clone(&self.local_parameters), offer, self.clock, speech);
        let answer = leg.answer_to(offer);
        (leg, answer)
    }
}
