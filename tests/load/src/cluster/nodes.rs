//! The servers of a cluster with their database, the receiver, and apps whose pages are at all of them.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use anyhow::{Context as _, ensure};
use bellpush_core::{cluster::Shard, ids::IntegrationId};
use bellpush_test_support::{
    eventually,
    server::{Options as ServerOptions, ServerProcess},
    widget::Embed,
};
use serde::Serialize;
use serde_json::json;
use tokio_postgres::{NoTls, Row};

use crate::{
    generator::{EVENT, Load},
    processes::{Processes, resident_mb},
    sink::{Counted, GRAIN_US},
    site::{ORIGIN, Postgres, Sink, Widgets},
};

/// Each server has its share by then, also after the lease of a dead one.
const BALANCED_WITHIN: Duration = Duration::from_secs(60);
/// All deliveries have been made by then, also those that a dead server had in flight.
const ARRIVED_WITHIN: Duration = Duration::from_secs(60);

/// All that runs.
pub(super) struct Nodes {
    // Dropped in this order: the servers before their database.
    servers: Vec<ServerProcess>,
    pub(super) sink: Sink,
    postgres: Postgres,
    /// One session of each app.
    tokens: Vec<String>,
    /// The first app's page.
    page: Option<Embed>,
    /// Each counted under its place here.
    integrations: Vec<IntegrationId>,
}

/// What a database holds, and what it has written into its write-ahead log.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Kept {
    pub(super) database_bytes: f64,
    pub(super) log_bytes: f64,
}

impl Kept {
    /// What came for each of so many since then.
    pub(super) fn since(self, earlier: &Self, count: u64) -> Self {
        Self {
            database_bytes: (self.database_bytes - earlier.database_bytes) / count as f64,
            log_bytes: (self.log_bytes - earlier.log_bytes) / count as f64,
        }
    }
}

impl Nodes {
    pub(super) async fn start(count: usize, apps: usize, lease: u64) -> anyhow::Result<Self> {
        let (sink, postgres) = (Sink::start().await?, Postgres::start().await?);
        let options = ServerOptions::postgres(&postgres.database)
            .with("--log-level", "warn")
            .with("--lease-seconds", &lease.to_string())
            .as_node();
        let first = ServerProcess::start(options.clone()).await?;
        let key = first.data_dir().join("master.key").to_string_lossy().into_owned();
        let options = options.with("--master-key-file", &key);
        let mut servers = vec![first];
        while servers.len() < count {
            servers.push(ServerProcess::start(options.clone()).await?);
        }
        let mut nodes = Self {
            servers,
            sink,
            postgres,
            tokens: Vec::new(),
            page: None,
            integrations: Vec::new(),
        };
        for app in 0..apps {
            nodes.open_app(app).await?;
        }
        Ok(nodes)
    }

    async fn open_app(&mut self, number: usize) -> anyhow::Result<()> {
        let server = &self.servers[0];
        let api = server.api();
        let settings = json!({ "name": format!("Shop {number}"), "allowedOrigins": [ORIGIN] });
        let app = api.create_app(&settings).await?;
        let url = self.sink.http("now", &number.to_string());
        let integration = api.create_integration(&app, &url, &[EVENT]).await?.id;
        self.integrations.push(integration.parse().context("the id of an integration")?);
        let key = api.create_widget_key(&app).await?.key;
        let embed = Embed { server: server.url(), app, key, origin: ORIGIN.into() };
        self.tokens.push(embed.open(json!({ "orderId": "A-12345" })).await?.session.token);
        self.page.get_or_insert(embed);
        Ok(())
    }

    /// Waits until each server that lives has an even share of all shards.
    pub(super) async fn are_balanced(&self) -> anyhow::Result<()> {
        let least = 128 / self.servers.len() as i64;
        eventually("an even share for each server", BALANCED_WITHIN, async || {
            let owners = self.owners().await?;
            let mut shares = BTreeMap::<_, i64>::new();
            for owner in owners.values() {
                *shares.entry(owner).or_default() += 1;
            }
            let even = shares.len() == self.servers.len() && shares.values().all(|it| *it >= least);
            Ok(even.then_some(()))
        })
        .await
    }

    /// The first app's page, at the first server.
    pub(super) fn page(&self) -> anyhow::Result<&Embed> {
        self.page.as_ref().context("there is no app")
    }

    /// What the database holds and has written so far.
    pub(super) async fn kept(&self) -> anyhow::Result<Kept> {
        let sql = "
            SELECT CAST(pg_database_size(current_database()) AS BIGINT),
                CAST(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS BIGINT)";
        let rows = self.ask(sql).await?;
        let row = rows.first().context("no row")?;
        let bytes = |column: usize| row.get::<_, i64>(column) as f64;
        Ok(Kept { database_bytes: bytes(0), log_bytes: bytes(1) })
    }

    async fn ask(&self, sql: &str) -> anyhow::Result<Vec<Row>> {
        let (client, connection) =
            tokio_postgres::connect(self.postgres.database.url(), NoTls).await?;
        let connection = tokio::spawn(connection);
        let rows = client.query(sql, &[]).await?;
        drop(client);
        connection.await??;
        Ok(rows)
    }

    /// The URL of each shard's owner.
    async fn owners(&self) -> anyhow::Result<BTreeMap<u8, String>> {
        let sql = "
            SELECT shard, nodes.url
            FROM shards
            JOIN nodes ON nodes.id = shards.node_id";
        let mut owners = BTreeMap::new();
        for row in self.ask(sql).await? {
            owners.insert(u8::try_from(row.get::<_, i64>(0))?, row.get(1));
        }
        Ok(owners)
    }

    /// The names under which deliveries of this server are counted.
    pub(super) async fn integrations_of(&self, server: usize) -> anyhow::Result<Vec<String>> {
        let (owners, url) = (self.owners().await?, self.servers[server].url());
        let of_server = |id: &IntegrationId| owners.get(&Shard::of(*id).number()) == Some(&url);
        let found = self.integrations.iter().enumerate().filter(|(_, id)| of_server(id));
        Ok(found.map(|(place, _)| place.to_string()).collect())
    }

    /// The pages of all apps, at these servers.
    pub(super) fn widgets(&self, servers: Range<usize>) -> Widgets<'_> {
        let servers = self.servers[servers].iter().map(ServerProcess::url).collect();
        Widgets { servers, tokens: &self.tokens, fan_out: 1 }
    }

    /// The pages of all apps, at the first server, with the receiver; and another server.
    pub(super) fn pages_and(&mut self, other: usize) -> (Widgets<'_>, &Sink, &mut ServerProcess) {
        let servers = vec![self.servers[0].url()];
        let widgets = Widgets { servers, tokens: &self.tokens, fan_out: 1 };
        (widgets, &self.sink, &mut self.servers[other])
    }

    /// Waits until each event of a load has arrived. What a dead server had in flight may come twice.
    pub(super) async fn arrived(
        &mut self,
        load: &Load,
    ) -> anyhow::Result<BTreeMap<String, Counted>> {
        let deadline = std::time::Instant::now() + ARRIVED_WITHIN;
        while self.sink.peek().await? < load.accepted {
            ensure!(std::time::Instant::now() < deadline, "not all deliveries have arrived");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.sink.take().await
    }

    pub(super) async fn bring_back(&mut self, server: usize) -> anyhow::Result<()> {
        self.servers[server].restart().await
    }

    pub(super) fn processes(&self) -> anyhow::Result<Processes> {
        let pids = self.servers.iter().map(ServerProcess::pid).collect::<Option<_>>();
        Ok(Processes {
            servers: pids.context("a server is not running")?,
            sink: self.sink.child.id().context("the sink has ended")?,
            postgres: Some(self.postgres.postmaster),
        })
    }

    pub(super) fn memory_mb(&self) -> anyhow::Result<Vec<f64>> {
        let resident = |pid: &u32| Ok(resident_mb(*pid)?.0);
        self.processes()?.servers.iter().map(resident).collect()
    }
}

/// Deliveries in each grain of time since the first one, of all names together.
pub(super) fn together(counted: &BTreeMap<String, Counted>) -> Vec<u32> {
    let came = || counted.values().filter(|name| name.deliveries > 0);
    let first = came().map(|name| name.first_us).min().unwrap_or_default();
    let mut all = Vec::new();
    for name in came() {
        let offset = ((name.first_us - first) / GRAIN_US) as usize;
        if all.len() < offset + name.timeline.len() {
            all.resize(offset + name.timeline.len(), 0);
        }
        for (place, count) in name.timeline.iter().enumerate() {
            all[offset + place] += count;
        }
    }
    all
}

/// For how long after that instant each of these names had to wait for a delivery, in microseconds, to
/// the grain of what is counted.
pub(super) fn waits(
    counted: &BTreeMap<String, Counted>,
    names: &[String],
    after_us: u64,
) -> anyhow::Result<Vec<u64>> {
    ensure!(!names.is_empty(), "the dead server had no integration");
    let wait = |name: &String| {
        let counted = counted.get(name).with_context(|| format!("nothing came for {name}"))?;
        let ends = (1..).map(|grain: u64| counted.first_us + grain * GRAIN_US);
        let mut came = counted.timeline.iter().zip(ends).filter(|(count, _)| **count > 0);
        let next = came.find(|(_, end_us)| *end_us - GRAIN_US >= after_us);
        let (_, end_us) = next.with_context(|| format!("nothing came for {name} any more"))?;
        Ok(end_us - after_us)
    };
    names.iter().map(wait).collect()
}
