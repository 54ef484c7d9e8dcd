//! Who may use the management API: members and their browsers, API keys; and what was done with it.

mod accounts;
mod api_keys;
pub(crate) mod attempts;
pub(crate) mod audit;
mod ceremonies;
mod grant_columns;
mod invitations;
mod members;
mod proofs;
mod recovery;
mod second_factors;
mod secret_hash;
mod settings;
mod setup;
mod sign_ins;
pub(crate) mod sso;
pub(crate) mod views;

pub use accounts::Accounts;
pub use api_keys::{ApiKey, ApiKeys, Configured, KeyError, NewApiKey};
pub use attempts::SignInAttempts;
pub use audit::{
    Actor, AuditAction, AuditEntry, AuditFault, AuditFilter, AuditTrail, Deed, LastChange, Who,
};
pub use ceremonies::Ceremony;
pub use invitations::{Invitation, InvitationDraft};
pub use members::{Member, MemberError, NewMember};
pub use proofs::{LetInBy, Proofs, SignInError};
pub use second_factors::{NewPasskey, Passkey, SecondFactors};
pub use secret_hash::SecretHash;
pub use sign_ins::{NewSignIn, SignIn, SignInWay, SignedIn};
pub use sso::{SsoArrival, SsoError, SsoIdentity};
pub use views::{Kept, SavedView};
