//! The configuration: command line over environment over file over defaults.

mod database;
mod file;
mod ports;
mod services;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use bellpush_core::{
    cluster::{LONGEST_LEASE, SHORTEST_LEASE},
    integration::EndpointUrl,
    origin::AllowedOrigin,
};
use bellpush_delivery::{Nat64Prefix, scheduler::RetrySchedule};
use bellpush_server::{MailConfig, NodeUrl, TurnConfig};
use clap::{Args, ValueEnum};
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use http::Uri;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use self::ports::{PortRange, address, port_range, told_address};

pub(crate) use database::DatabaseOptions;

/// The longest wait before a retry that can be set.
const MAX_RETRY_SECONDS: u32 = 7 * 24 * 3_600;

/// A token that can't be guessed has so many bytes at least.
const MIN_METRICS_TOKEN_BYTES: usize = 16;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Declares the options once: as arguments (all optional) and as the complete set of values.
macro_rules! options {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr, $value:literal, $env:literal $([$($extra:tt)+])?;)*) => {
        /// The options of `bellpush serve`.
        #[derive(Debug, Default, Args, Serialize)]
        pub(crate) struct Options {
            /// Read options from this TOML file
            #[arg(long, value_name = "FILE", env = "BELLPUSH_CONFIG")]
            #[serde(skip)]
            pub(crate) config: Option<PathBuf>,
            $($(#[doc = $doc])+
            #[arg(long, value_name = $value, env = $env $(, $($extra)+)?)]
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) $name: Option<$type>,)*
        }

        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Values { $($name: $type,)* }

        impl Default for Values {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }
    };
}

const fn rate(per_minute: u32) -> NonZeroU32 {
    match NonZeroU32::new(per_minute) {
        Some(rate) => rate,
        None => NonZeroU32::MIN,
    }
}

options! {
    /// Address and port for HTTP [default: 127.0.0.1:8080]
    listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), "ADDRESS", "BELLPUSH_LISTEN" [value_parser = address];
    /// Address and port for /metrics alone [default: at --listen, for who shows --metrics-token or an
    /// API key]
    metrics_listen: String = String::new(), "ADDRESS", "BELLPUSH_METRICS_LISTEN";
    /// The bearer token that /metrics is shown for
    metrics_token: String = String::new(), "TOKEN", "BELLPUSH_METRICS_TOKEN" [hide_env_values = true];
    /// The URL that browsers reach the server by [default: http://localhost and the HTTP port]
    public_url: String = String::new(), "URL", "BELLPUSH_PUBLIC_URL";
    /// Directory for the embedded database and the master key [default: data]
    data_dir: PathBuf = PathBuf::from("data"), "DIRECTORY", "BELLPUSH_DATA_DIR";
    /// Keep everything in this PostgreSQL database instead, like postgres://user:password@host/name
    database_url: String = String::new(), "URL", "BELLPUSH_DATABASE_URL" [hide_env_values = true];
    /// The same database past a pooler like PgBouncer, for the one connection that listens to other
    /// servers [default: --database-url]
    database_listen_url: String = String::new(), "URL", "BELLPUSH_DATABASE_LISTEN_URL" [hide_env_values = true];
    /// File with the master keys that secrets are encrypted with [default: master.key in the data
    /// directory, made at the first start]
    master_key_file: PathBuf = PathBuf::new(), "FILE", "BELLPUSH_MASTER_KEY_FILE";
    /// The master keys themselves, as version:key with commas between them, in place of the file
    master_keys: String = String::new(), "KEYS", "BELLPUSH_MASTER_KEYS" [hide_env_values = true];
    /// UDP and TCP address and port for the media of browsers [default: 0.0.0.0:10000]
    media_listen: SocketAddr = SocketAddr::from(([0, 0, 0, 0], 10_000)), "ADDRESS", "BELLPUSH_MEDIA_LISTEN" [value_parser = address];
    /// IP addresses that browsers reach that port by, separated by commas [default: all addresses
    /// of this machine]
    media_addresses: Vec<IpAddr> = Vec::new(), "IP", "BELLPUSH_MEDIA_ADDRESSES" [value_delimiter = ','];
    /// Threads for media; each further one takes the port after the one before [default: 1]
    media_threads: NonZeroUsize = NonZeroUsize::MIN, "COUNT", "BELLPUSH_MEDIA_THREADS";
    /// Address and port that SIP is sent from [default: 0.0.0.0 and any free port]
    sip_listen: SocketAddr = SocketAddr::from(([0, 0, 0, 0], 0)), "ADDRESS", "BELLPUSH_SIP_LISTEN" [value_parser = address];
    /// IP address that telephone systems reach the SIP port by [default: the address that each is
    /// reached from]
    sip_address: String = String::new(), "IP", "BELLPUSH_SIP_ADDRESS";
    /// UDP ports for the media of telephone systems, two a call [default: 20000-29999]
    rtp_ports: PortRange = PortRange { first: 20_000, last: 29_999 }, "PORTS", "BELLPUSH_RTP_PORTS" [value_parser = port_range];
    /// IP address that those ports are opened on [default: 0.0.0.0]
    rtp_listen: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED), "IP", "BELLPUSH_RTP_LISTEN";
    /// IP address that telephone systems are told to send media to [default: the first address that
    /// browsers are told]
    rtp_address: String = String::new(), "IP", "BELLPUSH_RTP_ADDRESS";
    /// URLs of a TURN server for visitors whose network blocks UDP, separated by commas, like
    /// turn:turn.example:3478?transport=tcp
    turn_urls: Vec<String> = Vec::new(), "URL", "BELLPUSH_TURN_URLS" [value_delimiter = ','];
    /// The secret shared with the TURN server (coturn: static-auth-secret)
    turn_secret: String = String::new(), "SECRET", "BELLPUSH_TURN_SECRET" [hide_env_values = true];
    /// The SMTP server that invitations and alerts are mailed by, like smtps://user:password@mail.example
    smtp_url: String = String::new(), "URL", "BELLPUSH_SMTP_URL" [hide_env_values = true];
    /// The address that mail comes from
    mail_from: String = String::new(), "ADDRESS", "BELLPUSH_MAIL_FROM";
    /// The URL that browsers reach this very server by, when several share one public URL
    node_url: String = String::new(), "URL", "BELLPUSH_NODE_URL";
    /// URLs that servers may have which join later, separated by commas, like https://*.calls.example.com
    node_urls: Vec<String> = Vec::new(), "URL", "BELLPUSH_NODE_URLS" [value_delimiter = ','];
    /// Seconds after its last word that a server is taken for dead by those that share its PostgreSQL,
    /// 3 to 20 [default: 10]
    lease_seconds: u32 = 10, "SECONDS", "BELLPUSH_LEASE_SECONDS";
    /// Another URL of this server, from which custom code is shown: browsers then keep it apart from
    /// the widget, in a process of its own
    code_url: String = String::new(), "URL", "BELLPUSH_CODE_URL";
    /// Networks of reverse proxies whose X-Forwarded-For is believed, separated by commas
    trusted_proxies: Vec<IpNet> = Vec::new(), "NETWORK", "BELLPUSH_TRUSTED_PROXIES" [value_delimiter = ','];
    /// How log lines are written [default: text]
    log_format: LogFormat = LogFormat::Text, "FORMAT", "BELLPUSH_LOG_FORMAT" [value_enum];
    /// What is logged: error, warn, info, debug or trace, also per module [default: info]
    log_level: String = "info".into(), "FILTER", "BELLPUSH_LOG_LEVEL";
    /// Send the traces of events to the OpenTelemetry collector at this URL, by OTLP over HTTP
    otlp_endpoint: String = String::new(), "URL", "BELLPUSH_OTLP_ENDPOINT";
    /// Share of the events that are traced, of those whose request does not say [default: 1]
    trace_ratio: f64 = 1.0, "RATIO", "BELLPUSH_TRACE_RATIO";
    /// API key in place of the one that was configured before, which is revoked at the start [default:
    /// one is made at the first start and printed once]
    admin_api_key: String = String::new(), "KEY", "BELLPUSH_ADMIN_API_KEY" [hide_env_values = true];
    /// Make a demo app and serve a page at /demo that embeds it
    demo: bool = false, "BOOL", "BELLPUSH_DEMO" [num_args = 0..=1, default_missing_value = "true"];
    /// Let integrations send to this machine, also by plain http; for development
    allow_loopback_endpoints: bool = false, "BOOL", "BELLPUSH_ALLOW_LOOPBACK_ENDPOINTS" [num_args = 0..=1, default_missing_value = "true"];
    /// Private networks that integrations may send to, separated by commas
    allow_endpoint_networks: Vec<IpNet> = Vec::new(), "NETWORK", "BELLPUSH_ALLOW_ENDPOINT_NETWORKS" [value_delimiter = ','];
    /// Prefixes by which this network's own NAT64 leads to IPv4 addresses, separated by commas
    nat64_prefixes: Vec<Nat64Prefix> = Vec::new(), "NETWORK", "BELLPUSH_NAT64_PREFIXES" [value_delimiter = ','];
    /// Active integrations of one app, at most [default: 3]
    max_active_integrations: u8 = bellpush_core::integration::MAX_ACTIVE, "COUNT", "BELLPUSH_MAX_ACTIVE_INTEGRATIONS";
    /// Longest wait in seconds before each retry of a delivery, separated by commas [default:
    /// 5,30,120,600,1800,7200,21600,43200]
    retry_seconds: Vec<u32> = vec![5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200], "SECONDS", "BELLPUSH_RETRY_SECONDS" [value_delimiter = ','];
    /// Attempts of a delivery that the endpoint refuses with most statuses of 400 to 499, at most
    /// [default: 2]
    attempts_when_refused: u32 = 2, "COUNT", "BELLPUSH_ATTEMPTS_WHEN_REFUSED";
    /// Tell the admins by POST to this URL when an integration is switched off
    admin_webhook_url: String = String::new(), "URL", "BELLPUSH_ADMIN_WEBHOOK_URL" [hide_env_values = true];
    /// Days that statistics of deliveries, and analytics, are kept [default: 400]
    statistics_days: u32 = 400, "DAYS", "BELLPUSH_STATISTICS_DAYS";
    /// Days that notifications are kept [default: 90]
    notification_days: u32 = 90, "DAYS", "BELLPUSH_NOTIFICATION_DAYS";
    /// Days that SIP messages and quality of calls are kept; 0 records none [default: 7]
    call_record_days: u32 = 7, "DAYS", "BELLPUSH_CALL_RECORD_DAYS";
    /// Megabytes that all of these may take; the oldest go first [default: 1024]
    call_record_megabytes: u32 = 1_024, "MEGABYTES", "BELLPUSH_CALL_RECORD_MEGABYTES";
    /// Widget sessions a minute from one address [default: 60]
    sessions_per_minute: NonZeroU32 = rate(60), "COUNT", "BELLPUSH_SESSIONS_PER_MINUTE";
    /// Calls a minute from one address [default: 10]
    calls_per_minute: NonZeroU32 = rate(10), "COUNT", "BELLPUSH_CALLS_PER_MINUTE";
    /// Events a minute from one session [default: 120]
    events_per_minute: NonZeroU32 = rate(120), "COUNT", "BELLPUSH_EVENTS_PER_MINUTE";
    /// Other requests a minute from one address [default: 300]
    requests_per_minute: NonZeroU32 = rate(300), "COUNT", "BELLPUSH_REQUESTS_PER_MINUTE";
    /// Attempts to sign in a minute to one account, and four times as many from one address [default: 10]
    sign_ins_per_minute: NonZeroU32 = rate(10), "COUNT", "BELLPUSH_SIGN_INS_PER_MINUTE";
    /// Open HTTP connections from one address, at most, where no proxy is trusted [default: 64]
    max_connections_per_address: NonZeroU32 = rate(64), "COUNT", "BELLPUSH_MAX_CONNECTIONS_PER_ADDRESS";
    /// Live calls at once, at most [default: 1000]
    max_calls: usize = 1_000, "COUNT", "BELLPUSH_MAX_CALLS";
    /// Live calls at once from one address, at most [default: 20]
    max_calls_per_address: NonZeroU32 = rate(20), "COUNT", "BELLPUSH_MAX_CALLS_PER_ADDRESS";
    /// Seconds after which a call is ended [default: 7200]
    max_call_seconds: u32 = 7_200, "SECONDS", "BELLPUSH_MAX_CALL_SECONDS";
    /// Seconds without any packet from the browser after which a call has failed [default: 20]
    media_timeout_seconds: u32 = 20, "SECONDS", "BELLPUSH_MEDIA_TIMEOUT_SECONDS";
    /// Seconds without any packet from a telephone system after which a call has failed [default: 30]
    rtp_timeout_seconds: u32 = 30, "SECONDS", "BELLPUSH_RTP_TIMEOUT_SECONDS";
    /// Seconds that a widget's session token is valid; widgets refresh it by themselves [default: 900]
    session_seconds: u32 = 900, "SECONDS", "BELLPUSH_SESSION_SECONDS";
    /// Seconds to let live calls finish when the server is stopped [default: 0]
    drain_seconds: u32 = 0, "SECONDS", "BELLPUSH_DRAIN_SECONDS";
}

/// Where the master keys are.
#[derive(Debug)]
pub(crate) enum MasterKeys {
    /// In this file.
    File(PathBuf),
    /// Here.
    Given(SecretString),
}

/// The configuration, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) metrics_token: Option<SecretString>,
    pub(crate) max_connections_per_address: NonZeroU32,
    /// The server's own origin, as browsers see it.
    pub(crate) origin: AllowedOrigin,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<SecretString>,
    pub(crate) database_listen_url: Option<SecretString>,
    pub(crate) master_keys: MasterKeys,
    pub(crate) media_listen: SocketAddr,
    pub(crate) media_addresses: Vec<IpAddr>,
    pub(crate) media_threads: NonZeroUsize,
    pub(crate) sip_listen: SocketAddr,
    pub(crate) sip_address: Option<IpAddr>,
    pub(crate) rtp_ports: RangeInclusive<u16>,
    pub(crate) rtp_listen: IpAddr,
    pub(crate) rtp_address: Option<IpAddr>,
    pub(crate) rtp_timeout: Duration,
    /// Without a slash at the end.
    pub(crate) node_url: Option<AllowedOrigin>,
    pub(crate) node_urls: Vec<NodeUrl>,
    pub(crate) lease: Duration,
    /// Not that of the widget.
    pub(crate) code_origin: Option<AllowedOrigin>,
    pub(crate) turn: Option<TurnConfig>,
    pub(crate) mail: Option<MailConfig>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
    pub(crate) otlp_endpoint: Option<Url>,
    pub(crate) trace_ratio: f64,
    pub(crate) admin_api_key: Option<SecretString>,
    pub(crate) demo: bool,
    pub(crate) allow_loopback_endpoints: bool,
    pub(crate) allow_endpoint_networks: Vec<IpNet>,
    pub(crate) nat64_prefixes: Vec<Nat64Prefix>,
    pub(crate) max_active_integrations: u8,
    pub(crate) retries: RetrySchedule,
    pub(crate) admin_webhook_url: Option<Uri>,
    pub(crate) keep_statistics: Duration,
    pub(crate) keep_notifications: Duration,
    /// Zero: nothing is recorded.
    pub(crate) keep_call_records: Duration,
    pub(crate) max_call_record_bytes: u64,
    pub(crate) limits: bellpush_server::LimitSettings,
    pub(crate) max_calls: usize,
    pub(crate) max_calls_per_address: NonZeroU32,
    pub(crate) max_call_duration: Duration,
    pub(crate) media_timeout: Duration,
    pub(crate) session_lifetime: Duration,
    pub(crate) drain: Duration,
}

impl Config {
    /// Reads the file, if one is named, lays the options over it, and checks all values.
    ///
    /// # Errors
    /// One sentence that names the option and says what to write.
    pub(crate) fn load(options: Options) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Values::default()));
        if let Some(file) = &options.config {
            if !file.is_file() {
                bail!("--config: there is no file {}", file.display());
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let values: Values = figment
            .merge(Serialized::defaults(&options))
            .extract()
            .map_err(|error| anyhow!("the configuration can't be read: {}", file::why(&error)))?;
        Self::check(values)
    }

    fn check(values: Values) -> anyhow::Result<Self> {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 3_600);
        let public_url = if values.public_url.is_empty() {
            format!("http://localhost:{}", values.listen.port())
        } else {
            values.public_url
        };
        let origin = origin_of(&public_url, "--public-url")?;
        let database_url = database::postgres_url(values.database_url).context(
            "--database-url: write postgres://user:password@host/name, or leave it out to use the \
             embedded database in the data directory",
        )?;
        let database_listen_url = database::postgres_url(values.database_listen_url)
            .filter(|url| url.is_none() || database_url.is_some())
            .context(
                "--database-listen-url: write postgres://user:password@host/name, of the database \
                 that --database-url names",
            )?;
        let admin_api_key = match values.admin_api_key.as_str() {
            "" => None,
            key if bellpush_server::ApiKey::parse(key).is_some() => {
                Some(SecretString::from(values.admin_api_key))
            }
            _ => {
                bail!("--admin-api-key: a key is bp_ followed by 32 to 128 letters, digits, - or _")
            }
        };
        for (option, time) in [
            ("--max-call-seconds", values.max_call_seconds),
            ("--media-timeout-seconds", values.media_timeout_seconds),
            ("--rtp-timeout-seconds", values.rtp_timeout_seconds),
            ("--session-seconds", values.session_seconds),
            ("--statistics-days", values.statistics_days),
            ("--notification-days", values.notification_days),
        ] {
            if time == 0 {
                bail!("{option}: must be at least 1");
            }
        }
        let (shortest, longest) = (SHORTEST_LEASE.as_secs(), LONGEST_LEASE.as_secs());
        if !(shortest..=longest).contains(&values.lease_seconds.into()) {
            bail!("--lease-seconds: write a number from {shortest} to {longest}");
        }
        if values.attempts_when_refused == 0 {
            bail!("--attempts-when-refused: must be at least 1");
        }
        if values.retry_seconds.iter().any(|seconds| *seconds > MAX_RETRY_SECONDS) {
            bail!("--retry-seconds: no wait is longer than {MAX_RETRY_SECONDS} seconds (7 days)");
        }
        let retries = RetrySchedule {
            waits: values.retry_seconds.iter().map(|wait| seconds(*wait)).collect(),
            attempts_when_refused: values.attempts_when_refused,
        };
        let admin_webhook_url = match values.admin_webhook_url.as_str() {
            "" => None,
            // Never with the value in the message: it may hold a secret.
            url => Some(admin_webhook(url).ok_or_else(|| {
                anyhow!("--admin-webhook-url: write it like https://hooks.example/admins")
            })?),
        };
        let otlp_endpoint = match values.otlp_endpoint.as_str() {
            "" => None,
            url => Some(collector(url).context("--otlp-endpoint")?),
        };
        if !(0.0..=1.0).contains(&values.trace_ratio) {
            bail!("--trace-ratio: write a number from 0 to 1");
        }
        let has_file = !values.master_key_file.as_os_str().is_empty();
        let master_keys = match values.master_keys.as_str() {
            "" if has_file => MasterKeys::File(values.master_key_file),
            "" => MasterKeys::File(values.data_dir.join("master.key")),
            _ if has_file => bail!("--master-keys: leave it or --master-key-file out"),
            _ => MasterKeys::Given(values.master_keys.into()),
        };
        let sip_address = told_address(&values.sip_address).context("--sip-address")?;
        let rtp_address = told_address(&values.rtp_address).context("--rtp-address")?;
        Ok(Self {
            listen: values.listen,
            code_origin: code_origin(&values.code_url, &origin)?,
            metrics_listen: match values.metrics_listen.as_str() {
                "" => None,
                text => Some(address(text).map_err(|error| anyhow!("--metrics-listen: {error}"))?),
            },
            metrics_token: match values.metrics_token.as_str() {
                "" => None,
                text if text.len() < MIN_METRICS_TOKEN_BYTES => {
                    bail!("--metrics-token: write {MIN_METRICS_TOKEN_BYTES} characters at least")
                }
                _ => Some(SecretString::from(values.metrics_token)),
            },
            max_connections_per_address: values.max_connections_per_address,
            origin,
            data_dir: values.data_dir,
            database_url,
            database_listen_url,
            master_keys,
            media_listen: values.media_listen,
            media_addresses: values.media_addresses,
            media_threads: values.media_threads,
            sip_listen: values.sip_listen,
            sip_address,
            rtp_ports: values.rtp_ports.range(),
            rtp_listen: values.rtp_listen,
            rtp_address,
            rtp_timeout: seconds(values.rtp_timeout_seconds),
            node_url: optional_origin(&values.node_url, "--node-url")?,
            node_urls: services::node_urls(&values.node_urls)?,
            lease: seconds(values.lease_seconds),
            turn: services::turn(values.turn_urls, values.turn_secret)?,
            mail: services::mail(values.smtp_url, values.mail_from)?,
            trusted_proxies: values.trusted_proxies,
            log_format: values.log_format,
            log_level: values.log_level,
            otlp_endpoint,
            trace_ratio: values.trace_ratio,
            admin_api_key,
            demo: values.demo,
            allow_loopback_endpoints: values.allow_loopback_endpoints,
            allow_endpoint_networks: values.allow_endpoint_networks,
            nat64_prefixes: values.nat64_prefixes,
            max_active_integrations: values.max_active_integrations,
            retries,
            admin_webhook_url,
            keep_statistics: days(values.statistics_days),
            keep_notifications: days(values.notification_days),
            keep_call_records: days(values.call_record_days),
            max_call_record_bytes: u64::from(values.call_record_megabytes) * 1_000_000,
            limits: bellpush_server::LimitSettings {
                sessions_per_minute: values.sessions_per_minute,
                calls_per_minute: values.calls_per_minute,
                events_per_minute: values.events_per_minute,
                requests_per_minute: values.requests_per_minute,
                sign_ins_per_minute: values.sign_ins_per_minute,
            },
            max_calls: values.max_calls,
            max_calls_per_address: values.max_calls_per_address,
            max_call_duration: seconds(values.max_call_seconds),
            media_timeout: seconds(values.media_timeout_seconds),
            session_lifetime: seconds(values.session_seconds),
            drain: seconds(values.drain_seconds),
        })
    }
}

/// A URL without a path, as the option's value.
fn origin_of(url: &str, option: &'static str) -> anyhow::Result<AllowedOrigin> {
    Url::parse(url)
        .ok()
        .filter(|url| url.path() == "/" && url.query().is_none())
        .ok_or_else(|| anyhow!("{option}: {url:?} is not like https://calls.example.com"))?
        .as_str()
        .parse()
        .context(option)
}

fn optional_origin(url: &str, option: &'static str) -> anyhow::Result<Option<AllowedOrigin>> {
    (!url.is_empty()).then(|| origin_of(url, option)).transpose()
}

/// Where custom code is shown from, if that is not where the widget is.
fn code_origin(url: &str, own: &AllowedOrigin) -> anyhow::Result<Option<AllowedOrigin>> {
    let origin = optional_origin(url, "--code-url")?;
    if origin.as_ref() == Some(own) {
        bail!("--code-url: {url} is the URL of the widget; give the server another name for it");
    }
    Ok(origin)
}

/// The URL of a collector, to which `/v1/traces` is added.
fn collector(text: &str) -> anyhow::Result<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty())
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .context(
            "write it like http://localhost:4318; a password goes into OTEL_EXPORTER_OTLP_HEADERS",
        )
}

/// A URL with the rules of endpoints, without secrets to fill in.
fn admin_webhook(text: &str) -> Option<Uri> {
    let url = text.parse::<EndpointUrl>().ok()?;
    url.plain()?.as_str().parse().ok()
}

#[cfg(test)]
mod tests;
