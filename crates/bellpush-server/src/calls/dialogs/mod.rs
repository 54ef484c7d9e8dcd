//! Dialogs with phone systems: each is kept in the store while it goes on, so that one whose server died
//! is ended by the next.

mod ending;
mod keeping;

pub(super) use ending::end;
pub(crate) use ending::end_left_behind;
pub(crate) use keeping::keep;
