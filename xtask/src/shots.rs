//! `cargo xtask shots`: pictures of every state of the widget, or of every screen of Call Studio.

use clap::{Args, ValueEnum};

use crate::{
    install,
    run::{BuildOptions, binary, build},
    shell::{command, root, run as execute},
    web,
};

/// Whose pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    Widget,
    Studio,
}

/// What to take pictures of.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Of what
    #[arg(long, value_enum, default_value = "widget")]
    of: Subject,
    /// Languages of the widget, by their tags
    #[arg(long, value_delimiter = ',', default_value = "en,ar")]
    languages: Vec<String>,
}

/// Takes the pictures, and says where they are: outside of what is committed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    install::for_tests()?;
    let pictures = root().join("target/shots");
    let gallery = root().join("target/gallery");
    let tests = match options.of {
        Subject::Widget => {
            web::install()?;
            web::npm(&["run", "gallery", "--", &gallery.to_string_lossy()])?;
            "states"
        }
        Subject::Studio => {
            build(&BuildOptions { release: false })?;
            "studio"
        }
    };
    let folder = root().join("tests/browser");
    execute(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    execute(
        command("npm", &["run", "shots", "--", tests])
            .current_dir(&folder)
            .env("BELLPUSH_BIN", binary(false))
            .env("BELLPUSH_GALLERY", &gallery)
            .env("BELLPUSH_SHOTS", &pictures)
            .env("BELLPUSH_SHOT_LANGUAGES", options.languages.join(",")),
    )?;
    println!("The pictures are in {}.", pictures.display());
    Ok(())
}
