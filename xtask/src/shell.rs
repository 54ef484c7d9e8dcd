//! Running other programs.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// A command that runs in the workspace's root.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// A command that gets what all others leave of the processors, where the system can do that.
pub(crate) fn idle_command(program: &str, arguments: &[&str]) -> Command {
    if !is_installed("chrt") {
        return command(program, arguments);
    }
    let mut command = command("chrt", &["--idle", "0", program]);
    command.args(arguments);
    command
}

/// `cargo`, the one that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command(&own_cargo(), arguments)
}

/// The same as by [`idle_command`].
pub(crate) fn idle_cargo(arguments: &[&str]) -> Command {
    idle_command(&own_cargo(), arguments)
}

fn own_cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// Says what runs, runs it, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    eprintln!("── {shown}");
    let started = Instant::now();
    let status = command.status().with_context(|| format!("{shown} can't be started"))?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    eprintln!("── done in {:.1} s: {shown}", started.elapsed().as_secs_f64());
    Ok(())
}

/// As [`run`], beside other programs: what it prints is shown as one piece when it is over.
pub(crate) fn run_beside(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{shown} can't be started"))?;
    let said = [output.stdout, output.stderr].concat();
    let (said, seconds) = (String::from_utf8_lossy(&said), started.elapsed().as_secs_f64());
    eprintln!("── beside, in {seconds:.1} s: {shown}\n{}", said.trim_end());
    if !output.status.success() {
        bail!("{shown} failed ({})", output.status);
    }
    Ok(())
}

/// Runs it and returns what it prints.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = show(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{shown} can't be started"))?;
    if !output.status.success() {
        bail!("{shown} failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is on the path.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
