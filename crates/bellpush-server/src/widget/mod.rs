//! What the widget needs: its document, the sandbox of custom code, its sessions and its events.

mod ancestors;
pub(crate) mod callbacks;
pub(crate) mod check;
mod checks;
pub(crate) mod code;
pub(crate) mod document;
pub(crate) mod events;
pub(crate) mod html;
mod keys;
mod rehearsed;
pub(crate) mod sessions;
pub(crate) mod visits;
