//! Proof of work at the beginning of a session, by ALTCHA's scheme: the browser searches the number
//! that, put behind the salt, has the given SHA-256. A visitor does not notice; a program that wants
//! thousands of sessions has to pay for each.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bellpush_core::{app::ChallengePolicy, events::EventTime, ids::AppId};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::session_rate::SessionRate;
use crate::clock::later;

/// The number to be found is at most this at the usual rate: half a second of work for a browser, on
/// the average.
const MAX_NUMBER: u32 = 50_000;
/// At so many times the tolerated rate, or more, it is so many times as much work.
const MAX_FACTOR: f64 = 8.0;
/// How long a challenge may be answered.
const VALID: Duration = Duration::from_secs(300);
/// How much longer it is remembered that it was: the clocks of several servers differ.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Bytes of a salt, at most.
const MAX_SALT: usize = 160;
const ALGORITHM: &str = "SHA-256";
const MILLIS_A_MINUTE: i64 = 60_000;

/// A task for a browser.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Challenge {
    /// `SHA-256`.
    algorithm: &'static str,
    /// The hash to be met, in hexadecimal digits.
    challenge: String,
    /// The greatest number that may be the one.
    maxnumber: u32,
    /// What stands before the number.
    salt: String,
    /// The server's own mark, to be sent back.
    signature: String,
}

/// A solved task.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = ChallengeProof)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// `SHA-256`.
    algorithm: String,
    /// As in the task.
    challenge: String,
    /// The number that was found.
    number: u32,
    /// As in the task.
    salt: String,
    /// As in the task.
    signature: String,
}

impl Proof {
    /// What names the task that was solved.
    pub(crate) fn challenge(&self) -> &str {
        &self.challenge
    }
}

/// How hard a task is: the greatest number that may be the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Difficulty(u32);

impl Difficulty {
    /// `load`: sessions of this minute, in times of what is tolerated without a proof.
    fn at(load: f64) -> Self {
        Self((f64::from(MAX_NUMBER) * load.clamp(1.0, MAX_FACTOR)) as u32)
    }
}

/// Asks for work, and checks it.
#[derive(Debug)]
pub(crate) struct Challenges {
    /// Of all servers: a task of one may be answered at another.
    key: Key,
    rates: Mutex<HashMap<AppId, SessionRate>>,
}

/// A key of HMAC-SHA-256, filled up to a block.
struct Key([u8; 64]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Challenges {
    /// Those that are marked by this key.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(key) {
            *to = from;
        }
        Self { key: Key(block), rates: Mutex::default() }
    }

    /// Counts a session that is asked for, and says how hard a proof it needs, if any.
    pub(crate) fn required(
        &self,
        app_id: AppId,
        policy: ChallengePolicy,
        now: EventTime,
    ) -> Option<Difficulty> {
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let load = rates.entry(app_id).or_default().count(now.millis() / MILLIS_A_MINUTE);
        let needed = match policy {
            ChallengePolicy::Off => false,
            ChallengePolicy::On => true,
            ChallengePolicy::Auto => load > 1.0,
        };
        needed.then(|| Difficulty::at(load))
    }

    /// A new task for a session of an app.
    pub(crate) fn issue(
        &self,
        app_id: AppId,
        Difficulty(max_number): Difficulty,
        now: EventTime,
    ) -> Challenge {
        let until = now.millis() / 1000 + VALID.as_secs() as i64;
        let nonce = hex(&rand::random::<[u8; 12]>());
        // The delimiter at the end keeps the digits of the number from becoming part of the salt.
        let salt = format!("{nonce}?app={app_id}&expires={until}&");
        let challenge = hash(&salt, rand::random_range(0..=max_number));
        let signature = hex(&self.mark(&challenge).finalize().into_bytes());
        Challenge { algorithm: ALGORITHM, challenge, maxnumber: max_number, salt, signature }
    }

    /// Whether a solution is right, of a task of ours for this app, and in time: then until when it has
    /// to be remembered that it was used. Whoever takes it has to see that it is the first one.
    pub(crate) fn check(&self, app_id: AppId, proof: &Proof, now: EventTime) -> Option<EventTime> {
        if proof.algorithm != ALGORITHM || proof.salt.len() > MAX_SALT {
            return None;
        }
        let (app, expires) =
            proof.salt.strip_suffix('&')?.split_once("?app=")?.1.split_once("&expires=")?;
        let expires = expires.parse::<i64>().ok()?;
        let is_in_time = app.parse() == Ok(app_id) && expires > now.millis() / 1000;
        if !is_in_time || hash(&proof.salt, proof.number) != proof.challenge {
            return None;
        }
        self.mark(&proof.challenge).verify_slice(&unhex(&proof.signature)?).ok()?;
        Some(later(EventTime::from_millis(expires.checked_mul(1000)?)?, REMEMBERED))
    }

    fn mark(&self, challenge: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new((&self.key.0).into());
        mac.update(challenge.as_bytes());
        mac
    }
}

fn hash(salt: &str, number: u32) -> String {
    hex(&Sha256::digest(format!("{salt}{number}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..64).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> EventTime {
        EventTime::from_millis(1_790_000_000_000 + seconds * 1000).unwrap()
    }

    const USUAL: Difficulty = Difficulty(MAX_NUMBER);

    fn app(n: u128) -> AppId {
        AppId::from_uuid(uuid::Uuid::from_u128(n))
    }

    /// Does the work as a browser does.
    fn solve(task: &Challenge) -> Proof {
        let number = (0..=task.maxnumber).find(|n| hash(&task.salt, *n) == task.challenge).unwrap();
        Proof {
            algorithm: task.algorithm.into(),
            challenge: task.challenge.clone(),
            number,
            salt: task.salt.clone(),
            signature: task.signature.clone(),
        }
    }

    #[test]
    fn a_solution_is_good_in_its_time_at_all_servers_of_one_key() {
        let challenges = Challenges::new([7; 32]);
        let proof = solve(&challenges.issue(app(1), USUAL, at(0)));
        let (same, strange) = (Challenges::new([7; 32]), Challenges::new([8; 32]));
        assert_eq!(challenges.check(app(1), &proof, at(301)), None, "too late");
        assert_eq!(challenges.check(app(1), &proof, at(299)), Some(at(600)));
        assert_eq!(same.check(app(1), &proof, at(299)), Some(at(600)), "at another server");
        assert_eq!(strange.check(app(1), &proof, at(0)), None, "of another key");
    }

    #[test]
    fn nothing_of_a_solution_can_be_changed() {
        let challenges = Challenges::new([7; 32]);
        let good = solve(&challenges.issue(app(1), USUAL, at(0)));
        let digits = good.number.to_string();
        let forged = [
            Proof { number: good.number + 1, ..good.clone() },
            Proof { salt: format!("{}1", good.salt), ..good.clone() },
            Proof { salt: good.salt.replace("expires=1", "expires=2"), ..good.clone() },
            // Digits of the number moved into the time, which leaves the hash as it is.
            Proof {
                salt: format!("{}{}", good.salt, &digits[..1]),
                number: digits[1..].parse().unwrap_or(0),
                ..good.clone()
            },
            Proof { challenge: hash(&good.salt, 0), number: 0, ..good.clone() },
            Proof { signature: "0".repeat(64), ..good.clone() },
            Proof { signature: "é".repeat(32), ..good.clone() },
            Proof { algorithm: "SHA-1".into(), ..good.clone() },
        ];
        for proof in forged {
            assert_eq!(challenges.check(app(1), &proof, at(0)), None, "{proof:?}");
        }
        assert!(challenges.check(app(1), &good, at(0)).is_some());
    }

    #[test]
    fn a_solution_is_of_no_use_for_another_app() {
        let challenges = Challenges::new([7; 32]);
        let proof = solve(&challenges.issue(app(1), USUAL, at(0)));
        assert_eq!(challenges.check(app(2), &proof, at(0)), None);
        let salt = proof.salt.replace(&app(1).to_string(), &app(2).to_string());
        let forged = Proof { challenge: hash(&salt, proof.number), salt, ..proof.clone() };
        assert_eq!(challenges.check(app(2), &forged, at(0)), None);
        assert!(challenges.check(app(1), &proof, at(0)).is_some());
    }

    #[test]
    fn a_proof_is_asked_for_as_the_app_says() {
        let challenges = Challenges::new([7; 32]);
        let due = |policy| challenges.required(app(1), policy, at(0)).is_some();
        assert!(due(ChallengePolicy::On) && !due(ChallengePolicy::Off));
        assert!(!due(ChallengePolicy::Auto));
        assert!((0..1_000).any(|_| due(ChallengePolicy::Auto)), "a flood");
    }

    #[test]
    fn the_work_grows_with_the_flood_up_to_a_limit() {
        let challenges = Challenges::new([7; 32]);
        let mut work = Vec::new();
        for _ in 0..1_000 {
            let difficulty = challenges.required(app(1), ChallengePolicy::Auto, at(0));
            work.extend(difficulty.map(|Difficulty(max)| max));
        }
        assert!(work.is_sorted(), "{work:?}");
        assert!((MAX_NUMBER..60_000).contains(&work[0]), "{}", work[0]);
        assert_eq!(work.last(), Some(&(8 * MAX_NUMBER)));
        // Of another app nobody has asked for much.
        let quiet = challenges.required(app(2), ChallengePolicy::On, at(0)).unwrap();
        assert_eq!(quiet, USUAL);
        assert_eq!(challenges.issue(app(2), quiet, at(0)).maxnumber, MAX_NUMBER);
    }
}
