//! A disk that is soon full.

use std::{fs, io::Write as _, path::Path, process::Command};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::{is_root, output};

/// A file system of a few megabytes, in memory. Dropping it unmounts it.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one with this many kibibytes, so many of them taken by a file that can be deleted.
    ///
    /// # Errors
    /// It can't be mounted.
    pub fn mount(kib: usize, ballast_kib: usize) -> anyhow::Result<Self> {
        if !is_root()? {
            bail!("only root may mount a small disk; run this test as root");
        }
        let folder = tempfile::Builder::new().prefix("bellpush-disk-").tempdir()?;
        // Others may pass through it: a database runs as a user of its own.
        let size = format!("size={kib}k,mode=711");
        output(
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()),
        )
        .context("a small disk can't be mounted here")?;
        let disk = Self { folder };
        let mut ballast = fs::File::create(disk.folder.path().join("ballast"))?;
        ballast.write_all(&vec![1; ballast_kib * 1_024])?;
        Ok(disk)
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that there is, in a file that can be deleted.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = fs::File::create(self.folder.path().join("ballast"))?;
        for bytes in [1 << 20, 1 << 12] {
            let block = vec![1; bytes];
            while ballast.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    /// Makes room.
    ///
    /// # Errors
    /// There is nothing to delete.
    pub fn delete_ballast(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.folder.path().join("ballast"))?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: should a server still write to it, it goes when that one ends.
        if let Err(error) = output(Command::new("umount").arg("--lazy").arg(self.folder.path())) {
            eprintln!("{error:#}");
        }
    }
}
