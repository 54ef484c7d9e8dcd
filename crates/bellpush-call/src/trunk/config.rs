//! How the trunks are set up.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use bellpush_core::{ids::TrunkId, trunk::Transport};

use super::{CallerIdentity, OpenDialogs, SipUser};
use crate::Recorder;

/// Why a call can't be made whose media has to be encrypted.
pub(super) const NEEDS_TLS: &str =
    "required encryption needs TLS: the keys stand in the signalling";

/// How all trunks of this server reach the network.
#[derive(Debug, Clone)]
pub struct TrunksConfig {
    /// The UDP address that SIP is sent from. Port 0 takes any free one. TCP and TLS connections
    /// start from the same address and any port.
    pub bind: SocketAddr,
    /// The address that far sides reach `bind` by, when it is behind address translation. Else it
    /// is the address that each target is reached from.
    pub advertised: Option<IpAddr>,
    /// The DNS server to ask instead of the system's.
    pub dns: Option<SocketAddr>,
    /// The round-trip estimate that all retransmissions are timed by (RFC 3261 section 17.1.1.1).
    pub t1: Duration,
    /// How long a target may stay silent before the next one of the trunk is tried; the last one
    /// has the full 64 times `t1`.
    pub target_timeout: Duration,
    /// The shortest session interval that is agreed to (RFC 4028 section 4 wants 90 s at least).
    pub min_session_interval: Duration,
    /// Where the SIP messages of recorded calls go.
    pub recorder: Recorder,
    /// Where it is kept which dialogs are open.
    pub dialogs: OpenDialogs,
    /// For how long after the start the far sides of a process that died may ask for calls which are taken up
    /// only then: what they ask in dialogs that nobody has here is put off meanwhile.
    pub taking_up: Duration,
}

/// One trunk: a provider, a PBX or a session border controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkConfig {
    /// Its id.
    pub id: TrunkId,
    /// The domain of its addresses: the host of From, To and request URIs.
    pub domain: String,
    /// Where requests are sent instead of to `domain`.
    pub outbound_proxy: Option<ProxyAddress>,
    /// The port of `domain`; without one, DNS SRV records say where it is (RFC 3263), and without
    /// these it is the transport's usual one.
    pub port: Option<u16>,
    /// How requests travel.
    pub transport: SipTransport,
    /// The user to authenticate and to be called back as.
    pub credentials: Option<Credentials>,
    /// The realms that the credentials are given to; empty for those of the registration, or else of
    /// the first request that is challenged.
    pub realms: Vec<String>,
    /// Whether to register, and for how long at a time.
    pub registration: Option<Registration>,
    /// How often to ask each target by OPTIONS whether it is there; `None` never asks.
    pub keep_alive: Option<Duration>,
    /// The caller, where a call names none.
    pub caller: CallerIdentity,
    /// Whether requests in a dialog go to where the far side sends from, when its Contact is a
    /// private address and it sends from another.
    pub rewrite_contact: bool,
    /// A file with certificates (PEM) to trust for TLS instead of the system's.
    pub trusted_certificates: Option<PathBuf>,
}

impl TrunkConfig {
    /// Whether it has the same password for the same places, and learns of them in the same way.
    pub(super) fn signs_in_as(&self, other: &Self) -> bool {
        self.domain == other.domain
            && self.port == other.port
            && self.outbound_proxy == other.outbound_proxy
            && self.transport == other.transport
            && self.credentials == other.credentials
            && self.realms == other.realms
            && self.registration.is_some() == other.registration.is_some()
    }
}

/// A host that requests are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyAddress {
    /// A name or an address.
    pub host: String,
    /// The port; without one as for a trunk's domain.
    pub port: Option<u16>,
}

/// How SIP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SipTransport {
    /// Datagrams, port 5060.
    Udp,
    /// A connection, port 5060.
    Tcp,
    /// An encrypted connection, port 5061.
    Tls,
}

/// A name and a password for digest authentication (RFC 8760: MD5 and SHA-256).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Registers the trunk's user, for far sides that take calls from registered users alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Whose address is registered; the name of the credentials when `None`.
    pub user: Option<SipUser>,
    /// How long a registration shall last; the registrar may shorten it.
    pub expires: Duration,
}

impl TrunksConfig {
    /// The defaults, on this address.
    #[must_use]
    pub const fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            advertised: None,
            dns: None,
            t1: Duration::from_millis(500),
            target_timeout: Duration::from_secs(4),
            min_session_interval: Duration::from_secs(90),
            recorder: Recorder::off(),
            dialogs: OpenDialogs::unkept(),
            taking_up: Duration::ZERO,
        }
    }
}

impl SipTransport {
    /// The port that is used when none is named (RFC 3261 section 19.1.2).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// The name in a URI's `transport` parameter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

impl From<Transport> for SipTransport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::Udp,
            Transport::Tcp => Self::Tcp,
            Transport::Tls => Self::Tls,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}
