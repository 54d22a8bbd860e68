//! Checks that no locked dependency of the published crates states a newer compiler than theirs,
//! for the platform of the test: cargo fetches no dependencies of other platforms.
//!
//! The test reads what the packages state and compiles nothing. CONTRIBUTING.md has the command
//! that tests with that compiler, which few machines have.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

fn text<'j>(json: &'j Value, name: &str) -> &'j str {
    json[name].as_str().unwrap_or_default()
}

fn list<'j>(json: &'j Value, name: &str) -> &'j [Value] {
    json[name].as_array().map_or(&[], Vec::as_slice)
}

/// Parses a version of Rust, whose last parts may be missing.
fn version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().expect("a number"));
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

#[test]
fn no_locked_dependency_for_this_platform_asks_for_a_newer_compiler() {
    let about = cargo(&["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let metadata = cargo(&[
        "metadata",
        "--format-version=1",
        "--all-features",
        "--locked",
        "--filter-platform",
        host,
    ]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages: BTreeMap<&str, &Value> =
        list(&metadata, "packages").iter().map(|it| (text(it, "id"), it)).collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"], "nodes").iter().map(|it| (text(it, "id"), it)).collect();
    let members: BTreeSet<&str> =
        list(&metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
    // An unpublished crate has an empty list of registries.
    let published: Vec<&str> =
        members.iter().copied().filter(|id| packages[id]["publish"].is_null()).collect();
    assert!(published.len() >= 5, "{published:?}");

    let stated: BTreeSet<&str> =
        published.iter().map(|id| text(packages[id], "rust_version")).collect();
    assert_eq!(stated.len(), 1, "the published crates state one compiler: {stated:?}");
    let oldest = version(stated.first().expect("it is stated"));
    let mut seen = BTreeSet::new();
    let mut next = published;
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        let package = packages[id];
        let needed = package["rust_version"].as_str().unwrap_or("1");
        assert!(
            version(needed) <= oldest,
            "{} {} needs Rust {needed}",
            text(package, "name"),
            text(package, "version"),
        );
        for dependency in list(nodes[id], "deps") {
            // The crates' own tests run with that compiler too; the tests of other crates do not.
            let is_built = |kind: &Value| kind["kind"] != "dev" || members.contains(id);
            if list(dependency, "dep_kinds").iter().any(is_built) {
                next.push(text(dependency, "pkg"));
            }
        }
    }
    assert!(seen.len() > 200, "only {} packages were looked at", seen.len());
}
