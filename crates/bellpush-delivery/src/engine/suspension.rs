//! Whether the engine goes on, where several servers share the deliveries.

/// Whether the engine goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Suspension {
    /// It does.
    #[default]
    Off,
    /// It may begin and write nothing.
    On,
    /// It went on, and what was left is being written: until then the disk does not tell what is to be
    /// attempted.
    CatchingUp,
}

impl Suspension {
    pub(super) fn is_on(self) -> bool {
        self == Self::On
    }

    pub(super) fn keeps_from_reading(self) -> bool {
        self != Self::Off
    }
}
