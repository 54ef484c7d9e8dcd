//! Credentials of a trunk: which challenges they answer, and how often.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rsipstack::sip::{Header, Request, Response, prelude::HasHeaders as _};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    Credentials,
    digest::{Challenge, authorization, parse},
    message_parts::status_line,
};

/// New nonces that are answered after the first one, at most: with `stale`, and without, as some
/// home routers give a new one each time.
const MAX_STALE: u32 = 2;
const MAX_NEW: u32 = 1;
/// Realms that are answered in one response, at most.
const MAX_REALMS: usize = 4;
/// How long whoever is challenged waits for the first registration: after a start, both are sent at once.
const REGISTRATION_PATIENCE: Duration = Duration::from_secs(3);

/// Who asks for credentials: the far side (401), or a proxy before it (407).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Challenger {
    Server,
    Proxy,
}

/// The realms that a trunk's password is given to.
///
/// Whoever is called can challenge, too, and would get the digest of the password with a nonce of
/// their own: so once the trunk itself has accepted credentials, no other realm is answered. A trunk that
/// registers learns them there first, as nobody else can challenge a registration.
#[derive(Debug, Clone, Default)]
pub(super) struct Realms {
    configured: Vec<String>,
    learned: Vec<(Challenger, String)>,
    is_settled: bool,
    /// Cancelled once the registrar has taken a registration, of a trunk that registers.
    registered: Option<CancellationToken>,
}

impl Realms {
    /// With realms that are configured, only these; else those of the registration where the trunk
    /// registers, or of the first request that is challenged and then accepted (2xx).
    pub(super) fn new(configured: Vec<String>, registers: bool) -> Self {
        let registered = registers.then(CancellationToken::new);
        Self { configured, learned: Vec::new(), is_settled: false, registered }
    }

    /// What is known of who the trunk is, if it is.
    pub(super) fn known(&self) -> Option<Self> {
        (!self.awaits_registrar()).then(|| self.clone())
    }

    /// Whether it is not known yet who the registrar is. With realms that are configured, that does not matter.
    fn awaits_registrar(&self) -> bool {
        let is_registered = self.registered.as_ref().is_none_or(CancellationToken::is_cancelled);
        !is_registered && self.configured.is_empty()
    }

    fn allow(&mut self, challenger: Challenger, realm: &str, may_learn: bool) -> bool {
        if !self.configured.is_empty() {
            return self.configured.iter().any(|configured| configured == realm);
        }
        let is_known = self.learned.iter().any(|(_, learned)| learned == realm);
        let is_first =
            may_learn && !self.is_settled && self.learned.iter().all(|(who, _)| *who != challenger);
        if !is_known && is_first {
            self.learned.push((challenger, realm.to_owned()));
        }
        is_known || is_first
    }

    /// Credentials for the realms so far were accepted.
    fn settle(&mut self) {
        self.is_settled = !self.learned.is_empty();
    }

    /// Forgets what was learned of a trunk that did not accept it.
    fn unsettle(&mut self) {
        if !self.is_settled {
            self.learned.clear();
        }
    }
}

/// Why a challenge is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    /// The trunk has no credentials, or the challenge wants what we don't have.
    #[error("no challenge that can be answered")]
    Unsupported,
    /// It was answered, and the answer was refused.
    #[error("the credentials are refused")]
    Refused,
    /// Of another realm than the trunk's.
    #[error("realm {0:?} is not the trunk's; list it in its realms if it should get the password")]
    ForeignRealm(String),
}

/// The credentials of one request, as it is repeated: those of each realm are kept (RFC 3261
/// section 22.3), as a proxy and the server behind it may both want some.
pub(super) struct Authentication<'a> {
    credentials: Option<&'a Credentials>,
    realms: &'a Mutex<Realms>,
    is_registration: bool,
    answered: Vec<Answered>,
    /// Why the last challenge was not answered.
    pub(super) unanswered: Option<Unanswered>,
}

struct Answered {
    challenger: Challenger,
    challenge: Challenge,
    /// How often this realm has been answered.
    count: u32,
    /// How many requests the nonce has been used for (RFC 7616 section 3.4).
    uses: AtomicU32,
    /// Ours to it: the same for each of them, as the secret of a session is made from it.
    cnonce: String,
}

impl Answered {
    fn new(challenger: Challenger, challenge: Challenge) -> Self {
        let cnonce = format!("{:032x}", rand::random::<u128>());
        Self { challenger, challenge, count: 1, uses: AtomicU32::default(), cnonce }
    }
}

impl<'a> Authentication<'a> {
    pub(super) fn new(credentials: Option<&'a Credentials>, realms: &'a Mutex<Realms>) -> Self {
        let (answered, unanswered) = (Vec::new(), None);
        Self { credentials, realms, is_registration: false, answered, unanswered }
    }

    /// The same for a registration.
    pub(super) fn of_registration(self) -> Self {
        Self { is_registration: true, ..self }
    }

    /// As [`Self::is_challenged`], once the first registration has said who the trunk is.
    pub(super) async fn is_challenged_by_trunk(&mut self, response: &Response) -> bool {
        let is_challenged = self.is_challenged(response);
        if !matches!(self.unanswered, Some(Unanswered::ForeignRealm(_))) || self.is_registration {
            return is_challenged;
        }
        let registered = {
            let realms = self.realms();
            realms.registered.clone().filter(|_| realms.awaits_registrar())
        };
        let Some(registered) = registered else { return is_challenged };
        let _ = timeout(REGISTRATION_PATIENCE, registered.cancelled()).await;
        self.is_challenged(response)
    }

    fn realms(&self) -> MutexGuard<'a, Realms> {
        self.realms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a final response. `true` when it is a challenge that is answered: the request is to be
    /// sent again, with [`Self::authorize`].
    pub(super) fn is_challenged(&mut self, response: &Response) -> bool {
        let result = self.challenged(response);
        self.unanswered = result.as_ref().err().cloned();
        result.unwrap_or(false)
    }

    fn challenged(&mut self, response: &Response) -> Result<bool, Unanswered> {
        let mut realms = self.realms();
        let may_learn = self.is_registration || !realms.awaits_registrar();
        let challenger = match response.status_code.code() {
            401 => Challenger::Server,
            407 => Challenger::Proxy,
            // A refusal says nothing of the trunk: whoever is called may have challenged, and then refused.
            code => {
                let is_accepted = (200..300).contains(&code);
                if !self.answered.is_empty() && may_learn {
                    if is_accepted { realms.settle() } else { realms.unsettle() }
                }
                // One that has not even asked leaves it to others to do so.
                if self.is_registration
                    && is_accepted
                    && let Some(registered) = &realms.registered
                {
                    registered.cancel();
                }
                return Ok(false);
            }
        };
        if self.credentials.is_none() {
            return Err(Unanswered::Unsupported);
        }
        let challenges = challenges(challenger, response);
        let result = self.answer(challenger, challenges, &mut realms, may_learn);
        if result.is_err() && may_learn {
            realms.unsettle();
        }
        result
    }

    fn answer(
        &mut self,
        challenger: Challenger,
        challenges: Vec<Challenge>,
        realms: &mut Realms,
        may_learn: bool,
    ) -> Result<bool, Unanswered> {
        let mut result = Err(Unanswered::Unsupported);
        for challenge in challenges {
            if !realms.allow(challenger, &challenge.realm, may_learn) {
                result = result.or(Err(Unanswered::ForeignRealm(challenge.realm)));
                continue;
            }
            let before = self.answered.iter_mut().find(|answered| {
                answered.challenger == challenger && answered.challenge.realm == challenge.realm
            });
            match before {
                None => self.answered.push(Answered::new(challenger, challenge)),
                Some(answered) => {
                    let is_new = answered.challenge.nonce != challenge.nonce;
                    let more = match (challenge.is_stale, is_new) {
                        (true, _) => MAX_STALE,
                        (false, true) => MAX_NEW,
                        (false, false) => 0,
                    };
                    if answered.count > more {
                        return Err(Unanswered::Refused);
                    }
                    let count = answered.count + 1;
                    if is_new {
                        *answered = Answered { count, ..Answered::new(challenger, challenge) };
                    } else {
                        (answered.challenge, answered.count) = (challenge, count);
                    }
                }
            }
            result = Ok(true);
        }
        result
    }

    /// Puts credentials for each realm that has asked into a request.
    pub(super) fn authorize(&self, request: &mut Request) {
        request.headers.0.retain(|header| {
            !matches!(header, Header::Authorization(_) | Header::ProxyAuthorization(_))
        });
        let Some(credentials) = self.credentials else { return };
        let (method, uri) = (request.method().to_string(), request.uri().to_string());
        for Answered { challenger, challenge, uses, cnonce, .. } in &self.answered {
            let uses = uses.fetch_add(1, Ordering::Relaxed) + 1;
            let value = authorization(challenge, credentials, (&method, &uri), cnonce, uses);
            request.headers.push(match challenger {
                Challenger::Proxy => Header::ProxyAuthorization(value.into()),
                Challenger::Server => Header::Authorization(value.into()),
            });
        }
    }
}

/// The challenges of a response that can be answered, one for each realm: of several with the same
/// realm the topmost that we know (RFC 8760 section 2.4).
fn challenges(challenger: Challenger, response: &Response) -> Vec<Challenge> {
    let mut challenges = Vec::<Challenge>::new();
    for header in response.headers().iter() {
        let challenge = match (challenger, header) {
            (Challenger::Proxy, Header::ProxyAuthenticate(header)) => parse(header.value()),
            (Challenger::Server, Header::WwwAuthenticate(header)) => parse(header.value()),
            _ => None,
        };
        if let Some(challenge) = challenge
            && challenges.len() < MAX_REALMS
            && challenges.iter().all(|before| before.realm != challenge.realm)
        {
            challenges.push(challenge);
        }
    }
    challenges
}

/// A response that refuses us, for the status of a trunk.
pub(super) fn describe(
    method: &str,
    response: &Response,
    unanswered: Option<&Unanswered>,
) -> String {
    let status = format!("{method}: {}", status_line(response));
    match unanswered {
        Some(realm @ Unanswered::ForeignRealm(_)) => format!("{status}, {realm}"),
        _ => status,
    }
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::SipMessage;

    use super::*;

    fn response(status: u16, challenge: &str) -> Response {
        let name = if status == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" };
        let text = format!(
            "SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:y@h>;tag=1\r\n\
             To: <sip:x@h>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n{name}: Digest {challenge}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    fn mufasa() -> Credentials {
        Credentials { username: "Mufasa".into(), password: "Circle of Life".into() }
    }

    #[test]
    fn a_new_nonce_is_answered_once_more_and_a_stale_one_twice() {
        let credentials = mufasa();
        for (stale, answers) in [("", 2), (", stale=true", 3)] {
            let realms = Mutex::default();
            let mut authentication = Authentication::new(Some(&credentials), &realms);
            let mut count = 0;
            while authentication
                .is_challenged(&response(401, &format!("realm=\"x\", nonce=\"{count}\"{stale}")))
            {
                count += 1;
            }
            assert_eq!(count, answers, "{stale}");
            assert_eq!(authentication.unanswered, Some(Unanswered::Refused));
        }
        let realms = Mutex::default();
        let mut authentication = Authentication::new(Some(&credentials), &realms);
        let same = response(401, "realm=\"x\", nonce=\"1\"");
        assert!(authentication.is_challenged(&same));
        assert!(!authentication.is_challenged(&same));
    }

    #[test]
    fn every_use_of_a_nonce_is_counted_and_a_new_one_begins_anew() {
        let credentials = mufasa();
        let realms = Mutex::default();
        let mut authentication = Authentication::new(Some(&credentials), &realms);
        let counts = |authentication: &Authentication<'_>| {
            let text = "INVITE sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
                        From: <sip:y@h>;tag=1\r\nTo: <sip:x@h>\r\nCall-ID: 1\r\n\
                        CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
            let Ok(SipMessage::Request(mut request)) = SipMessage::try_from(text.as_bytes()) else {
                panic!("no request")
            };
            authentication.authorize(&mut request);
            let text = request.headers().to_string();
            let counts = text.split("nc=").skip(1).filter_map(|rest| rest.split(',').next());
            counts.map(str::to_owned).collect::<Vec<_>>()
        };
        let proxy = response(407, "realm=\"p\", nonce=\"1\", qop=\"auth\"");
        assert!(authentication.is_challenged(&proxy));
        assert_eq!(counts(&authentication), ["00000001"]);
        let server = response(401, "realm=\"s\", nonce=\"1\", qop=\"auth\"");
        assert!(authentication.is_challenged(&server));
        assert_eq!(counts(&authentication), ["00000002", "00000001"]);
        // A longer interval was asked for, say.
        assert_eq!(counts(&authentication), ["00000003", "00000002"]);
        let stale = response(401, "realm=\"s\", nonce=\"2\", qop=\"auth\", stale=true");
        assert!(authentication.is_challenged(&stale));
        assert_eq!(counts(&authentication), ["00000004", "00000001"]);
    }

    #[test]
    fn the_password_goes_to_no_realm_but_those_of_the_trunk() {
        let credentials = mufasa();
        let realms = Mutex::default();
        let of = |status, realm: &str| response(status, &format!("realm=\"{realm}\", nonce=\"1\""));
        let mut first = Authentication::new(Some(&credentials), &realms);
        assert!(first.is_challenged(&of(407, "proxy")));
        assert!(first.is_challenged(&of(401, "server")));
        assert!(!first.is_challenged(&response(200, "realm=\"-\", nonce=\"-\"")));
        for (status, realm, is_answered) in [
            (401, "server", true),
            (407, "server", true),
            (401, "proxy", true),
            (401, "evil", false),
            (407, "evil", false),
        ] {
            let mut later = Authentication::new(Some(&credentials), &realms);
            assert_eq!(later.is_challenged(&of(status, realm)), is_answered, "{status} {realm}");
        }
    }

    #[test]
    fn whoever_challenges_and_then_refuses_is_not_the_trunk() {
        let credentials = mufasa();
        let of = |status, realm: &str| response(status, &format!("realm=\"{realm}\", nonce=\"1\""));
        for refusal in [403, 486, 503, 603] {
            for status in [401, 407] {
                let realms = Mutex::default();
                let mut first = Authentication::new(Some(&credentials), &realms);
                assert!(first.is_challenged(&of(401, "evil")));
                assert!(!first.is_challenged(&of(refusal, "-")));
                let mut second = Authentication::new(Some(&credentials), &realms);
                assert!(second.is_challenged(&of(status, "mine")), "{refusal} {status}");
                assert!(!second.is_challenged(&of(200, "-")));
                let mut third = Authentication::new(Some(&credentials), &realms);
                assert!(!third.is_challenged(&of(401, "evil")));
                // A trunk that has accepted the password is the trunk, whatever it refuses later.
                let mut fourth = Authentication::new(Some(&credentials), &realms);
                assert!(fourth.is_challenged(&of(status, "mine")));
                assert!(!fourth.is_challenged(&of(refusal, "-")));
                let mut fifth = Authentication::new(Some(&credentials), &realms);
                assert!(!fifth.is_challenged(&of(407, "evil")));
            }
        }
    }

    #[test]
    fn a_trunk_that_registers_gives_its_password_to_nobody_before_its_registrar() {
        let credentials = mufasa();
        let of = |status, realm: &str| response(status, &format!("realm=\"{realm}\", nonce=\"1\""));
        let realms = Mutex::new(Realms::new(Vec::new(), true));
        let ask = || Authentication::new(Some(&credentials), &realms);
        let mut early = ask();
        assert!(!early.is_challenged(&of(407, "evil")));
        assert_eq!(early.unanswered, Some(Unanswered::ForeignRealm("evil".into())));
        assert!(!ask().is_challenged(&of(401, "evil")));
        let mut registration = ask().of_registration();
        assert!(registration.is_challenged(&of(401, "mine")));
        // What becomes of a call meanwhile says nothing of the registrar.
        let mut meanwhile = ask();
        assert!(meanwhile.is_challenged(&of(401, "mine")));
        assert!(!meanwhile.is_challenged(&of(486, "-")));
        assert!(!ask().is_challenged(&of(407, "evil")));
        assert!(!registration.is_challenged(&of(200, "-")));
        for (realm, is_answered) in [("evil", false), ("mine", true)] {
            assert_eq!(ask().is_challenged(&of(401, realm)), is_answered, "{realm}");
            assert_eq!(ask().is_challenged(&of(407, realm)), is_answered, "{realm}");
        }
    }

    #[test]
    fn a_registrar_that_refuses_has_not_said_who_the_trunk_is_and_one_that_never_asks_leaves_it_to_calls()
     {
        let credentials = mufasa();
        let of = |status, realm: &str| response(status, &format!("realm=\"{realm}\", nonce=\"1\""));
        let realms = Mutex::new(Realms::new(Vec::new(), true));
        let ask = || Authentication::new(Some(&credentials), &realms);
        let mut refused = ask().of_registration();
        assert!(refused.is_challenged(&of(401, "mine")));
        assert!(!refused.is_challenged(&of(403, "-")));
        assert!(!ask().is_challenged(&of(401, "mine")));
        assert!(!ask().of_registration().is_challenged(&of(200, "-")));
        assert!(ask().is_challenged(&of(401, "mine")));
    }

    #[test]
    fn configured_realms_are_the_only_ones() {
        let credentials = mufasa();
        let of = |status, realm: &str| response(status, &format!("realm=\"{realm}\", nonce=\"1\""));
        let realms = Mutex::new(Realms::new(vec!["mine".into()], true));
        for (realm, is_answered) in [("other", false), ("mine", true)] {
            let mut only = Authentication::new(Some(&credentials), &realms);
            assert_eq!(only.is_challenged(&of(401, realm)), is_answered, "{realm}");
        }
    }
}
