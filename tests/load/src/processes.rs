//! What the system knows of the processes: CPU time and memory.

use std::collections::BTreeMap;

use anyhow::Context as _;

/// Clock ticks a second: what Linux reports process times in, on every platform it supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// The processes whose CPU time is told apart, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Processes {
    /// One, or all that share a database.
    pub(crate) servers: Vec<u32>,
    pub(crate) sink: u32,
    /// The parent of PostgreSQL's processes.
    pub(crate) postgres: Option<u32>,
}

/// CPU seconds so far, user and system, by process.
#[derive(Debug, Clone)]
pub(crate) struct CpuTime(BTreeMap<&'static str, f64>);

impl Processes {
    pub(crate) fn cpu_time(&self) -> anyhow::Result<CpuTime> {
        let servers: Vec<_> = self.servers.iter().map(|pid| cpu(*pid)).collect::<Result<_, _>>()?;
        let mut times = BTreeMap::from([
            ("server", servers.iter().map(|process| process.own).sum()),
            ("sink", cpu(self.sink)?.own),
            // A load generator is a child of this process, and has ended when its load is over.
            ("load", cpu(std::process::id())?.ended_children),
        ]);
        if let Some(postmaster) = self.postgres {
            let parent = cpu(postmaster)?;
            let children: f64 = children(postmaster)?.iter().map(|process| process.own).sum();
            times.insert("postgres", parent.own + parent.ended_children + children);
        }
        Ok(CpuTime(times))
    }
}

impl CpuTime {
    /// What was used since then, by process.
    pub(crate) fn since(&self, earlier: &Self) -> BTreeMap<String, f64> {
        let used =
            |name| self.0.get(name).copied().unwrap_or(0.0) - earlier.0.get(name).unwrap_or(&0.0);
        self.0.keys().map(|name| ((*name).to_owned(), used(name))).collect()
    }
}

#[derive(Debug)]
struct Process {
    parent: u32,
    own: f64,
    ended_children: f64,
}

fn cpu(pid: u32) -> anyhow::Result<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("/proc/…/stat has another form")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |index: usize| -> anyhow::Result<f64> {
        Ok(fields.get(index).context("too few fields in /proc/…/stat")?.parse()?)
    };
    Ok(Process {
        parent: field(1)? as u32,
        own: (field(11)? + field(12)?) / TICKS_PER_SECOND,
        ended_children: (field(13)? + field(14)?) / TICKS_PER_SECOND,
    })
}

fn children(parent: u32) -> anyhow::Result<Vec<Process>> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        // A process may end while it is looked at.
        let process = entry.file_name().to_str().and_then(|name| name.parse().ok()).map(cpu);
        if let Some(Ok(process)) = process
            && process.parent == parent
        {
            children.push(process);
        }
    }
    Ok(children)
}

/// CPU seconds of a process so far, user and system.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    Ok(cpu(pid)?.own)
}

/// The parent of a process.
pub(crate) fn parent(pid: u32) -> anyhow::Result<u32> {
    Ok(cpu(pid)?.parent)
}

/// Resident memory in megabytes: now, and the most it ever was.
pub(crate) fn resident_mb(pid: u32) -> anyhow::Result<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let megabytes = |name: &str| -> anyhow::Result<f64> {
        let line =
            status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    };
    Ok((megabytes("VmRSS:")?, megabytes("VmHWM:")?))
}
