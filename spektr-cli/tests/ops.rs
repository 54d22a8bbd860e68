//! The commands in `ops/` exist, systemd accepts the units, and the files for containers match the
//! tool.

mod support;

#[path = "support/service.rs"]
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use spektr_verify::KeyRing;
use support::{run, text};

fn ops(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops").join(path)
}

/// Returns the commands of the tool that a page has in backticks.
fn commands(page: &str) -> BTreeSet<&str> {
    let page: Vec<&str> = page.split('`').collect();
    page.into_iter().skip(1).step_by(2).filter(|span| span.starts_with("spektr ")).collect()
}

#[test]
fn every_command_of_the_runbook_is_one_of_the_tool() {
    let page = fs::read_to_string(ops("RUNBOOK.md")).expect("the runbook is text");
    let commands = commands(&page);
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let is_name = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase());
        let names: Vec<&str> = words.iter().take_while(is_name).take(2).copied().collect();
        let names = match names[..] {
            // For the other commands, the next words are arguments.
            ["inbox" | "config", _] => names,
            _ => names[..1].to_vec(),
        };
        let output = run(None, &[&names[..], &["--help"]].concat());
        assert!(output.status.success(), "{command}: {}", text(&output.stderr));
        let help = text(&output.stdout);
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{command}: {option} is not in {help}");
        }
    }
}

#[test]
fn the_key_files_of_the_pages_are_read() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    for page in [readme, ops("RUNBOOK.md")] {
        let text = fs::read_to_string(&page).expect("text");
        let files: Vec<_> =
            text.split("```toml\n").filter(|file| file.starts_with("[[keys]]")).collect();
        assert_eq!(files.len(), 1, "{}", page.display());
        let (file, _) = files[0].split_once("```").expect("an end");
        assert!(file.contains("not_after = "), "{file}");
        KeyRing::from_toml(file).expect("a key file");
    }
}

#[test]
fn the_units_are_accepted_and_leave_the_service_few_rights() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["spektr.service", "spektr.socket"] {
        let unit = fs::read_to_string(ops("systemd").join(name)).expect("a unit");
        // The test replaces the path of the installed tool by that of the built one.
        let unit = unit.replace("/usr/local/bin/spektr", env!("CARGO_BIN_EXE_spektr"));
        fs::write(folder.path().join(name), unit).expect("is written");
    }
    let analyze = |arguments: &[&str], names: &[&str]| {
        let mut command = Command::new("systemd-analyze");
        command.args(arguments).args(names.iter().map(|name| folder.path().join(name)));
        let output = command.output().expect("systemd is installed: `cargo xtask setup` does that");
        let said = [text(&output.stdout), text(&output.stderr)].concat();
        (output.status.success(), said)
    };
    let (accepted, said) = analyze(&["verify"], &["spektr.service", "spektr.socket"]);
    assert!(accepted && said.is_empty(), "{said}");
    // An exposure of at most 2.0 of 10. The rest is due to the network.
    let (is_low, said) =
        analyze(&["security", "--offline=true", "--threshold=20"], &["spektr.service"]);
    assert!(is_low, "{said}");
}

/// Asserts that the arguments after the name of a command are known to the tool.
fn assert_arguments(command: &str, arguments: &[&str]) {
    let output = run(None, &[command, "--help"]);
    assert!(output.status.success());
    let help = text(&output.stdout);
    for option in arguments.iter().filter_map(|argument| argument.split('=').next()) {
        let is_value = !option.starts_with("--");
        assert!(is_value || help.contains(&format!("{option} <")), "{option} is not in {help}");
    }
}

#[test]
fn the_image_runs_the_tool_as_a_user_without_rights() {
    let file = fs::read_to_string(ops("container/Containerfile")).expect("it is text");
    let lines: Vec<_> = file.lines().filter(|line| !line.starts_with('#')).collect();
    let bases: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(bases, ["rust:1.95-slim-bookworm AS build", "debian:bookworm-slim"]);
    let of = |name: &str| lines.iter().rev().find_map(|line| line.strip_prefix(name)).expect(name);
    assert_eq!(of("USER "), "10001:10001");
    let list = |text: &str| -> Vec<String> { serde_json::from_str(text).expect("a list") };
    let program = list(of("ENTRYPOINT "));
    assert!(file.contains(&format!("COPY --from=build /src/target/release/spektr {}", program[0])));
    let arguments = list(of("CMD "));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert_eq!(arguments[0], "serve");
    assert_arguments("serve", &arguments[1..]);
    // The image uses the gate's compiler.
    let manifest = fs::read_to_string(ops("../xtask/Cargo.toml")).expect("it is text");
    assert!(manifest.contains("rust-version = \"1.95\""), "{manifest}");
}

/// Returns the values of a name in the manifest, on separate lines or in braces.
fn values<'m>(manifest: &'m str, name: &str) -> Vec<&'m str> {
    let name = format!("{name}: ");
    let found = manifest.match_indices(&name).map(|(at, _)| &manifest[at + name.len()..]);
    found.filter_map(|rest| rest.split(['\n', ',', ' ', '}']).next()).collect()
}

#[test]
fn the_manifest_has_arguments_probes_and_variables_that_the_service_has() {
    let manifest = fs::read_to_string(ops("kubernetes/spektr.yaml")).expect("it is text");
    let arguments: Vec<_> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .filter(|argument| argument.starts_with("--"))
        .collect();
    assert_eq!(arguments.len(), 3);
    assert_arguments("serve", &arguments);
    let ports: Vec<_> =
        arguments.iter().filter_map(|argument| argument.split("0.0.0.0:").nth(1)).collect();
    assert_eq!(values(&manifest, "containerPort"), ports);

    // A service answers at each path that the manifest probes.
    let folder = tempfile::tempdir().expect("a folder");
    let service = service::Service::start(Some("dev=any secret"), folder.path(), &[]);
    let paths = values(&manifest, "path");
    assert_eq!(paths, ["/health/live", "/health/ready", "/health/live"]);
    for path in paths {
        assert_eq!(service.get(path).0, 200, "{path}");
    }
    // Each command fails if the tool does not know a variable.
    for name in values(&manifest, "name").iter().filter(|name| name.starts_with("SPEKTR_")) {
        let mut command = support::spektr(None);
        command.env(name, "postgres://user@127.0.0.1/spektr").args(["config", "check"]);
        let output = command.current_dir(folder.path()).output().expect("runs");
        assert!(!text(&output.stderr).contains(name), "{}", text(&output.stderr));
    }
    // The grace period equals the time limit of the unit.
    let unit = fs::read_to_string(ops("systemd/spektr.service")).expect("a unit");
    let limit = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec="));
    assert_eq!(values(&manifest, "terminationGracePeriodSeconds"), [limit.expect("a limit")]);
    for (name, value) in [
        ("runAsNonRoot", "true"),
        ("readOnlyRootFilesystem", "true"),
        ("allowPrivilegeEscalation", "false"),
        ("automountServiceAccountToken", "false"),
    ] {
        assert_eq!(values(&manifest, name), [value], "{name}");
    }
}

/// Returns the labels of each metric in `METRICS.md`, by name. A histogram has the names of its
/// series. A test of spektr-inbox compares `METRICS.md` with the metrics that are shown.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(ops("../spektr-inbox/METRICS.md")).expect("it is text");
    let mut metrics = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let labels = cells[3].split(", ").map(|label| label.trim_matches('`').to_owned());
        let mut labels: BTreeSet<_> = labels.filter(|label| !label.is_empty()).collect();
        labels.extend(["job".to_owned(), "instance".to_owned()]);
        let name = format!("spektr_inbox_{}", cells[1].trim_matches('`'));
        if cells[2] == "histogram" {
            let of_bucket = labels.iter().cloned().chain(["le".to_owned()]).collect();
            metrics.insert(format!("{name}_bucket"), of_bucket);
        } else {
            metrics.insert(name, labels);
        }
    }
    metrics
}

#[test]
fn every_query_of_the_dashboard_names_a_metric_and_labels_that_there_are() {
    let metrics = metrics();
    let text = fs::read_to_string(ops("grafana/spektr.json")).expect("it is text");
    let dashboard: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut named = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(panel["description"].as_str().is_some_and(|text| !text.is_empty()), "{panel}");
        for target in panel["targets"].as_array().expect("targets") {
            let query = target["expr"].as_str().expect("a query");
            let (_, rest) = query.split_once("spektr_inbox_").expect("a metric of ours");
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').expect("labels");
            let name = format!("spektr_inbox_{}", &rest[..end]);
            let labels = metrics.get(&name).unwrap_or_else(|| panic!("there is no {name}"));
            let selected = rest[end..].split(['{', '}']).nth(1).expect("labels in braces");
            let selected = selected.split(", ").filter_map(|part| part.split(['=', '!']).next());
            let grouped = query.split("by (").nth(1).and_then(|rest| rest.split(')').next());
            let shown = target["legendFormat"].as_str().expect("a legend");
            let shown = shown.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
            for label in selected.chain(grouped).chain(shown) {
                assert!(labels.contains(label), "{name} has no label {label}: {query}");
            }
            // If the legend shows a label, the query must group by it.
            assert!(shown.is_none_or(|label| grouped == Some(label)), "{query}");
            named.insert(name);
        }
    }
    assert!(named.len() > 20, "{named:?}");
}
