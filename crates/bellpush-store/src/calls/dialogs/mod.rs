//! Dialogs that are open, and who answers for each.

pub(crate) mod left;
pub(crate) mod rows;
