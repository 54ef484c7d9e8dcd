//! Makes answers to offers.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use rand::distr::{Alphanumeric, SampleString};
use str0m::{
    Candidate, IceCreds, Rtc, RtcConfig,
    config::{CryptoProvider, DtlsCert},
    format::{self, FormatParams},
    media::Frequency,
    net::TcpType,
    rtp::{Extension, ExtensionMap},
};

use super::{Offer, OfferError, WebRtcLeg, offer::complaint};
use crate::{Codec, media::WallClock, place::Speech};

/// RFC 8445 section 5.3 asks for 24 random bits in the one and 128 in the other. Alphanumeric
/// characters have 5.9 bits each.
const UFRAG_CHARS: usize = 8;
const PASSWORD_CHARS: usize = 24;

/// The keypad's events (RFC 4733 section 3.2).
const KEYPAD_EVENTS: &str = "0-15";

/// What the server is to all browsers: one certificate, as making one takes longer than the rest
/// of an answer.
#[derive(Clone)]
pub(crate) struct Identity {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl Identity {
    /// `None` when no certificate could be made.
    pub(crate) fn new() -> Option<Self> {
        let crypto = Arc::new(bellpush_srtp::dtls::provider());
        let certificate = crypto.dtls_provider.generate_certificate()?;
        Some(Self { crypto, certificate })
    }
}

/// Makes the browser legs of all calls.
pub(crate) struct Answerer {
    config: RtcConfig,
    candidates: Vec<Candidate>,
    clock: WallClock,
}

impl Answerer {
    /// `None` when an address can't be a candidate. The clock is for reports.
    pub(crate) fn new(
        addresses: &[SocketAddr],
        identity: &Identity,
        clock: WallClock,
    ) -> Option<Self> {
        let candidates = addresses.iter().flat_map(|address| {
            let udp = Candidate::host(*address, "udp");
            // For networks without UDP: the browser connects (RFC 6544 section 4.5). Its priority
            // is below that of UDP, where a lost packet does not hold up the ones after it.
            let tcp = Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive).build();
            [udp.ok(), tcp.ok()]
        });
        let candidates = candidates.collect::<Option<_>>()?;
        Some(Self { config: config(identity), candidates, clock })
    }

    /// The leg for an offer, and the SDP answer, which names the codecs in their order: a browser
    /// speaks the first.
    pub(crate) fn answer(
        &self,
        now: Instant,
        offer: Offer,
        speech: Speech<'_>,
    ) -> Result<(WebRtcLeg, String), OfferError> {
        let unusable = |error: &dyn std::fmt::Display| OfferError::Unusable(complaint(&error));
        let mut config = self.config.clone().set_local_ice_credentials(credentials());
        let Speech { codecs, is_narrowband } = speech;
        let others = Codec::ALL.iter().filter(|codec| !codecs.contains(codec));
        for codec in codecs.iter().chain(others) {
            match codec {
                Codec::Opus => config.codec_config().enable_opus(true, false),
                Codec::Pcma => config.codec_config().enable_pcma(true, false),
                Codec::Pcmu => config.codec_config().enable_pcmu(true, false),
            }
        }
        enable_keypad(&mut config);
        let mut rtc: Rtc = config.build(now);
        for candidate in &self.candidates {
            rtc.add_local_candidate(candidate.clone());
        }
        let Offer { sdp, mid } = offer;
        let answer = rtc.sdp_api().accept_offer(sdp).map_err(|error| unusable(&error))?;
        let leg = WebRtcLeg::new(now, rtc, mid, self.clock, is_narrowband);
        let leg = leg.ok_or(OfferError::NoOpus)?;
        let answer = leg.told(&answer);
        Ok((leg, answer))
    }
}

/// New ones, by which the browser names the leg and proves that it knows it.
pub(super) fn credentials() -> IceCreds {
    let random = |chars| Alphanumeric.sample_string(&mut rand::rng(), chars);
    IceCreds { ufrag: random(UFRAG_CHARS), pass: random(PASSWORD_CHARS) }
}

fn config(identity: &Identity) -> RtcConfig {
    // One audio track needs no header extension but the one that names the track.
    let mut extensions = ExtensionMap::empty();
    extensions.set(1, Extension::RtpMid);
    Rtc::builder()
        .set_crypto_provider(Arc::clone(&identity.crypto))
        .set_dtls_cert(identity.certificate.clone())
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .set_extension_map(extensions)
        .clear_codecs()
}

/// Chromium sends keypad events at the clock rate of the codec, Firefox at 8 kHz. The payload types
/// are only those of an offer of ours; an answer takes the browser's.
fn enable_keypad(config: &mut RtcConfig) {
    for (payload_type, clock_rate) in
        [(110, Frequency::FORTY_EIGHT_KHZ), (126, Frequency::EIGHT_KHZ)]
    {
        config.codec_config().add_config(
            payload_type.into(),
            None,
            format::Codec::Tele,
            clock_rate,
            None,
            FormatParams::parse_line(KEYPAD_EVENTS),
        );
    }
}
