//! What a generator returns.

use std::path::PathBuf;

/// A generated file with its whole content.
pub(super) struct Generated {
    /// From the root of the workspace.
    pub(super) path: PathBuf,
    pub(super) content: String,
}
