//! What a process has open, as Linux tells it.

use std::{collections::HashSet, fs};

use anyhow::Context as _;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Lets this process open as many files as the system lets it: the usual limit is for programs that
/// are far from needing it.
///
/// # Errors
/// The system refuses.
pub fn allow_many_files() -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of open files")
}

/// How many UDP sockets a process has open.
///
/// # Errors
/// There is no such process, or it is another user's.
pub fn udp_sockets(pid: u32) -> anyhow::Result<usize> {
    let folder = format!("/proc/{pid}");
    let mut udp = HashSet::new();
    for table in ["udp", "udp6"] {
        // Without IPv6 there is no such table.
        let table = fs::read_to_string(format!("{folder}/net/{table}")).unwrap_or_default();
        let inodes = table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9));
        udp.extend(inodes.map(|inode| format!("socket:[{inode}]")));
    }
    let open = fs::read_dir(format!("{folder}/fd")).context("no such process")?;
    // One that is closed meanwhile is none.
    let open = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(open.filter(|target| target.to_str().is_some_and(|name| udp.contains(name))).count())
}
