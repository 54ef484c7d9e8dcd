//! ARCHITECTURE.md and the rules of the house, held against the workspace.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Direct dependencies of a package that its library is built with, by name.
fn dependencies(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|one| one["name"] == package).unwrap();
    let all = found["dependencies"].as_array().unwrap();
    all.iter()
        .filter(|one| one["kind"].is_null())
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_core_depends_on_nothing_that_does_input_or_output() {
    let allowed = [
        "content-security-policy",
        "html5gum",
        "idna",
        "jiff",
        "regex",
        "schemars",
        "serde",
        "serde_json",
        "serde_path_to_error",
        "sfv",
        "sha2",
        "thiserror",
        "unicode-normalization",
        "url",
        "utoipa",
        "uuid",
    ];
    let found = dependencies("bellpush-core");
    let others: Vec<_> = found.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert!(others.is_empty(), "bellpush-core depends on {others:?}");
}

#[test]
fn the_core_reads_no_clock_draws_no_number_and_opens_nothing() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "now_v7",
        "new_v4",
        "async fn",
        "rand::",
    ];
    let mut folders = vec![root().join("crates/bellpush-core/src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(entry.path()).unwrap();
            for word in forbidden {
                assert!(!text.contains(word), "{} says {word}", entry.path().display());
            }
        }
    }
    assert!(files > 10, "only {files} files were read");
}

#[test]
fn arrows_between_crates_point_down_only() {
    let may = [
        ("bellpush-core", &[][..]),
        ("bellpush-srtp", &[][..]),
        ("bellpush-store", &["bellpush-core"][..]),
        ("bellpush-delivery", &["bellpush-core"][..]),
        ("bellpush-call", &["bellpush-core", "bellpush-srtp"][..]),
        (
            "bellpush-server",
            &["bellpush-call", "bellpush-core", "bellpush-delivery", "bellpush-store"][..],
        ),
    ];
    for (package, allowed) in may {
        for dependency in dependencies(package) {
            let ours = dependency.starts_with("bellpush");
            assert!(!ours || allowed.contains(&dependency.as_str()), "{package} → {dependency}");
        }
    }
}

#[test]
fn every_path_that_the_map_names_is_there() {
    every_path_is_there("ARCHITECTURE.md");
}

#[test]
fn every_path_where_a_boundary_is_guarded_is_there() {
    every_path_is_there("SECURITY.md");
}

fn every_path_is_there(page: &str) {
    let page = std::fs::read_to_string(root().join(page)).unwrap();
    let mut paths = 0;
    for row in page.lines().filter(|line| line.starts_with('|')) {
        for word in row.split('`').skip(1).step_by(2).filter(|word| word.contains('/')) {
            if word.starts_with('/') || word.contains([' ', '{', '*', ':']) {
                continue;
            }
            paths += 1;
            assert!(root().join(word).exists(), "{word} is not there");
        }
    }
    assert!(paths > 15, "only {paths} paths were found");
}
