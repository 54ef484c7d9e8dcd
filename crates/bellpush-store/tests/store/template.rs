//! A database with the schema in it, which each test on PostgreSQL gets a copy of: making the schema anew took
//! most of what a test takes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bellpush_store::{Store, Target};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};

use super::master_key;

const PREFIX: &str = "bellpush_template_";
/// One test makes it; the others wait for that.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7315248806)";
/// Those of programs that were built so long ago are dropped.
const OLD: Duration = Duration::from_secs(24 * 3_600);

/// The URL of another database of the same server.
pub(super) fn beside(admin_url: &str, name: &str) -> String {
    let (server, _) = admin_url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// The name of the template of this program; it is made if it is not there yet.
pub(super) async fn ready(admin: &DatabaseConnection, admin_url: &str) -> String {
    let name = format!("{PREFIX}{}", built_at().as_millis());
    if is_there(admin, &name).await {
        return name;
    }
    let lock = admin.begin().await.unwrap();
    lock.execute_unprepared(LOCK).await.unwrap();
    if !is_there(admin, &name).await {
        drop_old(admin).await;
        // It has its name when it is whole.
        let unready = format!("{name}_unready");
        for sql in ["DROP DATABASE IF EXISTS $1", "CREATE DATABASE $1 TEMPLATE template0"] {
            admin.execute_unprepared(&sql.replace("$1", &unready)).await.unwrap();
        }
        let target = Target::Postgres { url: beside(admin_url, &unready).into() };
        Store::open(target, master_key()).await.unwrap().close().await;
        let sql = format!("ALTER DATABASE {unready} RENAME TO {name}");
        admin.execute_unprepared(&sql).await.unwrap();
    }
    lock.rollback().await.unwrap();
    name
}

/// When this program was built: another one may make another schema.
fn built_at() -> Duration {
    let program = std::env::current_exe().unwrap();
    let built = program.metadata().and_then(|file| file.modified()).unwrap();
    built.duration_since(UNIX_EPOCH).unwrap()
}

async fn is_there(admin: &DatabaseConnection, name: &str) -> bool {
    names(admin).await.iter().any(|found| found == name)
}

async fn names(admin: &DatabaseConnection) -> Vec<String> {
    let sql = format!(
        "SELECT CAST(datname AS TEXT) AS name FROM pg_database WHERE datname LIKE '{PREFIX}%'"
    );
    let sql = Statement::from_string(admin.get_database_backend(), sql);
    let rows = admin.query_all_raw(sql).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

async fn drop_old(admin: &DatabaseConnection) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for name in names(admin).await {
        let built: Option<u64> = name.trim_start_matches(PREFIX).parse().ok();
        let built = built.map_or(Duration::ZERO, Duration::from_millis);
        if now.saturating_sub(built) > OLD {
            // Another program may be using it.
            let _ = admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}")).await;
        }
    }
}
