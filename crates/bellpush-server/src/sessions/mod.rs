//! Widget sessions: short-lived tokens, bound to an app and to the origin that embeds the widget.

mod access;
mod grant;

pub(crate) use access::Sessions;
pub(crate) use grant::SessionCreated;
