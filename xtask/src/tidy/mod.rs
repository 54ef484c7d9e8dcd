//! The rules of the house that no other tool knows: no two files import each other in a circle, and no
//! file is longer than can be read in one go. Each finding says where, what, and what to do instead.

mod circles;
mod imports;
mod lengths;
mod modules;

use std::path::Path;

use anyhow::{Context, ensure};

use crate::shell::root;

/// Checks the whole workspace, and fails with all findings at once.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = root();
    let mut findings = lengths::too_long(&root)?;
    for source in sources(&root)? {
        let tree = modules::Tree::read(&source)?;
        let imports = imports::between_files(&tree)?;
        findings.extend(circles::find(&imports).iter().map(|circle| circle.to_string()));
    }
    let findings: Vec<String> =
        findings.into_iter().map(|one| one.replace(&format!("{}/", root.display()), "")).collect();
    ensure!(findings.is_empty(), "the tree is not tidy:\n\n{}\n", findings.join("\n\n"));
    Ok(())
}

/// The root file of each crate, of the tests across crates, and of this program.
fn sources(root: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut folders = vec![root.join("xtask")];
    for place in ["crates", "tests"] {
        let entries = std::fs::read_dir(root.join(place));
        for entry in entries.with_context(|| format!("{place}/ can't be read"))? {
            folders.push(entry?.path());
        }
    }
    folders.sort();
    let files = folders.iter().flat_map(|folder| {
        ["src/lib.rs", "src/main.rs"]
            .map(|file| folder.join(file))
            .into_iter()
            .filter(|f| f.exists())
    });
    Ok(files.collect())
}
