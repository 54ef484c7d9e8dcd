//! One running trunk: where its requests go, as whom, and how it is.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rsipstack::sip::{self, Header, Method, Request, Uri, Version, uri::ParamsExt as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer};
use tokio_util::sync::CancellationToken;

use super::{
    SipTransport, TrunkConfig, TrunkStatus,
    authentication::{Authentication, Realms},
    datagram_size::{MAX_DATAGRAM, shorten, wire_size},
    dialog::Dialog,
    flow::Flow,
    message_parts::{ALLOW, USER_AGENT, header, uri},
    meters::TrunkMeters,
    pauses::{Pause, Pauses},
    resolver::{Hop, ResolveError},
    stack::{Exchange, SendError, Stack},
};

/// How long to wait for a target's answer to OPTIONS.
const OPTIONS_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a target may take to accept a connection for what is too large for datagrams. Where
/// that is silently dropped, the call waits so long.
const STREAM_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a target that took no connection, or said nothing in it, is not asked for one again.
const STREAM_RETRY: Duration = Duration::from_secs(600);

/// How long DNS may take to say where a request in a dialog goes; then it goes where the one before went.
const NAME_TIMEOUT: Duration = Duration::from_secs(1);
/// Targets that may say nothing to one request in a dialog before the last one is tried.
const MAX_SILENT: usize = 2;

/// A trunk that runs.
pub(super) struct Trunk {
    pub(super) config: TrunkConfig,
    pub(super) stack: Arc<Stack>,
    pub(super) tls: Option<Arc<ClientConfig>>,
    status: Mutex<TrunkStatus>,
    pub(super) meters: TrunkMeters,
    realms: Mutex<Realms>,
    /// Targets that want to be left alone.
    pauses: Mutex<Pauses>,
    /// Targets that took no TCP, or said nothing in it, and when that was.
    without_stream: Mutex<HashMap<SocketAddr, Instant>>,
    /// Cancelled when the trunk is taken out; its calls go on.
    pub(super) stopped: CancellationToken,
}

impl Trunk {
    pub(super) fn new(config: TrunkConfig, stack: Arc<Stack>) -> Self {
        let mut status = TrunkStatus::default();
        let tls = match config.transport {
            SipTransport::Tls => match client_config(config.trusted_certificates.as_deref()) {
                Ok(tls) => Some(Arc::new(tls)),
                Err(error) => {
                    status.lost(error);
                    None
                }
            },
            SipTransport::Udp | SipTransport::Tcp => None,
        };
        let meters = TrunkMeters::new(config.id);
        meters.show(&status);
        let (status, stopped) = (Mutex::new(status), CancellationToken::new());
        let realms = Mutex::new(Realms::new(config.realms.clone(), config.registration.is_some()));
        let (pauses, without_stream) = (Mutex::default(), Mutex::default());
        Self { config, stack, tls, status, meters, realms, pauses, without_stream, stopped }
    }

    /// One in the place of another: what that has learned of who the trunk is still holds, where both sign in
    /// at the same place as the same user.
    pub(super) fn in_place_of(mut self, before: &Self) -> Self {
        let known = lock(&before.realms).known();
        if let Some(realms) = known.filter(|_| self.config.signs_in_as(&before.config)) {
            self.realms = Mutex::new(realms);
        }
        self
    }

    pub(super) fn status(&self) -> TrunkStatus {
        lock(&self.status).clone()
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut TrunkStatus) -> T) -> T {
        let mut status = lock(&self.status);
        let result = change(&mut status);
        // Another trunk may be in its place by now.
        if !self.stopped.is_cancelled() {
            self.meters.show(&status);
        }
        result
    }

    /// Takes the trunk out; its calls go on.
    pub(super) fn stop(&self) {
        let _status = lock(&self.status);
        self.stopped.cancel();
        self.meters.show(&TrunkStatus::default());
    }

    /// The targets of a new request, those first that are not known to be silent.
    pub(super) async fn hops(&self) -> Result<Vec<Hop>, ResolveError> {
        let TrunkConfig { domain, port, outbound_proxy, transport, .. } = &self.config;
        let (host, port) =
            outbound_proxy.as_ref().map_or((domain, *port), |proxy| (&proxy.host, proxy.port));
        let mut hops = self
            .stack
            .resolver
            .hops(host, port, *transport)
            .await
            .inspect_err(|error| self.change(|status| status.lost(error.to_string())))?;
        self.stack.expect(&hops);
        let now = Instant::now();
        let targets: Vec<SocketAddr> = hops.iter().map(|hop| hop.address).collect();
        let pauses = lock(&self.pauses);
        self.change(|status| {
            status.retain(&targets);
            hops.sort_by_key(|hop| {
                let is_paused = pauses.is_paused(now, hop.address);
                (is_paused, status.targets.get(&hop.address) == Some(&false))
            });
        });
        drop(pauses);
        Ok(hops)
    }

    /// The targets that a call may be sent to. None, when all of them want to be left alone.
    pub(super) async fn hops_of_call(&self) -> Result<Vec<Hop>, ResolveError> {
        let hops = self.hops().await?;
        let now = Instant::now();
        let pauses = lock(&self.pauses);
        let pause = hops.iter().filter_map(|hop| pauses.refused_for(now, hop.address)).min();
        let hops = pauses.without_refusing(now, hops);
        drop(pauses);
        if let Some(pause) = pause.filter(|_| hops.is_empty()) {
            let seconds = pause.as_secs() + 1;
            let error = format!("INVITE: 503, and Retry-After allows none for another {seconds} s");
            self.change(|status| status.last_error = Some(error));
        }
        Ok(hops)
    }

    /// Leaves a target alone for a while, as its Retry-After asks.
    pub(super) fn pause(&self, target: SocketAddr, pause: Pause, time: Duration) {
        lock(&self.pauses).add(Instant::now(), target, pause, time);
    }

    /// A connection to a target that datagrams go to, if it takes one at the same address.
    pub(super) async fn stream_instead(&self, hop: &Hop) -> Option<Flow> {
        let is_recent = |at: &Instant| at.elapsed() < STREAM_RETRY;
        if lock(&self.without_stream).get(&hop.address).is_some_and(is_recent) {
            return None;
        }
        let stream = Hop { transport: SipTransport::Tcp, ..hop.clone() };
        let flow = tokio::time::timeout(STREAM_TIMEOUT, self.stack.flow(&stream, None)).await;
        let flow = flow.ok().and_then(Result::ok);
        if flow.is_none() {
            self.takes_no_stream(hop.address);
        }
        flow
    }

    /// A target took no connection, or nobody answered in it.
    pub(super) fn takes_no_stream(&self, target: SocketAddr) {
        let mut without_stream = lock(&self.without_stream);
        without_stream.retain(|_, at| at.elapsed() < STREAM_RETRY);
        without_stream.insert(target, Instant::now());
    }

    /// A flow to a target, within the time that a target has.
    pub(super) async fn flow(&self, hop: &Hop) -> std::io::Result<Flow> {
        if hop.transport == SipTransport::Tls && self.tls.is_none() {
            return Err(std::io::Error::other("the trusted certificates can't be read"));
        }
        let limit = self.stack.config.target_timeout;
        let flow = tokio::time::timeout(limit, self.stack.flow(hop, self.tls.as_ref())).await;
        flow.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }

    /// The flow for a request in a dialog: the connection that it has, or one to its next hop.
    pub(super) async fn flow_in_dialog(&self, dialog: &Dialog, flow: &Flow) -> Flow {
        if !flow.is_datagrams() && !flow.closed.is_cancelled() {
            return flow.clone();
        }
        self.reach(dialog, &flow.hop).await.unwrap_or_else(|| flow.clone())
    }

    /// A flow for a request in a dialog, whose last one went to `hop`.
    pub(super) async fn reach(&self, dialog: &Dialog, hop: &Hop) -> Option<Flow> {
        self.reach_beside(dialog, hop, &[]).await
    }

    /// The same, but none to those that have said nothing.
    async fn reach_beside(
        &self,
        dialog: &Dialog,
        hop: &Hop,
        silent: &[SocketAddr],
    ) -> Option<Flow> {
        // A far side may name an address that can't be reached from here: where the call was set
        // up, it could be.
        let hops = self.next_hops(dialog, hop).await.into_iter().chain([hop.clone()]);
        for hop in hops.filter(|hop| !silent.contains(&hop.address)) {
            if let Ok(flow) = self.flow(&hop).await {
                return Some(flow);
            }
        }
        None
    }

    /// Where the next request of a dialog may go. The one that has had the last is known to be there.
    async fn next_hops(&self, dialog: &Dialog, last: &Hop) -> Vec<Hop> {
        let Some(next) = dialog.next_hop() else { return Vec::new() };
        let transport = match next.transport() {
            // Whatever the far side names, keys and digests stay encrypted.
            _ if last.transport == SipTransport::Tls => SipTransport::Tls,
            _ if next.scheme == Some(sip::Scheme::Sips) => SipTransport::Tls,
            Some(sip::Transport::Tcp) => SipTransport::Tcp,
            Some(sip::Transport::Tls) => SipTransport::Tls,
            Some(sip::Transport::Udp) => SipTransport::Udp,
            _ => last.transport,
        };
        let host = next.host_with_port.host.to_string();
        let port = next.host_with_port.port.map(|port| port.value());
        let hops = self.stack.resolver.hops(&host, port, transport);
        let hops = tokio::time::timeout(NAME_TIMEOUT, hops).await.ok().and_then(Result::ok);
        let mut hops: Vec<Hop> = hops.unwrap_or_default();
        for hop in &mut hops {
            let translated = dialog.translated_target(hop.address.ip());
            if let Some(address) = translated.filter(|_| self.config.rewrite_contact) {
                *hop = Hop { address, ..last.clone() };
            }
        }
        hops.sort_by_key(|hop| hop.address != last.address);
        hops
    }

    /// Sends a request in a dialog and returns its final response, with the flow that it took. A 2xx
    /// to a re-INVITE is acknowledged.
    ///
    /// When the connection breaks over it, it is sent once more over a new one, and where datagrams are not
    /// answered, to the next that it may go to (RFC 3263 section 4.3); but not a key, which might be pressed
    /// twice.
    pub(super) async fn request_in_dialog(
        self: &Arc<Self>,
        dialog: &Dialog,
        flow: &Flow,
        method: Method,
        more: Vec<Header>,
        body: String,
    ) -> Result<(Exchange, Flow), SendError> {
        let mut is_last = method == Method::Info;
        let (mut silent, mut unanswered) = (Vec::new(), None);
        loop {
            let flow = if silent.is_empty() {
                self.flow_in_dialog(dialog, flow).await
            } else {
                match self.reach_beside(dialog, &flow.hop, &silent).await {
                    Some(flow) => flow,
                    None => return unanswered.ok_or(SendError::Timeout),
                }
            };
            let build = |flow: &Flow| {
                let mut request = dialog.request(method, flow, more.clone());
                request.body = body.clone().into_bytes();
                request
            };
            let is_datagrams = flow.is_datagrams();
            let (request, flow) = self.fit(build, flow).await;
            let exchange = self.exchange(request, &flow, dialog.cseq_counter()).await;
            if exchange.is_err() && is_datagrams && !flow.is_datagrams() {
                self.takes_no_stream(flow.hop.address);
            }
            match exchange {
                Ok(exchange)
                    if exchange.is_unanswered()
                        && flow.is_datagrams()
                        && method != Method::Info
                        && silent.len() < MAX_SILENT =>
                {
                    silent.push(flow.hop.address);
                    unanswered = Some((exchange, flow));
                }
                Ok(exchange) => return Ok((exchange, flow)),
                Err(SendError::Connect(_)) if !is_last => is_last = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// A request in a dialog, and the flow that it goes by. One that is too large for a datagram goes
    /// over a connection (RFC 3261 section 18.1.1); where the target takes none, what says the least
    /// of it is left out.
    async fn fit(&self, build: impl Fn(&Flow) -> Request, flow: Flow) -> (Request, Flow) {
        let mut request = build(&flow);
        let bytes = wire_size(&request);
        if !flow.is_datagrams() || bytes <= MAX_DATAGRAM {
            return (request, flow);
        }
        if let Some(stream) = self.stream_instead(&flow.hop).await {
            return (build(&stream), stream);
        }
        // What the far side knows of us from the INVITE.
        let known = [header("User-Agent", USER_AGENT), header("Allow", ALLOW)];
        let left_out = shorten(&mut request, MAX_DATAGRAM, &known).join(", ");
        tracing::warn!(
            trunk = %self.config.id, method = %request.method, bytes, left_out,
            "a request is too large for a datagram, and the trunk takes no TCP: headers are left out",
        );
        (request, flow)
    }

    /// Sends a request and returns its final response, with the trunk's credentials if these are
    /// asked for.
    pub(super) async fn exchange(
        &self,
        request: Request,
        flow: &Flow,
        next_cseq: impl FnMut() -> u32,
    ) -> Result<Exchange, SendError> {
        self.stack.exchange(request, flow, &mut self.authentication(flow), next_cseq).await
    }

    /// The trunk's credentials, for one request by this flow. Those of a trunk that is reached by TLS go by
    /// nothing else, also in a dialog that began before it was.
    pub(super) fn authentication(&self, flow: &Flow) -> Authentication<'_> {
        let TrunkConfig { transport, credentials, .. } = &self.config;
        let in_clear = *transport == SipTransport::Tls && flow.hop.transport != SipTransport::Tls;
        Authentication::new(credentials.as_ref().filter(|_| !in_clear), &self.realms)
    }

    /// The user that the trunk is known by.
    pub(super) fn user(&self) -> &str {
        let registered = self.config.registration.as_ref().and_then(|r| r.user.as_ref());
        let caller = self.config.caller.user.as_ref();
        registered.or(caller).map_or("bellpush", |user| user.as_str())
    }

    /// Where a user on the trunk's domain is asked for; without one, the domain itself.
    pub(super) fn request_uri(&self, user: Option<&str>) -> Option<Uri> {
        let port = self.config.port.map_or_else(String::new, |port| format!(":{port}"));
        let transport = match self.config.transport {
            SipTransport::Udp => "",
            SipTransport::Tcp => ";transport=tcp",
            SipTransport::Tls => ";transport=tls",
        };
        let user = user.map_or_else(String::new, |user| format!("{user}@"));
        uri(&format!("sip:{user}{}{port}{transport}", self.host()))
    }

    /// The address of a user on the trunk's domain, as From and To have it.
    pub(super) fn address_of(&self, user: &str) -> String {
        format!("sip:{user}@{}", self.host())
    }

    fn host(&self) -> String {
        match self.config.domain.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.config.domain.clone(),
        }
    }

    /// A request outside of any dialog, from and to the trunk's own user.
    pub(super) fn request(
        &self,
        method: Method,
        request_uri: Uri,
        ids: &RequestIds,
        flow: &Flow,
        more: Vec<Header>,
    ) -> Request {
        let from = self.address_of(self.user());
        let to = if method == Method::Register { from.clone() } else { request_uri.to_string() };
        let mut headers = vec![
            flow.via(),
            Header::MaxForwards("70".into()),
            Header::From(format!("<{from}>;tag={}", ids.tag).into()),
            Header::To(format!("<{to}>").into()),
            Header::CallId(ids.call_id.as_str().into()),
            Header::CSeq(format!("{} {method}", ids.cseq).into()),
            header("User-Agent", USER_AGENT),
        ];
        headers.extend(more);
        Request {
            method,
            uri: request_uri,
            version: Version::V2,
            headers: headers.into(),
            body: Vec::new(),
        }
    }

    /// Asks each target by OPTIONS whether it is there, again and again.
    pub(super) async fn keep_alive(self: Arc<Self>, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.stopped.cancelled() => return,
            }
            let Ok(hops) = self.hops().await else { continue };
            for hop in hops {
                let sent_at = Instant::now();
                let result = tokio::time::timeout(OPTIONS_TIMEOUT, self.send_options(&hop)).await;
                let result = result.unwrap_or_else(|_| Err("no answer to OPTIONS".to_owned()));
                self.change(|status| match result {
                    Ok(()) => status.answered(hop.address, Some(sent_at.elapsed())),
                    Err(error) => status.failed(hop.address, error),
                });
            }
        }
    }

    async fn send_options(&self, hop: &Hop) -> Result<(), String> {
        let flow = self.flow(hop).await.map_err(|error| error.to_string())?;
        let ids = RequestIds::new();
        let request = self
            .request_uri(None)
            .map(|uri| self.request(Method::Options, uri, &ids, &flow, Vec::new()))
            .ok_or_else(|| format!("{:?} is no domain", self.config.domain))?;
        let mut cseq = ids.cseq;
        let next_cseq = || {
            cseq += 1;
            cseq
        };
        let exchange = self.exchange(request, &flow, next_cseq).await;
        let response = exchange.map_err(|error| error.to_string())?.response;
        match response.status_code.code() {
            // Whatever else it says, it is there.
            408 => Err("no answer to OPTIONS".to_owned()),
            503 => Err("OPTIONS: 503 Service Unavailable".to_owned()),
            _ => Ok(()),
        }
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        // Those without TLS are shared with other trunks.
        if let Some(tls) = &self.tls {
            self.stack.close(tls);
        }
    }
}

/// What names a request outside of dialogs.
pub(super) struct RequestIds {
    pub(super) call_id: String,
    pub(super) tag: String,
    pub(super) cseq: u32,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        Self {
            call_id: format!("{:032x}", rand::random::<u128>()),
            tag: format!("{:016x}", rand::random::<u64>()),
            cseq: 1,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// TLS as a client, trusting the system's certificates or those of a file.
fn client_config(trusted: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match trusted {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                format!("the trusted certificates in {} can't be read: {error}", path.display())
            };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
    }
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
}
