//! How people get in: passwords, codes, passkeys, what their browsers show from then on, and for how long that is worth
//! something.

mod arrival;
pub(crate) mod cookie;
mod device;
mod enrolment;
mod entrance;
pub(crate) mod passkeys;
mod password;
pub(crate) mod sso;
mod totp;

use std::time::Duration;

use bellpush_core::events::EventTime;
use bellpush_store::SignIn;

pub(crate) use entrance::{Asked, Entrance, Progress, Proof, SecondFactorWay, person_name};

use crate::clock::{earlier, later};

/// A browser is signed in for so long, at most.
pub(crate) const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);
/// A browser that is not used for so long is signed out.
const IDLE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long it is believed that the same person sits there still.
const PROOF: Duration = Duration::from_secs(10 * 60);

/// A browser that was not used since then is signed out.
pub(crate) fn idle_since(now: EventTime) -> EventTime {
    earlier(now, IDLE)
}

/// Until when it is believed that the same person sits there still.
pub(crate) fn proved_until(sign_in: &SignIn) -> EventTime {
    later(sign_in.proved_at, PROOF)
}

/// Whether it was proved a moment ago who sits there.
pub(crate) fn is_proved(sign_in: &SignIn, now: EventTime) -> bool {
    now < proved_until(sign_in)
}
