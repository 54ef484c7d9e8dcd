//! What a test of several servers is about.

/// Where the servers run, and so what befalls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// At the database itself.
    Plain,
    /// With a pooler in front of the database.
    Pooled,
    /// In a network of their own, where each can be cut off from the database, which has a small disk and
    /// a synchronous standby; their clocks differ by twenty seconds.
    CutOff,
    /// At the database itself, while one version of the program takes the place of another: server by
    /// server, with an old one that crashes in between, and one that goes back.
    Upgraded,
}
