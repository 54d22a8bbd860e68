//! `cargo xtask check` names the programs that are missing and changes nothing;
//! `cargo xtask setup` installs them.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A program that notes how it was called, beside itself.
const APT_GET: &str = "#!/bin/sh\necho \"$@\" >> \"${0%/*}/calls\"\n";

/// Runs a command with a folder as the whole of `PATH`.
fn xtask(command: &str, path: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg(command)
        .env("PATH", path)
        .output()
        .expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("can write");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("can be made executable");
}

/// Puts there what may be outside of `PATH` on the machine.
fn postgresql(folder: &Path) {
    program(folder, "initdb", "");
    program(folder, "pgbouncer", "");
}

#[test]
fn check_names_what_is_missing_and_installs_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    program(folder.path(), "apt-get", APT_GET);
    postgresql(folder.path());
    let (code, out, err) = xtask("check", folder.path());
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (
            Some(1),
            "",
            "error: the tests run programs that are not installed: git, kill, strace, promtool, \
             systemd-analyze; run `cargo xtask setup`, or install the packages git, procps, strace, \
             prometheus, systemd\n"
        )
    );
    assert!(!folder.path().join("calls").exists(), "check called apt-get");
}

#[test]
fn setup_installs_the_packages_of_what_is_missing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    program(folder.path(), "apt-get", APT_GET);
    postgresql(folder.path());
    program(folder.path(), "git", "");
    let (code, out, err) = xtask("setup", folder.path());
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (Some(0), "==> apt-get install procps strace prometheus systemd\n", "")
    );
    let calls = fs::read_to_string(folder.path().join("calls")).expect("apt-get was called");
    assert_eq!(
        calls,
        "update -qq\ninstall -y -qq --no-install-recommends procps strace prometheus systemd\n"
    );
}

#[test]
fn setup_without_apt_get_says_what_to_install() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    postgresql(folder.path());
    let (code, out, err) = xtask("setup", folder.path());
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (
            Some(1),
            "",
            "error: there is no apt-get: please install git procps strace prometheus systemd\n"
        )
    );
}

#[test]
fn setup_installs_nothing_where_everything_is_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in
        ["apt-get", "git", "initdb", "kill", "pgbouncer", "promtool", "strace", "systemd-analyze"]
    {
        program(folder.path(), name, APT_GET);
    }
    let (code, out, err) = xtask("setup", folder.path());
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (Some(0), "nothing to install: the tests have the programs that they run\n", "")
    );
    assert!(!folder.path().join("calls").exists(), "setup called apt-get");
}
