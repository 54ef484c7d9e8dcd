//! Passwords: which are good enough, and their hashes (Argon2id). Both take time and memory, and are
//! done aside, few at once, while a bounded number of others waits.

use std::sync::{Arc, OnceLock};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use metrics::{describe_gauge, gauge};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use zxcvbn::{Score, zxcvbn};

use crate::http::problem::Problem;

/// Characters of a password, at least.
const MIN_CHARS: usize = 10;
/// And at most.
const MAX_CHARS: usize = 256;
/// What an estimate looks at: it takes more than in proportion.
const ESTIMATED_CHARS: usize = 72;
/// Hashes that are computed at once; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Those that are computed or wait for it, at most: a few seconds' work.
const QUEUED: usize = 100;
/// How full that queue is.
const QUEUE_FILL: &str = "bellpush_password_queue_fill";

/// Computes and compares hashes. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        describe_gauge!(QUEUE_FILL, "How full the queue of passwords to be hashed is, 0 to 1.");
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(QUEUED)) }
    }
}

impl Passwords {
    /// The hash of a new password. `about` is what others know of its owner: a password made of that
    /// is easy to guess.
    ///
    /// # Errors
    /// 422 with why it is not good enough, 503 when too many wait.
    pub(crate) async fn hash(
        &self,
        password: SecretString,
        about: [String; 2],
    ) -> Result<SecretString, Problem> {
        self.aside(move || {
            check(password.expose_secret(), &about)?;
            let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
            let hash = hash.map_err(|_| Problem::internal("the password can't be hashed"))?;
            Ok(SecretString::from(hash.to_string()))
        })
        .await?
    }

    /// Whether a password is the one with this hash. Without a hash it takes as long, and is `false`,
    /// so that nobody learns who has an account.
    ///
    /// # Errors
    /// 500 when the hash can't be read, 503 when too many wait.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<SecretString>,
    ) -> Result<bool, Problem> {
        self.aside(move || {
            let is_known = hash.is_some();
            let hash = match &hash {
                Some(hash) => hash.expose_secret(),
                None => nobodys_hash()?,
            };
            let same = Argon2::default().verify_password(password.expose_secret().as_bytes(), hash);
            match same {
                Ok(()) => Ok(is_known),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(Problem::internal("the hash of a password can't be read")),
            }
        })
        .await?
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let failed = || Problem::internal("the password can't be looked at");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Problem::unavailable("too many passwords are being looked at; try again in a moment")
                .retry_after(1)
        })?;
        self.show_fill();
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| failed())?;
        // A request may be given up meanwhile, and the work goes on: the turn is the work's.
        let work = move || {
            let _held = (place, turn);
            work()
        };
        let done = tokio::task::spawn_blocking(work).await.map_err(|_| failed());
        self.show_fill();
        done
    }

    fn show_fill(&self) {
        let taken = QUEUED - self.places.available_permits();
        gauge!(QUEUE_FILL).set(taken as f64 / QUEUED as f64);
    }
}

/// A hash that no password has.
fn nobodys_hash() -> Result<&'static str, Problem> {
    static HASH: OnceLock<String> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return Ok(hash);
    }
    let hash = Argon2::default().hash_password(&rand::random::<[u8; 32]>());
    let hash = hash.map_err(|_| Problem::internal("the password can't be hashed"))?;
    Ok(HASH.get_or_init(|| hash.to_string()))
}

/// Refuses passwords that are short or easy to guess. There are no rules about which characters.
fn check(password: &str, about: &[String]) -> Result<(), Problem> {
    let refused = |detail: String| Err(Problem::invalid(detail).at("/password"));
    if !(MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()) {
        return refused(format!("a password has {MIN_CHARS} to {MAX_CHARS} characters"));
    }
    let looked_at: String = password.chars().take(ESTIMATED_CHARS).collect();
    let mut known: Vec<&str> = vec!["bellpush", "call studio"];
    for text in about {
        known.push(text);
        known.extend(text.split([' ', '@', '.', '-']).filter(|part| part.len() > 2));
    }
    let estimate = zxcvbn(&looked_at, &known);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let why = estimate.feedback().and_then(|feedback| feedback.warning());
    let why = why.map_or_else(
        || "it is too easy to guess; add a word or two".to_owned(),
        |warning| format!("it is too easy to guess: {}", lower_first(&warning.to_string())),
    );
    refused(why)
}

fn lower_first(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> [String; 2] {
        ["Ada Lovelace".into(), "ada.lovelace@example.com".into()]
    }

    #[test]
    fn a_password_is_as_good_as_it_is_hard_to_guess() {
        for good in ["correct horse battery", "tr4nquil-otter-quay", "ein Satz mit Umlauten: äöü"]
        {
            assert!(check(good, &about()).is_ok(), "{good}");
        }
        let long = "x".repeat(MAX_CHARS + 1);
        for poor in
            ["short", "", "password123", "1234567890", "aaaaaaaaaaaa", "ada.lovelace", &long]
        {
            let problem = check(poor, &about()).unwrap_err();
            assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/password")));
        }
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_nobody_has_the_missing_one() {
        let passwords = Passwords::default();
        let password = || SecretString::from("tr4nquil-otter-quay");
        let hash = passwords.hash(password(), about()).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(password(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("another one".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify(password(), None).await.unwrap());
    }

    /// Work that waits for this one to begin, and then for its end.
    struct Work {
        begun: tokio::sync::mpsc::UnboundedReceiver<()>,
        ended: std::sync::mpsc::Sender<()>,
        request: tokio::task::JoinHandle<()>,
    }

    fn work(passwords: &Passwords) -> Work {
        let (begin, begun) = tokio::sync::mpsc::unbounded_channel();
        let (ended, end) = std::sync::mpsc::channel();
        let passwords = passwords.clone();
        let request = tokio::spawn(async move {
            let work = move || {
                begin.send(()).unwrap();
                end.recv().unwrap();
            };
            passwords.aside(work).await.unwrap();
        });
        Work { begun, ended, request }
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_makes_room_for_no_other_before_its_work_is_done() {
        let passwords = Passwords::default();
        let mut first: Vec<_> = (0..AT_ONCE).map(|_| work(&passwords)).collect();
        for work in &mut first {
            work.begun.recv().await.unwrap();
            work.request.abort();
            assert!((&mut work.request).await.unwrap_err().is_cancelled());
        }
        assert_eq!(passwords.turns.available_permits(), 0);
        let mut next = work(&passwords);
        tokio::task::yield_now().await;
        assert!(next.begun.try_recv().is_err());
        first[0].ended.send(()).unwrap();
        next.begun.recv().await.unwrap();
        next.ended.send(()).unwrap();
        next.request.await.unwrap();
        first[1].ended.send(()).unwrap();
    }

    #[tokio::test]
    async fn beyond_the_queue_nobody_waits() {
        let passwords = Passwords::default();
        let all = Arc::clone(&passwords.places).acquire_many_owned(QUEUED as u32).await.unwrap();
        let problem = passwords.verify("another one".into(), None).await.unwrap_err();
        assert_eq!(problem.status, 503);
        drop(all);
        assert!(!passwords.verify("another one".into(), None).await.unwrap());
    }
}
