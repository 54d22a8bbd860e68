//! `cargo xtask check` names missing programs, npm packages and pip packages, and
//! changes nothing; `cargo xtask setup` installs them.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A program that appends its name and arguments to a file beside it.
const NOTES: &str = "#!/bin/sh\necho \"${0##*/} $@\" >> \"${0%/*}/calls\"\n";

/// The lock file of a folder with one package for all systems, and two for some systems only.
const LOCK: &str = r#"{ "packages": {
    "": { "name": "ours" },
    "node_modules/lamp": { "version": "1.0.0", "integrity": "sha512-AA==" },
    "node_modules/other-system": { "version": "1.0.0", "integrity": "sha512-BB==", "optional": true, "os": ["plan9"] },
    "node_modules/this-system": { "version": "1.0.0", "integrity": "sha512-EE==", "optional": true, "os": ["linux", "darwin"] }
} }"#;

/// The record that npm writes once all packages for this system are installed.
const INSTALLED: &str = r#"{ "packages": {
    "node_modules/lamp": { "version": "1.0.0", "integrity": "sha512-AA==" },
    "node_modules/this-system": { "version": "1.0.0", "integrity": "sha512-EE==" }
} }"#;

/// A list of packages for Python.
const REQUIREMENTS: &str = "lamp==1.0.0\n";

/// A workspace whose tests run packages of npm and pip, and a folder that is the only one in
/// `PATH`.
struct Machine(tempfile::TempDir);

impl Machine {
    /// Provides apt-get, and the programs that may be outside of `PATH` on the testing machine.
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().expect("a temporary folder"));
        machine.write("workspace/Cargo.toml", "");
        machine.write("workspace/schema/common/.keep", "");
        for folder in ["browser", "contracts"] {
            machine.write(&format!("workspace/tests/{folder}/package-lock.json"), LOCK);
        }
        machine.write("workspace/tests/contracts/requirements.txt", REQUIREMENTS);
        machine.programs(&["apt-get", "initdb", "pgbouncer"]);
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("can create");
        fs::write(path, text).expect("can write");
    }

    fn programs(&self, names: &[&str]) {
        for name in names {
            // The fake pip makes its target folder, as pip does.
            let makes = if *name == "python3" { "/bin/mkdir python_modules\n" } else { "" };
            self.write(&format!("bin/{name}"), &format!("{NOTES}{makes}"));
            let path = self.0.path().join("bin").join(name);
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
        }
    }

    /// Puts npm's record of the installed packages in place.
    fn packages(&self, installed: &str) {
        for folder in ["browser", "contracts"] {
            let path = format!("workspace/tests/{folder}/node_modules/.package-lock.json");
            self.write(&path, installed);
        }
    }

    /// Puts the record of the installed Python packages in place.
    fn modules(&self, installed: &str) {
        self.write("workspace/tests/contracts/python_modules/.requirements.txt", installed);
    }

    /// Runs the command; returns its exit code and output.
    fn xtask(&self, command: &str) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg(command)
            .current_dir(self.0.path().join("workspace"))
            .env("PATH", self.0.path().join("bin"))
            .output()
            .expect("the command runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Returns the calls of programs, one a line.
    fn calls(&self) -> String {
        fs::read_to_string(self.0.path().join("bin/calls")).unwrap_or_default()
    }
}

/// The programs that `Machine::new` leaves out.
const PROGRAMS: [&str; 10] = [
    "git",
    "kill",
    "strace",
    "promtool",
    "systemd-analyze",
    "node",
    "npm",
    "chromium",
    "python3",
    "pip3",
];

fn failed(error: &str) -> (Option<i32>, String, String) {
    (Some(1), String::new(), error.to_owned())
}

fn succeeded(said: &str) -> (Option<i32>, String, String) {
    (Some(0), said.to_owned(), String::new())
}

#[test]
fn check_names_what_is_missing_and_installs_nothing() {
    let machine = Machine::new();
    assert_eq!(
        machine.xtask("check"),
        failed(
            "error: the tests run programs that are not installed: git, kill, strace, promtool, \
             systemd-analyze, node, npm, chromium, python3, pip3; run `cargo xtask setup`, or install \
             the packages git, procps, strace, prometheus, systemd, nodejs, npm, chromium, python3, \
             python3-pip\n"
        )
    );
    assert_eq!(machine.calls(), "");
}

#[test]
fn check_names_npm_packages_that_are_missing_or_differ() {
    let machine = Machine::new();
    machine.programs(&PROGRAMS);
    let error = "error: the tests run npm packages that are not installed, or in another version; \
                 run `cargo xtask setup`, or `npm ci` in tests/browser, tests/contracts\n";
    assert_eq!(machine.xtask("check"), failed(error));
    for integrity in ["AA==", "EE=="] {
        machine.packages(&INSTALLED.replace(integrity, "CC=="));
        assert_eq!(machine.xtask("check"), failed(error));
    }
    assert_eq!(machine.calls(), "");
}

#[test]
fn check_names_packages_for_python_that_are_missing_or_differ() {
    let machine = Machine::new();
    machine.programs(&PROGRAMS);
    machine.packages(INSTALLED);
    let error = "error: the tests run packages for Python that are not installed, or in another \
                 version: those of tests/contracts/requirements.txt; run `cargo xtask setup`\n";
    assert_eq!(machine.xtask("check"), failed(error));
    machine.modules("lamp==0.9.0\n");
    assert_eq!(machine.xtask("check"), failed(error));
    assert_eq!(machine.calls(), "");
}

#[test]
fn setup_installs_packages_for_python_again_after_their_list_has_changed() {
    let machine = Machine::new();
    machine.programs(&PROGRAMS);
    machine.packages(INSTALLED);
    machine.modules("lamp==0.9.0\n");
    assert_eq!(machine.xtask("setup"), succeeded("==> pip install in tests/contracts\n"));
    assert_eq!(machine.calls(), format!("{PIP_INSTALL}\n"));
    let nothing = "nothing to install: the tests have the programs that they run\n";
    assert_eq!(machine.xtask("setup"), succeeded(nothing));
}

const PIP_INSTALL: &str = "python3 -m pip install --quiet --no-deps --disable-pip-version-check \
                           --root-user-action ignore --target python_modules --requirement \
                           requirements.txt";

#[test]
fn setup_installs_the_packages_of_what_is_missing() {
    let machine = Machine::new();
    machine.programs(&["git", "node", "npm", "python3"]);
    assert_eq!(
        machine.xtask("setup"),
        succeeded(
            "==> apt-get install procps strace prometheus systemd chromium python3-pip\n\
             ==> npm ci in tests/browser\n\
             ==> npm ci in tests/contracts\n\
             ==> pip install in tests/contracts\n"
        )
    );
    assert_eq!(
        machine.calls(),
        format!(
            "apt-get update -qq\n\
             apt-get install -y -qq --no-install-recommends procps strace prometheus systemd chromium \
             python3-pip\n\
             npm ci\n\
             npm ci\n\
             {PIP_INSTALL}\n"
        )
    );
}

#[test]
fn setup_without_apt_get_says_what_to_install() {
    let machine = Machine::new();
    fs::remove_file(machine.0.path().join("bin/apt-get")).expect("can remove");
    assert_eq!(
        machine.xtask("setup"),
        failed(
            "error: apt-get is not installed: install git procps strace prometheus systemd \
             nodejs npm chromium python3 python3-pip by other means\n"
        )
    );
}

#[test]
fn setup_installs_nothing_where_everything_is_there() {
    let machine = Machine::new();
    machine.programs(&PROGRAMS);
    machine.packages(INSTALLED);
    machine.modules(REQUIREMENTS);
    assert_eq!(
        machine.xtask("setup"),
        succeeded("nothing to install: the tests have the programs that they run\n")
    );
    assert_eq!(machine.calls(), "");
}
