//! Files of the web parts, of all versions that run on the database. Their names carry a hash, so that what
//! was written once stays right.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::shards::clock;
use crate::{
    Store, StoreError,
    db::{self, to_json},
};

/// In the order of their paths, so that two servers do not wait for each other.
const STILL_THERE: &str = concat!(
    "UPDATE web_files
     SET published_at = ",
    clock!(),
    " FROM (
         SELECT path FROM web_files
         WHERE path IN (SELECT jsonb_array_elements_text(CAST($1 AS JSONB)))
         ORDER BY path
         FOR UPDATE
     ) AS known
     WHERE web_files.path = known.path
     RETURNING web_files.path AS path"
);

const PUBLISH: &str = concat!(
    "INSERT INTO web_files (path, body, brotli, published_at)
     SELECT file.key, decode(file.value ->> 0, 'base64'), decode(file.value ->> 1, 'base64'), ",
    clock!(),
    " FROM jsonb_each(CAST($1 AS JSONB)) AS file
     ORDER BY file.key
     ON CONFLICT (path) DO NOTHING"
);

const REMOVE: &str = concat!(
    "DELETE FROM web_files
     WHERE path IN (
         SELECT path FROM web_files
         WHERE published_at < ",
    clock!(),
    " - $1
         ORDER BY path
         FOR UPDATE SKIP LOCKED
     )"
);

/// A file as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebFile {
    /// Its bytes.
    pub body: Cow<'static, [u8]>,
    /// The same, compressed by brotli; `None` when that makes it no smaller.
    pub brotli: Option<Cow<'static, [u8]>>,
}

impl Store {
    /// Has files at hand for servers of other versions on the same database: `file` gives those of `paths`
    /// that are not there yet. What nobody has published for so long goes. On SQLite there are no other
    /// servers, and nothing is written.
    ///
    /// # Errors
    /// When the database fails. What was written stays, and is right.
    pub async fn publish_web_files(
        &self,
        paths: &[String],
        file: impl Fn(&str) -> Option<WebFile>,
        kept_for: Duration,
    ) -> Result<(), StoreError> {
        if !self.is_shared() {
            return Ok(());
        }
        let write = &self.db().write;
        let known = db::all(write, STILL_THERE, [to_json(&paths).into()]).await?;
        let known = known.iter().map(|row| row.get::<String>("path"));
        let known: HashSet<String> = known.collect::<Result<_, _>>()?;
        let missing = paths.iter().filter(|path| !known.contains(*path));
        let missing: BTreeMap<&String, _> = missing
            .filter_map(|path| {
                let WebFile { body, brotli } = file(path)?;
                let brotli = brotli.map(|brotli| STANDARD.encode(brotli));
                Some((path, (STANDARD.encode(body), brotli)))
            })
            .collect();
        if !missing.is_empty() {
            db::execute(write, PUBLISH, [to_json(&missing).into()]).await?;
        }
        let kept_for = i64::try_from(kept_for.as_millis()).unwrap_or(i64::MAX);
        db::execute(write, REMOVE, [kept_for.into()]).await?;
        Ok(())
    }

    /// A file that a server of some version has published; `None` when none has, or none did of late.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn web_file(&self, path: &str) -> Result<Option<WebFile>, StoreError> {
        let sql = "SELECT body, brotli FROM web_files WHERE path = $1";
        let Some(row) = db::one(&self.db().read, sql, [path.into()]).await? else {
            return Ok(None);
        };
        let brotli: Option<Vec<u8>> = row.get("brotli")?;
        let body = Cow::Owned(row.get("body")?);
        Ok(Some(WebFile { body, brotli: brotli.map(Cow::Owned) }))
    }
}
