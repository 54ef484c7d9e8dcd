//! PgBouncer in front of a database: a connection of its own to PostgreSQL for each transaction.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use bellpush_test_support::ports::free_port;
use tempfile::TempDir;

use crate::{cluster::Cluster, is_root, output};

/// Since then it keeps prepared statements, whichever connection a transaction gets.
const LEAST_VERSION: (u32, u32) = (1, 21);
const HARDER: &str = "server_round_robin = 1\nserver_login_retry = 1";
const PAGE: &str = include_str!("../../../docs/operations.md");

/// A running pooler. Dropping it ends it.
pub struct Pooler {
    folder: TempDir,
    program: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Pooler {
    /// Starts one, as `docs/operations.md` advises.
    ///
    /// # Errors
    /// There is none that is new enough, or it does not start.
    pub fn start(database: &Cluster) -> anyhow::Result<Self> {
        let (program, port) = (program()?, free_port()?);
        let folder = tempfile::Builder::new().prefix("bellpush-pooler-").tempdir()?;
        let users = folder.path().join("users.txt");
        std::fs::write(&users, "\"bellpush\" \"\"\n")?;
        let mut configuration = example()?.to_owned();
        for (there, here) in [
            ("bellpush = host=db.example port=5432 dbname=bellpush", local(database)),
            ("listen_addr = 10.0.0.5", "listen_addr = 127.0.0.1\nunix_socket_dir =".into()),
            ("listen_port = 6432", format!("listen_port = {port}")),
            ("auth_type = scram-sha-256", "auth_type = trust".into()),
            ("/etc/pgbouncer/userlist.txt", users.display().to_string()),
            // Each transaction gets another connection than the one before, and a database that is back is
            // found at once.
            ("pool_mode = transaction", format!("pool_mode = transaction\n{HARDER}")),
        ] {
            ensure!(configuration.contains(there), "docs/operations.md has no {there:?} any more");
            configuration = configuration.replace(there, &here);
        }
        std::fs::write(folder.path().join("pgbouncer.ini"), configuration)?;
        if is_root()? {
            // It refuses to run as root.
            output(Command::new("chown").args(["--recursive", "postgres"]).arg(folder.path()))?;
        }
        let mut pooler = Self { folder, program, port, child: None };
        pooler.come_back()?;
        Ok(pooler)
    }

    /// The URL of the database behind it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://bellpush@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it with all connections, as a crash would.
    ///
    /// # Errors
    /// It had ended by itself.
    pub fn go_away(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the pooler does not run")?;
        if let Some(status) = child.try_wait()? {
            bail!("the pooler had ended by itself ({status}): {:?}", self.log());
        }
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Starts it again.
    ///
    /// # Errors
    /// It does not take connections.
    pub fn come_back(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::create(self.folder.path().join("log"))?;
        let mut command = if is_root()? {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
            command.arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        command.arg(self.folder.path().join("pgbouncer.ini")).current_dir("/");
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?);
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            ensure!(Instant::now() < deadline, "the pooler does not start: {:?}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn log(&self) -> std::io::Result<String> {
        std::fs::read_to_string(self.folder.path().join("log"))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; then there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The example of the documentation.
fn example() -> anyhow::Result<&'static str> {
    let from = PAGE.find("[databases]").context("docs/operations.md has no example")?;
    let to = PAGE[from..].find("```").context("the example has no end")?;
    Ok(&PAGE[from..from + to])
}

fn local(database: &Cluster) -> String {
    format!("* = host=127.0.0.1 port={}", database.port())
}

/// The one that `cargo xtask test` has built, or that of the system, if it is new enough.
///
/// # Errors
/// There is none.
pub fn program() -> anyhow::Result<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/pgbouncer");
    let programs = [built, PathBuf::from("/usr/sbin/pgbouncer")];
    let found = programs.into_iter().find(|program| version(program) >= Some(LEAST_VERSION));
    let (major, minor) = LEAST_VERSION;
    found.with_context(|| {
        format!("there is no PgBouncer {major}.{minor} or newer; cargo xtask test installs one")
    })
}

fn version(program: &Path) -> Option<(u32, u32)> {
    let said = output(Command::new(program).arg("--version")).ok()?;
    let mut numbers = said.split_whitespace().nth(1)?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
