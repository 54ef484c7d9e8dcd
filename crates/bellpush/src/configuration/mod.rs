//! `bellpush export`, `diff` and `apply`: the configuration as a file (docs/config-as-code.md). They
//! ask a running server by its API, as everybody does.

mod client;
mod file;
mod told;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use bellpush_core::{configuration::PlannedChange, ids::AppId};
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use self::client::{Client, Connection};
use crate::store::say;

/// Where the server is, and what of it to write.
#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// Only this app, with the trunks that it calls by
    #[arg(long, value_name = "ID")]
    app: Option<AppId>,
    /// Write into this file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Refer to secrets by variables of the environment, for another installation that has none yet
    #[arg(long)]
    secrets_from_env: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Where the server is, and what to compare it with.
#[derive(Debug, Args)]
pub(crate) struct DiffOptions {
    /// The file
    file: PathBuf,
    /// Fail when something differs
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Where the server is, and what to apply.
#[derive(Debug, Args)]
pub(crate) struct ApplyOptions {
    /// The file
    file: PathBuf,
    /// The state that the difference was shown for; refused when it has changed since
    #[arg(long, value_name = "STATE", conflicts_with = "yes")]
    state: Option<String>,
    /// Apply whatever the difference is now
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    connection: Connection,
}

/// A plan, as the server makes it.
#[derive(Debug, Deserialize)]
struct Plan {
    state: String,
    changes: Vec<PlannedChange>,
}

/// `bellpush export`.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) fn export(options: ExportOptions) -> anyhow::Result<()> {
    let ExportOptions { app, output, secrets_from_env, connection } = options;
    let url = connection.url().to_owned();
    let configuration = run(connection, async |client| {
        let query = app.map(|id| format!("?appId={id}")).unwrap_or_default();
        let mut answer = client.get(&format!("/v1/configuration{query}")).await?;
        Ok(answer["configuration"].take())
    })?;
    let text = file::write(configuration, &url, secrets_from_env)?;
    match output {
        None => say(text.trim_end()),
        Some(path) => {
            fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))
        }
    }
}

/// `bellpush diff`.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) fn diff(options: DiffOptions) -> anyhow::Result<()> {
    let DiffOptions { file, check, connection } = options;
    let configuration = read(&file)?;
    let plan = run(connection, async |client| plan(client, &configuration).await)?;
    say(told::plan(&plan.changes).trim_end())?;
    if plan.changes.is_empty() {
        return Ok(());
    }
    say("")?;
    say(&format!("To apply it: bellpush apply {} --state {}", file.display(), plan.state))?;
    if check {
        bail!("what is set up differs from {}", file.display());
    }
    Ok(())
}

/// `bellpush apply`.
///
/// # Errors
/// One sentence that says what to do. Nothing was changed then, unless it says that no answer came.
pub(crate) fn apply(options: ApplyOptions) -> anyhow::Result<()> {
    let ApplyOptions { file, state, yes, connection } = options;
    if state.is_none() && !yes {
        bail!(
            "look at bellpush diff {0} first, and apply what it shows by --state; or apply whatever \
             differs by --yes",
            file.display()
        );
    }
    let configuration = read(&file)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let applied: Plan = run(connection, async |client| {
        let state = match state {
            Some(state) => state,
            None => plan(client, &configuration).await?.state,
        };
        let body = json!({ "configuration": configuration, "state": state, "fileName": name });
        let answer = client.post("/v1/configuration/apply", &body).await?;
        serde_json::from_value(answer).context("the server answered something else than a plan")
    })?;
    say(told::applied(&applied.changes).trim_end())
}

async fn plan(client: &Client, configuration: &Value) -> anyhow::Result<Plan> {
    let body = json!({ "configuration": configuration });
    let answer = client.post("/v1/configuration/plan", &body).await?;
    serde_json::from_value(answer).context("the server answered something else than a plan")
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("{} can't be read", path.display()))?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    file::read(&text, variable).with_context(|| path.display().to_string())
}

fn run<T>(
    connection: Connection,
    ask: impl AsyncFnOnce(&Client) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = Client::new(connection)?;
        ask(&client).await
    })
}
