//! How long files are.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// Lines in one file, tests and comments included.
const MOST_LINES: usize = 500;
const GENERATED: &[&str] = &["web/protocol/src/generated.ts", "web/protocol/src/design.ts"];
const FOLDERS: &[&str] = &["crates", "tests", "web", "xtask"];
const NOT_OURS: &[&str] = &["node_modules", "dist", "generated", "target", "test-results"];

/// A finding for each file that is too long.
pub(super) fn too_long(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for file in FOLDERS
        .iter()
        .map(|folder| source_files(&root.join(folder)))
        .collect::<Result<Vec<_>, _>>()?
        .concat()
    {
        if GENERATED.iter().any(|generated| file == root.join(generated)) {
            continue;
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{} can't be read", file.display()))?;
        let lines = text.lines().count();
        if lines > MOST_LINES {
            findings.push(format!(
                "{}:{MOST_LINES}: the file has {lines} lines, more than {MOST_LINES}. Split it by subject: \
                 give each noun a file of its own, or move the tests beside it.",
                file.display()
            ));
        }
    }
    findings.sort();
    Ok(findings)
}

fn source_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("{} can't be read", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                if !NOT_OURS.contains(&&*name) && !name.starts_with('.') {
                    folders.push(entry.path());
                }
            } else if [".rs", ".ts", ".tsx", ".css", ".mjs"].iter().any(|end| name.ends_with(end)) {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_too_long_from_the_501st_line_on() {
        let root = tempfile::tempdir().unwrap();
        for folder in FOLDERS {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        let file = root.path().join("crates/long.rs");
        std::fs::write(&file, "//\n".repeat(500)).unwrap();
        assert!(too_long(root.path()).unwrap().is_empty());
        std::fs::write(&file, "//\n".repeat(501)).unwrap();
        let findings = too_long(root.path()).unwrap();
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("long.rs:500: the file has 501 lines"), "{findings:?}");
    }
}
