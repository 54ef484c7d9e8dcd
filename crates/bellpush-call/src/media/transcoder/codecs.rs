//! The codecs of a transcoder, all with 8 kHz samples on the inner side.

use super::super::{
    concealment::Concealment,
    g711::Law,
    opus::{OpusDecoder, OpusEncoder, OpusError},
};
use crate::Codec;

/// Decodes, and makes up what is missing.
#[derive(Debug)]
pub(super) enum Decoder {
    /// Either law, packet by packet.
    G711(Box<Concealment>),
    Opus(OpusDecoder),
}

impl Decoder {
    /// For the codecs of this clock rate.
    pub(super) fn new(clock_rate: u32) -> Result<Self, OpusError> {
        Ok(if clock_rate == Codec::Opus.clock_rate() {
            Self::Opus(OpusDecoder::new()?)
        } else {
            Self::G711(Box::new(Concealment::new()))
        })
    }

    /// Appends a packet's samples.
    pub(super) fn decode(
        &mut self,
        codec: Codec,
        payload: &[u8],
        pcm: &mut Vec<i16>,
    ) -> Result<(), OpusError> {
        match (self, Law::of(codec)) {
            (Self::G711(concealment), Some(law)) => {
                let start = pcm.len();
                pcm.extend(payload.iter().map(|octet| law.decode(*octet)));
                concealment.decoded(pcm.get_mut(start..).unwrap_or_default());
                Ok(())
            }
            (Self::Opus(decoder), None) => decoder.decode(payload, pcm),
            // Of another clock rate.
            _ => Ok(()),
        }
    }

    /// Appends about this many samples in place of what was lost. What comes after it may help.
    pub(super) fn conceal(&mut self, samples: usize, after: Option<&[u8]>, pcm: &mut Vec<i16>) {
        match self {
            Self::G711(concealment) => {
                let start = pcm.len();
                pcm.resize(start + samples, 0);
                concealment.conceal(pcm.get_mut(start..).unwrap_or_default());
            }
            Self::Opus(decoder) => {
                if let Err(error) = decoder.conceal(samples, after, pcm) {
                    tracing::debug!(%error, "a loss was not concealed");
                }
            }
        }
    }
}

#[derive(Debug)]
pub(super) enum Encoder {
    G711(Law),
    Opus(OpusEncoder),
}

impl Encoder {
    pub(super) fn new(codec: Codec) -> Result<Self, OpusError> {
        Ok(match Law::of(codec) {
            Some(law) => Self::G711(law),
            None => Self::Opus(OpusEncoder::new()?),
        })
    }

    /// Encodes samples into `packet` and returns its length.
    pub(super) fn encode(
        &mut self,
        samples: &[i16],
        packet: &mut [u8],
    ) -> Result<usize, OpusError> {
        match self {
            Self::G711(law) => {
                for (octet, sample) in packet.iter_mut().zip(samples) {
                    *octet = law.encode(*sample);
                }
                Ok(samples.len().min(packet.len()))
            }
            Self::Opus(encoder) => encoder.encode(samples, packet),
        }
    }

    pub(super) fn set_expected_loss(&mut self, percent: u8) {
        if let Self::Opus(encoder) = self
            && let Err(error) = encoder.set_expected_loss(percent)
        {
            tracing::debug!(%error, "packets are encoded as for the loss before");
        }
    }
}
