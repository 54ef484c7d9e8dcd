//! Who asks, and whether they may: one table says what each operation needs, and one guard asks
//! before any handler runs.

mod callers;
mod guard;
mod identify;
mod need;
mod operations;
mod reader;
mod refusals;

pub(crate) use callers::{ActingAs, Caller, Identity, Person};
pub(crate) use guard::{Guard, guard};
pub(crate) use identify::Access;
pub(crate) use need::{Need, Where};
pub(crate) use operations::need_of;
pub(crate) use reader::Reader;
