//! Who may do what: roles and permissions, how far they reach, what a key's scopes leave of its
//! maker's role, and who may grant what to whom. And the words of the audit trail.
//!
//! No request, session or password is known here: the edge finds out who asks.

mod authority;
mod changes;
mod email;
mod grant;
mod permission;
mod scopes;
mod sign_in_settings;
mod viewed_list;

pub use authority::{Authority, Place};
pub use changes::Change;
pub use email::{Email, InvalidEmail, in_ascii};
pub use grant::{Apps, Grant, GrantError, Role};
pub use permission::{Access, InvalidPermission, Permission, Resource};
pub use scopes::Scopes;
pub use sign_in_settings::{
    CLOCK_LEEWAY_SECONDS, GroupRole, SignInSettings, SsoSettings, TimeFault, check_times,
};
pub use viewed_list::ViewedList;
