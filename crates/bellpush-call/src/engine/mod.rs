//! The edge: the UDP port, the timers and the thread.

mod addresses;
mod calls;
mod config;
mod handle;
mod media_thread;
mod meters;
mod socket;
mod stun;
mod timers;

pub use config::{EngineConfig, StartError};
pub use handle::Engine;
