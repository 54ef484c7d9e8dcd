//! Business hours: when calls are taken.
//!
//! A week of windows, exceptions by date (holidays, longer evenings), and a time zone. The rule is
//! that of the sign on the door: it is open when the wall clock of the zone stands within a window.
//! An hour that daylight saving repeats is therefore open twice, and one that it skips never.

mod clock;
mod settings;

#[cfg(test)]
mod tests;

pub use clock::Span;
pub use settings::{
    BusinessHours, HoursException, InvalidTimeOfDay, TimeOfDay, UnknownZone, Week, Window, Zone,
};
