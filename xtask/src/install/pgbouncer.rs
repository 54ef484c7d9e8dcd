//! PgBouncer, which keeps prepared statements since 1.21. Where the system's package is older, that of a later
//! Debian is built.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::shell::{command, output, root, run_beside};

const LEAST_VERSION: (u32, u32) = (1, 21);
/// The release whose source is built.
const RELEASE: &str = "trixie";
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SYSTEM: &str = "/usr/sbin/pgbouncer";

/// Installs it, and the packages that are needed for it, if there is none yet that is new enough.
pub(super) fn install(packages: fn(&[&str]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let built = built();
    if [SYSTEM.to_owned(), built.to_string_lossy().into_owned()].iter().any(|it| is_new(it)) {
        return Ok(());
    }
    let offered = output(&mut command("apt-cache", &["show", "--no-all-versions", "pgbouncer"]));
    let offered = offered.unwrap_or_default();
    let version = offered.lines().find_map(|line| line.strip_prefix("Version: "));
    if version.and_then(numbers) >= Some(LEAST_VERSION) {
        return packages(&["pgbouncer"]);
    }
    packages(&["libevent-dev", "libssl-dev", "pkg-config", "make", "gcc"])?;
    build(&built)
}

/// Fetches the source by apt, which checks who has signed it, and builds it without what no test needs.
fn build(built: &std::path::Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let mirrors = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"];
    let mirrors = output(command("apt-get", &mirrors).arg("Label: Debian"))?;
    let mirror = mirrors.lines().next().context("apt knows no mirror of Debian")?;
    std::fs::write(path("list"), format!("deb-src [signed-by={KEYS}] {mirror} {RELEASE} main\n"))?;
    std::fs::create_dir_all(path("lists/partial"))?;
    let apt = |words: &[&str]| {
        let mut apt = command("apt-get", &["-qq", "-o", "Dir::Etc::sourceparts=-"]);
        for (option, name) in [
            ("Dir::Etc::sourcelist", "list"),
            ("Dir::State::lists", "lists"),
            ("Dir::Cache", "cache"),
        ] {
            apt.args(["-o", &format!("{option}={}", path(name))]);
        }
        apt.args(["-o", "APT::Sandbox::User=root"]).args(words).current_dir(folder.path());
        apt
    };
    run_beside(&mut apt(&["update"]))?;
    run_beside(&mut apt(&["source", "--download-only", "pgbouncer"]))?;
    let script = format!(
        "set -e
        tar --extract --strip-components 1 --file pgbouncer_*.orig.tar.*
        ./configure --quiet --without-cares --without-pam --without-systemd
        make --silent pgbouncer
        mkdir -p '{0}'
        cp pgbouncer '{0}'",
        built.parent().context("no folder")?.display(),
    );
    run_beside(command("sh", &["-c", &script]).current_dir(folder.path()))?;
    ensure!(is_new(&built.to_string_lossy()), "the PgBouncer that was built is too old");
    Ok(())
}

fn built() -> PathBuf {
    root().join("target/tools/pgbouncer")
}

fn is_new(program: &str) -> bool {
    let said = output(&mut command(program, &["--version"])).unwrap_or_default();
    said.split_whitespace().nth(1).and_then(numbers) >= Some(LEAST_VERSION)
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
