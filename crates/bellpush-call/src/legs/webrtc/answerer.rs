//! Makes answers to offers. What all calls share is made once: the DTLS certificate takes
//! milliseconds, more than the rest of an answer.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use rand::distr::{Alphanumeric, SampleString};
use str0m::{
    Candidate, IceCreds, Rtc, RtcConfig,
    config::{CryptoProvider, DtlsCert},
    crypto,
    format::{Codec, FormatParams},
    media::Frequency,
    rtp::{Extension, ExtensionMap},
};

use super::{Offer, OfferError, WebRtcLeg, offer::complaint};
use crate::media::PressDetector;

/// RFC 8445 section 5.3 asks for 24 random bits in the one and 128 in the other. Alphanumeric
/// characters have 5.9 bits each.
const UFRAG_CHARS: usize = 8;
const PASSWORD_CHARS: usize = 24;

/// The keypad's events (RFC 4733 section 3.2).
const KEYPAD_EVENTS: &str = "0-15";

/// Makes the browser legs of all calls.
pub(crate) struct Answerer {
    config: RtcConfig,
    candidates: Vec<Candidate>,
}

impl Answerer {
    /// `None` when no certificate could be made, or an address can't be a candidate.
    pub(crate) fn new(addresses: &[SocketAddr]) -> Option<Self> {
        let crypto = Arc::new(crypto::from_feature_flags());
        let certificate = crypto.dtls_provider.generate_certificate()?;
        let candidates = addresses
            .iter()
            .map(|address| Candidate::host(*address, "udp").ok())
            .collect::<Option<_>>()?;
        Some(Self { config: config(crypto, certificate), candidates })
    }

    /// The leg for an offer, and the SDP answer.
    pub(crate) fn answer(
        &self,
        now: Instant,
        offer: Offer,
    ) -> Result<(WebRtcLeg, String), OfferError> {
        let unusable = |error: &dyn std::fmt::Display| OfferError::Unusable(complaint(&error));
        let ufrag = Alphanumeric.sample_string(&mut rand::rng(), UFRAG_CHARS);
        let pass = Alphanumeric.sample_string(&mut rand::rng(), PASSWORD_CHARS);
        let credentials = IceCreds { ufrag: ufrag.clone(), pass };
        let mut rtc: Rtc = self.config.clone().set_local_ice_credentials(credentials).build(now);
        for candidate in &self.candidates {
            rtc.add_local_candidate(candidate.clone());
        }
        let Offer { sdp, mid } = offer;
        let answer = rtc.sdp_api().accept_offer(sdp).map_err(|error| unusable(&error))?;
        let opus = rtc
            .codec_config()
            .find(|params| params.spec().codec == Codec::Opus)
            .map(str0m::format::PayloadParams::pt)
            .ok_or(OfferError::NoOpus)?;
        let leg = WebRtcLeg { rtc, ufrag, mid, opus, presses: PressDetector::default() };
        Ok((leg, answer.to_sdp_string()))
    }
}

fn config(crypto: Arc<CryptoProvider>, certificate: DtlsCert) -> RtcConfig {
    // One audio track needs no header extension but the one that names the track.
    let mut extensions = ExtensionMap::empty();
    extensions.set(1, Extension::RtpMid);
    let mut config = Rtc::builder()
        .set_crypto_provider(crypto)
        .set_dtls_cert(certificate)
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .set_extension_map(extensions)
        .clear_codecs()
        .enable_opus(true, false);
    // Chromium sends keypad events at Opus' clock rate, Firefox at 8 kHz. The payload types are
    // only those of an offer of ours; an answer takes the browser's.
    for (payload_type, clock_rate) in
        [(110, Frequency::FORTY_EIGHT_KHZ), (126, Frequency::EIGHT_KHZ)]
    {
        config.codec_config().add_config(
            payload_type.into(),
            None,
            Codec::Tele,
            clock_rate,
            None,
            FormatParams::parse_line(KEYPAD_EVENTS),
        );
    }
    config
}
