//! The connection to a browser: the path that ICE found, and DTLS on it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_srtp::{
    SrtpKeys,
    dtls::{BUFFER_LEN, Certificate, Dtls, DtlsError, DtlsOutput, Fingerprint, Role},
};

use super::{
    Received, TransportAddress,
    ice::{Credentials, IceLite, StunOutcome},
};

/// For how long there is nothing to do, when there is nothing to wait for.
const IDLE: Duration = Duration::from_secs(3_600);

pub(super) struct Connection {
    ice: IceLite,
    /// `None` until the browser begins the handshake, or can be reached for us to begin it.
    dtls: Option<Dtls>,
    certificate: Arc<Certificate>,
    fingerprints: Vec<Fingerprint>,
    /// Whether the handshake is ours to begin.
    is_client: bool,
    /// The path that the handshake began by when that was not proved yet: the cookie goes there.
    cookie_path: Option<TransportAddress>,
    /// The path that the last packet of the handshake came by.
    handshake_path: Option<TransportAddress>,
    state: State,
    /// Why it is over, until that is told.
    failure: Option<DtlsError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Only what is left to send comes out.
    Closing,
    Over,
}

/// What there is to do.
pub(super) enum ConnectionOutput {
    Transmit(TransportAddress, Vec<u8>),
    /// Media can be protected from now on.
    Keys(SrtpKeys),
    Connected,
    /// The browser closed it.
    Closed,
    /// It broke.
    Broken(DtlsError),
    Wait(Instant),
}

impl Connection {
    /// `is_client` is whether DTLS's handshake is begun by us.
    pub(super) fn new(
        certificate: Arc<Certificate>,
        theirs: (Credentials, Vec<Fingerprint>),
        is_client: bool,
    ) -> Self {
        let (credentials, fingerprints) = theirs;
        Self {
            ice: IceLite::new(credentials),
            dtls: None,
            certificate,
            fingerprints,
            is_client,
            cookie_path: None,
            handshake_path: None,
            state: State::Open,
            failure: None,
        }
    }

    pub(super) fn ice(&self) -> &IceLite {
        &self.ice
    }

    pub(super) fn restart(&mut self, theirs: &Credentials) {
        self.ice.restart(theirs);
    }

    /// A packet of media that the browser has protected came by this path. Whether there may be something to do
    /// earlier for that.
    pub(super) fn heard(&mut self, now: Instant, remote: TransportAddress) -> bool {
        self.ice.heard(now, remote)
    }

    /// There is no such path any more.
    pub(super) fn forget(&mut self, now: Instant, remote: TransportAddress) {
        self.ice.forget(now, remote);
    }

    /// Takes in a datagram that is not media.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        datagram: &[u8],
    ) -> Received {
        // RFC 7983.
        match datagram.first() {
            Some(0..=3) => match self.ice.receive(now, remote, datagram) {
                StunOutcome::Check => Received::Check,
                StunOutcome::Consent => Received::Consent,
                StunOutcome::Foreign => Received::Foreign,
                StunOutcome::Malformed => Received::Malformed,
            },
            Some(20..=63) if self.ice.knows(remote) => self.receive_dtls(now, remote, datagram),
            Some(20..=63) => Received::Foreign,
            _ => Received::Malformed,
        }
    }

    fn receive_dtls(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        datagram: &[u8],
    ) -> Received {
        let is_proved = self.ice.is_proved(now, remote);
        if self.dtls.is_none() && !self.is_client && self.state == State::Open {
            self.cookie_path = (!is_proved).then_some(remote);
            self.begin(now, Role::Server { wants_cookie: !is_proved });
        }
        let is_expected = is_proved || self.cookie_path == Some(remote);
        let Some(dtls) = self.dtls.as_mut().filter(|_| is_expected) else {
            return Received::Foreign;
        };
        self.handshake_path = Some(remote);
        // An error is about this packet: anybody can send one in the browser's name, and that must
        // not end the call.
        match dtls.receive(now, datagram) {
            Ok(()) => Received::Packet,
            Err(_) => Received::Malformed,
        }
    }

    fn begin(&mut self, now: Instant, role: Role) {
        match Dtls::new(now, &self.certificate, self.fingerprints.clone(), role) {
            Ok(dtls) => self.dtls = Some(dtls),
            Err(error) => {
                self.state = State::Over;
                self.failure = Some(error);
            }
        }
    }

    /// Takes out what there is to do, until [`ConnectionOutput::Wait`].
    pub(super) fn poll(&mut self, now: Instant) -> ConnectionOutput {
        if let Some((remote, message)) = self.ice.poll() {
            return ConnectionOutput::Transmit(remote, message);
        }
        if self.dtls.is_none()
            && self.is_client
            && self.state == State::Open
            && self.ice.path(now).is_some()
        {
            self.begin(now, Role::Client);
        }
        if let Some(error) = self.failure.take() {
            return ConnectionOutput::Broken(error);
        }
        if self.state == State::Over {
            return ConnectionOutput::Wait(now + IDLE);
        }
        let idle = self.ice.next_deadline(now).unwrap_or(now + IDLE);
        while let Some(dtls) = &mut self.dtls {
            let mut buffer = [0; BUFFER_LEN];
            match dtls.poll(&mut buffer) {
                Ok(None) => {}
                Ok(Some(DtlsOutput::Packet(packet))) => {
                    // Without a path to the browser it is lost, as on any network.
                    if let Some(path) = self.handshake_goes_by(now, packet) {
                        return ConnectionOutput::Transmit(path, packet.to_vec());
                    }
                }
                Ok(Some(DtlsOutput::Keys(keys))) => {
                    if let Some(path) = self.handshake_path {
                        self.ice.heard(now, path);
                    }
                    return ConnectionOutput::Keys(keys);
                }
                Ok(Some(DtlsOutput::Connected)) => return ConnectionOutput::Connected,
                Ok(Some(DtlsOutput::Closed)) => {
                    self.close();
                    return ConnectionOutput::Closed;
                }
                Ok(Some(DtlsOutput::Wait(at))) => {
                    if self.state == State::Closing && dtls.is_closed() {
                        self.state = State::Over;
                    }
                    return ConnectionOutput::Wait(at.min(idle));
                }
                Err(error) => {
                    self.state = State::Over;
                    return ConnectionOutput::Broken(error);
                }
            }
        }
        ConnectionOutput::Wait(idle)
    }

    /// The path that a packet of DTLS goes by: one that is proved, but for the request to say a
    /// cookie. Who does say it has got it.
    fn handshake_goes_by(&mut self, now: Instant, packet: &[u8]) -> Option<TransportAddress> {
        if let Some(path) = self.ice.path(now) {
            return Some(path);
        }
        let path = self.cookie_path.filter(|path| !self.ice.is_proved(now, *path))?;
        if !asks_for_cookie(packet) {
            self.ice.prove(now, path);
        }
        Some(path)
    }

    /// Tells the time.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.state == State::Over {
            return;
        }
        self.ice.tick(now);
        if let Some(dtls) = &mut self.dtls
            && let Err(error) = dtls.tick(now)
        {
            self.state = State::Over;
            self.failure = Some(error);
        }
    }

    /// Tells the browser that it is over; what is left to send comes out of poll.
    pub(super) fn close(&mut self) {
        if self.state != State::Open {
            return;
        }
        self.state = State::Closing;
        let closed = self.dtls.as_mut().map(Dtls::close);
        if !matches!(closed, Some(Ok(()))) {
            self.state = State::Over;
        }
    }
}

/// Whether it is a HelloVerifyRequest (RFC 6347 section 4.2.1): a record of the handshake, and in it
/// a message of that type.
fn asks_for_cookie(packet: &[u8]) -> bool {
    (packet.first(), packet.get(13)) == (Some(&22), Some(&3))
}
