//! What is said of the published packages: what each feature of the inbox brings, by what cargo
//! says that it would build, and which lints they have.

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

/// SECURITY.md says what clippy refuses in them.
#[test]
fn every_published_package_refuses_what_can_panic() {
    const LINTS: &str = "#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unimplemented,
        clippy::unreachable
    )
)]";
    let mut checked = Vec::new();
    for entry in std::fs::read_dir(corpus::workspace_root()).expect("the root can be read") {
        let folder = entry.expect("the root can be read").path();
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() || corpus::read(&manifest).contains("\npublish = false\n") {
            continue;
        }
        let root = ["src/lib.rs", "src/main.rs"].map(|name| folder.join(name));
        let root = root.iter().find(|path| path.is_file()).expect("a package has a root");
        assert!(corpus::read(root).contains(LINTS), "{}", root.display());
        checked.extend(folder.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    checked.sort();
    let published = ["axum", "cli", "inbox", "json", "types", "verify"];
    assert_eq!(checked, published.map(|name| format!("spektr-{name}")));
}
