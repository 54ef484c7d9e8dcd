//! The edge: sockets, timers and threads.

mod addresses;
mod calls;
mod config;
mod dial;
mod handle;
mod meters;
mod outside;
mod rtp_ports;
mod shard;
mod socket;
mod tcp;
mod timers;

pub use config::{EngineConfig, StartError};
pub use handle::Engine;
