//! The sounds that are built in, shared by all calls.

use std::{sync::Arc, time::Duration};

use crate::{
    Codec, StartError,
    media::{ComfortNoiseLoop, Greeting},
};

/// The sounds that are built in.
#[derive(Debug)]
pub(crate) struct Sounds {
    pub(crate) greeting: Arc<Greeting>,
    /// In the order of [`Codec::ALL`].
    noise: [ComfortNoiseLoop; Codec::ALL.len()],
}

impl Sounds {
    pub(crate) fn built_in() -> Result<Self, StartError> {
        let broken = |error: &dyn std::fmt::Display| StartError::Greeting(error.to_string());
        let [pcma, pcmu, opus] = Codec::ALL.map(ComfortNoiseLoop::new);
        Ok(Self {
            greeting: Arc::new(Greeting::built_in().map_err(|error| broken(&error))?),
            noise: [
                pcma.map_err(|error| broken(&error))?,
                pcmu.map_err(|error| broken(&error))?,
                opus.map_err(|error| broken(&error))?,
            ],
        })
    }

    /// A packet of comfort noise in this codec, of a length that [`crate::media::packet_time`]
    /// gives.
    pub(crate) fn noise(&self, codec: Codec, ptime: Duration, index: usize) -> Option<&[u8]> {
        let (_, noise) = Codec::ALL.iter().zip(&self.noise).find(|(known, _)| **known == codec)?;
        noise.frame(ptime, index)
    }
}
