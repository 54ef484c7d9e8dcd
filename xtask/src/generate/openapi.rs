//! `docs/openapi.json`: the API's description, as the server itself serves it.

use crate::{
    run::binary,
    shell::{cargo, command, output, run},
};

use super::file::Generated;

/// Asks the server's crate for its document. It is a program of its own, so that this one need not
/// be built with the whole server; it is built as the tests are, which then find all that it needs.
pub(super) fn document() -> anyhow::Result<Generated> {
    run(&mut cargo(&["build", "--workspace", "--all-features", "--example", "openapi"]))?;
    let program = binary(false).with_file_name("examples").join("openapi");
    let content = output(&mut command(&program.to_string_lossy(), &[]))?;
    Ok(Generated { path: "docs/openapi.json".into(), content })
}
