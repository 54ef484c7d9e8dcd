//! The store's promises, each told once and kept on both databases.

#![allow(clippy::unwrap_used)]

/// Runs each test on SQLite and on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* async fn $name:ident($site:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($site: &crate::site::Site) $body

            #[tokio::test]
            async fn sqlite() {
                let site = crate::site::Site::sqlite().await;
                story(&site).await;
                site.clear().await;
            }

            #[tokio::test]
            async fn postgres() {
                let site = crate::site::Site::postgres().await;
                story(&site).await;
                site.clear().await;
            }
        }
    )*};
}

mod accounts;
mod alerts;
mod analytics;
mod api_keys;
mod audit;
mod claims;
mod clocks;
mod cluster;
mod configuration;
mod configurations;
mod deliveries;
mod designs;
mod dialogs;
mod embed_reports;
mod exports;
mod log;
mod newer_rows;
mod newer_versions;
mod nodes;
mod opening;
mod partitions;
mod privacy;
mod profiles;
mod reading;
mod records;
mod rehearsals;
mod revisions;
mod rotation;
mod round_trips;
mod search;
mod secrets;
mod sessions;
mod signing;
mod site;
mod steering;
mod trunks;
mod vault;
mod web_files;
