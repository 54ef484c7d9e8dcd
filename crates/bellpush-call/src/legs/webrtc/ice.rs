//! ICE-lite (RFC 8445 section 2.5): the browser checks the paths to the server and nominates one.
//! The server answers its checks, and sends by the nominated path.

use is::{DefaultSha1HmacProvider, Sha1HmacProvider as _, stun::StunMessage};
use rand::distr::{Alphanumeric, SampleString as _};

use super::TransportAddress;

/// RFC 8445 section 5.3 asks for 24 random bits in the one and 128 in the other. Alphanumeric
/// characters have 5.9 bits each.
const UFRAG_CHARS: usize = 8;
const PASSWORD_CHARS: usize = 24;
/// Paths of one browser that are kept, at most: it has as many as it has networks.
const MAX_PATHS: usize = 16;
/// An answer to a check takes 80 to 100 bytes.
const ANSWER_BYTES: usize = 256;

/// The name and the password that one side's checks are addressed to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) ufrag: String,
    pub(super) password: String,
}

impl Credentials {
    pub(super) fn random() -> Self {
        let random = |chars| Alphanumeric.sample_string(&mut rand::rng(), chars);
        Self { ufrag: random(UFRAG_CHARS), password: random(PASSWORD_CHARS) }
    }
}

/// What is known of the paths to one browser.
pub(super) struct IceLite {
    ours: Credentials,
    theirs: Credentials,
    /// Paths that good checks came by, the latest last.
    validated: Vec<TransportAddress>,
    nominated: Option<TransportAddress>,
}

/// What became of a STUN message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StunOutcome {
    /// A check with the right password, and what goes back to where it came from.
    Answered(Vec<u8>),
    /// Not from this browser, or not a check.
    Foreign,
    /// Not STUN.
    Malformed,
}

impl IceLite {
    pub(super) fn new(theirs: Credentials) -> Self {
        Self { ours: Credentials::random(), theirs, validated: Vec::new(), nominated: None }
    }

    /// What the browser's checks are addressed to.
    pub(super) fn ours(&self) -> &Credentials {
        &self.ours
    }

    /// Begins anew, when the browser has new credentials (RFC 8445 section 9): so do we. Media goes
    /// by the old path until a new one is nominated.
    pub(super) fn restart(&mut self, theirs: &Credentials) {
        if self.theirs != *theirs {
            self.theirs.clone_from(theirs);
            self.ours = Credentials::random();
        }
    }

    /// Takes in a STUN message.
    pub(super) fn receive(&mut self, remote: TransportAddress, datagram: &[u8]) -> StunOutcome {
        let Ok(message) = StunMessage::parse(datagram) else { return StunOutcome::Malformed };
        if !message.is_binding_request() || !self.is_for_us(&message) {
            return StunOutcome::Foreign;
        }
        let id = message.trans_id();
        // Who is not lite is the one that controls (RFC 8445 section 6.1.1).
        let answer = if message.ice_controlled().is_some() {
            StunMessage::binding_role_conflict_reply(id)
        } else {
            self.validate(remote, message.use_candidate());
            StunMessage::binding_reply(id, remote.address)
        };
        let mut bytes = vec![0; ANSWER_BYTES];
        match answer.to_bytes(Some(self.ours.password.as_bytes()), &mut bytes, sha1_hmac) {
            Ok(length) => {
                bytes.truncate(length);
                StunOutcome::Answered(bytes)
            }
            Err(error) => {
                tracing::error!(%error, "a check can't be answered");
                StunOutcome::Malformed
            }
        }
    }

    fn is_for_us(&self, message: &StunMessage<'_>) -> bool {
        let names = message.split_username();
        names == Some((self.ours.ufrag.as_str(), self.theirs.ufrag.as_str()))
            && message.verify(self.ours.password.as_bytes(), sha1_hmac)
    }

    fn validate(&mut self, remote: TransportAddress, is_nominated: bool) {
        self.validated.retain(|path| *path != remote);
        if self.validated.len() == MAX_PATHS {
            self.validated.remove(0);
        }
        self.validated.push(remote);
        // A browser says so with every check of the pair that it has nominated.
        if is_nominated {
            self.nominated = Some(remote);
        }
    }

    /// Whether the browser has proved to be there.
    pub(super) fn knows(&self, remote: TransportAddress) -> bool {
        self.nominated == Some(remote) || self.validated.contains(&remote)
    }

    /// The path that the browser has nominated.
    pub(super) fn nominated(&self) -> Option<TransportAddress> {
        self.nominated
    }

    /// The path that the browser can be reached by: the nominated one, or else the latest checked.
    pub(super) fn path(&self) -> Option<TransportAddress> {
        self.nominated.or_else(|| self.validated.last().copied())
    }
}

fn sha1_hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    DefaultSha1HmacProvider.sha1_hmac(key, parts)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use is::stun::TransId;

    use super::{super::Protocol, *};

    fn path(port: u16) -> TransportAddress {
        TransportAddress {
            protocol: Protocol::Udp,
            address: SocketAddr::from(([192, 0, 2, 1], port)),
        }
    }

    fn theirs() -> Credentials {
        Credentials { ufrag: "them".into(), password: "0123456789abcdef0123456789".into() }
    }

    /// A browser's check.
    fn check(name: &str, password: &str, controlling: bool, chosen: bool) -> Vec<u8> {
        let check = StunMessage::binding_request(name, TransId::new(), controlling, 7, 1, chosen);
        let mut bytes = vec![0; 256];
        let length = check.to_bytes(Some(password.as_bytes()), &mut bytes, sha1_hmac).unwrap();
        bytes.truncate(length);
        bytes
    }

    fn right(ice: &IceLite, chosen: bool) -> Vec<u8> {
        let Credentials { ufrag, password } = ice.ours();
        check(&format!("{ufrag}:them"), password, true, chosen)
    }

    #[test]
    fn a_check_is_answered_with_where_it_came_from() {
        let mut ice = IceLite::new(theirs());
        assert!(ice.path().is_none());
        let check = right(&ice, false);
        let StunOutcome::Answered(answer) = ice.receive(path(1), &check) else {
            panic!("no answer")
        };
        let answer = StunMessage::parse(&answer).unwrap();
        assert!(answer.is_successful_binding_response());
        assert_eq!(answer.mapped_address(), Some(path(1).address));
        assert_eq!(answer.trans_id(), StunMessage::parse(&check).unwrap().trans_id());
        assert!(answer.verify(ice.ours().password.as_bytes(), sha1_hmac));
        assert!(ice.knows(path(1)) && !ice.knows(path(2)));
        assert_eq!((ice.path(), ice.nominated()), (Some(path(1)), None));
    }

    #[test]
    fn the_browser_nominates_a_path_and_may_change_its_mind() {
        let mut ice = IceLite::new(theirs());
        for (port, is_chosen, chosen) in
            [(1, false, None), (2, true, Some(2)), (3, false, Some(2)), (3, true, Some(3))]
        {
            let check = right(&ice, is_chosen);
            ice.receive(path(port), &check);
            assert_eq!(ice.nominated(), chosen.map(path));
        }
        // The same port is another place by TCP.
        assert!(!ice.knows(TransportAddress { protocol: Protocol::Tcp, ..path(3) }));
    }

    #[test]
    fn nobody_else_is_answered() {
        let mut ice = IceLite::new(theirs());
        let Credentials { ufrag, password } = ice.ours().clone();
        let mut forged = right(&ice, true);
        forged[30] ^= 1;
        let mut response = right(&ice, true);
        response[0] = 1;
        for (bytes, expected) in [
            (
                check(&format!("{ufrag}:them"), "another password of theirs", true, true),
                StunOutcome::Foreign,
            ),
            (check(&format!("{ufrag}:they"), &password, true, true), StunOutcome::Foreign),
            (check("other:them", &password, true, true), StunOutcome::Foreign),
            (forged, StunOutcome::Foreign),
            (response, StunOutcome::Malformed),
            (vec![0; 20], StunOutcome::Malformed),
            (Vec::new(), StunOutcome::Malformed),
        ] {
            assert_eq!(ice.receive(path(1), &bytes), expected, "{bytes:?}");
        }
        assert!(ice.path().is_none() && !ice.knows(path(1)));
    }

    #[test]
    fn a_browser_that_does_not_want_to_control_is_told_to() {
        let mut ice = IceLite::new(theirs());
        let Credentials { ufrag, password } = ice.ours().clone();
        let check = check(&format!("{ufrag}:them"), &password, false, false);
        let StunOutcome::Answered(answer) = ice.receive(path(1), &check) else {
            panic!("no answer")
        };
        let answer = StunMessage::parse(&answer).unwrap();
        assert_eq!(answer.error_code().map(|(code, _)| code), Some(487));
    }

    #[test]
    fn after_a_restart_only_new_checks_count_and_media_goes_on() {
        let mut ice = IceLite::new(theirs());
        let old = right(&ice, true);
        ice.receive(path(1), &old);
        let before = ice.ours().clone();
        ice.restart(&theirs());
        assert!(*ice.ours() == before, "the same credentials are no restart");
        ice.restart(&Credentials { ufrag: "anew".into(), ..theirs() });
        assert!(*ice.ours() != before);
        assert_eq!(ice.receive(path(2), &old), StunOutcome::Foreign);
        assert_eq!(ice.nominated(), Some(path(1)));
        let Credentials { ufrag, password } = ice.ours().clone();
        ice.receive(path(2), &check(&format!("{ufrag}:anew"), &password, true, true));
        assert_eq!(ice.nominated(), Some(path(2)));
    }

    #[test]
    fn paths_are_kept_up_to_a_number() {
        let mut ice = IceLite::new(theirs());
        for port in 1..=40 {
            let check = right(&ice, port == 1);
            ice.receive(path(port), &check);
        }
        assert_eq!(ice.validated.len(), MAX_PATHS);
        assert!(ice.knows(path(40)) && !ice.knows(path(2)));
        assert!(ice.knows(path(1)), "the nominated one is never forgotten");
    }
}
