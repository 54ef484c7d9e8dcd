//! ICE-lite (RFC 8445 section 2.5): the browser checks the paths to the server and nominates one.
//! The server answers its checks. It sends by the nominated path once that is proved, for which it
//! makes checks of its own, as RFC 7675 has them for consent.

mod allowance;
mod credentials;
mod path;
mod probe;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc, time::Instant};

use is::{
    DefaultSha1HmacProvider, Sha1HmacProvider as _,
    stun::{StunMessage, TransId},
};

use super::{TransportAddress, stun};
use allowance::Allowance;
use path::{Path, Session};

pub(super) use credentials::Credentials;
pub(crate) use probe::Probes;

/// Paths of one browser that are kept, at most: it has as many as it has networks.
const MAX_PATHS: usize = 16;
/// A check, or an answer to one, takes 80 to 250 bytes.
const MESSAGE_BYTES: usize = 320;
/// Of a peer-reflexive candidate (RFC 8445 section 5.1.2.1), which a check of ours would find.
const PRIORITY: u32 = (110 << 24) | (0xFFFF << 8) | 255;

/// What is known of the paths to one browser.
pub(super) struct IceLite {
    session: Arc<Session>,
    /// The latest checked last.
    paths: Vec<Path>,
    /// The nominated path that what is sent goes by.
    selected: Option<TransportAddress>,
    /// One of lower priority that was nominated since, and by which check.
    challenger: Option<(TransportAddress, TransId)>,
    /// Tells two agents apart that both want the same role (RFC 8445 section 7.3.1.1).
    tie_breaker: u64,
    /// Of packets to where the browser is not known to be.
    allowance: Allowance,
    outgoing: VecDeque<(TransportAddress, Vec<u8>)>,
}

/// What became of a STUN message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StunOutcome {
    /// A check with the right password, by a path where nobody is known to be.
    Check,
    /// The browser is at the end of this path, and wants to be reached: it has answered a check of
    /// ours, or makes one by a path that is proved.
    Consent,
    /// Not from this browser, or neither a check nor an answer to one.
    Foreign,
    /// Not STUN.
    Malformed,
}

impl IceLite {
    pub(super) fn new(remote: Credentials) -> Self {
        Self {
            session: Arc::new(Session { local: Credentials::random(), remote }),
            paths: Vec::new(),
            selected: None,
            challenger: None,
            tie_breaker: rand::random(),
            allowance: Allowance::default(),
            outgoing: VecDeque::new(),
        }
    }

    /// What the browser's checks are addressed to.
    pub(super) fn local(&self) -> &Credentials {
        &self.session.local
    }

    /// Begins anew, when the browser has new credentials (RFC 8445 section 9): so do we. Media goes
    /// by the old path until a new one is nominated and proved.
    pub(super) fn restart(&mut self, remote: &Credentials) {
        if self.session.remote != *remote {
            let (local, remote) = (Credentials::random(), remote.clone());
            self.session = Arc::new(Session { local, remote });
        }
    }

    /// Takes in a STUN message. What it makes us send comes out of [`IceLite::poll`].
    pub(super) fn receive(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        datagram: &[u8],
    ) -> StunOutcome {
        if !stun::is_within_limits(datagram) {
            return StunOutcome::Malformed;
        }
        let Ok(message) = StunMessage::parse(datagram) else { return StunOutcome::Malformed };
        if message.is_binding_request() {
            self.check(now, remote, &message)
        } else {
            self.answer(now, remote, &message)
        }
    }

    /// Takes out what is to be sent, which is small.
    pub(super) fn poll(&mut self) -> Option<(TransportAddress, Vec<u8>)> {
        self.outgoing.pop_front()
    }

    /// Asks for consent where that is due.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.next_deadline(now).is_some_and(|at| at <= now)
            && let Some(remote) = self.selected
        {
            self.send_check(now, remote);
        }
    }

    /// When [`IceLite::tick`] is due. Who has withdrawn consent is not asked for it (RFC 7675 section 5.1),
    /// but by the answer to a check.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let selected = self.find(self.selected?).filter(|path| path.may_send(now));
        selected.map(|path| path.next_check(now))
    }

    /// A packet that only the browser can have made came by this path. Whether media goes by it from now on, and
    /// did not before.
    pub(super) fn heard(&mut self, now: Instant, remote: TransportAddress) -> bool {
        // The latest checked is mostly the one in use.
        if let Some(path) = self.paths.iter_mut().rev().find(|path| path.remote == remote) {
            path.heard(now);
        }
        // Of the paths that a browser has nominated, it knows best which one it uses.
        if self.selected == Some(remote) {
            self.challenger = None;
            return false;
        }
        self.select(now, remote, true)
    }

    /// The browser has got what was sent by this path alone.
    pub(super) fn prove(&mut self, now: Instant, remote: TransportAddress) {
        if let Some(path) = self.paths.iter_mut().find(|path| path.remote == remote) {
            path.prove(now);
        }
        self.select(now, remote, false);
    }

    /// There is no such path any more: what is sent goes by the best of the others.
    pub(super) fn forget(&mut self, now: Instant, remote: TransportAddress) {
        self.paths.retain(|path| path.remote != remote);
        self.selected.take_if(|selected| *selected == remote);
        let others: Vec<TransportAddress> = self.paths.iter().map(|path| path.remote).collect();
        for other in others {
            self.select(now, other, false);
        }
    }

    /// Whether checks of the browser have come by this path.
    pub(super) fn knows(&self, remote: TransportAddress) -> bool {
        self.find(remote).is_some()
    }

    /// Whether the browser is known to be at the end of this path.
    pub(super) fn is_proved(&self, now: Instant, remote: TransportAddress) -> bool {
        self.find(remote).is_some_and(|path| path.may_send(now))
    }

    /// Whether the browser is at the end of this path right now.
    pub(super) fn is_alive(&self, now: Instant, remote: TransportAddress) -> bool {
        self.find(remote).is_some_and(|path| path.is_alive(now))
    }

    /// The path for media: `None` before one is nominated, and when the browser is at none.
    pub(super) fn media_path(&self, now: Instant) -> Option<TransportAddress> {
        self.selected.and_then(|_| self.path(now))
    }

    /// The path that the browser can be reached by: the selected one, or else the latest checked
    /// where it is known to be.
    pub(super) fn path(&self, now: Instant) -> Option<TransportAddress> {
        let selected = self.selected.and_then(|remote| self.find(remote));
        let mut paths = selected.into_iter().chain(self.paths.iter().rev());
        paths.find(|path| path.may_send(now)).map(|path| path.remote)
    }

    fn find(&self, remote: TransportAddress) -> Option<&Path> {
        self.paths.iter().rev().find(|path| path.remote == remote)
    }

    /// Takes in a check.
    fn check(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        check: &StunMessage<'_>,
    ) -> StunOutcome {
        let Session { local, remote: theirs } = &*self.session;
        let names = Some((local.ufrag.as_str(), theirs.ufrag.as_str()));
        if check.split_username() != names || !check.verify(local.password.as_bytes(), sha1_hmac) {
            return StunOutcome::Foreign;
        }
        let elsewhere = self.paths.iter().any(|path| path.remote != remote && path.may_send(now));
        let path = self.path_of_check(now, remote);
        let is_consent = path.may_send(now);
        // Ours goes first: then the path is proved when DTLS begins.
        if path.wants_check(now) && self.may_send_small(now, remote, elsewhere) {
            self.send_check(now, remote);
        }
        // Who is not lite is the one that controls (RFC 8445 section 6.1.1).
        let answer = if check.ice_controlled().is_some() {
            StunMessage::binding_role_conflict_reply(check.trans_id())
        } else {
            if check.use_candidate() {
                self.nominated(now, remote, check);
            }
            StunMessage::binding_reply(check.trans_id(), remote.address)
        };
        if self.may_send_small(now, remote, elsewhere) {
            let answer = write(answer, &self.session.local.password);
            self.outgoing.extend(answer.map(|answer| (remote, answer)));
        }
        if is_consent { StunOutcome::Consent } else { StunOutcome::Check }
    }

    /// Whether a small packet may be sent by a path. `elsewhere` is whether there is another one that the
    /// browser is known to be at: then there is no hurry.
    fn may_send_small(&mut self, now: Instant, remote: TransportAddress, elsewhere: bool) -> bool {
        !elsewhere || self.is_proved(now, remote) || self.allowance.take(now, remote.address.ip())
    }

    /// Takes in what may be an answer to a check of ours.
    fn answer(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        answer: &StunMessage<'_>,
    ) -> StunOutcome {
        let id = answer.trans_id();
        let path = self.paths.iter_mut().find(|path| path.remote == remote && path.awaits(id));
        let Some(path) = path.filter(|_| answer.is_successful_binding_response()) else {
            return StunOutcome::Foreign;
        };
        if !answer.verify(path.session.remote.password.as_bytes(), sha1_hmac) {
            return StunOutcome::Foreign;
        }
        path.answered(now, id);
        self.select(now, remote, false);
        StunOutcome::Consent
    }

    /// The path that a good check came by, which makes it the latest. Others give way to it, but
    /// never one that is in use, nor, while there are others, one where the browser has been.
    fn path_of_check(&mut self, now: Instant, remote: TransportAddress) -> &mut Path {
        let session = Arc::clone(&self.session);
        let path = match self.paths.iter().position(|path| path.remote == remote) {
            Some(at) => {
                let mut path = self.paths.remove(at);
                path.join(session);
                path
            }
            None => {
                self.make_room(now);
                Path::new(now, remote, session)
            }
        };
        self.paths.push_mut(path)
    }

    fn make_room(&mut self, now: Instant) {
        if self.paths.len() < MAX_PATHS {
            return;
        }
        let Self { paths, selected, .. } = self;
        let in_use = |path: &Path| *selected == Some(path.remote);
        let oldest = paths
            .iter()
            .position(|path| !path.may_send(now) && !in_use(path))
            .or_else(|| paths.iter().position(|path| !in_use(path)));
        if let Some(at) = oldest {
            paths.remove(at);
        }
    }

    /// A check that nominates the path it came by. Firefox does so with every check (aggressive nomination),
    /// and uses the best of those that work; Chromium only with those of the path it uses, which may become a
    /// worse one than before.
    fn nominated(&mut self, now: Instant, remote: TransportAddress, check: &StunMessage<'_>) {
        if let Some(path) = self.paths.iter_mut().rev().find(|path| path.remote == remote) {
            path.nominate(check.prio().unwrap_or_default());
        }
        if self.selected == Some(remote) {
            self.challenger = None;
            return;
        }
        let id = check.trans_id();
        // One that is sent again because no answer has come yet has the same id.
        let insists = self.challenger.is_some_and(|(path, first)| path == remote && first != id);
        if !self.select(now, remote, insists) && !insists {
            self.challenger = Some((remote, id));
        }
    }

    /// Sends by this path from now on, if it is nominated and proved, and either the better one (RFC 8445
    /// section 8.1.1) or what the browser `insists` on. Whether it does.
    fn select(&mut self, now: Instant, remote: TransportAddress, insists: bool) -> bool {
        let is_of_session = |path: &&Path| Arc::ptr_eq(&path.session, &self.session);
        let this = self.find(remote).filter(is_of_session);
        let Some(this) = this.filter(|path| path.is_nominated() && path.may_send(now)) else {
            return false;
        };
        let present = self.selected.and_then(|selected| self.find(selected));
        let present = present.filter(|path| is_of_session(path) && path.is_alive(now));
        let takes_over = insists || present.is_none_or(|present| !present.outranks(this));
        if takes_over {
            (self.selected, self.challenger) = (Some(remote), None);
        }
        takes_over
    }

    fn send_check(&mut self, now: Instant, remote: TransportAddress) {
        let id = TransId::new();
        let Self { paths, outgoing, tie_breaker, .. } = self;
        let Some(path) = paths.iter_mut().find(|path| path.remote == remote) else { return };
        let Session { local, remote: theirs } = &*path.session;
        let name = format!("{}:{}", theirs.ufrag, local.ufrag);
        let check = StunMessage::binding_request(&name, id, false, *tie_breaker, PRIORITY, false);
        let check = write(check, &theirs.password);
        path.checked(now, id, check.is_some());
        outgoing.extend(check.map(|check| (remote, check)));
    }
}

/// A message as it is sent. `None` of one with names of more than 128 characters: then DTLS has to prove the path.
fn write(message: StunMessage<'_>, password: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; MESSAGE_BYTES];
    match message.to_bytes(Some(password.as_bytes()), &mut bytes, sha1_hmac) {
        Ok(length) => {
            bytes.truncate(length);
            Some(bytes)
        }
        Err(error) => {
            tracing::debug!(%error, "a STUN message can't be written");
            None
        }
    }
}

fn sha1_hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    DefaultSha1HmacProvider.sha1_hmac(key, parts)
}
