//! `cargo xtask upgrade`: servers of an earlier version are replaced by this one under load, one by one, one of them
//! crashes and comes back as what it was, and one goes back.

use clap::Args;

use crate::{
    install,
    run::build_for_tests,
    shell::{cargo, command, root, run as execute},
    web,
};

const STORY: &str = "test(while_another_version_takes_its_place)";

/// What to upgrade from.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The earlier version: a tag, a branch or a commit
    from: String,
}

/// Builds both versions, and plays the story.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    install::for_tests()?;
    install::cargo_nextest()?;
    let earlier = root().join("target/earlier");
    let (source, target) = (earlier.join("source"), earlier.join("target"));
    let source_path = source.to_string_lossy();
    if source.exists() {
        execute(command("git", &["checkout", "--detach", &options.from]).current_dir(&source))?;
    } else {
        let add = ["worktree", "add", "--force", "--detach", &source_path, &options.from];
        execute(&mut command("git", &add))?;
    }
    let mut build = cargo(&["run", "--package", "xtask", "--", "build"]);
    execute(build.current_dir(&source).env("CARGO_TARGET_DIR", &target))?;

    web::build()?;
    build_for_tests()?;
    let story = ["nextest", "run", "--workspace", "--all-features", "--filterset", STORY];
    execute(cargo(&story).env("BELLPUSH_OLD_BIN", target.join("debug/bellpush")))
}
