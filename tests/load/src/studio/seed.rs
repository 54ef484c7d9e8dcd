//! Fills the database: the rows of 90 days, as a shop might have them.

use std::path::Path;

use anyhow::Context as _;
use bellpush_core::{
    ids::{AppId, CallId},
    lifecycle::Phase,
    quality::{CallSide, QualitySample},
    record::{RecordEntry, Recorded, SipCarrier, SipMessage},
};
use bellpush_store::{CallRecordPart, KeyRing, Store, Target};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend};

/// Days that the rows are spread over.
const DAYS: u64 = 90;
const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// Calls that have a record.
const RECORDED: u64 = 2_000;

/// Browsers that visitors have.
pub(super) const BROWSERS: [&str; 6] = ["Chrome", "Safari", "Firefox", "Edge", "Opera", "Yandex"];

/// How much there is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amounts {
    pub(crate) calls: u64,
    pub(crate) events: u64,
}

/// What was put in.
#[derive(Debug)]
pub(crate) struct Seeded {
    pub(crate) app: String,
    pub(crate) integration: String,
    pub(crate) calls: u64,
    /// The newest ones have a record.
    pub(crate) recorded: u64,
    begin_ms: u64,
    step_ms: u64,
}

impl Seeded {
    /// The id of the n-th call, from 0, oldest first.
    pub(crate) fn call(&self, n: u64) -> String {
        let n = n.min(self.calls.saturating_sub(1));
        let millis = self.begin_ms + n * self.step_ms;
        format!("call_{millis:012x}70008000{n:012}")
    }

    /// All days, as analytics is asked for them.
    pub(crate) fn days(&self) -> String {
        let day = |millis: u64| {
            let millis = i64::try_from(millis).unwrap_or_default();
            let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
            jiff::tz::TimeZone::UTC.to_datetime(moment).date()
        };
        let last = day(self.begin_ms + DAYS * DAY_MS);
        format!("from={}&to={last}", day(self.begin_ms + DAY_MS))
    }

    /// The n-th day, as two times.
    pub(crate) fn day(&self, n: u64) -> (String, String) {
        let at = |day: u64| {
            let millis = i64::try_from(self.begin_ms + day * DAY_MS).unwrap_or_default();
            jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
        };
        (at(n), at(n + 1))
    }
}

/// Fills the database that a server has made.
pub(crate) async fn fill(
    postgres: Option<&str>,
    data_dir: &Path,
    app: &str,
    integration: &str,
    amounts: Amounts,
) -> anyhow::Result<Seeded> {
    let now = u64::try_from(jiff::Timestamp::now().as_millisecond())?;
    let begin_ms = now - DAYS * DAY_MS;
    let step_ms = (DAYS * DAY_MS / amounts.calls.max(1)).max(1);
    let recorded = RECORDED.min(amounts.calls);
    let seeded = Seeded {
        app: app.to_owned(),
        integration: integration.to_owned(),
        calls: amounts.calls,
        recorded,
        begin_ms,
        step_ms,
    };
    let url = match postgres {
        Some(url) => url.to_owned(),
        None => format!("sqlite://{}", data_dir.join("bellpush.db").display()),
    };
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.context("the database can't be reached")?;
    rows(&connection, &seeded, amounts).await?;
    connection.close().await?;
    records(postgres, data_dir, &seeded).await?;
    Ok(seeded)
}

/// Everything that SQL can make by itself.
async fn rows(
    connection: &DatabaseConnection,
    seeded: &Seeded,
    amounts: Amounts,
) -> anyhow::Result<()> {
    let is_postgres = connection.get_database_backend() == DbBackend::Postgres;
    if !is_postgres {
        // Only while it is filled: nothing is lost but the time, should it break off.
        for pragma in ["synchronous = OFF", "cache_size = -400000", "temp_store = MEMORY"] {
            connection.execute_unprepared(&format!("PRAGMA {pragma}")).await?;
        }
    }
    let per_call = amounts.events / amounts.calls.max(1);
    for sql in STATEMENTS {
        let sql = sql
            .replace("{numbers}", NUMBERS)
            .replace("{count}", &amounts.calls.to_string())
            .replace("{app}", &seeded.app)
            .replace("{integration}", &seeded.integration)
            .replace("{ms}", &format!("({} + n * {})", seeded.begin_ms, seeded.step_ms))
            .replace("{per_call}", &per_call.max(1).to_string());
        let sql = if is_postgres {
            sql.replace("{hex}", "lpad(to_hex(CAST(ms AS BIGINT)), 12, '0')")
                .replace("{n12}", "lpad(CAST(n AS TEXT), 12, '0')")
                .replace("{e12}", "lpad(CAST(n * 8 + k AS TEXT), 12, '0')")
        } else {
            sql.replace("{hex}", "printf('%012x', ms)")
                .replace("{n12}", "printf('%012d', n)")
                .replace("{e12}", "printf('%012d', n * 8 + k)")
        };
        connection.execute_unprepared(&sql).await.with_context(|| sql.clone())?;
    }
    let analyze = if is_postgres { "ANALYZE" } else { "PRAGMA wal_checkpoint(TRUNCATE)" };
    connection.execute_unprepared(analyze).await?;
    Ok(())
}

const NUMBERS: &str = "(WITH RECURSIVE counted (n) AS (
    SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {count}
) SELECT n, {ms} AS ms FROM counted) AS numbers";

const STATEMENTS: &[&str] = &[
    "INSERT INTO sessions (id, app_id, origin, browser, language, context, preview, created_at)
     SELECT 'ses_' || {hex} || '70008000' || {n12}, '{app}',
        'https://shop' || ((n / 7) % 10) || '.example',
        CASE (n / 3) % 6 WHEN 0 THEN 'Chrome' WHEN 1 THEN 'Safari' WHEN 2 THEN 'Firefox'
            WHEN 3 THEN 'Edge' WHEN 4 THEN 'Opera' ELSE 'Yandex' END,
        CASE (n / 11) % 8 WHEN 0 THEN 'de' WHEN 1 THEN 'en' WHEN 2 THEN 'fr' WHEN 3 THEN 'ar'
            WHEN 4 THEN 'es' WHEN 5 THEN 'pl' WHEN 6 THEN 'tr' ELSE 'it' END,
        '{\"orderId\":\"A-' || n || '\",\"page\":\"/p' || (n % 10) || '\",\"shop\":\"main\"}', FALSE, ms
     FROM {numbers}",
    "INSERT INTO session_context (app_id, key, value, session_id)
     SELECT '{app}', 'orderId', 'A-' || n, 'ses_' || {hex} || '70008000' || {n12} FROM {numbers}",
    "INSERT INTO session_context (app_id, key, value, session_id)
     SELECT '{app}', 'page', '/p' || (n % 10), 'ses_' || {hex} || '70008000' || {n12}
     FROM {numbers}",
    "INSERT INTO session_context (app_id, key, value, session_id)
     SELECT '{app}', 'shop', 'main', 'ses_' || {hex} || '70008000' || {n12} FROM {numbers}",
    "INSERT INTO calls
        (id, app_id, session_id, profile_id, node_id, state, started_at, connected_at, ended_at,
         end_reason, duration, error_code, answered_by, quality, quality_grade)
     SELECT 'call_' || {hex} || '70008000' || {n12}, '{app}',
        'ses_' || {hex} || '70008000' || {n12},
        'dest_0192000000007000800000000000000' || (n % 7),
        'node_01920000000070008000000000000001',
        CASE WHEN n % 12 = 5 THEN 'error' ELSE 'ended' END,
        ms, CASE WHEN n % 12 <> 5 THEN ms + 4000 END, ms + 10000 + (n % 400) * 1000,
        CASE WHEN n % 12 <> 5 THEN CASE WHEN n % 3 = 0 THEN 'user_hangup' ELSE 'remote_hangup' END END,
        CASE WHEN n % 12 <> 5 THEN 10 + n % 400 END,
        CASE WHEN n % 12 = 5 THEN
            CASE WHEN n % 50000 = 5 THEN 'signaling_failed' ELSE 'media_failed' END END,
        CASE WHEN n % 12 <> 5 THEN 'dest_0192000000007000800000000000000' || (n % 7) END,
        CASE WHEN n % 12 <> 5 THEN '{\"visitor\":null,\"farSide\":null,\"warnings\":[]}' END,
        CASE WHEN n % 12 <> 5 THEN
            CASE WHEN n % 25 = 0 THEN 'poor' WHEN n % 9 = 0 THEN 'fair' ELSE 'good' END END
     FROM {numbers}",
    "INSERT INTO survey_responses (call_id, event_id, answers, call_app_id, stars)
     SELECT 'call_' || {hex} || '70008000' || {n12},
        substr({hex}, 1, 8) || '-' || substr({hex}, 9, 4) || '-7000-8000-' || {n12},
        '{\"answers\":[{\"questionId\":\"q1\",\"rating\":' || (n % 5 + 1) || '}],\"comment\":null}',
        '{app}', n % 5 + 1
     FROM {numbers}
     WHERE n % 6 = 0",
    // Of each call: loaded, custom ones, started first and ended last.
    "INSERT INTO events
        (id, app_id, session_id, call_id, name, preview, envelope, occurred_at, recorded_at)
     SELECT substr({hex}, 1, 8) || '-' || substr({hex}, 9, 4) || '-7000-8000-' || {e12}, '{app}',
        'ses_' || {hex} || '70008000' || {n12}, 'call_' || {hex} || '70008000' || {n12}, name, FALSE,
        '{\"name\":\"' || name || '\",\"data\":{\"context\":{\"orderId\":\"A-' || n || '\",\"page\":\"/p'
            || (n % 10) || '\",\"shop\":\"main\"}},\"timestamp\":\"2026-01-01T00:00:00.000Z\"}',
        ms + k, ms + k
     FROM (
        SELECT n, ms, k,
            CASE WHEN k = 0 THEN 'call_started'
                 WHEN k < {per_call} - 1 THEN 'wish_' || k
                 WHEN n % 12 = 5 THEN 'call_error' ELSE 'call_ended' END AS name
        FROM {numbers}
        CROSS JOIN (
            WITH RECURSIVE each (k) AS (
                SELECT CAST(0 AS BIGINT) UNION ALL SELECT k + 1 FROM each WHERE k + 1 < {per_call}
            ) SELECT k FROM each
        ) AS places
     ) AS named
     ORDER BY n, k",
    "INSERT INTO deliveries (integration_id, event_seq, status, attempts)
     SELECT '{integration}', seq, CASE WHEN seq % 500 = 0 THEN 'dead' ELSE 'delivered' END, 1
     FROM events
     WHERE name IN ('call_ended', 'call_error')",
    "INSERT INTO attempts
        (integration_id, event_seq, number, started_at, duration_ms, status, detail)
     SELECT '{integration}', seq, 1, recorded_at + 5, 20, 200, ''
     FROM events
     WHERE name IN ('call_ended', 'call_error')",
];

/// What has to be encrypted goes in through the store.
async fn records(postgres: Option<&str>, data_dir: &Path, seeded: &Seeded) -> anyhow::Result<()> {
    let key = std::fs::read_to_string(data_dir.join("master.key"))?;
    let keys = KeyRing::from_text(&key.into())?;
    let target = match postgres {
        Some(url) => Target::Postgres { url: url.to_owned().into() },
        None => Target::Sqlite { dir: data_dir.to_owned() },
    };
    let store = Store::open(target, keys).await?;
    let app_id: AppId = seeded.app.parse()?;
    for chunk in (0..seeded.recorded).collect::<Vec<_>>().chunks(100) {
        let parts = chunk
            .iter()
            .map(|n| {
                let n = seeded.calls - 1 - n;
                let call_id: CallId = seeded.call(n).parse()?;
                let entries = entries(seeded.begin_ms + n * seeded.step_ms);
                Ok(CallRecordPart { call_id, app_id, entries, dropped: 0 })
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        store.put_call_records(&parts).await?;
    }
    eprintln!("── counting them");
    while store.roll_up().await? {}
    store.close().await;
    Ok(())
}

/// A call of ten minutes to a telephone.
fn entries(begin_ms: u64) -> Vec<Recorded> {
    let begin = i64::try_from(begin_ms).unwrap_or_default() * 1_000;
    let sip = |text: &str| {
        let text = format!(
            "{text}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{begin}\r\nCall-ID: {begin}\r\n\
             From: <sip:493012345@pbx.example>;tag=1\r\nTo: <sip:100@pbx.example>\r\n\
             CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n{}",
            "a=rtpmap:8 PCMA/8000\r\n".repeat(25)
        );
        RecordEntry::Sip(SipMessage {
            sent: !text.starts_with("SIP/2.0"),
            transport: SipCarrier::Udp,
            local: ([192, 0, 2, 1], 5060).into(),
            remote: ([192, 0, 2, 2], 5060).into(),
            text,
        })
    };
    let mut entries = vec![
        RecordEntry::Phase { phase: Phase::Connecting },
        sip("INVITE sip:100@pbx.example SIP/2.0"),
        sip("SIP/2.0 100 Trying"),
        sip("SIP/2.0 180 Ringing"),
        RecordEntry::Phase { phase: Phase::Ringing },
        sip("SIP/2.0 200 OK"),
        sip("ACK sip:100@pbx.example SIP/2.0"),
        RecordEntry::Phase { phase: Phase::Connected },
    ];
    entries.extend((0..400_u32).map(|n| {
        let side = if n % 2 == 0 { CallSide::Visitor } else { CallSide::FarSide };
        let lost = if n % 40 == 0 { 9 } else { n % 2 };
        let (jitter_ms, mos) = (f64::from(n % 7), Some(4.2));
        let round_trip_ms = Some(40.0 + f64::from(n % 9));
        let span_ms = 3_000;
        RecordEntry::Quality(QualitySample {
            side,
            span_ms,
            packets: 150,
            lost,
            jitter_ms,
            round_trip_ms,
            mos,
        })
    }));
    entries.extend([sip("BYE sip:100@pbx.example SIP/2.0"), sip("SIP/2.0 200 OK")]);
    let places = (0_i64..).map(|n| begin + n * 1_500_000);
    entries
        .into_iter()
        .zip(places)
        .map(|(entry, at)| Recorded { seq: u64::try_from(at).unwrap_or_default(), at, entry })
        .collect()
}
