//! Widget sessions: short-lived tokens, bound to an app and to the origin that embeds the widget.

mod access;
mod grant;
mod maker;
mod preview;
pub(crate) mod turn;

pub(crate) use access::{Sessions, bearer_token};
pub(crate) use grant::SessionCreated;
pub(crate) use maker::Maker;
pub(crate) use preview::PreviewToken;
