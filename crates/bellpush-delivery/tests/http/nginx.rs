//! A real nginx that closes its connections again and again.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::prelude::*;
use bellpush_core::delivery::DeliveryStatus;
use bellpush_delivery::{DeliveryEngine, announcements};
use rustls::pki_types::CertificateDer;

use crate::{
    support::{FakeQueue, quick, until_within},
    tls::{Scripted, client},
};

const EVENTS: usize = 3_000;

/// Ends with the test.
struct Nginx {
    process: Child,
    folder: PathBuf,
    port: u16,
    certificate: CertificateDer<'static>,
}

impl Nginx {
    /// `http2`: by HTTP/2. `keepalive_requests`: requests that it takes on one connection.
    async fn start(http2: bool, keepalive_requests: u32) -> Self {
        let made = rcgen::generate_simple_self_signed(["hooks.example".to_owned()]).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("bellpush-nginx-{port}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("cert.pem"), pem("CERTIFICATE", made.cert.der())).unwrap();
        let key = pem("PRIVATE KEY", &made.signing_key.serialize_der());
        fs::write(folder.join("key.pem"), key).unwrap();
        let http2 = if http2 { "http2" } else { "" };
        let configuration = format!(
            "daemon off; worker_processes 1; pid nginx.pid; error_log error.log;
             events {{ worker_connections 1024; }}
             http {{
                 access_log off;
                 client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                 uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                 server {{
                     listen 127.0.0.1:{port} ssl {http2};
                     ssl_certificate cert.pem; ssl_certificate_key key.pem;
                     keepalive_requests {keepalive_requests};
                     location / {{ return 200 'thanks'; }}
                 }}
             }}"
        );
        fs::write(folder.join("nginx.conf"), configuration).unwrap();
        // Where it is missing, `cargo xtask test` installs it.
        let process = Command::new("nginx")
            .args(["-e", "error.log", "-c", "nginx.conf", "-p"])
            .arg(&folder)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        until_within(Duration::from_secs(20), "nginx answers", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .await;
        Self { process, folder, port, certificate: made.cert.der().clone() }
    }
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its worker ends with it.
        _ = Command::new("nginx")
            .args(["-e", "error.log", "-c", "nginx.conf", "-s", "stop", "-p"])
            .arg(&self.folder)
            .status();
        _ = self.process.wait();
        _ = fs::remove_dir_all(&self.folder);
    }
}

/// Delivers many events at once, and says how many attempts each took at most.
async fn deliver(nginx: &Nginx) -> u32 {
    let url = format!("https://hooks.example:{}/hook", nginx.port);
    let queue = FakeQueue::with(&[&url]);
    (0..EVENTS).for_each(|_| _ = queue.commit(0, None));
    let resolver = Scripted::new(&[&["127.0.0.1"]]);
    let client = client(quick().client.addresses, resolver, &[&nginx.certificate]);
    let (_announcer, announced) = announcements(8);
    let engine = DeliveryEngine::start_with(client, queue.clone(), announced, quick());
    until_within(Duration::from_secs(60), "all delivered", || {
        queue.count(DeliveryStatus::Delivered) == EVENTS
    })
    .await;
    engine.shut_down(Duration::from_secs(5)).await;
    queue.contents().rows.values().map(|row| row.pending.attempts).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_nginx_that_takes_few_requests_on_a_connection_costs_no_attempt() {
    for http2 in [true, false] {
        for keepalive_requests in [1, 3, 20, 100, 1_000] {
            let nginx = Nginx::start(http2, keepalive_requests).await;
            let attempts = deliver(&nginx).await;
            assert_eq!(attempts, 1, "{keepalive_requests} requests, HTTP/2: {http2}");
        }
    }
}
