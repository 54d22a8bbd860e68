//! Whoever wants a part of a crate builds no other part: what each feature of the inbox brings, by
//! what cargo says that it would build.

use std::path::Path;
use std::process::Command;

use spektr_tests::corpus;

/// Packages that one of the features alone is for.
const SQLITE: [&str; 2] = ["rusqlite", "libsqlite3-sys"];
const SERVER: [&str; 2] = ["axum", "hyper"];
const CLIENT: [&str; 3] = ["hyper", "hyper-rustls", "rustls"];
const POSTGRES: [&str; 2] = ["tokio-postgres", "rustls"];

/// Returns the names of the packages that the inbox is built with.
fn built(features: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "spektr-inbox", "--locked", "--offline", "--prefix", "none"])
        .args(["--edges", "normal,build", "--format", "{p}"])
        .args(["--no-default-features", "--features", features])
        .current_dir(corpus::workspace_root())
        .output()
        .expect("cargo can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let names = text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn each_feature_of_the_inbox_builds_what_it_needs_and_nothing_of_the_others() {
    let all = [SQLITE.as_slice(), &SERVER, &CLIENT, &POSTGRES].concat();
    for (features, needed) in [
        ("", [].as_slice()),
        ("testing", &[]),
        ("sqlite", &SQLITE),
        ("server", &SERVER),
        ("reconcile", &CLIENT),
        ("postgres", &POSTGRES),
    ] {
        let built = built(features);
        for package in &all {
            let is_built = built.iter().any(|name| name == package);
            assert_eq!(is_built, needed.contains(package), "{package} with `{features}`");
        }
    }
}

/// Two versions of what links SQLite cannot be in one program, so the manifest states which one it is.
#[test]
fn the_version_of_rusqlite_is_the_one_that_the_documentation_names() {
    let manifest = corpus::read(&corpus::workspace_root().join("Cargo.toml"));
    let (_, version) = manifest.split_once("rusqlite = { version = \"").expect("it is there");
    let version = version.split('"').next().expect("a version");
    for file in ["spektr-inbox/src/lib.rs", "spektr-inbox/README.md"] {
        let text = corpus::read(&corpus::workspace_root().join(Path::new(file)));
        assert!(text.contains(&format!("rusqlite {version}")), "{file}");
    }
}
