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

/// Bytes before the samples of a sound file.
const WAV_HEADER: usize = 44;
/// Samples a second of what it says and hears.
const RATE: u32 = 8_000;

/// A running baresip. It says a tone, and keeps what it hears.
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
        let place = folder.path().display();
        let config = format!(
            "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\nrtp_ports {rtp}-{}\naudio_player aubridge,nobody\n\
             audio_source aufile,{place}/tone.wav\naudio_alert aufile,none\nsnd_path {place}\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aubridge.so\n\
             module aufile.so\nmodule sndfile.so\nmodule_app account.so\nmodule_app menu.so\n",
            rtp + 7
        );
        fs::write(folder.path().join("tone.wav"), tone())?;
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

    /// All that it has heard so far.
    ///
    /// # Errors
    /// It can't be read.
    pub fn heard(&self) -> anyhow::Result<Vec<i16>> {
        let mut heard = Vec::new();
        for file in fs::read_dir(self.folder.path())? {
            let path = file?.path();
            if path.to_string_lossy().ends_with("-dec.wav") {
                let bytes = fs::read(path)?;
                let samples = bytes.get(WAV_HEADER..).unwrap_or_default().chunks_exact(2);
                heard.extend(samples.map(|sample| i16::from_le_bytes([sample[0], sample[1]])));
            }
        }
        Ok(heard)
    }
}

/// A minute of a tone, as a file.
fn tone() -> Vec<u8> {
    let samples = (0..RATE * 60).map(|at| {
        let turns = f64::from(at) * 437.0 / f64::from(RATE);
        ((turns * std::f64::consts::TAU).sin() * 16_000.0) as i16
    });
    let sound: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let length = sound.len() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend((length + 36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend([1, 0, 1, 0]);
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(sound);
    file
}
