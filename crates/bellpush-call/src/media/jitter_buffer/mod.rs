//! Puts packets back in their order and keeps them until their time.
//!
//! Pure: packets go in as they arrive, and are taken out when sound is needed. The buffer says
//! what is missing; what is heard instead is the decoder's matter. How long packets wait adapts
//! to the jitter that is measured ([`delay`]); the transcoder brings it about.

mod delay;

use std::time::{Duration, Instant};

use delay::DelayMeter;

use super::{MAX_MISORDER, RtpTimes};
use crate::Codec;

/// Packets that are kept at most, a power of two: 640 ms of the usual ones.
const SLOTS: usize = 32;
/// What a network carries in one packet. Longer ones are no audio.
const MAX_PAYLOAD: usize = 1_400;
/// A gap is made up for at most so long; after more, sound goes on where the stream is.
const LONGEST_GAP: Duration = Duration::from_millis(240);

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It waits for its time.
    Kept,
    /// Its time is over.
    Late,
    /// It is there already, or is no audio.
    Refused,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// A packet's payload, and its codec.
    Packet(Codec, &'a [u8]),
    /// Sound that will not come any more, and the payload after it.
    Gap {
        /// In the stream's timestamp units.
        units: u32,
        after: &'a [u8],
    },
    /// Nothing, at present.
    Nothing,
}

/// One stream's packets.
#[derive(Debug)]
pub(crate) struct JitterBuffer {
    clock_rate: u32,
    slots: Vec<Slot>,
    /// The payload that was taken last.
    current: Vec<u8>,
    /// Room for the payloads to come: as much as packets have waited at once.
    spare: Vec<Vec<u8>>,
    /// The packet to be taken next.
    next: Option<Position>,
    highest: Position,
    /// The number after one that was far behind: if it comes, the stream has begun anew there.
    restarts_at: Option<u64>,
    meter: DelayMeter,
}

#[derive(Debug, Clone, Copy, Default)]
struct Position {
    seq: u64,
    timestamp: u32,
}

#[derive(Debug)]
struct Slot {
    position: Option<Position>,
    codec: Codec,
    payload: Vec<u8>,
}

impl Slot {
    fn empty() -> Self {
        Self { position: None, codec: Codec::Pcma, payload: Vec::new() }
    }
}

impl JitterBuffer {
    pub(crate) fn new(now: Instant, clock_rate: u32) -> Self {
        Self {
            clock_rate,
            slots: std::iter::repeat_with(Slot::empty).take(SLOTS).collect(),
            current: Vec::new(),
            spare: Vec::new(),
            next: None,
            highest: Position::default(),
            restarts_at: None,
            meter: DelayMeter::new(now, clock_rate),
        }
    }

    /// Takes in a packet.
    pub(crate) fn insert(
        &mut self,
        now: Instant,
        codec: Codec,
        RtpTimes { seq, timestamp, .. }: RtpTimes,
        payload: &[u8],
    ) -> Inserted {
        if payload.len() > MAX_PAYLOAD {
            return Inserted::Refused;
        }
        let position = Position { seq, timestamp };
        match self.next {
            Some(next) if seq < next.seq && next.seq - seq <= MAX_MISORDER => {
                self.meter.arrived(now, timestamp);
                return Inserted::Late;
            }
            // One alone is no new beginning (RFC 3550 appendix A.1).
            Some(next) if seq < next.seq && self.restarts_at != Some(seq) => {
                self.restarts_at = Some(seq + 1);
                return Inserted::Late;
            }
            Some(next) if seq >= next.seq && seq - next.seq < SLOTS as u64 => {}
            // The first packet, or a stream that went on somewhere else.
            _ => {
                self.clear();
                self.restarts_at = None;
                self.meter = DelayMeter::new(now, self.clock_rate);
                self.next = Some(position);
                self.highest = position;
            }
        }
        let Some(slot) = self.slots.get_mut(seq as usize % SLOTS) else {
            return Inserted::Refused;
        };
        if slot.position.is_some() {
            return Inserted::Refused;
        }
        slot.position = Some(position);
        slot.codec = codec;
        slot.payload = self.spare.pop().unwrap_or_default();
        slot.payload.extend_from_slice(payload);
        if seq > self.highest.seq {
            self.highest = position;
        }
        self.meter.arrived(now, timestamp);
        Inserted::Kept
    }

    /// What comes next. A packet is taken by it; it says how much sound it was by
    /// [`JitterBuffer::played`]. A gap is told once, then comes the packet after it.
    pub(crate) fn next(&mut self) -> Next<'_> {
        let Some(next) = self.next else {
            return Next::Nothing;
        };
        let ahead = (0..SLOTS as u64).find_map(|n| {
            let at = (next.seq + n) as usize % SLOTS;
            let position =
                self.slots.get(at)?.position.filter(|position| position.seq == next.seq + n)?;
            Some((at, position))
        });
        let Some((at, position)) = ahead else {
            return Next::Nothing;
        };
        let Some(slot) = self.slots.get_mut(at) else {
            return Next::Nothing;
        };
        let missing = position.timestamp.wrapping_sub(next.timestamp);
        self.next = Some(position);
        let longest = self.clock_rate * LONGEST_GAP.as_millis() as u32 / 1_000;
        if (1..=longest).contains(&missing) {
            return Next::Gap { units: missing, after: &slot.payload };
        }
        slot.position = None;
        let codec = slot.codec;
        let before = std::mem::replace(&mut self.current, std::mem::take(&mut slot.payload));
        recycle(&mut self.spare, before);
        self.next = Some(Position { seq: position.seq + 1, timestamp: position.timestamp });
        Next::Packet(codec, &self.current)
    }

    /// Tells how much sound the packet taken last was, in the stream's timestamp units.
    pub(crate) fn played(&mut self, units: u32) {
        if let Some(next) = &mut self.next {
            next.timestamp = next.timestamp.wrapping_add(units);
        }
    }

    /// Sound from the packet to be taken next to the start of the newest, in timestamp units.
    pub(crate) fn span(&self) -> u32 {
        match self.next {
            Some(next) if self.highest.seq >= next.seq => {
                self.highest.timestamp.wrapping_sub(next.timestamp)
            }
            _ => 0,
        }
    }

    /// How long packets should wait.
    pub(crate) fn target(&self) -> Duration {
        self.meter.target()
    }

    /// Whether none after this one has come yet.
    pub(crate) fn is_newest(&self, seq: u64) -> bool {
        self.highest.seq == seq
    }

    fn clear(&mut self) {
        for slot in &mut self.slots {
            if slot.position.take().is_some() {
                recycle(&mut self.spare, std::mem::take(&mut slot.payload));
            }
        }
    }
}

fn recycle(spare: &mut Vec<Vec<u8>>, mut payload: Vec<u8>) {
    payload.clear();
    spare.push(payload);
}

#[cfg(test)]
mod tests;
