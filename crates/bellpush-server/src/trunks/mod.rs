//! The trunks of this node: as the store has them, running in the call engine.
//!
//! A change by the API of this node is in use at once; one that another node made, a moment later.

pub(crate) mod outages;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bellpush_call::{
    ByeAnswer, Callee, CallerIdentity, Codec, CodecPolicy, Credentials, DisplayName, HeaderName,
    HeaderValue, Latching, ProxyAddress, Registration, RegistrationStatus, SipTarget, SipUri,
    SipUser, SrtpPolicy, TrunkConfig, TrunkStatus, Trunks,
};
use bellpush_core::{
    ids::{DestinationId, TrunkId},
    profile::{self, SipAddress},
    routing::{self, CallFacts, Hop},
    trunk::{
        DialogSnapshot, MediaEncryption, MediaLatching, OpenDialog, RegisteredContacts, TrunkCodec,
        TrunkSettings,
    },
};
use bellpush_store::{Store, StoreError};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// How often the trunks are read again, as other nodes may have changed them.
const RELOAD_INTERVAL: Duration = Duration::from_secs(5);

/// The trunks as they run here. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub(crate) struct RunningTrunks {
    store: Store,
    trunks: Trunks,
    settings: Arc<RwLock<HashMap<TrunkId, TrunkSettings>>>,
    /// Those that calls go by, as they were read last.
    active: Arc<RwLock<Vec<TrunkConfig>>>,
    /// Held from reading the trunks to running them: who read them earlier must not be done later.
    reloading: Arc<Mutex<()>>,
}

impl RunningTrunks {
    /// The trunks of a store, none of which runs yet.
    pub(crate) fn new(store: Store, trunks: Trunks) -> Self {
        let (settings, active, reloading) = (Arc::default(), Arc::default(), Arc::default());
        Self { store, trunks, settings, active, reloading }
    }

    /// How a trunk is on this node; `None` when it is not active.
    pub(crate) fn status(&self, id: TrunkId) -> Option<TrunkStatus> {
        self.trunks.status(id)
    }

    /// Whether a call that has been answered can go on by a trunk here, also when that takes no new calls.
    pub(crate) fn can_go_on(&self, id: TrunkId) -> bool {
        self.trunks.can_go_on(id)
    }

    /// All trunks that are set up.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TrunkId> + use<> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        settings.keys().copied().collect::<Vec<_>>().into_iter()
    }

    fn settings(&self, id: TrunkId) -> Option<TrunkSettings> {
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        self.settings.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Runs the trunks as the store has them now.
    ///
    /// # Errors
    /// When the store fails, or a password can't be opened.
    pub(crate) async fn reload(&self) -> Result<(), StoreError> {
        let _turn = self.reloading.lock().await;
        self.read().await
    }

    /// Sees that these trunks are set up here: one that another node has made just now is read before
    /// anybody is told that it is not there.
    ///
    /// # Errors
    /// When the store fails, or a password can't be opened.
    pub(crate) async fn know(&self, ids: &[TrunkId]) -> Result<(), StoreError> {
        let are_known = || ids.iter().all(|id| self.settings(*id).is_some());
        if are_known() {
            return Ok(());
        }
        let _turn = self.reloading.lock().await;
        // Whoever asked before may have read them.
        if are_known() { Ok(()) } else { self.read().await }
    }

    async fn read(&self) -> Result<(), StoreError> {
        let trunks = self.store.trunks_with_passwords().await?;
        let (mut active, mut resting) = (Vec::new(), Vec::new());
        for (trunk, password) in &trunks {
            match config(trunk.id, &trunk.settings, password.as_ref()) {
                Some(config) if trunk.settings.active => active.push(config),
                Some(config) => resting.push(config),
                None => error!(trunk = %trunk.id, "the trunk's settings can't be used"),
            }
        }
        // In this order, so that a call finds a trunk of which that changes.
        self.trunks.rest(resting);
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = active;
        let settings = trunks.into_iter().map(|(trunk, _)| (trunk.id, trunk.settings)).collect();
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        self.run();
        Ok(())
    }

    /// Runs the trunks as they were read last. Where one contact is registered, it is that of the server which
    /// does what has to be done once.
    fn run(&self) {
        let active = self.active.read().unwrap_or_else(PoisonError::into_inner).clone();
        let leads = self.store.leads();
        let configs = active.into_iter().map(|config| {
            let contacts = self.settings(config.id).map(|trunk| trunk.register_contacts);
            let registers = leads || contacts != Some(RegisteredContacts::One);
            TrunkConfig { registration: config.registration.filter(|_| registers), ..config }
        });
        self.trunks.set(configs.collect());
    }

    /// Ends a dialog that another process left behind, also on a trunk that is not active any more, and
    /// returns what the far side said; `None` when there is no such trunk.
    ///
    /// # Errors
    /// When the store fails, or a password can't be opened.
    pub(crate) async fn end_dialog(
        &self,
        dialog: &OpenDialog,
    ) -> Result<Option<ByeAnswer>, StoreError> {
        let trunks = self.store.trunks_with_passwords().await?;
        let found = trunks.iter().find(|(trunk, _)| trunk.id == dialog.trunk_id);
        let config = found
            .and_then(|(trunk, password)| config(trunk.id, &trunk.settings, password.as_ref()));
        match config {
            Some(config) => Ok(Some(self.trunks.end_dialog(config, &dialog.snapshot).await)),
            None => Ok(None),
        }
    }

    /// Follows the changes that other nodes make, until the server stops.
    pub(crate) async fn keep(self, stopped: CancellationToken) {
        let mut tick = tokio::time::interval(RELOAD_INTERVAL);
        let mut leading = self.store.leading();
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = tick.tick() => {}
                Ok(()) = leading.changed() => {
                    // Also without the database: it may be that which is away.
                    let _turn = self.reloading.lock().await;
                    self.run();
                    continue;
                }
            }
            if let Err(error) = self.reload().await {
                warn!(%error, "the trunks can't be read; they run as they are");
            }
        }
    }
}

/// Whether a trunk does not answer, or can't register; `None` before the first sign.
pub(crate) fn is_down(status: &TrunkStatus) -> Option<bool> {
    match status.registration {
        RegistrationStatus::Failed => Some(true),
        RegistrationStatus::Registered => Some(status.is_healthy == Some(false)),
        RegistrationStatus::Off => status.is_healthy.map(|is_healthy| !is_healthy),
        RegistrationStatus::Pending => (status.is_healthy == Some(false)).then_some(true),
    }
}

/// Everything that the engine needs for one call by a trunk; `None` when its trunk is gone.
pub(crate) fn target(
    trunks: &RunningTrunks,
    facts: &CallFacts<'_>,
    hop: &Hop<'_>,
    trunk_id: TrunkId,
    to: &SipAddress,
) -> Option<SipTarget> {
    let trunk = trunks.settings(trunk_id)?;
    let name = hop.profile.caller_name.as_ref().map(|template| template.render(facts));
    let display_name = name.filter(|name| !name.is_empty()).and_then(|name| display_name(&name));
    let headers = routing::headers(facts, hop.profile).into_iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(&*name).ok()?, HeaderValue::try_from(&*value).ok()?))
    });
    let to = match to {
        SipAddress::User(user) => Callee::User(SipUser::try_from(user.as_str()).ok()?),
        SipAddress::Uri { .. } => Callee::Uri(uri(to)?),
    };
    let opus = hop.profile.codec_policy == profile::CodecPolicy::Opus;
    Some(SipTarget {
        caller: CallerIdentity { display_name, ..CallerIdentity::default() },
        headers: headers.collect(),
        ..plain_target((hop.profile_id, trunk_id), to, &trunk, opus)
    })
}

/// Everything that the engine needs to go on with a call by its dialog; `None` when its trunk is gone.
pub(crate) fn target_of_dialog(
    trunks: &RunningTrunks,
    (profile_id, trunk_id): (DestinationId, TrunkId),
    open: DialogSnapshot,
    opus_to_browser: bool,
) -> Option<SipTarget> {
    let trunk = trunks.settings(trunk_id)?;
    // Nobody is called.
    let to = Callee::User(SipUser::try_from("anonymous").ok()?);
    let target = plain_target((profile_id, trunk_id), to, &trunk, opus_to_browser);
    Some(SipTarget { open: Some(Box::new(open)), ..target })
}

/// What the settings of a trunk say of all calls by it.
fn plain_target(
    (profile_id, trunk_id): (DestinationId, TrunkId),
    to: Callee,
    trunk: &TrunkSettings,
    opus_to_browser: bool,
) -> SipTarget {
    SipTarget {
        profile_id,
        trunk_id,
        to,
        caller: CallerIdentity::default(),
        headers: Vec::new(),
        codecs: CodecPolicy { offer: trunk.codecs.iter().map(codec).collect(), opus_to_browser },
        srtp: match trunk.media_encryption {
            MediaEncryption::Off => SrtpPolicy::Off,
            MediaEncryption::Optional => SrtpPolicy::Optional,
            MediaEncryption::Required => SrtpPolicy::Required,
        },
        latching: match trunk.media_latching {
            MediaLatching::Signalling => Latching::Signalling,
            MediaLatching::Any => Latching::Any,
        },
        session_timer: trunk.session_seconds.map(seconds),
        open: None,
    }
}

/// A trunk as the call engine runs it; `None` for settings that could not have been saved.
fn config(
    id: TrunkId,
    settings: &TrunkSettings,
    password: Option<&SecretString>,
) -> Option<TrunkConfig> {
    let user = |text: &str| SipUser::try_from(text).ok();
    let caller = match &settings.caller {
        Some(caller) => Some(user(caller.as_str())?),
        None => settings.username.as_deref().and_then(user),
    };
    let credentials = settings.username.as_ref().zip(password).map(|(username, password)| {
        Credentials { username: username.clone(), password: password.expose_secret().to_owned() }
    });
    Some(TrunkConfig {
        id,
        domain: settings.domain.clone(),
        outbound_proxy: settings.outbound_proxy.as_deref().map(proxy),
        port: settings.port,
        transport: settings.transport.into(),
        registration: settings.register.then(|| Registration {
            user: settings.username.as_deref().and_then(user).or_else(|| caller.clone()),
            expires: seconds(settings.register_seconds),
        }),
        credentials,
        realms: settings.realms.clone(),
        keep_alive: settings.keep_alive_seconds.map(seconds),
        caller: CallerIdentity {
            user: caller,
            display_name: settings.caller_name.as_deref().and_then(display_name),
            asserted: match &settings.asserted_identity {
                Some(address) => Some(uri(address)?),
                None => None,
            },
        },
        rewrite_contact: settings.rewrite_contact,
        trusted_certificates: None,
    })
}

/// A name as telephones show it, cut where it is too long.
fn display_name(name: &str) -> Option<DisplayName> {
    let cut: String = name.chars().take(128).collect();
    DisplayName::try_from(&*cut).ok()
}

fn uri(address: &SipAddress) -> Option<SipUri> {
    SipUri::try_from(&*address.to_string()).ok()
}

fn proxy(text: &str) -> ProxyAddress {
    match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => {
            ProxyAddress { host: host.to_owned(), port: port.parse().ok() }
        }
        _ => ProxyAddress { host: text.to_owned(), port: None },
    }
}

fn codec(codec: &TrunkCodec) -> Codec {
    match codec {
        TrunkCodec::Pcma => Codec::Pcma,
        TrunkCodec::Pcmu => Codec::Pcmu,
        TrunkCodec::Opus => Codec::Opus,
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn whatever_may_be_saved_can_be_run() {
        let id = TrunkId::from_uuid(Uuid::nil());
        let settings: TrunkSettings = serde_json::from_value(json!({
            "name": "Provider",
            "domain": "[2001:db8::1]",
            "port": 5070,
            "transport": "tls",
            "outboundProxy": "[2001:db8::2]:5071",
            "username": "user@realm",
            "register": true,
            "caller": "+4930*1",
            "callerName": "Zoë \"Z\" \\ Ω",
            "assertedIdentity": "sips:+4930@[2001:db8::1]:5061",
        }))
        .unwrap();
        settings.check(true).unwrap();
        let config = config(id, &settings, Some(&"word".into())).unwrap();
        let proxy = ProxyAddress { host: "[2001:db8::2]".into(), port: Some(5071) };
        assert_eq!(config.outbound_proxy, Some(proxy));
        assert_eq!(config.credentials.unwrap().username, "user@realm");
        // A user name that is no user of an address is not registered by it.
        let registered = config.registration.unwrap().user.unwrap();
        assert_eq!(registered.as_str(), "+4930*1");
        assert_eq!(config.caller.asserted.unwrap().as_str(), "sips:+4930@[2001:db8::1]:5061");
        assert!(config.caller.display_name.is_some());
    }
}
