//! Two servers on one database, and calls that go from one to the other.

use bellpush_sip_tests::Kamailio;
use bellpush_test_support::{
    SOON,
    door::Door,
    eventually,
    postgres::Database,
    server::{Options, ServerProcess},
    widget::{Placed, TakenUp, Widget},
};
use serde_json::{Value, json};

use super::{Result, Shop, comes_to, hears_itself};

/// Two servers on one database.
pub(crate) struct Servers {
    pub(crate) shop: Shop,
    pub(crate) other: ServerProcess,
    _kamailio: Option<Kamailio>,
    pub(crate) database: Database,
    trunk: String,
    profile: String,
}

impl Servers {
    /// With a telephone behind a proxy that stays in the dialog.
    pub(crate) async fn start(phone: u16) -> anyhow::Result<Self> {
        let kamailio = Kamailio::start(phone, "SHA-256", None).await?;
        let servers = Self::with_trunk(kamailio.port).await?;
        Ok(Self { _kamailio: Some(kamailio), ..servers })
    }

    /// With a trunk to this port.
    pub(crate) async fn with_trunk(port: u16) -> anyhow::Result<Self> {
        Self::with(port, |other| other).await
    }

    /// The same with more options of the other server.
    pub(crate) async fn with(
        port: u16,
        more: impl FnOnce(Options) -> Options,
    ) -> anyhow::Result<Self> {
        Self::on(Database::create().await?, port, |first| first, more).await
    }

    /// With a telephone behind a proxy, and a door between the first server and the database.
    pub(crate) async fn with_door(phone: u16) -> anyhow::Result<(Self, Door)> {
        let kamailio = Kamailio::start(phone, "SHA-256", None).await?;
        let (servers, door) = Self::with_door_to_trunk(kamailio.port).await?;
        Ok((Self { _kamailio: Some(kamailio), ..servers }, door))
    }

    /// With a trunk to this port, and such a door.
    pub(crate) async fn with_door_to_trunk(port: u16) -> anyhow::Result<(Self, Door)> {
        let database = Database::create().await?;
        let (door, url) = Door::before(database.url()).await?;
        let through = |first: Options| first.with("--database-url", &url);
        Ok((Self::on(database, port, through, |other| other).await?, door))
    }

    async fn on(
        database: Database,
        port: u16,
        first: impl FnOnce(Options) -> Options,
        more: impl FnOnce(Options) -> Options,
    ) -> anyhow::Result<Self> {
        let options = Options::postgres(&database).with("--lease-seconds", "3").as_node();
        let options = options.with("--rtp-listen", "127.0.0.1").with("--rtp-address", "127.0.0.1");
        let shop = Shop::with(first(options.clone()), json!({})).await?;
        let key = shop.server.data_dir().join("master.key").to_string_lossy().into_owned();
        let other = options.with("--master-key-file", &key).with("--sip-listen", "127.0.0.1:0");
        let other = ServerProcess::start(more(other)).await?;
        let trunk = json!({
            "name": "Provider", "domain": "127.0.0.1", "port": port,
            "username": "1000", "password": "secret", "keepAliveSeconds": null,
        });
        let trunk = shop.create("/v1/trunks", &trunk).await?;
        let profile = shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
        let servers = Self { shop, other, _kamailio: None, database, trunk, profile };
        // What another server has set up is known a moment later.
        servers.runs_trunk(true).await?;
        Ok(servers)
    }

    /// Lets calls last so many seconds from their answer.
    pub(crate) async fn limit_calls(&self, seconds: u32) -> Result {
        let path = format!("/v1/apps/{}/destinations/{}", self.shop.app.id, self.profile);
        let limit = json!({ "maxDurationSeconds": seconds });
        self.shop.api.patch(&path, &limit).await?.expect(200)?;
        Ok(())
    }

    /// Has the trunk take no new calls, anywhere.
    pub(crate) async fn rest_trunk(&self) -> Result {
        let path = format!("/v1/trunks/{}", self.trunk);
        self.shop.api.patch(&path, &json!({ "active": false })).await?.expect(200)?;
        self.runs_trunk(false).await
    }

    async fn runs_trunk(&self, runs: bool) -> Result {
        let path = format!("/v1/trunks/{}", self.trunk);
        eventually("the other server knows how the trunk is", SOON, async || {
            let trunk: Value = self.other.api().get(&path).await?.expect(200)?.json()?;
            Ok((trunk["status"].is_null() != runs).then_some(()))
        })
        .await
    }

    /// Takes a call up at the other server, whose telephone is heard then.
    pub(crate) async fn take_over(
        &self,
        widget: &Widget,
        call: &Placed,
    ) -> anyhow::Result<TakenUp> {
        let at_other = widget.at(&self.other.url());
        let mut taken = at_other.take_over(&call.call_id, &call.resume_token).await?;
        let address = format!("{}/v1/calls/{}", self.other.url(), call.call_id);
        assert_eq!(taken.address, address);
        hears_itself(&mut taken.media).await?;
        comes_to(&taken.widget, &call.call_id, "connected").await?;
        Ok(taken)
    }

    pub(crate) async fn record(&self, call_id: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/apps/{}/calls/{call_id}", self.shop.app.id);
        self.other.api().get(&path).await?.expect(200)?.json()
    }

    pub(crate) async fn events(&self, call_id: &str) -> anyhow::Result<Vec<String>> {
        let query = format!("callId={call_id}");
        let events = self.other.api().events(&self.shop.app, &query).await?;
        Ok(events.iter().map(|event| event.name()).collect())
    }
}
