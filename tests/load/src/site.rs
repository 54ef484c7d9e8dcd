//! The machinery of a measurement: the server with its database, the sink, and load generators.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    api::{Api, App},
    postgres::Database,
    server::{Options as ServerOptions, ServerProcess},
    widget::Embed,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
};

use crate::{
    generator::{EVENT, Load},
    options::StoreKind,
    processes::{self, Processes},
    sink::{Addresses, Counted},
};

pub(crate) const ORIGIN: &str = "https://shop.example";
/// Widgets under load, each with a session and a connection of its own.
pub(crate) const CONNECTIONS: usize = 64;

/// All that runs during a measurement.
pub(crate) struct Site {
    // Dropped in this order: the server before its database.
    pub(crate) server: ServerProcess,
    pub(crate) sink: Sink,
    postgres: Option<Postgres>,
}

/// A database of the measurement's own.
pub(crate) struct Postgres {
    pub(crate) database: Database,
    /// The parent of all of PostgreSQL's processes.
    pub(crate) postmaster: u32,
}

impl Site {
    pub(crate) async fn start(store: StoreKind) -> anyhow::Result<Self> {
        Self::start_with(store, |options| options).await
    }

    /// The same, with more options of the server.
    pub(crate) async fn start_with(
        store: StoreKind,
        more: impl FnOnce(ServerOptions) -> ServerOptions,
    ) -> anyhow::Result<Self> {
        let sink = Sink::start().await?;
        let postgres = match store {
            StoreKind::Postgres => Some(Postgres::start().await?),
            StoreKind::Sqlite => None,
        };
        let options = match &postgres {
            Some(postgres) => ServerOptions::postgres(&postgres.database),
            None => ServerOptions::sqlite(),
        };
        let options = options
            .with("--log-level", "info")
            .environment("SSL_CERT_FILE", &sink.certificate_file());
        Ok(Self { server: ServerProcess::start(more(options)).await?, sink, postgres })
    }

    pub(crate) fn processes(&self) -> anyhow::Result<Processes> {
        Ok(Processes {
            servers: vec![self.server_pid()?],
            sink: self.sink.child.id().context("the sink has ended")?,
            postgres: self.postgres.as_ref().map(|postgres| postgres.postmaster),
        })
    }

    pub(crate) fn server_pid(&self) -> anyhow::Result<u32> {
        self.server.pid().context("the server is not running")
    }

    /// An app with these integrations, each given by its URL.
    pub(crate) async fn shop(&self, urls: &[String]) -> anyhow::Result<Shop> {
        self.shop_with(urls, CONNECTIONS).await
    }

    /// The same, with so many widgets.
    pub(crate) async fn shop_with(
        &self,
        urls: &[String],
        connections: usize,
    ) -> anyhow::Result<Shop> {
        let api = self.server.api();
        let app = api.create_app(&json!({ "name": "Load", "allowedOrigins": [ORIGIN] })).await?;
        let mut integrations = Vec::new();
        for url in urls {
            integrations.push(api.create_integration(&app, url, &[EVENT]).await?.id);
        }
        let key = api.create_widget_key(&app).await?.key;
        let embed =
            Embed { server: self.server.url(), app: app.clone(), key, origin: ORIGIN.into() };
        let mut tokens = Vec::new();
        for _ in 0..connections {
            tokens.push(embed.open(json!({ "orderId": "A-12345" })).await?.session.token);
        }
        Ok(Shop { api, app, integrations, tokens })
    }

    /// Makes load on a shop, and waits for its end.
    pub(crate) async fn load(&self, shop: &Shop, options: &LoadOptions) -> anyhow::Result<Load> {
        let widgets = Widgets {
            servers: vec![self.server.url()],
            tokens: &shop.tokens,
            fan_out: shop.integrations.len().max(1),
        };
        widgets.load(&self.sink, options).await
    }
}

/// Where events come from.
pub(crate) struct Widgets<'a> {
    /// The URLs of the servers, which the connections are spread over.
    pub(crate) servers: Vec<String>,
    /// Of one session each, with a connection of its own.
    pub(crate) tokens: &'a [String],
    /// Deliveries of each event.
    pub(crate) fan_out: usize,
}

impl Widgets<'_> {
    /// Makes load, and waits for its end.
    pub(crate) async fn load(&self, sink: &Sink, options: &LoadOptions) -> anyhow::Result<Load> {
        let servers: Option<Vec<&str>> =
            self.servers.iter().map(|url| url.strip_prefix("http://")).collect();
        let servers = servers.context("the load is plain HTTP")?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["generate", "--server", &servers.join(",")])
            .arg(format!("--tokens={}", self.tokens.join(",")))
            .arg(format!("--batch={}", options.batch))
            .arg(format!("--fan-out={}", self.fan_out))
            // Not for longer than who waits for it.
            .kill_on_drop(true);
        if let Some(time) = options.time {
            command.arg(format!("--seconds={}", time.as_secs()));
        }
        if let Some(events) = options.events {
            command.arg(format!("--events={events}"));
        }
        if let Some(rate) = options.rate {
            command.arg(format!("--rate={rate}"));
        }
        if let Some(outstanding) = options.outstanding {
            command
                .arg(format!("--outstanding={outstanding}"))
                .arg(format!("--count={}", sink.addresses.count));
        }
        let output = command.stderr(Stdio::inherit()).output().await?;
        ensure!(output.status.success(), "the load generator failed");
        serde_json::from_slice(&output.stdout).context("the load generator's output")
    }
}

/// What load to make; everything that is not given is without bound.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoadOptions {
    pub(crate) batch: usize,
    pub(crate) time: Option<Duration>,
    pub(crate) events: Option<u64>,
    /// Events a second.
    pub(crate) rate: Option<f64>,
    /// Deliveries on their way before the next event is submitted.
    pub(crate) outstanding: Option<u64>,
}

/// An app under load.
pub(crate) struct Shop {
    api: Api,
    app: App,
    pub(crate) integrations: Vec<String>,
    tokens: Vec<String>,
}

impl Shop {
    /// Makes something that belongs to the app.
    pub(crate) async fn post(&self, noun: &str, body: &Value) -> anyhow::Result<()> {
        let path = format!("/v1/apps/{}/{noun}", self.app.id);
        self.api.post(&path, body).await?.expect(201)?;
        Ok(())
    }

    /// Ends the load of its integrations. They are not deleted: the server would take away all that
    /// they had, beside what is measured next.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        for id in &self.integrations {
            let path = format!("/v1/apps/{}/integrations/{id}", self.app.id);
            self.api.patch(&path, &json!({ "active": false })).await?.expect(200)?;
        }
        Ok(())
    }
}

impl Postgres {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let database = Database::create().await?;
        let (client, connection) =
            tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await?;
        let connection = tokio::spawn(connection);
        let backend: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
        let postmaster = processes::parent(u32::try_from(backend)?)?;
        drop(client);
        connection.await??;
        Ok(Self { database, postmaster })
    }
}

/// The webhook receiver's process. Dropping it ends it.
pub(crate) struct Sink {
    pub(crate) child: Child,
    commands: OwnedWriteHalf,
    answers: Lines<BufReader<OwnedReadHalf>>,
    addresses: Addresses,
    folder: TempDir,
}

impl Sink {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bellpush-sink-").tempdir()?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("sink")
            .arg("--certificate")
            .arg(folder.path().join("certificate.pem"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("the sink has no output")?;
        let first = BufReader::new(output).lines().next_line().await?;
        let addresses: Addresses = serde_json::from_str(&first.context("the sink did not start")?)?;
        let (answers, commands) = TcpStream::connect(&addresses.control).await?.into_split();
        let answers = BufReader::new(answers).lines();
        Ok(Self { child, commands, answers, addresses, folder })
    }

    fn certificate_file(&self) -> String {
        self.folder.path().join("certificate.pem").to_string_lossy().into_owned()
    }

    /// The URL that is answered in this way (see the sink) and counted under this name.
    pub(crate) fn http(&self, way: &str, name: &str) -> String {
        format!("http://{}/{way}/{name}", self.addresses.http)
    }

    /// The same by TLS.
    pub(crate) fn https(&self, way: &str, name: &str) -> String {
        format!("https://{}/{way}/{name}", self.addresses.https)
    }

    /// What was counted since it was asked last, by name.
    pub(crate) async fn take(&mut self) -> anyhow::Result<BTreeMap<String, Counted>> {
        self.ask(b"take\n").await
    }

    /// How many deliveries [`Sink::take`] would count.
    pub(crate) async fn peek(&mut self) -> anyhow::Result<u64> {
        self.ask(b"peek\n").await
    }

    async fn ask<T: DeserializeOwned>(&mut self, command: &[u8]) -> anyhow::Result<T> {
        self.commands.write_all(command).await?;
        let answer = self.answers.next_line().await?.context("the sink has ended")?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Answers at once on `/gate/…` from now on.
    pub(crate) async fn open_gate(&mut self) -> anyhow::Result<()> {
        self.ask(b"open\n").await
    }
}
