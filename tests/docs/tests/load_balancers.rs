//! The load balancers of docs/operations.md, run as they stand there, with two servers behind them.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    SOON, answer, eventually,
    ports::free_port,
    postgres::Database,
    server::{Options, ServerProcess},
    widget::Embed,
};
use serde_json::json;
use tempfile::TempDir;

const PAGE: &str = include_str!("../../../docs/operations.md");
const ORIGIN: &str = "https://shop.example";
/// Requests after the death of a server, each of which is to be answered by the other one.
const REQUESTS: usize = 20;

#[tokio::test]
async fn haproxy_finds_the_servers_that_take_calls_and_that_of_a_call() {
    check("haproxy", start_haproxy).await.unwrap_or_else(|error| panic!("{error:#}"));
}

#[tokio::test]
async fn nginx_finds_the_servers_that_live_and_that_of_a_call() {
    check("nginx", start_nginx).await.unwrap_or_else(|error| panic!("{error:#}"));
}

/// A running load balancer. Dropping it ends it.
struct Balancer(Child);

impl Drop for Balancer {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn check(
    fence: &str,
    start: fn(&Path, String, u16) -> anyhow::Result<Child>,
) -> anyhow::Result<()> {
    let database = Database::create().await?;
    let port = free_port()?;
    let public = format!("http://127.0.0.1:{port}");
    let options = Options::postgres(&database)
        .with("--public-url", &public)
        .with("--trusted-proxies", "127.0.0.1/32")
        .with("--lease-seconds", "3")
        .as_node();
    let first = ServerProcess::start(options.clone()).await?;
    let key = first.data_dir().join("master.key").to_string_lossy().into_owned();
    let second = ServerProcess::start(options.with("--master-key-file", &key)).await?;
    let mut nodes = [first, second];

    let mut configuration = block(fence)?;
    for (place, node) in ["10.0.0.11:8080", "10.0.0.12:8080"].into_iter().zip(&nodes) {
        ensure!(configuration.contains(place), "the example does not name {place}");
        let address = node.url();
        configuration = configuration.replace(place, address.trim_start_matches("http://"));
    }
    let folder = TempDir::new()?;
    let _balancer = Balancer(start(folder.path(), configuration, port)?);
    let get = async |host: &str| {
        let request = answer::client().get(format!("{public}/readyz")).header("host", host);
        let answer = request.send().await;
        anyhow::Ok(answer.is_ok_and(|answer| answer.status().is_success()))
    };
    for host in ["calls.example.com", "node1.calls.example.com", "node2.calls.example.com"] {
        eventually(host, SOON, async || Ok(get(host).await?.then_some(()))).await?;
    }

    let api = nodes[0].api();
    let app = api.create_app(&json!({ "name": "Shop", "allowedOrigins": [ORIGIN] })).await?;
    let key = api.create_widget_key(&app).await?.key;
    let embed = Embed { server: public.clone(), app, key, origin: ORIGIN.into() };
    let visit = async || {
        let widget = embed.open(json!({ "orderId": "A-1" })).await?;
        let event = widget.event("widget_loaded", json!({ "isPreview": false }));
        widget.submit(&[event]).await?.expect(200).map(drop)
    };
    visit().await?;

    nodes[1].kill_9()?;
    for request in 0..REQUESTS {
        visit().await.with_context(|| format!("request {request} after the death of a server"))?;
    }
    ensure!(
        get("node1.calls.example.com").await?,
        "the server that lives is not found by its name"
    );
    ensure!(!get("node2.calls.example.com").await?, "a server answers to the name of another one");
    nodes[1].restart().await?;
    eventually("the server is back", SOON, async || {
        Ok(get("node2.calls.example.com").await?.then_some(()))
    })
    .await
}

/// A block of the page.
fn block(fence: &str) -> anyhow::Result<String> {
    let begin = format!("```{fence}\n");
    let blocks = PAGE.split(&begin).skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let with_two = blocks.filter(|block| block.contains("10.0.0.12"));
    Ok(with_two.last().with_context(|| format!("the page has no example of {fence}"))?.to_owned())
}

/// Replaces what the test can't have as it is.
fn with(text: &str, there: &str, here: &str) -> anyhow::Result<String> {
    ensure!(text.contains(there), "the example has no {there:?} any more");
    Ok(text.replace(there, here))
}

fn start_haproxy(folder: &Path, example: String, port: u16) -> anyhow::Result<Child> {
    let there = "bind :443 ssl crt /etc/haproxy/calls.example.com.pem";
    let configuration = with(&example, there, &format!("bind 127.0.0.1:{port}"))?;
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, configuration)?;
    let mut haproxy = Command::new("haproxy");
    haproxy.arg("-db").arg("-f").arg(file);
    spawn(haproxy)
}

fn start_nginx(folder: &Path, example: String, port: u16) -> anyhow::Result<Child> {
    let example = with(&example, "listen 443 ssl;", &format!("listen 127.0.0.1:{port};"))?;
    let place = folder.display();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {place}/{name};\n"))
        .concat();
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {place}/pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\n{paths}{example}}}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration)?;
    let mut nginx = Command::new("nginx");
    nginx.arg("-c").arg(file).arg("-p").arg(folder);
    spawn(nginx)
}

fn spawn(mut command: Command) -> anyhow::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("{command:?} can't be run; cargo xtask test installs it"))
}
