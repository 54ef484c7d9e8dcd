//! A wall clock that jumps.

use std::path::PathBuf;

use anyhow::Context as _;
use bellpush_test_support::server::Options;
use tempfile::TempDir;

/// The wall clock of one process. Its steady clock is left alone, as by whoever sets a clock.
pub struct WallClock {
    folder: TempDir,
    library: PathBuf,
}

impl WallClock {
    /// A clock that is right.
    ///
    /// # Errors
    /// libfaketime is not installed.
    pub fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bellpush-clock-").tempdir()?;
        let clock = Self { folder, library: library()? };
        clock.jump_to(0)?;
        Ok(clock)
    }

    /// Makes it that many seconds ahead of the right time, or behind it.
    ///
    /// # Errors
    /// Its file can't be written.
    pub fn jump_to(&self, seconds: i64) -> anyhow::Result<()> {
        let next = self.folder.path().join("next");
        std::fs::write(&next, format!("{seconds:+}"))?;
        Ok(std::fs::rename(next, self.file())?)
    }

    /// Lets a process look at this clock.
    #[must_use]
    pub fn give(&self, options: Options) -> Options {
        options
            .environment("LD_PRELOAD", &self.library.to_string_lossy())
            .environment("FAKETIME_TIMESTAMP_FILE", &self.file().to_string_lossy())
            .environment("FAKETIME_NO_CACHE", "1")
            .environment("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}

/// Where Debian puts the library for programs with threads.
fn library() -> anyhow::Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .context("libfaketime is not installed: apt-get install faketime")
}
