//! The connection to a browser: the path that ICE found, and DTLS on it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bellpush_srtp::{
    SrtpKeys,
    dtls::{Certificate, Dtls, DtlsError, DtlsOutput, Fingerprint},
};

use super::{
    Received, TransportAddress,
    ice::{Credentials, IceLite, StunOutcome},
};

/// The most that DTLS gives out at once: a datagram, or a browser's certificate.
const BUFFER_BYTES: usize = 4_096;
/// For how long there is nothing to do, when there is nothing to wait for.
const IDLE: Duration = Duration::from_secs(3_600);

pub(super) struct Connection {
    ice: IceLite,
    dtls: Dtls,
    /// Answers to checks.
    answers: VecDeque<(TransportAddress, Vec<u8>)>,
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
        now: Instant,
        certificate: &Certificate,
        theirs: (Credentials, Fingerprint),
        is_client: bool,
    ) -> Result<Self, DtlsError> {
        let (credentials, fingerprint) = theirs;
        Ok(Self {
            ice: IceLite::new(credentials),
            dtls: Dtls::new(now, certificate, fingerprint, is_client)?,
            answers: VecDeque::new(),
            state: State::Open,
            failure: None,
        })
    }

    pub(super) fn ice(&self) -> &IceLite {
        &self.ice
    }

    pub(super) fn restart(&mut self, theirs: &Credentials) {
        self.ice.restart(theirs);
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
            Some(0..=3) => match self.ice.receive(remote, datagram) {
                StunOutcome::Answered(answer) => {
                    self.answers.push_back((remote, answer));
                    Received::Check
                }
                StunOutcome::Foreign => Received::Foreign,
                StunOutcome::Malformed => Received::Malformed,
            },
            Some(20..=63) if self.ice.knows(remote) => match self.dtls.receive(now, datagram) {
                Ok(()) => Received::Packet,
                // That is about this packet: anybody can send one in the browser's name, and that
                // must not end the call.
                Err(error) => {
                    tracing::debug!(%error, "a packet is refused");
                    Received::Malformed
                }
            },
            Some(20..=63) => Received::Foreign,
            _ => Received::Malformed,
        }
    }

    /// Takes out what there is to do, until [`ConnectionOutput::Wait`].
    pub(super) fn poll(&mut self, now: Instant) -> ConnectionOutput {
        if let Some((remote, answer)) = self.answers.pop_front() {
            return ConnectionOutput::Transmit(remote, answer);
        }
        if let Some(error) = self.failure.take() {
            return ConnectionOutput::Broken(error);
        }
        // Without a path to the browser, nothing could be sent to it.
        let Some(path) = self.ice.path().filter(|_| self.state != State::Over) else {
            return ConnectionOutput::Wait(now + IDLE);
        };
        loop {
            let mut buffer = [0; BUFFER_BYTES];
            match self.dtls.poll(&mut buffer) {
                Ok(None) => {}
                Ok(Some(DtlsOutput::Packet(packet))) => {
                    return ConnectionOutput::Transmit(path, packet.to_vec());
                }
                Ok(Some(DtlsOutput::Keys(keys))) => return ConnectionOutput::Keys(keys),
                Ok(Some(DtlsOutput::Connected)) => return ConnectionOutput::Connected,
                Ok(Some(DtlsOutput::Closed)) => {
                    self.close();
                    return ConnectionOutput::Closed;
                }
                Ok(Some(DtlsOutput::Wait(at))) => {
                    if self.state == State::Closing && self.dtls.is_closed() {
                        self.state = State::Over;
                    }
                    return ConnectionOutput::Wait(at.min(now + IDLE));
                }
                Err(error) => {
                    self.state = State::Over;
                    return ConnectionOutput::Broken(error);
                }
            }
        }
    }

    /// Tells the time.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.state == State::Over {
            return;
        }
        if let Err(error) = self.dtls.tick(now) {
            self.state = State::Over;
            self.failure = Some(error);
        }
    }

    /// Tells the browser that it is over; what is left to send comes out of poll.
    pub(super) fn close(&mut self) {
        if self.state == State::Open {
            self.state = State::Closing;
            if let Err(error) = self.dtls.close() {
                tracing::debug!(%error, "DTLS did not close cleanly");
                self.state = State::Over;
            }
        }
    }
}
