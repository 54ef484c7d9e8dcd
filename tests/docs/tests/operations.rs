//! docs/operations.md lists every metric that the server has, and no other.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

const PAGE: &str = include_str!("../../../docs/operations.md");

/// The sources of the crates, without their tests.
fn sources() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            let is_test = name == "tests" || name.ends_with("tests.rs") || name == "target";
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if name.ends_with(".rs") && !is_test {
                files.push(path);
            }
        }
    }
    files
}

/// The names of metrics: no other text of ours is written like them.
fn in_code() -> BTreeSet<String> {
    let is_name = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let mut names = BTreeSet::new();
    for file in sources() {
        let text = std::fs::read_to_string(file).unwrap();
        for rest in text.split("\"bellpush_").skip(1) {
            let name = rest.split('"').next().unwrap();
            if is_name(name) {
                names.insert(format!("bellpush_{name}"));
            }
        }
    }
    names
}

#[test]
fn the_page_lists_every_metric_and_no_other() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `bellpush_"));
    let listed: BTreeSet<String> =
        rows.map(|row| format!("bellpush_{}", row.split('`').next().unwrap())).collect();
    let in_code = in_code();
    assert!(in_code.len() > 20, "only {in_code:?} were found");
    let missing: Vec<_> = in_code.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&in_code).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not listed: {missing:?}, not there: {gone:?}");
}
