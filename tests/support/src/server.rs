//! The real program as a process, on ports and data of its own.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use crate::{SOON, answer, api::Api, ports::free_port, postgres::Database};

/// Lines of the log that are shown when a test fails.
const SHOWN_LINES: usize = 100;
/// How often a starting or stopping process is looked at.
const LOOK: Duration = Duration::from_millis(4);

/// The program that is tested: `BELLPUSH_BIN`, or else the workspace's debug build.
///
/// # Errors
/// There is none.
pub fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("BELLPUSH_BIN") {
        let path = PathBuf::from(path);
        ensure!(path.is_file(), "BELLPUSH_BIN: there is no file {}", path.display());
        return Ok(path);
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |target| workspace.join(target));
    let path = target.join("debug/bellpush");
    ensure!(
        path.is_file(),
        "there is no {}; run cargo build -p bellpush first, or name the program in BELLPUSH_BIN",
        path.display()
    );
    Ok(path)
}

/// `bellpush serve`, unaffected by the environment of the test.
///
/// # Errors
/// The program is missing.
pub fn command() -> anyhow::Result<Command> {
    let mut command = program()?;
    command.arg("serve");
    Ok(command)
}

/// `bellpush`, unaffected by the environment of the test.
///
/// # Errors
/// The program is missing.
pub fn program() -> anyhow::Result<Command> {
    Ok(unaffected(&binary()?))
}

/// A program that no option of the test's environment reaches.
fn unaffected(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BELLPUSH_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// How the server is started.
#[derive(Debug, Clone)]
pub struct Options {
    values: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    is_node: bool,
    /// In place of the one that is tested.
    program: Option<PathBuf>,
}

impl Options {
    /// The embedded database, limits that no test meets by accident, and integrations on this
    /// machine.
    #[must_use]
    pub fn sqlite() -> Self {
        let (values, environment) = (BTreeMap::new(), BTreeMap::new());
        let mut options = Self { values, environment, is_node: false, program: None };
        for limit in ["sessions", "calls", "events", "requests", "sign-ins"] {
            options = options.with(&format!("--{limit}-per-minute"), "1000000");
        }
        options
            .with("--max-calls-per-address", "1000000")
            .with("--max-connections-per-address", "1000000")
            .with("--allow-loopback-endpoints", "true")
            .with("--log-level", "info,bellpush_server=debug")
            .environment("BELLPUSH_ADMIN_API_KEY", &random_api_key())
    }

    /// The same on a PostgreSQL database.
    #[must_use]
    pub fn postgres(database: &Database) -> Self {
        Self::sqlite().with("--database-url", database.url())
    }

    /// Sets an option of the command line.
    #[must_use]
    pub fn with(mut self, option: &str, value: &str) -> Self {
        self.values.insert(option.to_owned(), value.to_owned());
        self
    }

    /// Sets an option that is not set yet.
    #[must_use]
    pub fn or(mut self, option: &str, value: &str) -> Self {
        self.values.entry(option.to_owned()).or_insert_with(|| value.to_owned());
        self
    }

    /// One of several servers: it is named by its own URL.
    #[must_use]
    pub fn as_node(mut self) -> Self {
        self.is_node = true;
        self
    }

    /// Leaves an option out.
    #[must_use]
    pub fn without(mut self, option: &str) -> Self {
        self.values.remove(option);
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Runs this program in place of the one that is tested.
    #[must_use]
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// Lets the server make its own API key, which it prints.
    #[must_use]
    pub fn without_api_key(mut self) -> Self {
        self.environment.remove("BELLPUSH_ADMIN_API_KEY");
        self
    }
}

fn random_api_key() -> String {
    let bits: [u8; 24] = rand::random();
    let digits: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("bp_{digits}")
}

/// A server. Dropping it kills it; its log is shown when the test fails.
#[derive(Debug)]
pub struct ServerProcess {
    child: Option<Child>,
    options: Options,
    http_port: u16,
    client: reqwest::Client,
    folder: TempDir,
}

impl ServerProcess {
    /// Starts a server and waits until it is ready.
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bellpush-test-").tempdir()?;
        let (http_port, media_port) = (free_port()?, free_port()?);
        let data = folder.path().join("data").to_string_lossy().into_owned();
        let mut options = options;
        if options.is_node {
            options = options.with("--node-url", &format!("http://127.0.0.1:{http_port}"));
        }
        for (option, value) in [
            ("--listen", format!("127.0.0.1:{http_port}")),
            ("--media-listen", format!("127.0.0.1:{media_port}")),
            ("--data-dir", data),
        ] {
            options.values.entry(option.into()).or_insert(value);
        }
        let client = answer::client();
        let mut server = Self { child: None, options, http_port, client, folder };
        server.restart().await?;
        Ok(server)
    }

    /// The URL that it is reached by, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// Its own origin, as its pages have it.
    #[must_use]
    pub fn own_origin(&self) -> String {
        format!("http://localhost:{}", self.http_port)
    }

    /// The management API with the key from the environment.
    #[must_use]
    pub fn api(&self) -> Api {
        let key = self.options.environment.get("BELLPUSH_ADMIN_API_KEY");
        Api::new(self.url(), key.map_or("", String::as_str))
    }

    /// The process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Its data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it printed for the person who started it, over all starts.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn printed(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("printed"))?)
    }

    /// What the newest link for the first owner shows.
    ///
    /// # Errors
    /// None was printed.
    pub fn setup_token(&self) -> anyhow::Result<String> {
        let printed = self.printed()?;
        let token = printed.rsplit("/studio/setup#token=").next().filter(|it| *it != printed);
        Ok(token.context("no link was printed")?.trim().to_owned())
    }

    /// Its log, over all starts.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn log(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.log_file())?)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts the process again, on the same ports and data, and does not wait for anything.
    ///
    /// # Errors
    /// The program can't be run, or is running.
    pub fn spawn(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "the server is running already");
        let file = |name: &str| {
            OpenOptions::new().create(true).append(true).open(self.folder.path().join(name))
        };
        let program = self.options.program.clone().map_or_else(binary, Ok)?;
        let mut command = unaffected(&program);
        command.arg("serve");
        command.stdout(file("printed")?).stderr(file("log")?).envs(&self.options.environment);
        for (option, value) in &self.options.values {
            command.args([option, value]);
        }
        self.child = Some(command.spawn().context("the server can't be run")?);
        Ok(())
    }

    /// Waits until `/readyz` says yes.
    ///
    /// # Errors
    /// It does not in time, or the process has ended.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + SOON;
        let address = format!("{}/readyz", self.url());
        loop {
            let answer = self.client.get(&address).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let child = self.child.as_mut().context("the server was not started")?;
            if let Some(status) = child.try_wait()? {
                bail!("the server has ended ({status}):\n{}", self.last_lines());
            }
            if Instant::now() > deadline {
                bail!("the server is not ready within {SOON:?}:\n{}", self.last_lines());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Starts the process again, on the same ports and data, and waits until it is ready.
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.spawn()?;
        self.ready().await
    }

    /// From its next start on it is this program.
    pub fn change_program(&mut self, program: &Path) {
        self.options.program = Some(program.to_owned());
    }

    /// Kills the process as `kill -9` does.
    ///
    /// # Errors
    /// It had ended by itself before.
    pub fn kill_9(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the server was not started")?;
        if let Some(status) = child.try_wait()? {
            bail!("the server had ended by itself ({status}):\n{}", self.last_lines());
        }
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Asks the process to stop, as a service manager does, and waits for its end.
    ///
    /// # Errors
    /// It does not end in time.
    pub async fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.ask_to_stop()?;
        self.ended().await
    }

    /// Asks the process to stop, as a service manager does.
    ///
    /// # Errors
    /// It does not run.
    pub fn ask_to_stop(&self) -> anyhow::Result<()> {
        let pid = self.pid().context("the server was not started")?;
        // The shell has a `kill` of its own everywhere.
        let kill = format!("kill -TERM {pid}");
        ensure!(Command::new("sh").args(["-c", &kill]).status()?.success(), "{kill} failed");
        Ok(())
    }

    /// Waits for the end of the process.
    ///
    /// # Errors
    /// It does not end in time.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let mut child = self.child.take().context("the server was not started")?;
        let ended = exit_of(&mut child).await;
        if ended.is_err() {
            self.child = Some(child);
        }
        ended
    }

    fn last_lines(&self) -> String {
        let log = self.log().unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; then there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("── the end of the server's log ──\n{}", self.last_lines());
        }
    }
}

/// Waits for the end of a process.
///
/// # Errors
/// It does not end in time.
pub async fn exit_of(child: &mut Child) -> anyhow::Result<ExitStatus> {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > deadline {
            bail!("the process has not ended within {SOON:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
}
