//! Programs that the tests run, besides Rust's own.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Programs and the Debian packages that have them. The test of a power cut reads
/// the system calls of a receiver.
const TOOLS: [(&str, &str); 2] = [("git", "git"), ("strace", "strace")];

/// Installs what is missing, where there is apt-get; elsewhere says what to install.
pub(crate) fn ensure_installed() -> Result<()> {
    let missing: Vec<&str> =
        TOOLS.iter().filter(|(tool, _)| !is_on_path(tool)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    ensure!(
        is_on_path("apt-get"),
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

fn is_on_path(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(OsStr::new(&path)).any(|folder| folder.join(tool).is_file())
}
