//! `cargo xtask fuzz`: runs a fuzz target guided by coverage, on the stable compiler.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::shell::{cargo, command, output, root, run as execute};

/// Targets are tests whose names begin like this.
const PREFIX: &str = "fn fuzz_";
/// Instrumentation that libFuzzer reads (LLVM's SanitizerCoverage).
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What to fuzz, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The target; without it they are listed
    target: Option<String>,

    /// How long to look for a fault
    #[arg(long, default_value_t = 300)]
    seconds: u32,

    /// Stop at the first access outside of what is allocated, too (AddressSanitizer): for code that
    /// does not check its indices, such as the Opus codec's
    #[arg(long)]
    address_sanitizer: bool,

    /// Run this input only, such as one that made the target fail
    #[arg(long)]
    input: Option<std::path::PathBuf>,

    /// Further arguments for libFuzzer
    #[arg(last = true)]
    more: Vec<String>,
}

/// A target, and the package that it is in.
#[derive(Debug)]
struct Target {
    package: String,
    name: String,
}

/// Lists the targets, or runs one.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let targets = targets()?;
    let Some(wanted) = &options.target else {
        for Target { package, name } in targets {
            println!("{name:<32} {package}");
        }
        return Ok(());
    };
    let Some(target) = targets.iter().find(|target| target.name == *wanted) else {
        bail!("there is no target {wanted}; cargo xtask fuzz lists them");
    };
    let folder = root().join("target/fuzz/inputs").join(&target.name);
    for part in ["found", "seeds"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let within = |part: &str| folder.join(part).display().to_string();
    let mut arguments = match &options.input {
        Some(input) => vec![fs::canonicalize(input)?.display().to_string()],
        None => vec![
            // What is found goes to the first.
            within("found"),
            within("seeds"),
            format!("-dict={}", within("words")),
            format!("-max_total_time={}", options.seconds),
            "-print_final_stats=1".to_owned(),
        ],
    };
    arguments.push(format!("-artifact_prefix={}/", folder.display()));
    arguments.extend(["-timeout=10".to_owned(), "-rss_limit_mb=4096".to_owned()]);
    arguments.extend(options.more.iter().cloned());
    let host = host()?;
    let test = format!("fuzz_{}", target.name);
    let (flags, target_folder) = if options.address_sanitizer {
        (format!("{FLAGS} -Zsanitizer=address"), "target/fuzz-address")
    } else {
        (FLAGS.to_owned(), "target/fuzz")
    };
    let mut fuzz = cargo(&["test", "--quiet", "--profile", "fuzz", "--target", &host]);
    fuzz.args(["--target-dir", target_folder, "--package", &target.package, "--lib"])
        .args(["--", "--nocapture", &test])
        .env("RUSTFLAGS", flags)
        .env("BELLPUSH_FUZZ_ARGUMENTS", arguments.join(" "))
        .env("BELLPUSH_FUZZ_SEEDS", &folder);
    if options.address_sanitizer {
        // The stable compiler has the sanitizer, and brings its library, but asks for this.
        fuzz.env("RUSTC_BOOTSTRAP", "1");
    }
    execute(&mut fuzz)
}

/// Naming a target for the compiler keeps the instrumentation out of build scripts.
fn host() -> anyhow::Result<String> {
    let version = output(&mut command("rustc", &["--version", "--verbose"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what it compiles for")?.to_owned())
}

fn targets() -> anyhow::Result<Vec<Target>> {
    let mut targets = Vec::new();
    for package in fs::read_dir(root().join("crates"))? {
        let package = package?;
        let name = package.file_name().to_string_lossy().into_owned();
        search(&package.path().join("src"), &name, &mut targets)?;
    }
    targets.sort_by(|a, b| (&a.package, &a.name).cmp(&(&b.package, &b.name)));
    Ok(targets)
}

fn search(folder: &Path, package: &str, targets: &mut Vec<Target>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, package, targets)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let names = text
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix(PREFIX)?.split('(').next());
            let package = package.to_owned();
            targets.extend(
                names.map(|name| Target { package: package.clone(), name: name.to_owned() }),
            );
        }
    }
    Ok(())
}
