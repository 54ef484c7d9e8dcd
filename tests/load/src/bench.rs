//! Measures deliveries, and prints the figures.

use crate::{options::Options, phases, report, site::Site};

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut site = Site::start(options.store).await?;
    let figures = phases::run(&mut site, options).await?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        println!("{}", report::text(&figures));
    }
    Ok(())
}
