//! Programs that the tests run besides Rust's own: `cargo xtask setup` installs
//! them, `cargo xtask check` only looks for them.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

/// A program and the Debian package that has it.
struct Tool {
    program: &'static str,
    package: &'static str,
}

/// `schema diff` reads git, and the recipes' test makes a repository. Tests of the service
/// send it signals by kill, the test of a power cut runs strace, and the tests of the
/// PostgreSQL store start servers of their own, and PgBouncer in front of one. promtool evaluates
/// the alert rules, and systemd-analyze the units.
const TOOLS: [Tool; 7] = [
    Tool { program: "git", package: "git" },
    Tool { program: "kill", package: "procps" },
    Tool { program: "strace", package: "strace" },
    Tool { program: "initdb", package: "postgresql" },
    Tool { program: "pgbouncer", package: "pgbouncer" },
    Tool { program: "promtool", package: "prometheus" },
    Tool { program: "systemd-analyze", package: "systemd" },
];

/// Where Debian keeps PostgreSQL's programs, a folder for each version.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// Where Debian keeps the programs of administrators, which may not be on the `PATH`.
const ADMINISTRATION: &str = "/usr/sbin";

/// Installs the missing programs with apt-get.
pub(crate) fn setup() -> Result<ExitCode> {
    let packages: Vec<&str> = missing().iter().map(|tool| tool.package).collect();
    if packages.is_empty() {
        println!("nothing to install: the tests have the programs that they run");
        return Ok(ExitCode::SUCCESS);
    }
    let list = packages.join(" ");
    ensure!(is_installed("apt-get"), "there is no apt-get: please install {list}");
    println!("==> apt-get install {list}");
    // What is recommended beside a package, such as an exporter beside Prometheus, is not needed.
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    for arguments in [vec!["update", "-qq"], [&install[..], &packages].concat()] {
        let status = Command::new("apt-get")
            .args(&arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .context("cannot run apt-get")?;
        ensure!(status.success(), "apt-get {} failed: please install {list}", arguments.join(" "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if a program is missing, and says how to get it. Changes nothing.
pub(crate) fn ensure_installed() -> Result<()> {
    let missing = missing();
    let programs: Vec<&str> = missing.iter().map(|tool| tool.program).collect();
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    ensure!(
        missing.is_empty(),
        "the tests run programs that are not installed: {}; run `cargo xtask setup`, or install the packages {}",
        programs.join(", "),
        packages.join(", "),
    );
    Ok(())
}

fn missing() -> Vec<Tool> {
    TOOLS.into_iter().filter(|tool| !is_installed(tool.program)).collect()
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir(POSTGRESQL).into_iter().flatten().flatten();
    let versions = versions.map(|version| version.path().join("bin"));
    let mut folders = std::env::split_paths(&path).chain(versions).chain([ADMINISTRATION.into()]);
    folders.any(|folder: PathBuf| folder.join(program).is_file())
}
