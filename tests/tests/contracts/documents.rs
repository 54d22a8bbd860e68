//! Tests OpenAPI and AsyncAPI with a linter and with the parser of the standard.

use serde_json::Value;
use spektr_tests::{corpus, tools};

#[test]
fn a_linter_finds_nothing_in_the_openapi_document() {
    let said = tools::printed(&tools::node("openapi.mjs", &[&tools::contract("openapi.json")]));
    assert_eq!(said, "0 findings\n");
}

#[test]
fn the_parser_of_asyncapi_reads_the_document() {
    let said = tools::printed(&tools::node("asyncapi.mjs", &[&tools::contract("asyncapi.json")]));
    assert_eq!(said, "receive delivery\n0 findings\n");
}

/// Proves that the tools detect faults.
#[test]
fn both_tools_find_a_mistake() {
    let folder = tools::empty_folder(super::TMP, "mistakes");
    let changed = |name: &str, from: &str, to: &str| {
        let text = corpus::read(&tools::contract(name));
        assert!(text.contains(from), "{name} has no {from}");
        let path = folder.join(name);
        tools::write(&path, &text.replacen(from, to, 1));
        path
    };
    let openapi = changed("openapi.json", "\"in\": \"header\"", "\"in\": \"heading\"");
    let said = tools::printed(&tools::node("openapi.mjs", &[&openapi]));
    assert!(said.contains("heading") || said.contains("/in"), "{said}");
    assert_ne!(said.lines().last(), Some("0 findings"));
    let asyncapi = changed("asyncapi.json", "\"action\": \"receive\"", "\"action\": \"accept\"");
    let said = tools::printed(&tools::node("asyncapi.mjs", &[&asyncapi]));
    assert!(said.contains("action"), "{said}");
    assert_ne!(said.lines().last(), Some("0 findings"));
}

#[test]
fn both_documents_have_the_same_schemas() {
    let [openapi, asyncapi] = ["openapi.json", "asyncapi.json"].map(|name| {
        let text = corpus::read(&tools::contract(name));
        serde_json::from_str::<Value>(&text).expect("JSON")
    });
    assert_eq!(openapi["components"]["schemas"], asyncapi["components"]["schemas"]);
}

/// The lock files name the installed packages, but no registry's address.
#[test]
fn packages_are_pinned_without_addresses() {
    for folder in [tools::folder(), corpus::workspace_root().join("tests/browser")] {
        let lock = corpus::read(&folder.join("package-lock.json"));
        assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""), "{lock}");
        let package = corpus::read(&folder.join("package.json"));
        let package: Value = serde_json::from_str(&package).expect("JSON");
        let versions = package["devDependencies"].as_object().expect("packages");
        assert!(!versions.is_empty());
        for (name, version) in versions {
            let version = version.as_str().expect("a version");
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{name}: {version}");
        }
    }
    // Each package has a version, and the hashes of its files.
    let list = corpus::read(&tools::folder().join("requirements.txt"));
    let lines: Vec<_> = list.lines().filter(|line| !line.starts_with('#')).collect();
    for (line, next) in lines.iter().zip(lines.iter().skip(1).chain(&[""])) {
        let is_hash = |line: &str| line.trim_start().starts_with("--hash=sha256:");
        let is_package = line.contains("==") && is_hash(next);
        assert!(is_package || is_hash(line), "{line}");
        assert_eq!(line.ends_with('\\'), is_hash(next), "{line}");
    }
}

/// The README's pictures are small enough for slow connections.
#[test]
fn pictures_are_smaller_than_200_kilobytes() {
    let folder = corpus::workspace_root().join("docs");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder is there") {
        let entry = entry.expect("it can be listed");
        if entry.path().extension().is_none_or(|end| end != "png") {
            continue;
        }
        let size = entry.metadata().expect("it is there").len();
        assert!(size < 200_000, "{}: {size} bytes", entry.path().display());
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    assert_eq!(names, ["operations.png", "reference.png"]);
}
