//! Which cores do what.

use anyhow::{Context as _, ensure};
use rustix::{
    process::Pid,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// The cores that this process may use.
pub(super) struct Cores {
    first: CpuSet,
    others: CpuSet,
}

impl Cores {
    pub(super) fn new() -> anyhow::Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let (mut first, mut others) = (CpuSet::new(), CpuSet::new());
        first.set(cores.next().context("there is no core")?);
        cores.for_each(|core| others.set(core));
        ensure!(others.count() > 0, "with one core there is none left for the load");
        Ok(Self { first, others })
    }

    /// Keeps a process on the first core, and this one on all the others: with all their threads, and
    /// those that they will start.
    pub(super) fn separate(&self, process: u32) -> anyhow::Result<()> {
        bind(process, &self.first)?;
        bind(std::process::id(), &self.others)
    }
}

fn bind(process: u32, cores: &CpuSet) -> anyhow::Result<()> {
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let thread = thread?.file_name();
        let thread = thread.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        sched_setaffinity(Some(thread.context("a thread without a number")?), cores)?;
    }
    Ok(())
}
