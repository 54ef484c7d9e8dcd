//! Passwords: which are good enough, and their hashes (Argon2id). Both take time and memory, and are
//! done aside, few at once.

use std::sync::{Arc, OnceLock};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
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

/// Computes and compares hashes. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Passwords {
    /// The hash of a new password. `about` is what others know of its owner: a password made of that
    /// is easy to guess.
    ///
    /// # Errors
    /// 422 with why it is not good enough.
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
    /// 500 when the hash can't be read.
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
        let _permit = self.0.acquire().await.map_err(|_| failed())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| failed())
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
}
