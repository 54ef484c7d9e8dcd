//! Kamailio as registrar and proxy.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bellpush_test_support::ports::free_port;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::process::{Child, Command};
use tokio_rustls::TlsAcceptor;

/// How long it may take to end.
const LAST: Duration = Duration::from_secs(5);

/// A running Kamailio: it registers user `1000` with password `secret`, and passes calls of that
/// user on to a port of loopback.
pub struct Kamailio {
    process: Child,
    folder: tempfile::TempDir,
    /// Where it listens for UDP and TCP, on loopback; TLS is one above.
    pub port: u16,
}

/// A certificate for 127.0.0.1 and ::1 that signs itself, in files.
pub struct Certificate(tempfile::TempDir);

impl Certificate {
    /// Makes one.
    ///
    /// # Errors
    /// The files can't be written.
    pub fn make() -> anyhow::Result<Self> {
        let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into(), "::1".into()])?;
        let certificate = Self(tempfile::tempdir()?);
        std::fs::write(certificate.file(), pem("CERTIFICATE", own.cert.der()))?;
        let key = pem("PRIVATE KEY", own.signing_key.serialized_der());
        std::fs::write(certificate.key_file(), key)?;
        Ok(certificate)
    }

    /// The certificate (PEM).
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.0.path().join("cert.pem")
    }

    /// Accepts TLS with it.
    ///
    /// # Errors
    /// It can't be read.
    pub fn acceptor(&self) -> anyhow::Result<TlsAcceptor> {
        let certificate = CertificateDer::from_pem_file(self.file())?;
        let key = PrivateKeyDer::from_pem_file(self.key_file())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn key_file(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }
}

impl Kamailio {
    /// Starts it, with an algorithm for digests. With a certificate, it takes TLS too.
    ///
    /// # Errors
    /// Kamailio can't be started.
    pub async fn start(
        next: u16,
        algorithm: &str,
        tls: Option<&Certificate>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let config = config(port, next, algorithm, tls);
        std::fs::write(folder.path().join("kamailio.cfg"), config)?;
        let kamailio = Self { process: spawn(folder.path())?, folder, port };
        kamailio.ready().await?;
        Ok(kamailio)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if start.elapsed() > Duration::from_secs(40) {
                bail!("Kamailio does not open its port: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Starts it again, after it was stopped, on the same ports.
    ///
    /// # Errors
    /// Kamailio can't be started.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.process = spawn(self.folder.path())?;
        self.ready().await
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it, so that it is a far side that vanishes.
    ///
    /// # Errors
    /// It does not stop.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        terminate(&self.process)?;
        tokio::time::timeout(Duration::from_secs(20), self.process.wait()).await??;
        Ok(())
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its children end with it only when it is asked to end, and has the time to tell them.
        let _ = terminate(&self.process);
        let start = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) && start.elapsed() < LAST {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn spawn(folder: &Path) -> anyhow::Result<Child> {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log"))?;
    Command::new("/usr/sbin/kamailio")
        .args(["-DD", "-E", "-m", "16", "-M", "4", "-f", "kamailio.cfg"])
        .arg("-Y")
        .arg(folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("Kamailio can't be started; install the Debian package kamailio")
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).flat_map(std::str::from_utf8).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn terminate(process: &Child) -> anyhow::Result<()> {
    if let Some(id) = process.id() {
        std::process::Command::new("kill").arg(id.to_string()).status()?;
    }
    Ok(())
}

fn config(port: u16, next: u16, algorithm: &str, tls: Option<&Certificate>) -> String {
    let (listen, module, parameters) = match tls {
        None => (String::new(), "", String::new()),
        Some(own) => (
            format!("enable_tls=yes\nlisten=tls:127.0.0.1:{}\n", port + 1),
            "loadmodule \"tls.so\"\n",
            format!(
                "modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\nmodparam(\"tls\", \"certificate\", \"{}\")\nmodparam(\"tls\", \"private_key\", \"{}\")\n",
                own.file().display(),
                own.key_file().display()
            ),
        ),
    };
    format!(
        r#"#!KAMAILIO
debug=2
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
disable_core_dump=yes
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
{listen}
{module}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
{parameters}
modparam("tm", "fr_timer", 1000)
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 60)
modparam("auth", "algorithm", "{algorithm}")
request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
        sl_send_reply("404", "Not here");
        exit;
    }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("127.0.0.1", "secret", "0") || $au != "1000") {{
            www_challenge("127.0.0.1", "1");
            exit;
        }}
        save("location");
        exit;
    }}
    if (!pv_proxy_authenticate("127.0.0.1", "secret", "0") || $au != "1000") {{
        proxy_challenge("127.0.0.1", "1");
        exit;
    }}
    consume_credentials();
    record_route();
    $du = "sip:127.0.0.1:{next}";
    t_relay();
}}
"#
    )
}
