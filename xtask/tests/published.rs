//! Tests of the published packages: the dependencies that each feature of the inbox adds, by
//! cargo's own listing, and their lints.

use std::path::{Path, PathBuf};
use std::process::Command;

use spektr_tests::corpus;

/// Packages that only one of the features needs.
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

/// A program can contain only one version of a package that links SQLite, so the documentation
/// names the version.
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

/// SECURITY.md lists the lints of clippy that the packages deny, and the exceptions.
#[test]
fn the_published_packages_refuse_what_can_panic_but_in_three_places() {
    const LINTS: [&str; 6] = [
        "expect_used",
        "indexing_slicing",
        "panic",
        "string_slice",
        "unimplemented",
        "unreachable",
    ];
    let attribute: Vec<_> = LINTS.iter().map(|lint| format!("        clippy::{lint}")).collect();
    let attribute =
        format!("#![cfg_attr(\n    not(test),\n    warn(\n{}\n    )\n)]", attribute.join(",\n"));
    let root = corpus::workspace_root();
    let (mut packages, mut exceptions) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(root).expect("the root can be read") {
        let folder = entry.expect("the root can be read").path();
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() || corpus::read(&manifest).contains("\npublish = false\n") {
            continue;
        }
        assert!(corpus::read(&manifest).contains("\n[lints]\nworkspace = true\n"), "{folder:?}");
        let main = ["src/lib.rs", "src/main.rs"].map(|name| folder.join(name));
        let main = main.iter().find(|path| path.is_file()).expect("a package has a root");
        assert!(corpus::read(main).contains(&attribute), "{}", main.display());
        let is_code = |path: &PathBuf| !path.ends_with("tests.rs");
        for path in corpus::files_below(&folder.join("src")).into_iter().filter(is_code) {
            let text = corpus::read(&path);
            // A file's tests come last in it.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let excepted = code.split('[').filter(|part| {
                (part.starts_with("expect(") || part.starts_with("allow("))
                    && LINTS
                        .iter()
                        .chain(&["unwrap_used"])
                        .any(|lint| part.contains(&format!("clippy::{lint}")))
            });
            let path = path.strip_prefix(root).expect("it is below").display().to_string();
            exceptions.extend(excepted.map(|_| path.clone()));
        }
        packages.extend(folder.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    packages.sort();
    exceptions.sort();
    let published = ["axum", "cli", "inbox", "json", "types", "verify"];
    assert_eq!(packages, published.map(|name| format!("spektr-{name}")));
    assert_eq!(
        exceptions,
        [
            "spektr-cli/src/catalogue.rs",
            "spektr-inbox/src/testing.rs",
            "spektr-verify/src/conformance/schemas.rs",
            "spektr-verify/src/mac.rs",
        ]
    );
}
