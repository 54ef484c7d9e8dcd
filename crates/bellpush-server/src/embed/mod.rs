//! Pages that embed a widget: looked at from outside, and as real visits report them.

mod checks;
mod reports;

pub use checks::EmbedChecks;
pub(crate) use reports::EmbedReports;
