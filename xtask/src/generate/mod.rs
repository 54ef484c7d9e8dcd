//! Files that follow from the code: the TypeScript types of the protocol and of the design document,
//! its schema, tables of the documentation, and the OpenAPI document.

mod capacity;
mod design;
mod docs;
mod file;
mod openapi;
mod typescript;

use anyhow::{Context, bail};
use clap::Args;

use self::file::Generated;
use crate::shell::root;

/// How to generate.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write nothing; fail when a file is not up to date
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes or checks all generated files.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let files = [
        typescript::protocol(),
        design::types()?,
        design::schema()?,
        design::default()?,
        docs::events()?,
        capacity::scaling()?,
        openapi::document()?,
    ];
    let mut stale = Vec::new();
    for Generated { path, content } in files {
        let full = root().join(&path);
        if std::fs::read_to_string(&full).is_ok_and(|present| present == content) {
            continue;
        }
        if options.check {
            stale.push(path.display().to_string());
        } else {
            std::fs::write(&full, content)
                .with_context(|| format!("{} can't be written", full.display()))?;
            println!("wrote {}", path.display());
        }
    }
    if !stale.is_empty() {
        bail!("not up to date: {}; run cargo xtask generate and commit", stale.join(", "));
    }
    Ok(())
}
