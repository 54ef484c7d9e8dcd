//! Keypad presses in the media, as telephone-event packets (RFC 4733): both ends of their stream.

mod receiver;
mod sender;

pub(crate) use receiver::DtmfReceiver;
pub(crate) use sender::DtmfSender;
