//! A network of a test's own: with public addresses, of which this machine has none to give away, and
//! with a firewall, which would be in others' way.

use std::{env, process::Command};

use anyhow::{Context as _, ensure};

/// Set where the test runs in its network already.
const INSIDE: &str = "BELLPUSH_TEST_NETWORK";

/// Runs the test of this name again in a network with these addresses beside those of loopback, and waits for
/// it. `false` where it runs there already: then the test is to do its work.
///
/// # Errors
/// There can't be such a network, or the test fails there.
pub fn runs_in_network_of_its_own(test: &str, addresses: &[&str]) -> anyhow::Result<bool> {
    if env::var_os(INSIDE).is_some() {
        return Ok(false);
    }
    let mut script = "set -e; ip link set lo up; ".to_owned();
    for address in addresses {
        script += &format!("ip addr add {address} dev lo; ");
    }
    script += "exec \"$0\" --exact \"$1\" --nocapture";
    // Root may do so as it is, and become other users in there.
    let id = Command::new("id").arg("-u").output().context("there is no id")?;
    let user: &[&str] =
        if id.stdout.trim_ascii() == b"0" { &[] } else { &["--user", "--map-root-user"] };
    let status = Command::new("unshare")
        .args(user)
        .args(["--net", "sh", "-c", &script])
        .arg(env::current_exe()?)
        .arg(test)
        .env(INSIDE, "1")
        .status()
        .context("there is no unshare; install the Debian packages util-linux and iproute2")?;
    ensure!(status.success(), "{test} failed in a network of its own: {status}");
    Ok(true)
}
