//! `docs/openapi.json`: the API's description, as the server itself serves it.

use crate::shell::{cargo, output};

use super::Generated;

/// Asks the server's crate for its document. It is a program of its own, so that this one need not
/// be built with the whole server.
pub(super) fn document() -> anyhow::Result<Generated> {
    let content = output(&mut cargo(&[
        "run",
        "--quiet",
        "--package",
        "bellpush-server",
        "--example",
        "openapi",
    ]))?;
    Ok(Generated { path: "docs/openapi.json".into(), content })
}
