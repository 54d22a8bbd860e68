//! What `ops/` tells an operator to run exists, and its units are accepted by systemd.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{run, text};

fn ops(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops").join(path)
}

/// The commands of the tool that a page has in backticks.
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
            // What follows the other commands are their arguments.
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
fn the_units_are_accepted_and_leave_the_service_few_rights() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["spektr.service", "spektr.socket"] {
        let unit = fs::read_to_string(ops("systemd").join(name)).expect("a unit");
        // Where it is installed, as far as this test goes.
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
    // 2.0 of 10; what is open beyond that is the network.
    let (is_low, said) =
        analyze(&["security", "--offline=true", "--threshold=20"], &["spektr.service"]);
    assert!(is_low, "{said}");
}
