//! A database of a test's own in the PostgreSQL that the tests run against.

use anyhow::{Context as _, anyhow};
use tokio_postgres::NoTls;
use url::Url;

/// Where the administrator's URL is found.
pub const VARIABLE: &str = "BELLPUSH_TEST_POSTGRES";

/// An empty database. Dropping it removes it from the server.
#[derive(Debug)]
pub struct Database {
    admin: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes a database.
    ///
    /// # Errors
    /// There is no PostgreSQL, or it refuses.
    pub async fn create() -> anyhow::Result<Self> {
        let admin = std::env::var(VARIABLE).map_err(|_| {
            anyhow!(
                "{VARIABLE} is not set; run the tests by cargo xtask test, which starts a PostgreSQL \
                 for them, or name one like postgres://user@127.0.0.1:5432/postgres"
            )
        })?;
        let name = format!("bellpush_test_{}", uuid::Uuid::now_v7().simple());
        let mut url = Url::parse(&admin).with_context(|| format!("{VARIABLE} is not a URL"))?;
        url.set_path(&name);
        execute(&admin, &format!("CREATE DATABASE {name}")).await?;
        Ok(Self { admin, name, url: url.into() })
    }

    /// The tables of which a row has a text somewhere.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn tables_with(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let sql = "
            SELECT CAST(table_name AS TEXT)
            FROM information_schema.tables
            WHERE table_schema = 'public'";
        let mut found = Vec::new();
        for table in client.query(sql, &[]).await? {
            let name: String = table.get(0);
            let sql = format!(
                "SELECT COUNT(*) FROM \"{name}\" AS it WHERE CAST(it AS TEXT) LIKE '%' || $1 || '%'"
            );
            let rows: i64 = client.query_one(&sql, &[&text]).await?.get(0);
            if rows > 0 {
                found.push(name);
            }
        }
        drop(client);
        connection.await??;
        Ok(found)
    }

    /// The text that a query gives; `None` without one.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn ask(&self, sql: &str) -> anyhow::Result<Option<String>> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let row = client.query_opt(sql, &[]).await.with_context(|| format!("{sql} failed"))?;
        let text = row.map(|row| row.try_get(0)).transpose()?.flatten();
        drop(client);
        connection.await??;
        Ok(text)
    }

    /// Sets its clock so many hours ahead of this machine's, or behind it, for those who connect from now on.
    ///
    /// # Errors
    /// It refuses.
    pub async fn shift_clock(&self, hours: i32) -> anyhow::Result<()> {
        let sql = format!(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
             AS 'SELECT pg_catalog.clock_timestamp() + {hours} * INTERVAL ''1 hour''';
             ALTER DATABASE {} SET search_path = public, pg_catalog",
            self.name
        );
        execute(&self.url, &sql).await
    }

    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // In a thread, because this one may be inside a runtime, where nothing may block on another.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(execute(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")))
        });
        if !matches!(removal.join(), Ok(Ok(()))) {
            eprintln!("the test's database {} was not removed", self.name);
        }
    }
}

/// Executes SQL on a connection of its own.
///
/// # Errors
/// PostgreSQL can't be reached, or refuses.
pub async fn execute(url: &str, sql: &str) -> anyhow::Result<()> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("PostgreSQL can't be reached")?;
    let connection = tokio::spawn(connection);
    let done = client.batch_execute(sql).await.with_context(|| format!("{sql} failed"));
    drop(client);
    connection.await??;
    done
}
