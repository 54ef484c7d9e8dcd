//! Offer and answer (RFC 3264) over one audio stream.

use std::{net::IpAddr, time::Duration};

use bellpush_core::trunk::SdpOrigin;
use bellpush_srtp::{SRTP_KEY_LEN, SrtpKey, SrtpKeys, SrtpSuite};
use zeroize::Zeroizing;

use super::{
    Direction, Format, MediaPlan,
    media_plan::COMFORT_NOISE,
    sdp::{
        LocalAudio, MediaLine, PayloadType, RemoteAudio, RemoteSession, SdpError, crypto_line,
        read_media_lines, rejected, write,
    },
};
use crate::{Codec, SrtpPolicy, media::RtpSource};

/// Our payload types where RFC 3551 names none.
const OPUS: u8 = 111;
const TELEPHONE_EVENT_8K: u8 = 101;
const TELEPHONE_EVENT_48K: u8 = 110;

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
    /// The same, if it is an address of this machine.
    pub(crate) own_address: Option<IpAddr>,
    /// The port for RTP.
    pub(crate) rtp_port: u16,
    /// The port for RTCP, where the far side does not take both on one.
    pub(crate) rtcp_port: u16,
    /// What may be spoken, the preferred first.
    pub(crate) codecs: Vec<Codec>,
    /// Whether media is encrypted.
    pub(crate) srtp: SrtpPolicy,
    /// Random bytes for our keys, one for each suite.
    pub(crate) key_material: Zeroizing<[[u8; SRTP_KEY_LEN]; SrtpSuite::ALL.len()]>,
    /// The sources of the call that had the ports before: they may still send.
    pub(crate) stale_sources: Vec<RtpSource>,
    /// A random number that names the session (RFC 8866 section 5.2).
    pub(crate) session_id: u64,
}

/// The state of offer and answer in one call.
#[derive(Debug)]
pub(crate) struct Negotiation {
    local: LocalMedia,
    /// The address that is part of the session's name.
    origin: IpAddr,
    version: u64,
    /// Our last description.
    ours: Described,
    /// What is known of the INVITE, until that is answered.
    invite: Option<Box<Invite>>,
    plan: Option<MediaPlan>,
}

/// What a description of ours says.
#[derive(Debug, Clone, Default)]
struct Described {
    /// All formats that it has, as it numbered them.
    formats: Vec<(u8, Format)>,
    /// The media lines of the session, once the far side offered some.
    media_lines: Vec<MediaLine>,
    /// Which of them is the audio.
    audio: usize,
}

/// An INVITE without a final answer. Each telephone that rings has an exchange of offers of its own, and
/// what one of them changes in its own says nothing of the others'.
#[derive(Debug)]
struct Invite {
    offer: Described,
    /// The last offer of one that rings, and our answer to that.
    changed: Option<(String, Described)>,
}

/// An audio stream of an offer, and how it is taken.
struct Chosen {
    index: usize,
    remote: RemoteAudio,
    codec: (u8, Codec),
    srtp: Option<SrtpKeys>,
    crypto: Vec<sdp_types::Attribute>,
}

impl Negotiation {
    pub(crate) fn new(local: LocalMedia) -> Self {
        let (origin, ours) = (local.address, Described::default());
        Self { local, origin, version: 0, ours, invite: None, plan: None }
    }

    /// Goes on with a session that another process has described so: its name stays, the next
    /// description has the next number, and the media lines have their places (RFC 3264 section 8).
    pub(crate) fn go_on(
        &mut self,
        SdpOrigin { id, version, address }: SdpOrigin,
        media_lines: &[String],
    ) {
        self.local.session_id = id;
        self.version = version;
        self.origin = address.unwrap_or(self.origin);
        if let Some((lines, audio)) = read_media_lines(media_lines) {
            (self.ours.media_lines, self.ours.audio) = (lines, audio);
        }
    }

    /// Whether both sides have agreed on something.
    pub(crate) fn is_agreed(&self) -> bool {
        self.plan.is_some()
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
        let codecs = &self.local.codecs;
        let has_clock = |rate| codecs.iter().any(|codec| codec.clock_rate() == rate);
        let number =
            |codec: &Codec| (codec.static_payload_type().unwrap_or(OPUS), Format::Speech(*codec));
        let mut formats: Vec<_> = codecs.iter().map(number).collect();
        // Many phone systems have events at 8 kHz beside whatever codec.
        formats.push((TELEPHONE_EVENT_8K, Format::TelephoneEvent(8_000)));
        if has_clock(48_000) {
            formats.push((TELEPHONE_EVENT_48K, Format::TelephoneEvent(48_000)));
        }
        if has_clock(8_000) {
            formats.push((COMFORT_NOISE, Format::ComfortNoise));
        }
        self.ours.formats = formats;
        let audio = LocalAudio {
            port: self.local.rtp_port,
            rtcp_port: self.local.rtcp_port,
            protocol,
            payload_types: self.ours.formats.iter().map(payload_type).collect(),
            direction: Direction::SendReceive,
            ptime: PTIME,
            crypto,
            rtcp_mux: true,
        };
        self.write(audio.media())
    }

    /// Our offer in an INVITE. Until that has its final answer, [`Self::accept_of_invite`] takes those of
    /// each telephone that rings.
    pub(crate) fn invite(&mut self) -> String {
        let text = self.offer();
        self.invite = Some(Box::new(Invite { offer: self.ours.clone(), changed: None }));
        text
    }

    /// Takes an answer to the INVITE's offer; or one that stands for the last offer of its telephone, which
    /// has changed the session before it answers.
    pub(crate) fn accept_of_invite(&mut self, answer: &str) -> Result<&MediaPlan, SdpError> {
        if let Some(invite) = &self.invite {
            self.ours.clone_from(match &invite.changed {
                Some((offer, ours)) if offer == answer => ours,
                Some(_) | None => &invite.offer,
            });
        }
        self.accept(answer)
    }

    /// The INVITE has its final answer.
    pub(crate) fn invite_answered(&mut self) {
        self.invite = None;
    }

    /// Takes the far side's answer to our last description, as an offer.
    pub(crate) fn accept(&mut self, answer: &str) -> Result<&MediaPlan, SdpError> {
        // Our offers have one audio stream, and so have their answers (RFC 3264 section 6).
        let remote = RemoteSession::parse(answer)?.audio(self.ours.audio)?;
        let receive: Vec<_> =
            self.ours.formats.iter().filter(|(_, format)| remote.has(*format)).copied().collect();
        let is_ours = |format| receive.iter().any(|(_, ours)| *ours == format);
        let (payload_type, codec) = remote
            .codecs
            .iter()
            .find(|(_, codec)| is_ours(Format::Speech(*codec)))
            .copied()
            .ok_or(SdpError::NoCodec)?;
        let srtp = match (remote.crypto_keys.first(), self.local.srtp) {
            (Some((_, theirs)), SrtpPolicy::Optional | SrtpPolicy::Required) => {
                Some(self.matching_keys(theirs))
            }
            (None, SrtpPolicy::Required) => return Err(SdpError::Encryption),
            (None, _) if remote.secure_profile => return Err(SdpError::Encryption),
            // It has taken one of our keys (RFC 4568 section 5.1.3), and encrypts with one that can't be
            // used: that is noise to us, and our voice would go to it in the clear.
            (None, SrtpPolicy::Optional) if remote.has_crypto => return Err(SdpError::Encryption),
            _ => None,
        };
        let telephone_event =
            remote.telephone_event_beside(codec, |rate| is_ours(Format::TelephoneEvent(rate)));
        Ok(self.plan.insert(MediaPlan {
            remote: remote.rtp,
            rtcp: remote.rtcp,
            codec,
            payload_type,
            telephone_event,
            direction: our_direction(&remote),
            ptime: remote.ptime,
            srtp,
            rtcp_mux: remote.rtcp_mux,
            comfort_noise: remote.comfort_noise.filter(|_| codec.clock_rate() == 8_000),
            receive,
        }))
    }

    /// Answers an offer of the far side.
    pub(crate) fn answer(&mut self, offer: &str) -> Result<(String, &MediaPlan), SdpError> {
        let session = RemoteSession::parse(offer)?;
        let Chosen { index, remote, codec: (number, codec), srtp, crypto } =
            self.choose_stream(&session)?;
        let telephone_event = remote.telephone_event_beside(codec, |_| true);
        let comfort_noise = remote.comfort_noise.filter(|_| codec.clock_rate() == 8_000);
        let mut receive = vec![(number, Format::Speech(codec))];
        receive.extend(
            telephone_event
                .map(|event| (event.payload_type, Format::TelephoneEvent(event.clock_rate))),
        );
        receive.extend(comfort_noise.map(|number| (number, Format::ComfortNoise)));
        self.ours.formats.clone_from(&receive);
        let plan = MediaPlan {
            remote: remote.rtp,
            rtcp: remote.rtcp,
            codec,
            payload_type: number,
            receive,
            telephone_event,
            direction: our_direction(&remote),
            ptime: remote.ptime,
            srtp,
            rtcp_mux: remote.rtcp_mux,
            comfort_noise,
        };
        let audio = LocalAudio {
            port: self.local.rtp_port,
            rtcp_port: if plan.rtcp_mux { self.local.rtp_port } else { self.local.rtcp_port },
            protocol: &remote.protocol,
            payload_types: self.ours.formats.iter().map(payload_type).collect(),
            direction: plan.direction,
            ptime: plan.ptime,
            crypto,
            rtcp_mux: plan.rtcp_mux,
        };
        (self.ours.media_lines, self.ours.audio) = (session.media_lines(), index);
        let text = self.write(audio.media());
        if let Some(invite) = &mut self.invite {
            invite.changed = Some((offer.to_owned(), self.ours.clone()));
        }
        Ok((text, self.plan.insert(plan)))
    }

    /// The audio stream that is taken of an offer: that of now if it can be used, else the first that can.
    /// The others are rejected (RFC 3264 section 6). When there is none, why the likeliest is none.
    fn choose_stream(&self, session: &RemoteSession) -> Result<Chosen, SdpError> {
        let (present, others): (Vec<_>, Vec<_>) =
            session.audio_lines().partition(|index| *index == self.ours.audio);
        let mut first_error = None;
        for index in present.into_iter().chain(others) {
            match self.choose(session, index) {
                Ok(chosen) => return Ok(chosen),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        Err(first_error.unwrap_or(SdpError::NoAudio))
    }

    fn choose(&self, session: &RemoteSession, index: usize) -> Result<Chosen, SdpError> {
        let remote = session.audio(index)?;
        let codec = self.choose_codec(&remote).ok_or(SdpError::NoCodec)?;
        let (srtp, crypto) = self.choose_crypto(&remote)?;
        Ok(Chosen { index, remote, codec, srtp, crypto })
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

    /// Our description: as many media lines as were agreed on, all but the audio rejected
    /// (RFC 3264 sections 6 and 8).
    fn write(&mut self, audio: sdp_types::Media) -> String {
        self.version = self.version.wrapping_add(1);
        let mut medias: Vec<_> = self.ours.media_lines.iter().map(rejected).collect();
        match medias.get_mut(self.ours.audio) {
            Some(line) => *line = audio,
            None => medias.push(audio),
        }
        let origin = (self.local.session_id, self.version, self.origin);
        write(origin, self.local.address, medias)
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

/// What SDP says of a payload type of ours.
fn payload_type((number, format): &(u8, Format)) -> PayloadType {
    let (rtpmap, fmtp) = match format {
        // RFC 7587 section 7: always two channels in SDP.
        Format::Speech(Codec::Opus) => ("opus/48000/2".to_owned(), Some(OPUS_FMTP)),
        Format::Speech(codec) => (format!("{}/{}", codec.name(), codec.clock_rate()), None),
        Format::TelephoneEvent(rate) => (format!("telephone-event/{rate}"), Some(KEYPAD)),
        Format::ComfortNoise => ("CN/8000".to_owned(), None),
    };
    PayloadType { number: *number, rtpmap, fmtp }
}

#[cfg(test)]
#[path = "negotiation_tests.rs"]
mod tests;
