//! What the server is told at its start.

use std::{path::PathBuf, time::Duration};

use bellpush_core::{origin::AllowedOrigin, trace::Tracer};
use bellpush_delivery::AddressPolicy;
use ipnet::IpNet;
use secrecy::SecretString;

use crate::{
    demo::Demo, http::limits::LimitSettings, mail::MailConfig, node_url::NodeUrl,
    sessions::turn::TurnConfig,
};

/// How the server is set up.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The server's own origin, as browsers see it: previews may be embedded by it alone.
    pub own_origin: AllowedOrigin,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Rate limits.
    pub limits: LimitSettings,
    /// How long a session token is valid.
    pub session_lifetime: Duration,
    /// Live calls from one address, at most.
    pub max_calls_per_address: u32,
    /// After this time a call is ended by the far side.
    pub max_call_duration: Duration,
    /// Active integrations of one app, at most.
    pub max_active_integrations: u8,
    /// Whether endpoints on loopback addresses are accepted.
    pub allow_loopback_endpoints: bool,
    /// Which addresses are called beside public ones.
    pub addresses: AddressPolicy,
    /// The URL that browsers reach this very node by, without a slash at the end; `None` where one
    /// node has the server's own URL for itself.
    pub node_url: Option<String>,
    /// Where nodes may be that join after a widget was loaded, which may speak to them then.
    pub node_urls: Vec<NodeUrl>,
    /// Another origin of this server, from which it shows custom code and nothing else.
    pub code_origin: Option<AllowedOrigin>,
    /// The TURN server that visitors may use.
    pub turn: Option<TurnConfig>,
    /// How mail is sent, if it is.
    pub mail: Option<MailConfig>,
    /// For how long statistics of deliveries are kept.
    pub keep_statistics: Duration,
    /// For how long notifications are kept.
    pub keep_notifications: Duration,
    /// The file that says what was erased of people, beside the database.
    pub erasures_file: PathBuf,
    /// What makes the spans of events, where they are traced.
    pub tracer: Option<Tracer>,
    /// What `/metrics` is shown for, beside an API key.
    pub metrics_token: Option<SecretString>,
    /// Whether metrics have an address of their own, and so are nowhere else.
    pub has_metrics_address: bool,
    /// The demo page's app, when there is one.
    pub demo: Option<Demo>,
}
