//! The call engine: a browser's WebRTC leg, bridged to the far side of the call.
//!
//! [`Engine`] owns the ports and threads of media; all else talks to it by messages, so that no
//! load elsewhere delays media. A call reports its progress as [`Signal`]s, of which exactly one is
//! its end.
//!
//! | folder | holds |
//! |---|---|
//! | `call` | call control: what ends a call and when (pure) |
//! | `legs` | the sides of a call: `webrtc` (the browser), `demo` (built in), `sip` (a trunk) |
//! | `bridge` | one call: both legs, joined, and call control above them |
//! | `media` | RTP and RTCP without sockets: rewriting, transcoding, keypad presses, SRTP, quality |
//! | `engine` | the edge: sockets, timers, threads |
//! | `recorder` | the queue of what is recorded of calls |
//! | `trunk` | the other edge: SIP with the telephone world |

mod bridge;
mod call;
mod codec;
mod digit;
mod engine;
mod legs;
mod media;
mod place;
mod recorder;
mod signal;
mod token_bucket;
mod trunk;

pub use call::MAX_NOTICES;
pub use codec::Codec;
pub use digit::{Digit, InvalidDigit};
pub use engine::{Engine, EngineConfig, Room, StartError};
pub use legs::webrtc::OfferError;
pub use media::{CallQuality, StreamQuality};
pub use place::{FarSide, Former, MediaProbe, PlaceCall, PlaceError, Placed, ResumeError, Route};
pub use recorder::{Recorder, ToRecord};
pub use signal::Signal;
pub use trunk::{
    ByeAnswer, ByeCause, Callee, CallerIdentity, CodecPolicy, Credentials, DisplayName, EndWhen,
    EventSink, FarFailure, HeaderName, HeaderValue, InvalidAddress, InvalidHeader, Latching,
    MayEnd, OfferId, OpenDialogs, ProxyAddress, Registration, RegistrationStatus, SipTarget,
    SipTransport, SipUri, SipUser, SrtpPolicy, ToKeep, TrunkCommand, TrunkConfig, TrunkEvent,
    TrunkStatus, Trunks, TrunksConfig, TrunksLoad,
};
