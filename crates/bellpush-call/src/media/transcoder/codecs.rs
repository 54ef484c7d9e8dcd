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
    G711(Law, Box<Concealment>),
    Opus(OpusDecoder),
}

impl Decoder {
    pub(super) fn new(codec: Codec) -> Result<Self, OpusError> {
        Ok(match codec {
            Codec::Pcma => Self::G711(Law::A, Box::new(Concealment::new())),
            Codec::Pcmu => Self::G711(Law::Mu, Box::new(Concealment::new())),
            Codec::Opus => Self::Opus(OpusDecoder::new()?),
        })
    }

    /// Appends a packet's samples.
    pub(super) fn decode(&mut self, payload: &[u8], pcm: &mut Vec<i16>) -> Result<(), OpusError> {
        match self {
            Self::G711(law, concealment) => {
                let start = pcm.len();
                pcm.extend(payload.iter().map(|octet| law.decode(*octet)));
                concealment.decoded(pcm.get_mut(start..).unwrap_or_default());
                Ok(())
            }
            Self::Opus(decoder) => decoder.decode(payload, pcm),
        }
    }

    /// Appends about this many samples in place of what was lost. What comes after it may help.
    pub(super) fn conceal(&mut self, samples: usize, after: Option<&[u8]>, pcm: &mut Vec<i16>) {
        match self {
            Self::G711(_, concealment) => {
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
        Ok(match codec {
            Codec::Pcma => Self::G711(Law::A),
            Codec::Pcmu => Self::G711(Law::Mu),
            Codec::Opus => Self::Opus(OpusEncoder::new()?),
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
