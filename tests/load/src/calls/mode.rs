//! What is measured.

use clap::ValueEnum;

/// What the server does with the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// The demo: each caller hears its own packets again
    Demo,
    /// G.711 from browser to telephone system and back, as it is
    PassThrough,
    /// Opus on the browser's side, G.711 on the other
    Transcode,
}

impl Mode {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::PassThrough => "pass-through",
            Self::Transcode => "transcode",
        }
    }
}
