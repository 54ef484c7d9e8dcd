//! What the system knows of the server's process.

use anyhow::Context;

/// Clock ticks a second: what Linux reports process times in, on every platform it supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time of a process so far, in seconds, user and system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CpuTime(f64);

impl CpuTime {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The second field is the program's name in brackets and may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("/proc/…/stat has another form")?;
        let ticks = |index: usize| -> anyhow::Result<f64> {
            Ok(fields.split_whitespace().nth(index).context("too few fields")?.parse()?)
        };
        Ok(Self((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND))
    }

    pub(crate) fn since(self, earlier: Self) -> f64 {
        self.0 - earlier.0
    }
}

/// Resident memory of a process in megabytes.
pub(crate) fn resident_mb(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024.0)
}
