//! What is set up, read and written as a whole.

mod applied;
mod apply;
mod read;

pub use applied::Applied;
pub use apply::{Application, ApplyError, NewSigning};
