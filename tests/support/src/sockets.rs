//! What a process has open, as Linux tells it.

use std::{collections::HashSet, fs, path::PathBuf};

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

/// Readings of the system's tables that must bring nothing new.
const READINGS: usize = 3;

/// How many UDP sockets a process has open.
///
/// # Errors
/// There is no such process, or it is another user's.
pub fn udp_sockets(pid: u32) -> anyhow::Result<usize> {
    let folder = format!("/proc/{pid}");
    let open = fs::read_dir(format!("{folder}/fd")).context("no such process")?;
    // One that is closed meanwhile is none.
    let open: HashSet<PathBuf> =
        open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect();
    let mut udp = HashSet::new();
    let mut in_vain = 0;
    // The tables are those of all processes, and the system tells them piece by piece: while others
    // close sockets, a reading passes some of those over that stay.
    while in_vain < READINGS {
        let before = udp.len();
        for table in ["udp", "udp6"] {
            // Without IPv6 there is no such table.
            let table = fs::read_to_string(format!("{folder}/net/{table}")).unwrap_or_default();
            let inodes = table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9));
            let sockets = inodes.map(|inode| PathBuf::from(format!("socket:[{inode}]")));
            udp.extend(sockets.filter(|socket| open.contains(socket)));
        }
        in_vain = if udp.len() > before { 0 } else { in_vain + 1 };
    }
    Ok(udp.len())
}
