//! Programs that the tests run, besides Rust's own.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Programs and the Debian packages that have them. The test of a power cut reads
/// the system calls of a receiver; that of the PostgreSQL store makes servers of its own.
const TOOLS: [(&str, &str); 3] = [("git", "git"), ("strace", "strace"), ("initdb", "postgresql")];

/// Where Debian keeps PostgreSQL's programs, a folder for each version.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// Installs what is missing, where there is apt-get; elsewhere says what to install.
pub(crate) fn ensure_installed() -> Result<()> {
    let missing: Vec<&str> =
        TOOLS.iter().filter(|(tool, _)| !is_installed(tool)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    ensure!(
        is_installed("apt-get"),
        "the tests need these programs, please install them: {packages}"
    );
    println!("==> apt-get install {packages}");
    for arguments in [vec!["update", "-qq"], [&["install", "-y", "-qq"][..], &missing].concat()] {
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .context("cannot run apt-get")?;
        ensure!(
            status.success(),
            "the tests need these Debian packages, please install them: {packages}"
        );
    }
    Ok(())
}

fn is_installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir(POSTGRESQL).into_iter().flatten().flatten();
    let versions = versions.map(|version| version.path().join("bin"));
    std::env::split_paths(&path).chain(versions).any(|folder| folder.join(tool).is_file())
}
