//! Where calls go: profiles, and the trunks that they name.

pub(crate) mod form_fields;
pub(crate) mod profiles;
pub(crate) mod trunk_outages;
pub(crate) mod trunks;

pub use profiles::Profile;
pub use trunks::{PasswordChange, Trunk};
