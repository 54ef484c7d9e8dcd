//! Codes from a telephone (RFC 6238), and codes on paper for when it is lost.

use bellpush_core::{access::Email, events::EventTime};
use bellpush_store::SecretHash;
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Builder, Secret, Totp};

use crate::http::problem::Problem;

/// Codes on paper that a member gets.
const BACKUP_CODES: usize = 10;
/// Letters of which they are made: none that is taken for another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
/// What is said of the server in an authenticator.
const ISSUER: &str = "Bellpush";

/// A new key for codes, in base32.
pub(super) fn new_key() -> SecretString {
    Secret::new_stack(rand::random()).to_base32().into()
}

/// What authenticators read from a picture.
pub(super) fn url(key: &SecretString, email: &Email) -> Result<String, Problem> {
    let email = email.as_str().replace(':', "");
    let totp = builder(key)?.with_account_name(email).with_issuer(Some(ISSUER)).build();
    let url = totp.and_then(|totp| totp.to_url());
    url.map_err(|_| Problem::internal("the key for codes can't be shown"))
}

/// The step whose code this is: of now, or of the one before or after.
pub(super) fn step_of(
    key: &SecretString,
    code: &str,
    now: EventTime,
) -> Result<Option<i64>, Problem> {
    let totp: Totp = builder(key)?.build().map_err(|_| unreadable())?;
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let seconds = u64::try_from(now.millis() / 1_000).unwrap_or_default();
    Ok(totp.check(&digits, seconds).and_then(|step| i64::try_from(step).ok()))
}

fn builder(key: &SecretString) -> Result<Builder, Problem> {
    let secret = Secret::try_from_base32(key.expose_secret()).map_err(|_| unreadable())?;
    Ok(Builder::new().with_secret(secret))
}

fn unreadable() -> Problem {
    Problem::internal("the key for codes can't be read")
}

/// New codes on paper, and what is kept of them.
pub(super) fn backup_codes() -> (Vec<String>, Vec<SecretHash>) {
    let codes: Vec<String> = (0..BACKUP_CODES).map(|_| backup_code()).collect();
    let hashes = codes.iter().map(|code| hash_of(code)).collect();
    (codes, hashes)
}

/// 60 random bits, in three groups.
fn backup_code() -> String {
    let letters: Vec<char> = rand::random::<[u8; 12]>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// What is kept of a code, however it is typed.
pub(super) fn hash_of(code: &str) -> SecretHash {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    SecretHash::of(&letters.collect::<String>().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_of_one_step_and_good_for_those_beside_it() {
        // RFC 6238, appendix B, in the six digits that authenticators show.
        let key = SecretString::from(Secret::new_stack(*b"12345678901234567890").to_base32());
        let at = |seconds: i64| EventTime::from_millis(seconds * 1_000).unwrap();
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")]
        {
            let step = Some(seconds / 30);
            assert_eq!(step_of(&key, code, at(seconds)).unwrap(), step);
            assert_eq!(
                step_of(&key, &format!("{} {}", &code[..3], &code[3..]), at(seconds)).unwrap(),
                step
            );
            assert_eq!(step_of(&key, code, at(seconds + 30)).unwrap(), step);
            assert_eq!(step_of(&key, code, at(seconds + 90)).unwrap(), None);
        }
        for odd in ["", "28708", "2870822", "abcdef", "287083"] {
            assert_eq!(step_of(&key, odd, at(59)).unwrap(), None, "{odd}");
        }
    }

    #[test]
    fn an_authenticator_reads_the_key_from_its_url() {
        let url = url(&new_key(), &"ada@example.com".parse().unwrap()).unwrap();
        assert!(url.starts_with("otpauth://totp/Bellpush:ada%40example.com?secret="), "{url}");
        assert!(url.contains("issuer=Bellpush"), "{url}");
    }

    #[test]
    fn codes_on_paper_are_known_however_they_are_typed() {
        let (codes, hashes) = backup_codes();
        assert_eq!(codes.len(), BACKUP_CODES);
        for (code, hash) in codes.iter().zip(&hashes) {
            assert!(hash_of(&code.to_uppercase().replace('-', " ")) == *hash);
        }
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len());
    }
}
