//! Offer and answer (RFC 3264) over one audio stream.

use std::{net::IpAddr, time::Duration};

use bellpush_srtp::{SRTP_KEY_LEN, SrtpKey, SrtpKeys, SrtpSuite};

use super::{
    Direction, MediaPlan, TelephoneEvent,
    sdp::{LocalAudio, PayloadType, RemoteAudio, SdpError, crypto_line, rejected, write},
};
use crate::{Codec, SrtpPolicy};

/// Our payload types where RFC 3551 names none.
const OPUS: u8 = 111;
const TELEPHONE_EVENT_8K: u8 = 101;
const TELEPHONE_EVENT_48K: u8 = 110;
const COMFORT_NOISE: u8 = 13;
const PTIME: Duration = Duration::from_millis(20);
/// RFC 7587 section 7: FEC for lossy networks, and no more than speech in one channel needs.
const OPUS_FMTP: &str = "minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0";
/// All keys of a keypad (RFC 4733 section 2.4.1).
const KEYPAD: &str = "0-15";

/// What this side brings to a call's media.
#[derive(Debug, Clone)]
pub(crate) struct LocalMedia {
    /// The address that the far side sends to.
    pub(crate) address: IpAddr,
    /// The port for RTP.
    pub(crate) rtp_port: u16,
    /// The port for RTCP, where the far side does not take both on one.
    pub(crate) rtcp_port: u16,
    /// What may be spoken, the preferred first.
    pub(crate) codecs: Vec<Codec>,
    /// Whether media is encrypted.
    pub(crate) srtp: SrtpPolicy,
    /// Random bytes for our keys, one for each suite.
    pub(crate) key_material: [[u8; SRTP_KEY_LEN]; SrtpSuite::ALL.len()],
    /// A random number that names the session (RFC 8866 section 5.2).
    pub(crate) session_id: u64,
}

/// The state of offer and answer in one call.
#[derive(Debug)]
pub(crate) struct Negotiation {
    local: LocalMedia,
    version: u64,
    /// What the far side may send, as our last description numbered it.
    codecs: Vec<(u8, Codec)>,
    /// The same for keypad presses: payload type and clock.
    telephone_events: Vec<(u8, u32)>,
    plan: Option<MediaPlan>,
}

impl Negotiation {
    pub(crate) fn new(local: LocalMedia) -> Self {
        Self { local, version: 0, codecs: Vec::new(), telephone_events: Vec::new(), plan: None }
    }

    /// Our offer of all that we can do.
    pub(crate) fn offer(&mut self) -> String {
        let protocol = match self.local.srtp {
            SrtpPolicy::Required => "RTP/SAVP",
            SrtpPolicy::Off | SrtpPolicy::Optional => "RTP/AVP",
        };
        let crypto = match self.local.srtp {
            SrtpPolicy::Off => Vec::new(),
            SrtpPolicy::Optional | SrtpPolicy::Required => {
                (1..).zip(self.crypto_keys()).map(|(tag, key)| crypto_line(tag, &key)).collect()
            }
        };
        let number = |codec: &Codec| (codec.static_payload_type().unwrap_or(OPUS), *codec);
        self.codecs = self.local.codecs.iter().map(number).collect();
        let is_in_use = |(_, clock): &(u8, u32)| {
            self.local.codecs.iter().any(|codec| codec.clock_rate() == *clock)
        };
        let telephone_events = [(TELEPHONE_EVENT_8K, 8_000), (TELEPHONE_EVENT_48K, 48_000)];
        self.telephone_events = telephone_events.into_iter().filter(is_in_use).collect();
        let codecs = self.codecs.iter().map(|(number, codec)| codec_payload_type(*codec, *number));
        let events =
            self.telephone_events.iter().map(|(number, clock)| telephone_event(*number, *clock));
        let mut payload_types: Vec<_> = codecs.chain(events).collect();
        if self.telephone_events.contains(&(TELEPHONE_EVENT_8K, 8_000)) {
            payload_types.push(comfort_noise(COMFORT_NOISE));
        }
        let media = LocalAudio {
            port: self.local.rtp_port,
            rtcp_port: self.local.rtcp_port,
            protocol,
            payload_types,
            direction: Direction::SendReceive,
            ptime: PTIME,
            crypto,
            rtcp_mux: true,
        };
        self.write(vec![media.media()])
    }

    /// Takes the far side's answer to our last description, as an offer.
    pub(crate) fn accept(&mut self, answer: &str) -> Result<&MediaPlan, SdpError> {
        let remote = RemoteAudio::parse(answer)?;
        // Offers of ours have one media description, and so have their answers (RFC 3264 section 6).
        if remote.index != 0 {
            return Err(SdpError::NoAudio);
        }
        let (payload_type, receive_payload_type, codec) = remote
            .codecs
            .iter()
            .find_map(|(theirs, codec)| {
                let (ours, _) = self.codecs.iter().find(|(_, offered)| offered == codec)?;
                Some((*theirs, *ours, *codec))
            })
            .ok_or(SdpError::NoCodec)?;
        let srtp = match (remote.crypto_keys.first(), self.local.srtp) {
            (Some((_, theirs)), SrtpPolicy::Optional | SrtpPolicy::Required) => {
                Some(self.matching_keys(theirs))
            }
            (None, SrtpPolicy::Required) => return Err(SdpError::Encryption),
            (None, _) if remote.secure_profile => return Err(SdpError::Encryption),
            _ => None,
        };
        let of_codec = |(_, clock): &&(u8, u32)| *clock == codec.clock_rate();
        let theirs = remote.telephone_events.iter().find(of_codec);
        let telephone_event = theirs.zip(self.telephone_events.iter().find(of_codec)).map(
            |((theirs, clock_rate), (ours, _))| TelephoneEvent {
                payload_type: *theirs,
                receive_payload_type: *ours,
                clock_rate: *clock_rate,
            },
        );
        Ok(self.plan.insert(MediaPlan {
            remote: remote.rtp,
            rtcp: remote.rtcp,
            codec,
            payload_type,
            receive_payload_type,
            telephone_event,
            direction: our_direction(&remote),
            ptime: remote.ptime,
            srtp,
            rtcp_mux: remote.rtcp_mux,
            comfort_noise: remote.comfort_noise.filter(|_| codec.clock_rate() == 8_000),
        }))
    }

    /// Answers an offer of the far side.
    pub(crate) fn answer(&mut self, offer: &str) -> Result<(String, &MediaPlan), SdpError> {
        let remote = RemoteAudio::parse(offer)?;
        let (payload_type, codec) = self.choose_codec(&remote).ok_or(SdpError::NoCodec)?;
        let (srtp, crypto) = self.choose_crypto(&remote)?;
        let telephone_event =
            remote.telephone_events.iter().find(|(_, clock)| *clock == codec.clock_rate()).map(
                |(payload_type, clock_rate)| TelephoneEvent {
                    payload_type: *payload_type,
                    receive_payload_type: *payload_type,
                    clock_rate: *clock_rate,
                },
            );
        let plan = MediaPlan {
            remote: remote.rtp,
            rtcp: remote.rtcp,
            codec,
            payload_type,
            receive_payload_type: payload_type,
            telephone_event,
            direction: our_direction(&remote),
            ptime: remote.ptime,
            srtp,
            rtcp_mux: remote.rtcp_mux,
            comfort_noise: remote.comfort_noise.filter(|_| codec.clock_rate() == 8_000),
        };
        self.codecs = vec![(payload_type, codec)];
        self.telephone_events = telephone_event
            .iter()
            .map(|event| (event.receive_payload_type, event.clock_rate))
            .collect();
        let mut payload_types = vec![codec_payload_type(codec, payload_type)];
        payload_types.extend(telephone_event.map(|event| telephone_event_line(&event)));
        payload_types.extend(plan.comfort_noise.map(comfort_noise));
        let audio = LocalAudio {
            port: self.local.rtp_port,
            rtcp_port: if plan.rtcp_mux { self.local.rtp_port } else { self.local.rtcp_port },
            protocol: &remote.protocol,
            payload_types,
            direction: plan.direction,
            ptime: plan.ptime,
            crypto,
            rtcp_mux: plan.rtcp_mux,
        };
        let mut audio = Some(audio.media());
        let medias = remote
            .media_lines
            .iter()
            .enumerate()
            .map(|(n, other)| {
                if n == remote.index { audio.take() } else { None }
                    .unwrap_or_else(|| rejected(other))
            })
            .collect();
        let text = self.write(medias);
        Ok((text, self.plan.insert(plan)))
    }

    /// The codec of now if the far side still has it, so that a hold changes nothing else; else
    /// its first that we have.
    fn choose_codec(&self, remote: &RemoteAudio) -> Option<(u8, Codec)> {
        let current = self.plan.as_ref().map(|plan| plan.codec);
        let find = |wanted: &dyn Fn(Codec) -> bool| {
            remote.codecs.iter().find(|(_, codec)| wanted(*codec)).copied()
        };
        find(&|codec| Some(codec) == current)
            .or_else(|| find(&|codec| self.local.codecs.contains(&codec)))
    }

    fn choose_crypto(
        &self,
        remote: &RemoteAudio,
    ) -> Result<(Option<SrtpKeys>, Vec<sdp_types::Attribute>), SdpError> {
        match (remote.crypto_keys.first(), self.local.srtp) {
            (Some((tag, theirs)), SrtpPolicy::Optional | SrtpPolicy::Required) => {
                let keys = self.matching_keys(theirs);
                let line = crypto_line(*tag, &keys.ours);
                Ok((Some(keys), vec![line]))
            }
            (None, SrtpPolicy::Required) => Err(SdpError::Encryption),
            _ if remote.secure_profile => Err(SdpError::Encryption),
            _ => Ok((None, Vec::new())),
        }
    }

    fn crypto_keys(&self) -> [SrtpKey; SrtpSuite::ALL.len()] {
        let material = &self.local.key_material;
        std::array::from_fn(|n| SrtpKey::from_random(SrtpSuite::ALL[n], &material[n]))
    }

    /// The far side's key with the one of ours that is of the same suite.
    fn matching_keys(&self, theirs: &SrtpKey) -> SrtpKeys {
        let place = SrtpSuite::ALL.iter().position(|suite| *suite == theirs.suite());
        let material = &self.local.key_material[place.unwrap_or_default()];
        let ours = SrtpKey::from_random(theirs.suite(), material);
        SrtpKeys { ours, theirs: theirs.clone() }
    }

    fn write(&mut self, medias: Vec<sdp_types::Media>) -> String {
        self.version += 1;
        write(self.local.session_id, self.version, self.local.address, medias)
    }
}

/// What the far side says of itself, turned round. Nothing is sent to the address 0.0.0.0, by
/// which older systems say hold.
fn our_direction(remote: &RemoteAudio) -> Direction {
    let sends = matches!(remote.direction, Direction::SendReceive | Direction::ReceiveOnly)
        && !remote.has_null_address;
    let receives = matches!(remote.direction, Direction::SendReceive | Direction::SendOnly);
    match (sends, receives) {
        (true, true) => Direction::SendReceive,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::ReceiveOnly,
        (false, false) => Direction::Inactive,
    }
}

fn codec_payload_type(codec: Codec, number: u8) -> PayloadType {
    let (rtpmap, fmtp) = match codec {
        // RFC 7587 section 7: always two channels in SDP.
        Codec::Opus => ("opus/48000/2".to_owned(), Some(OPUS_FMTP)),
        Codec::Pcma | Codec::Pcmu => (format!("{}/8000", codec.name()), None),
    };
    PayloadType { number, rtpmap, fmtp }
}

fn telephone_event_line(event: &TelephoneEvent) -> PayloadType {
    telephone_event(event.receive_payload_type, event.clock_rate)
}

fn telephone_event(number: u8, clock_rate: u32) -> PayloadType {
    PayloadType { number, rtpmap: format!("telephone-event/{clock_rate}"), fmtp: Some(KEYPAD) }
}

fn comfort_noise(number: u8) -> PayloadType {
    PayloadType { number, rtpmap: "CN/8000".to_owned(), fmtp: None }
}

#[cfg(test)]
#[path = "negotiation_tests.rs"]
mod tests;
