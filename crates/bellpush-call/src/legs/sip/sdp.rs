//! SDP (RFC 8866) as far as one audio stream needs it: reading a far side's, writing ours.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bellpush_srtp::{SrtpKey, SrtpSuite};
use sdp_types::{
    Attribute, Connection, Crypto, CryptoSuite, Media, Origin, Rtcp, Session, SrtpKeyParam,
    SrtpSessionParam, Time,
};

use super::{Direction, Format, TelephoneEvent, lenient::readable};
use crate::{Codec, legs::rtp_map};

/// Bytes of a session description, at most.
const MAX_SDP: usize = 16 * 1024;
/// Media descriptions in one, at most.
const MAX_MEDIA: usize = 16;
/// What is taken as a packet time when the far side says none (RFC 3551 section 4.5).
const DEFAULT_PTIME: Duration = Duration::from_millis(20);
/// The packet times that are honoured; others are clamped to them.
const PTIMES: std::ops::RangeInclusive<u64> = 10..=60;

/// Why a session description can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SdpError {
    /// It is none.
    #[error("not a session description: {0}")]
    Malformed(String),
    /// It is too long.
    #[error("the session description is too long")]
    TooLong,
    /// It offers no audio, or refuses it.
    #[error("the session description has no audio stream")]
    NoAudio,
    /// Media would go to a name, or nowhere.
    #[error("the session description names no address for media")]
    NoAddress,
    /// There is no codec that both sides speak.
    #[error("the session description has no codec in common")]
    NoCodec,
    /// One side wants encryption and the other does not.
    #[error("the session description does not agree on encryption")]
    Encryption,
}

/// What a media line says: the media's type, its protocol and its formats.
pub(crate) type MediaLine = (String, String, String);

/// A far side's session description.
#[derive(Debug)]
pub(crate) struct RemoteSession(Session);

/// An audio stream of a far side's session description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteAudio {
    /// Where it takes RTP.
    pub(crate) rtp: SocketAddr,
    /// Where it takes RTCP.
    pub(crate) rtcp: SocketAddr,
    /// Whether the profile is a secure one (`RTP/SAVP`).
    pub(crate) secure_profile: bool,
    /// The protocol as written.
    pub(crate) protocol: String,
    /// Its codecs in its order of preference.
    pub(crate) codecs: Vec<(u8, Codec)>,
    /// Its keypad presses: payload type and clock.
    pub(crate) telephone_events: Vec<(u8, u32)>,
    /// Its comfort noise at 8 kHz.
    pub(crate) comfort_noise: Option<u8>,
    /// Who sends, seen from the far side.
    pub(crate) direction: Direction,
    /// Whether its address says that it wants no media (RFC 2543's hold).
    pub(crate) has_null_address: bool,
    /// How much sound it wants in a packet.
    pub(crate) ptime: Duration,
    /// Its keys that we know the suite of, with their tags.
    pub(crate) crypto_keys: Vec<(u32, SrtpKey)>,
    /// Whether it has keys at all, be they of use or not.
    pub(crate) has_crypto: bool,
    /// Whether it takes RTCP on the port of RTP.
    pub(crate) rtcp_mux: bool,
}

impl RemoteSession {
    /// Reads a session description.
    pub(crate) fn parse(text: &str) -> Result<Self, SdpError> {
        if text.len() > MAX_SDP {
            return Err(SdpError::TooLong);
        }
        let session = Session::parse(readable(text).as_bytes())
            .map_err(|error| SdpError::Malformed(error.to_string()))?;
        if session.medias.len() > MAX_MEDIA {
            return Err(SdpError::TooLong);
        }
        Ok(Self(session))
    }

    /// All media descriptions, for rejecting those that are not taken.
    pub(crate) fn media_lines(&self) -> Vec<MediaLine> {
        let line = |media: &Media| (media.media.clone(), media.proto.clone(), media.fmt.clone());
        self.0.medias.iter().map(line).collect()
    }

    /// Which of the media descriptions are audio streams that are not refused.
    pub(crate) fn audio_lines(&self) -> impl Iterator<Item = usize> {
        self.0
            .medias
            .iter()
            .enumerate()
            .filter(|(_, media)| is_audio(media))
            .map(|(index, _)| index)
    }

    /// The audio stream with this index among the media descriptions.
    pub(crate) fn audio(&self, index: usize) -> Result<RemoteAudio, SdpError> {
        let media = self.0.medias.get(index).filter(|media| is_audio(media));
        RemoteAudio::of(&self.0, media.ok_or(SdpError::NoAudio)?)
    }
}

impl RemoteAudio {
    fn of(session: &Session, media: &Media) -> Result<Self, SdpError> {
        let address = media
            .connections
            .first()
            .or(session.connection.as_ref())
            .and_then(|connection| Some(connection.try_address().ok()?.ip))
            .ok_or(SdpError::NoAddress)?;
        if address.is_multicast() {
            return Err(SdpError::NoAddress);
        }
        let rtp = SocketAddr::new(address, media.port);
        let rtcp_mux = media.has_attribute("rtcp-mux");
        let maps = rtp_map::of(media);
        Ok(Self {
            rtp,
            rtcp: if rtcp_mux { rtp } else { rtcp_address(media, rtp) },
            secure_profile: media.proto.to_ascii_uppercase().contains("SAVP"),
            protocol: media.proto.clone(),
            codecs: maps.iter().filter_map(|map| Some((map.payload_type, map.codec()?))).collect(),
            telephone_events: maps
                .iter()
                .filter(|map| map.is_keypad())
                .map(|map| (map.payload_type, map.clock_rate))
                .collect(),
            comfort_noise: maps
                .iter()
                .find(|map| map.is_comfort_noise())
                .map(|map| map.payload_type),
            direction: direction(media, session),
            has_null_address: address.is_unspecified(),
            ptime: ptime(media),
            crypto_keys: crypto_keys(media),
            has_crypto: media.has_attribute("crypto"),
            rtcp_mux,
        })
    }

    /// Whether the far side has this format, however it numbers it.
    pub(crate) fn has(&self, format: Format) -> bool {
        match format {
            Format::Speech(codec) => self.codecs.iter().any(|(_, known)| *known == codec),
            Format::TelephoneEvent(rate) => {
                self.telephone_events.iter().any(|(_, known)| *known == rate)
            }
            Format::ComfortNoise => self.comfort_noise.is_some(),
        }
    }

    /// How it takes keypad presses beside a codec, of the clock rates that can be: at the codec's
    /// if it has that, else at 8 kHz.
    pub(crate) fn telephone_event_beside(
        &self,
        codec: Codec,
        can_be: impl Fn(u32) -> bool,
    ) -> Option<TelephoneEvent> {
        let at = |wanted: u32| {
            self.telephone_events.iter().find(|(_, rate)| *rate == wanted && can_be(wanted))
        };
        let (payload_type, clock_rate) = *at(codec.clock_rate()).or_else(|| at(8_000))?;
        Some(TelephoneEvent { payload_type, clock_rate })
    }
}

fn is_audio(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio")
        && media.port != 0
        && ["RTP/AVP", "RTP/SAVP", "RTP/AVPF", "RTP/SAVPF"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&media.proto))
}

/// RFC 3605; without it RTCP is one port above RTP.
fn rtcp_address(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let beside = SocketAddr::new(rtp.ip(), rtp.port().checked_add(1).unwrap_or(rtp.port()));
    let Some(Ok(rtcp)) = media.get_first_attribute_typed::<Rtcp>() else {
        return beside;
    };
    if rtcp.port == 0 {
        return beside;
    }
    match rtcp.connection_address.as_deref().map(str::parse::<IpAddr>) {
        None => SocketAddr::new(rtp.ip(), rtcp.port),
        // RTCP that goes to another host than RTP would be a way to aim packets at a third party.
        Some(Ok(address)) if address == rtp.ip() => SocketAddr::new(address, rtcp.port),
        Some(_) => beside,
    }
}

fn direction(media: &Media, session: &Session) -> Direction {
    for (name, direction) in [
        ("sendonly", Direction::SendOnly),
        ("recvonly", Direction::ReceiveOnly),
        ("inactive", Direction::Inactive),
        ("sendrecv", Direction::SendReceive),
    ] {
        if media.has_attribute(name) {
            return direction;
        }
    }
    if session.has_attribute("inactive") {
        Direction::Inactive
    } else if session.has_attribute("sendonly") {
        Direction::SendOnly
    } else if session.has_attribute("recvonly") {
        Direction::ReceiveOnly
    } else {
        Direction::SendReceive
    }
}

fn ptime(media: &Media) -> Duration {
    let millis = |name| {
        let text = media.get_first_attribute_value(name).flatten()?;
        let millis = text.trim().parse::<u64>().ok()?;
        Some(millis.clamp(*PTIMES.start(), *PTIMES.end()))
    };
    let ptime = millis("ptime").map_or(DEFAULT_PTIME, Duration::from_millis);
    millis("maxptime").map_or(ptime, |most| ptime.min(Duration::from_millis(most)))
}

/// The suites of RFC 7714 section 14.2.
const AEAD_AES_128_GCM: &str = "AEAD_AES_128_GCM";
const AEAD_AES_256_GCM: &str = "AEAD_AES_256_GCM";

/// The keys whose use needs nothing that we don't have (RFC 4568 section 6).
fn crypto_keys(media: &Media) -> Vec<(u32, SrtpKey)> {
    media
        .attributes_typed::<Crypto>()
        .filter_map(Result::ok)
        .filter_map(|crypto| {
            let suite = suite(&crypto.crypto_suite)?;
            let [key] = crypto.key_params.as_slice() else { return None };
            // A hint for our own window is all that may be left unheeded (section 6.3.7).
            let is_hint = |param: &SrtpSessionParam| matches!(param, SrtpSessionParam::Wsh(_));
            if key.mki_and_length.is_some() || !crypto.session_params.iter().all(is_hint) {
                return None;
            }
            let key_and_salt = decode_key(&key.key_and_salt)?;
            let (key, salt) = key_and_salt.split_at_checked(suite.key_len())?;
            Some((crypto.tag, SrtpKey::new(suite, key, salt)?))
        })
        .collect()
}

fn suite(suite: &CryptoSuite) -> Option<SrtpSuite> {
    Some(match suite {
        CryptoSuite::AesCm128HmacSha1_80 => SrtpSuite::AesCm128HmacSha1Tag80,
        CryptoSuite::AesCm128HmacSha1_32 => SrtpSuite::AesCm128HmacSha1Tag32,
        CryptoSuite::Other(name) if name.eq_ignore_ascii_case(AEAD_AES_128_GCM) => {
            SrtpSuite::AeadAes128Gcm
        }
        CryptoSuite::Other(name) if name.eq_ignore_ascii_case(AEAD_AES_256_GCM) => {
            SrtpSuite::AeadAes256Gcm
        }
        _ => return None,
    })
}

fn decode_key(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// One line of a media description of ours.
pub(crate) fn crypto_line(tag: u32, key: &SrtpKey) -> Attribute {
    use base64::Engine as _;
    let suite = match key.suite() {
        SrtpSuite::AesCm128HmacSha1Tag80 => CryptoSuite::AesCm128HmacSha1_80,
        SrtpSuite::AesCm128HmacSha1Tag32 => CryptoSuite::AesCm128HmacSha1_32,
        SrtpSuite::AeadAes128Gcm => CryptoSuite::new(AEAD_AES_128_GCM),
        SrtpSuite::AeadAes256Gcm => CryptoSuite::new(AEAD_AES_256_GCM),
    };
    let mut crypto = Crypto::new(tag, suite);
    let (key, salt) = key.parts();
    let text = base64::engine::general_purpose::STANDARD.encode([key, salt].concat());
    crypto.add_key_param(SrtpKeyParam::new(text));
    crypto.into()
}

/// A payload type of ours with what SDP says of it.
pub(crate) struct PayloadType {
    pub(crate) number: u8,
    pub(crate) rtpmap: String,
    pub(crate) fmtp: Option<&'static str>,
}

/// An audio stream of ours.
pub(crate) struct LocalAudio<'a> {
    pub(crate) port: u16,
    pub(crate) rtcp_port: u16,
    pub(crate) protocol: &'a str,
    pub(crate) payload_types: Vec<PayloadType>,
    pub(crate) direction: Direction,
    pub(crate) ptime: Duration,
    pub(crate) crypto: Vec<Attribute>,
    pub(crate) rtcp_mux: bool,
}

impl LocalAudio<'_> {
    /// Its media description.
    pub(crate) fn media(self) -> Media {
        let mut fmt = String::new();
        for (n, payload_type) in self.payload_types.iter().enumerate() {
            let separator = if n == 0 { "" } else { " " };
            let _ = write!(fmt, "{separator}{}", payload_type.number);
        }
        let mut attributes = Vec::new();
        for PayloadType { number, rtpmap, fmtp } in &self.payload_types {
            attributes.push(Attribute::with_value("rtpmap", format!("{number} {rtpmap}")));
            if let Some(fmtp) = fmtp {
                attributes.push(Attribute::with_value("fmtp", format!("{number} {fmtp}")));
            }
        }
        attributes.push(Attribute::with_value("ptime", self.ptime.as_millis()));
        attributes.push(Attribute::new(match self.direction {
            Direction::SendReceive => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::ReceiveOnly => "recvonly",
            Direction::Inactive => "inactive",
        }));
        attributes.push(Attribute::with_value("rtcp", self.rtcp_port));
        if self.rtcp_mux {
            attributes.push(Attribute::new("rtcp-mux"));
        }
        attributes.extend(self.crypto);
        Media {
            media: "audio".to_owned(),
            port: self.port,
            num_ports: None,
            proto: self.protocol.to_owned(),
            fmt,
            media_title: None,
            connections: Vec::new(),
            bandwidths: Vec::new(),
            key: None,
            attributes,
        }
    }
}

/// The media lines of a description of ours, without their `m=`, and which of them is the audio: the one that
/// is not rejected. `None` when they can't be read.
pub(crate) fn read_media_lines(lines: &[String]) -> Option<(Vec<MediaLine>, usize)> {
    let mut audio = None;
    let mut read = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().filter(|word| !word.is_empty());
        let (media, port, proto, fmt) = (word()?, word()?, word()?, word()?);
        if port != "0" {
            audio = audio.or(Some(n));
        }
        read.push((media.to_owned(), proto.to_owned(), fmt.to_owned()));
    }
    Some((read, audio?))
}

/// A media description that rejects one of the far side (RFC 3264 section 6).
pub(crate) fn rejected((media, proto, fmt): &MediaLine) -> Media {
    Media {
        media: media.clone(),
        port: 0,
        num_ports: None,
        proto: proto.clone(),
        fmt: fmt.clone(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

/// Writes a session description: the session's id, version and address name it, and media goes to
/// `address`.
pub(crate) fn write(
    (id, version, origin): (u64, u64, IpAddr),
    address: IpAddr,
    medias: Vec<Media>,
) -> String {
    let mut session = Session::new(Origin::with_ip_addr(id, version, origin), "-");
    session.connection = Some(Connection::from_ip_addr(address));
    session.times = vec![Time::new(0, 0)];
    session.medias = medias;
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = session.write(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
