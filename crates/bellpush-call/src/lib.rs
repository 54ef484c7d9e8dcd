//! The call engine: a browser's WebRTC leg, bridged to the far side of the call.
//!
//! [`Engine`] owns one UDP port and one thread; all else talks to it by messages, so that no load
//! elsewhere delays media. A call reports its progress as [`Signal`]s, of which exactly one is its
//! end.
//!
//! | folder | holds |
//! |---|---|
//! | `call` | call control: what ends a call and when (pure) |
//! | `legs` | the sides of a call: `webrtc` (the browser), `demo` (built in) |
//! | `bridge` | one call: both legs, joined, and call control above them |
//! | `media` | RTP without sockets: rewriting, keypad presses, the greeting |
//! | `engine` | the edge: the UDP port, timers, the thread |

mod bridge;
mod call;
mod digit;
mod engine;
mod legs;
mod media;
mod place;
mod signal;

pub use digit::{Digit, InvalidDigit};
pub use engine::{Engine, EngineConfig, StartError};
pub use legs::webrtc::OfferError;
pub use place::{FarSide, PlaceCall, PlaceError, Placed, Route};
pub use signal::Signal;
