//! The web parts: installed and built by npm.

use crate::shell::{command, root, run};

/// Installs the packages and builds widget, loader and demo page into `web/dist`.
pub(crate) fn build() -> anyhow::Result<()> {
    install()?;
    npm(&["run", "build"])
}

/// Installs the packages of the lock file, unless that has been done for this very file.
pub(crate) fn install() -> anyhow::Result<()> {
    let web = root().join("web");
    let lock = std::fs::read(web.join("package-lock.json"))?;
    let mark = web.join("node_modules/.installed-lock");
    if std::fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])?;
    std::fs::write(mark, lock)?;
    Ok(())
}

/// Runs npm in `web`.
pub(crate) fn npm(arguments: &[&str]) -> anyhow::Result<()> {
    run(command("npm", arguments).current_dir(root().join("web")))
}
