//! What the tests need beside Rust and Node: Debian packages and cargo tools.

mod pgbouncer;

use anyhow::bail;

use crate::shell::{cargo, command, is_installed, output, run, run_beside};

/// Debian packages by the program that shows that they are there.
const PACKAGES: &[(&str, &str)] = &[
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/firefox-esr", "firefox-esr"),
    ("/usr/lib/postgresql/*/bin/initdb", "postgresql"),
    // Microphones and loudspeakers that can be pulled out of a browser.
    ("/usr/bin/pulseaudio", "pulseaudio"),
    ("/usr/bin/pactl", "pulseaudio-utils"),
    // Carries media for visitors whose network blocks UDP.
    ("/usr/bin/turnserver", "coturn"),
    // Cuts the network in the middle of a call.
    ("/usr/sbin/nft", "nftables"),
    // Sets the clock of a single process.
    ("/usr/lib/*/faketime/libfaketimeMT.so.1", "faketime"),
    // Run the receivers of docs/receivers.md that Node and what comes with Debian do not. The one in
    // Java is run where there is a JDK: for one test it is too large.
    ("/usr/bin/php", "php-cli"),
    ("/usr/bin/ruby", "ruby"),
    ("/usr/share/rubygems-integration/all/gems/*/lib/webrick.rb", "ruby-webrick"),
    ("/usr/share/perl5/HTTP/Daemon.pm", "libhttp-daemon-perl"),
    // An endpoint that closes its connections after a number of requests.
    ("/usr/sbin/nginx", "nginx"),
    // SIP peers.
    ("/usr/bin/openssl", "openssl"),
    // Asks the API all that its description allows, from an environment of its own.
    ("/usr/share/doc/python3-venv", "python3-venv"),
    ("/usr/bin/baresip", "baresip-core"),
    ("/usr/bin/sipp", "sip-tester"),
    // Gives tests public addresses, and visitors networks, in namespaces of their own.
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/sbin/kamailio", "kamailio"),
    ("/usr/lib/*/kamailio/modules/tls.so", "kamailio-tls-modules"),
    // Stand in front of several servers in the examples of docs/operations.md.
    ("/usr/sbin/haproxy", "haproxy"),
];

/// Installs the Debian packages that are missing. That needs root; without it, says what to install.
pub(crate) fn for_tests() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(file, _)| !exists(file)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        install_packages(&missing)?;
    }
    Ok(())
}

/// Installs PgBouncer, or says that there will be none: beside other programs.
pub(crate) fn pgbouncer() {
    if let Err(error) = pgbouncer::install(install_packages) {
        eprintln!(
            "No PgBouncer can be built here ({error:#}): the test behind it will be skipped."
        );
    }
}

/// Installs cargo-nextest, which takes some minutes the first time: beside other programs.
pub(crate) fn cargo_nextest() -> anyhow::Result<()> {
    if is_installed("cargo-nextest") {
        return Ok(());
    }
    run_beside(&mut cargo(&["install", "--locked", "cargo-nextest"]))
}

/// Installs cargo-deny, which takes some minutes the first time: beside other programs.
pub(crate) fn cargo_deny() -> anyhow::Result<()> {
    if cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    run_beside(
        cargo(&["install", "--locked", "--no-default-features", "cargo-deny"])
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    )
}

fn install_packages(packages: &[&str]) -> anyhow::Result<()> {
    let list = packages.join(" ");
    let is_root = output(&mut command("id", &["-u"]))?.trim() == "0";
    if !is_installed("apt-get") || !is_root {
        bail!("the tests need these Debian packages; install them as root: apt-get install {list}");
    }
    run(&mut command("apt-get", &["update", "-qq"]))?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    run(command("apt-get", &arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether a file exists; one `*` stands for one folder's name.
fn exists(pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once("/*/") else {
        return std::path::Path::new(pattern).exists();
    };
    std::fs::read_dir(before)
        .map(|folders| folders.flatten().any(|folder| folder.path().join(after).exists()))
        .unwrap_or(false)
}
