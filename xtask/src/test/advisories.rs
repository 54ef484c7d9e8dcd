//! Known faults of the packages that are used, where the databases of them can be had.
//!
//! Without a network nothing can be said about them: then this says so, and is no failure.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::shell::{cargo, command, root, run_beside};

/// Names a folder in which `cargo deny` finds its databases, for machines that can't fetch them.
const DATABASES: &str = "BELLPUSH_ADVISORY_DBS";
/// Folders with packages of npm.
const NPM_FOLDERS: &[&str] = &["web", "tests/browser", "tests/contract"];

/// Checks the crates.
pub(super) fn of_crates() -> anyhow::Result<()> {
    let fetched =
        cargo(&["deny", "fetch", "db"]).output().context("cargo deny can't be started")?;
    if !fetched.status.success() && std::env::var_os(DATABASES).is_none() {
        left_out("cargo deny check advisories", "its database can't be fetched");
        println!("   {DATABASES} may name a folder that holds it.");
        return Ok(());
    }
    run_beside(&mut cargo(&["deny", "--offline", "check", "advisories"]))
}

/// Checks the packages of npm.
pub(super) fn of_npm() -> anyhow::Result<()> {
    for folder in NPM_FOLDERS {
        let output = command("npm", &["audit", "--json"])
            .current_dir(root().join(folder))
            .output()
            .context("npm can't be started")?;
        match verdict(&output.stdout) {
            Verdict::None => println!("── npm audit in {folder}: none"),
            Verdict::Unknown => {
                left_out(&format!("npm audit in {folder}"), "the registry gives none")
            }
            Verdict::Found(names) => {
                bail!("known faults of packages in {folder}: {names}; see npm audit there")
            }
        }
    }
    Ok(())
}

fn left_out(what: &str, why: &str) {
    println!("── LEFT OUT: {what}, since {why}");
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    None,
    /// The packages, as a list for people.
    Found(String),
    /// The registry did not answer the question.
    Unknown,
}

/// What `npm audit --json` says.
fn verdict(report: &[u8]) -> Verdict {
    let report: Value = serde_json::from_slice(report).unwrap_or_default();
    match report["vulnerabilities"].as_object() {
        None => Verdict::Unknown,
        Some(found) if found.is_empty() => Verdict::None,
        Some(found) => Verdict::Found(found.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_gives_no_advisories_is_told_from_one_that_knows_none() {
        let refused = br#"{"message": "405 Method Not Allowed", "error": {"summary": ""}}"#;
        assert_eq!(verdict(refused), Verdict::Unknown);
        assert_eq!(verdict(b""), Verdict::Unknown);
        let clean = br#"{"auditReportVersion": 2, "vulnerabilities": {}}"#;
        assert_eq!(verdict(clean), Verdict::None);
        let found =
            br#"{"auditReportVersion": 2, "vulnerabilities": {"ws": {"severity": "high"}}}"#;
        assert_eq!(verdict(found), Verdict::Found("ws".into()));
    }
}
