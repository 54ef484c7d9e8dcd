//! baresip as the telephone: a whole user agent that takes every call.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bellpush_test_support::ports::{free_port, free_ports};
use tokio::process::{Child, Command};

/// How long it may take for one step.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running baresip. It hears itself.
pub struct Baresip {
    process: Child,
    folder: tempfile::TempDir,
    /// Where it listens, by UDP and TCP on loopback.
    pub port: u16,
}

impl Baresip {
    /// Starts one with the extension 100.
    ///
    /// # Errors
    /// It can't be started.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (port, rtp) = (free_port()?, free_ports(4)?);
        let config = format!(
            "sip_listen 127.0.0.1:{port}\nrtp_ports {rtp}-{}\naudio_player aubridge,x\n\
             audio_source aubridge,x\nmodule_path /usr/lib/baresip/modules\nmodule g711.so\n\
             module aubridge.so\nmodule_app account.so\nmodule_app menu.so\n",
            rtp + 7
        );
        fs::write(folder.path().join("config"), config)?;
        let account = "<sip:100@127.0.0.1>;regint=0;answermode=auto\n";
        fs::write(folder.path().join("accounts"), account)?;
        fs::write(folder.path().join("contacts"), "")?;
        let log = fs::File::create(folder.path().join("log"))?;
        let process = Command::new("baresip")
            .args(["-4", "-f"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("baresip can't be started; install the Debian package baresip-core")?;
        let mut baresip = Self { process, folder, port };
        baresip.says("baresip is ready").await?;
        Ok(baresip)
    }

    /// Waits until it has said this.
    ///
    /// # Errors
    /// It does not.
    pub async fn says(&mut self, text: &str) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let log = fs::read(self.folder.path().join("log"))?;
            let log = String::from_utf8_lossy(&log);
            if log.contains(text) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE || self.process.try_wait()?.is_some() {
                bail!("baresip does not say {text:?}: {log}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
