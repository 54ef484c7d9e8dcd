//! The edge: sockets, timers and threads.

mod addresses;
mod calls;
mod command;
mod config;
mod context;
mod dial;
mod handle;
mod log_limit;
mod meters;
mod path;
mod room;
mod rtp_ports;
mod shard;
mod socket;
mod tcp;
mod timers;
mod token;

pub use config::{EngineConfig, StartError};
pub use handle::Engine;
pub use room::Room;
