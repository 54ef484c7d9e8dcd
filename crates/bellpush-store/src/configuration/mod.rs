//! What is set up, read and written as a whole.

mod applied;
mod apply;
mod error;
mod read;
mod settle;

pub use applied::Applied;
pub use apply::{Application, NewSigning};
pub use error::ApplyError;
