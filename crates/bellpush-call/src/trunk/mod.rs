//! Trunks: the ways of calls into the telephone world, by SIP (RFC 3261).

mod config;
mod header;
mod message;
mod target;

pub use config::{
    Credentials, ProxyAddress, Registration, SipTransport, TrunkConfig, TrunksConfig,
};
pub use header::{HeaderName, HeaderValue, InvalidHeader};
pub use message::{ByeCause, FarFailure, FromTrunk, OfferId, ToTrunk};
pub use target::{
    Callee, CallerIdentity, CodecPolicy, DisplayName, InvalidAddress, SipTarget, SipUri, SipUser,
    SrtpPolicy,
};
