//! `cargo xtask shots`: pictures of every state of the widget.

use clap::Args;

use crate::{
    install,
    shell::{command, root, run as execute},
    web,
};

/// What to take pictures of.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Languages, by their tags
    #[arg(long, value_delimiter = ',', default_value = "en,ar")]
    languages: Vec<String>,
}

/// Builds the gallery, takes the pictures, and says where they are: outside of what is committed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    install::for_tests()?;
    web::install()?;
    let pictures = root().join("target/shots");
    let gallery = root().join("target/gallery");
    web::npm(&["run", "gallery", "--", &gallery.to_string_lossy()])?;
    let folder = root().join("tests/browser");
    execute(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    execute(
        command("npm", &["run", "shots"])
            .current_dir(&folder)
            .env("BELLPUSH_GALLERY", &gallery)
            .env("BELLPUSH_SHOTS", &pictures)
            .env("BELLPUSH_SHOT_LANGUAGES", options.languages.join(",")),
    )?;
    println!("The contact sheets are in {}.", pictures.display());
    Ok(())
}
