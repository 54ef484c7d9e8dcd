//! Writes answers to offers (RFC 8829 section 5.3).

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use bellpush_srtp::dtls::{Certificate, Fingerprint};
use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::{Offer, Protocol, ice::Credentials};
use crate::{Codec, media::opus::NARROWBAND_BITS_PER_SECOND};

/// RFC 8829 section 5.2.1: where media goes is said by candidates.
const NO_PORT: u16 = 9;
/// The keypad's events (RFC 4733 section 3.2).
const KEYPAD_EVENTS: &str = "0-15";
/// What our Opus is asked for (RFC 7587 section 6.1).
const OPUS: &str = "minptime=10;useinbandfec=1";
/// RFC 8445 section 5.1.2: of host candidates by UDP, and by TCP, which comes after it: there a lost
/// packet holds up the ones after it.
const UDP_PREFERENCE: u32 = 126;
const TCP_PREFERENCE: u32 = 90;
/// RFC 6544 section 4.2: of candidates that are connected to.
const PASSIVE_PREFERENCE: u32 = 4 << 13;

/// What all answers say of the server.
pub(super) struct LocalParameters {
    pub(super) certificate: Arc<Certificate>,
    pub(super) candidates: Vec<Attribute>,
}

/// What there is to say in answer to an offer.
pub(super) struct Answer<'a> {
    pub(super) offer: &'a Offer,
    /// Which session it is, and how often it was described before.
    pub(super) session: (u64, u64),
    pub(super) candidates: &'a [Attribute],
    pub(super) credentials: &'a Credentials,
    pub(super) fingerprint: &'a Fingerprint,
    /// Whether DTLS's handshake is ours to begin.
    pub(super) is_dtls_client: bool,
    /// The codecs, the preferred first: a browser speaks the first that it knows.
    pub(super) codecs: &'a [Codec],
    /// Whether all who may hear the browser are telephones of 8 kHz.
    pub(super) is_narrowband: bool,
    /// Our stream, and the name of who sends it.
    pub(super) ssrc: u32,
    pub(super) cname: &'a str,
}

impl Answer<'_> {
    pub(super) fn write(self) -> String {
        let (id, version) = self.session;
        let origin = Origin::with_ip_addr(id, version, Ipv4Addr::LOCALHOST);
        let mut session = Session::new(origin, "-");
        session.times = vec![Time::new(0, 0)];
        if self.offer.is_bundled {
            let group = format!("BUNDLE {}", self.offer.mid);
            session.attributes.push(Attribute::with_value("group", group));
        }
        session.attributes.push(Attribute::new("ice-lite"));
        let sections = self.offer.sections.iter().enumerate();
        session.medias =
            sections
                .map(|(index, section)| {
                    if index == self.offer.audio {
                        self.audio(&section.1)
                    } else {
                        refused(section)
                    }
                })
                .collect();
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = session.write(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn audio(&self, protocol: &str) -> Media {
        let mut formats = Vec::new();
        let mut attributes = self.candidates.to_vec();
        let mut with = |name: &str, value: String| {
            attributes.push(Attribute::with_value(name, value));
        };
        with("ice-ufrag", self.credentials.ufrag.clone());
        with("ice-pwd", self.credentials.password.clone());
        with("fingerprint", self.fingerprint.to_string());
        let role = if self.is_dtls_client { "active" } else { "passive" };
        with("setup", role.to_owned());
        with("mid", self.offer.mid.clone());
        for (number, codec) in self.codecs() {
            formats.push(number.to_string());
            let channels = if codec == Codec::Opus { "/2" } else { "" };
            let (name, clock_rate) = (codec.name(), codec.clock_rate());
            with("rtpmap", format!("{number} {name}/{clock_rate}{channels}"));
            if codec == Codec::Opus {
                with("fmtp", format!("{number} {}", self.opus()));
            }
        }
        if let Some(number) = self.offer.comfort_noise {
            formats.push(number.to_string());
            with("rtpmap", format!("{number} CN/8000"));
        }
        for (number, clock_rate) in &self.offer.keypad {
            formats.push(number.to_string());
            with("rtpmap", format!("{number} telephone-event/{clock_rate}"));
            with("fmtp", format!("{number} {KEYPAD_EVENTS}"));
        }
        with("msid", "bellpush voice".to_owned());
        with("ssrc", format!("{} cname:{}", self.ssrc, self.cname));
        attributes.extend(["sendrecv", "rtcp-mux"].map(Attribute::new));
        section("audio", NO_PORT, protocol, &formats.join(" "), attributes)
    }

    /// Those that the browser knows, as it numbers them, the preferred first.
    fn codecs(&self) -> impl Iterator<Item = (u8, Codec)> {
        let others = Codec::ALL.iter().filter(|codec| !self.codecs.contains(codec));
        self.codecs.iter().chain(others).filter_map(|codec| {
            let index = Codec::ALL.iter().position(|known| known == codec)?;
            Some((self.offer.payload_types[index]?, *codec))
        })
    }

    /// Where only telephones hear the browser, it is asked for a voice as telephones have it. What
    /// lies above their band would be cut off in transcoding: it costs a visitor on a bad network
    /// bandwidth, and the server more than the other half of decoding.
    fn opus(&self) -> String {
        if self.is_narrowband {
            format!("{OPUS};maxplaybackrate=8000;maxaveragebitrate={NARROWBAND_BITS_PER_SECOND}")
        } else {
            OPUS.to_owned()
        }
    }
}

/// A section that is not taken up (RFC 3264 section 6).
fn refused((media, protocol, formats): &(String, String, String)) -> Media {
    section(media, 0, protocol, formats, vec![Attribute::new("inactive")])
}

fn section(
    media: &str,
    port: u16,
    protocol: &str,
    formats: &str,
    attributes: Vec<Attribute>,
) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: protocol.to_owned(),
        fmt: formats.to_owned(),
        media_title: None,
        connections: vec![Connection::from_ip_addr(Ipv4Addr::UNSPECIFIED)],
        bandwidths: Vec::new(),
        key: None,
        attributes,
    }
}

/// The lines that say where the server is (RFC 8839 section 5.1): each address by UDP, and by TCP
/// for networks without UDP, where the browser connects (RFC 6544 section 4.5).
pub(super) fn candidates(addresses: &[SocketAddr]) -> Vec<Attribute> {
    let mut lines = Vec::with_capacity(2 * addresses.len() + 1);
    for (place, address) in (0..).zip(addresses) {
        let (ip, port) = (address.ip(), address.port());
        let [udp, tcp] = [Protocol::Udp, Protocol::Tcp]
            .map(|protocol| candidate_priority(protocol) - (place << 8));
        for (protocol, foundation, priority, kind) in
            [("udp", 2 * place + 1, udp, ""), ("tcp", 2 * place + 2, tcp, " tcptype passive")]
        {
            let line = format!("{foundation} 1 {protocol} {priority} {ip} {port} typ host{kind}");
            lines.push(Attribute::with_value("candidate", line));
        }
    }
    lines.push(Attribute::new("end-of-candidates"));
    lines
}

/// The priority of our candidates of this kind, as far as they don't differ by their place.
pub(super) const fn candidate_priority(protocol: Protocol) -> u32 {
    match protocol {
        Protocol::Udp => priority(UDP_PREFERENCE, 0xFFFF),
        Protocol::Tcp => priority(TCP_PREFERENCE, PASSIVE_PREFERENCE + 0x1FFF),
    }
}

/// RFC 8445 section 5.1.2.1, of the first component.
const fn priority(kind: u32, local: u32) -> u32 {
    (kind << 24) | (local << 8) | 255
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = include_str!("../../../tests/fixtures/chromium-offer.sdp");

    fn answer_to(offer: &str, codecs: &[Codec], is_narrowband: bool) -> String {
        let credentials = Credentials { ufrag: "ours".into(), password: "secret".into() };
        let addresses = ["192.0.2.1:5000", "[2001:db8::1]:5000"].map(|text| text.parse().unwrap());
        let offer = Offer::parse(offer).unwrap();
        Answer {
            offer: &offer,
            session: (7, 1),
            candidates: &candidates(&addresses),
            credentials: &credentials,
            fingerprint: &Fingerprint::sha256(&[]),
            is_dtls_client: offer.is_dtls_client.unwrap_or(false),
            codecs,
            is_narrowband,
            ssrc: 1_234,
            cname: "us",
        }
        .write()
    }

    #[test]
    fn everything_that_a_browser_has_to_know_is_said() {
        let answer = answer_to(OFFER, &[Codec::Pcma], false);
        let expected = "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
            a=group:BUNDLE 0\r\na=ice-lite\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 8 0 111 13 110 126\r\nc=IN IP4 0.0.0.0\r\n\
            a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\n\
            a=candidate:2 1 tcp 1520435199 192.0.2.1 5000 typ host tcptype passive\r\n\
            a=candidate:3 1 udp 2130706175 2001:db8::1 5000 typ host\r\n\
            a=candidate:4 1 tcp 1520434943 2001:db8::1 5000 typ host tcptype passive\r\n\
            a=end-of-candidates\r\n\
            a=ice-ufrag:ours\r\na=ice-pwd:secret\r\n\
            a=fingerprint:sha-256 E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:\
            93:4C:A4:95:99:1B:78:52:B8:55\r\n\
            a=setup:passive\r\na=mid:0\r\n\
            a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
            a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
            a=rtpmap:13 CN/8000\r\n\
            a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n\
            a=rtpmap:126 telephone-event/8000\r\na=fmtp:126 0-15\r\n\
            a=msid:bellpush voice\r\na=ssrc:1234 cname:us\r\na=sendrecv\r\na=rtcp-mux\r\n";
        assert_eq!(answer, expected);
    }

    #[test]
    fn only_telephones_ask_for_a_narrow_voice() {
        let asked =
            "a=fmtp:111 minptime=10;useinbandfec=1;maxplaybackrate=8000;maxaveragebitrate=24000";
        for is_narrowband in [false, true] {
            let answer = answer_to(OFFER, &[Codec::Opus], is_narrowband);
            assert!(
                answer.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111 8 0 13 110 126\r\n"),
                "{answer}"
            );
            assert_eq!(answer.lines().any(|line| line == asked), is_narrowband, "{answer}");
        }
    }

    #[test]
    fn the_other_side_of_the_handshake_is_taken() {
        for (theirs, ours) in [("actpass", "passive"), ("active", "passive"), ("passive", "active")]
        {
            let offer = OFFER.replace("setup:actpass", &format!("setup:{theirs}"));
            let answer = answer_to(&offer, &[], false);
            assert!(answer.contains(&format!("a=setup:{ours}\r\n")), "{answer}");
        }
    }

    #[test]
    fn sections_that_are_off_stay_off_in_their_places() {
        let (head, audio) = OFFER.split_once("m=audio").unwrap();
        let offer = format!("{head}m=video 0 UDP/TLS/RTP/SAVPF 96\na=mid:v\nm=audio{audio}");
        let answer = answer_to(&offer, &[], false);
        let sections: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(sections[0], "m=video 0 UDP/TLS/RTP/SAVPF 96");
        assert!(sections[1].starts_with("m=audio 9 ") && sections.len() == 2, "{answer}");
    }
}
