//! Alerts: their rules, how these stand, what has fired, and what people are told of it.

pub(crate) mod counts;
pub(crate) mod history;
pub(crate) mod looks;
pub(crate) mod notices;
pub(crate) mod rules;
pub(crate) mod watched;

pub use counts::QueueHour;
pub use history::{Alert, AlertEnd, AlertNotice, NoticeMail};
pub use looks::Look;
pub use notices::{DueMail, UnloggedNotice};
pub use rules::AlertRule;
