//! Profiles: where calls go, and by which rules. A profile is what a destination id (`dest_…`)
//! names.

mod chain;
mod settings;
mod sip_address;
mod template;

pub use chain::{ChainError, MAX_OVERFLOWS, check_references, referring_to};
#[cfg(feature = "openapi")]
pub use settings::RoutingKey;
pub use settings::{
    CodecPolicy, KeyRoute, MAX_ROUTING_KEY_CHARS, ProfileKind, ProfileSettings, is_routing_key,
};
#[cfg(feature = "openapi")]
pub(crate) use sip_address::{Host, HostAndPort};
pub use sip_address::{InvalidSipAddress, SipAddress, SipUser};
pub(crate) use sip_address::{is_host, is_host_and_port};
pub use template::{Template, TemplateError, TemplateValues};
