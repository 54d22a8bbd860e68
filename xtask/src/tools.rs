//! Finds and installs the programs, npm packages and pip packages that the tests run. `cargo xtask
//! setup` installs them; `cargo xtask check` only looks for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace;

/// Fails if a third-party subcommand of cargo, such as `cargo-deny`, is not installed.
pub(crate) fn ensure_subcommand(name: &str) -> Result<()> {
    let is_installed = Command::new(name).arg("--version").output().is_ok();
    ensure!(is_installed, "{name} is not installed: run `cargo install --locked {name}`");
    Ok(())
}

/// A program, and the Debian package that contains it.
struct Tool {
    program: &'static str,
    package: &'static str,
}

/// `schema diff` reads git, and the recipes' test makes a repository. Tests of the service
/// send it signals by kill, the test of a power cut runs strace, and the tests of the
/// PostgreSQL store start servers of their own, and PgBouncer in front of one. promtool evaluates
/// the alert rules, and systemd-analyze the units. Node drives Chromium through the pages, and
/// reads the contracts for other languages, as Python does.
const TOOLS: [Tool; 12] = [
    Tool { program: "git", package: "git" },
    Tool { program: "kill", package: "procps" },
    Tool { program: "strace", package: "strace" },
    Tool { program: "initdb", package: "postgresql" },
    Tool { program: "pgbouncer", package: "pgbouncer" },
    Tool { program: "promtool", package: "prometheus" },
    Tool { program: "systemd-analyze", package: "systemd" },
    Tool { program: "node", package: "nodejs" },
    Tool { program: "npm", package: "npm" },
    Tool { program: "chromium", package: "chromium" },
    Tool { program: "python3", package: "python3" },
    Tool { program: "pip3", package: "python3-pip" },
];

/// Folders with a `package-lock.json` whose packages the tests run.
const NPM: [&str; 2] = ["tests/browser", "tests/contracts"];

/// The file in which npm records the installed packages, in the form of the lock file.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// Folder with a list of Python packages that the tests run.
const PIP: &str = "tests/contracts";

/// The complete list of packages, and the folder beside it into which pip installs them. The
/// system's own packages are left alone.
const REQUIREMENTS: &str = "requirements.txt";
const MODULES: &str = "python_modules";

/// A copy of the list in that folder, written once all packages are installed.
const INSTALLED_REQUIREMENTS: &str = ".requirements.txt";

/// Debian's folder for PostgreSQL's programs, with a subfolder for each version.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// Debian's folder for administrators' programs, which may not be on the `PATH`.
const ADMINISTRATION: &str = "/usr/sbin";

/// Installs the missing programs with apt-get, then the missing packages with npm and pip.
pub(crate) fn setup() -> Result<ExitCode> {
    let packages: Vec<&str> = missing().iter().map(|tool| tool.package).collect();
    let folders = missing_packages();
    if packages.is_empty() && folders.is_empty() && has_requirements() {
        println!("nothing to install: the tests have the programs that they run");
        return Ok(ExitCode::SUCCESS);
    }
    if !packages.is_empty() {
        apt_get_install(&packages)?;
    }
    for folder in folders {
        npm_ci(folder)?;
    }
    if !has_requirements() {
        pip_install()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn apt_get_install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    ensure!(is_installed("apt-get"), "apt-get is not installed: install {list} by other means");
    println!("==> apt-get install {list}");
    // Recommended packages, such as an exporter for Prometheus, are not needed.
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    for arguments in [vec!["update", "-qq"], [&install[..], packages].concat()] {
        let status = Command::new("apt-get")
            .args(&arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .context("cannot run apt-get")?;
        ensure!(
            status.success(),
            "apt-get {} failed: correct the error above, or install {list} by other means",
            arguments.join(" ")
        );
    }
    Ok(())
}

/// Installs exactly the packages in the folder's lock file.
fn npm_ci(folder: &str) -> Result<()> {
    println!("==> npm ci in {folder}");
    let status = Command::new("npm")
        .arg("ci")
        .current_dir(workspace::root().join(folder))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot run npm")?;
    ensure!(
        status.success(),
        "npm ci failed: run it in {folder} to see why; it needs access to a registry"
    );
    Ok(())
}

/// Installs exactly the packages in the list, into a folder of their own.
fn pip_install() -> Result<()> {
    println!("==> pip install in {PIP}");
    let folder = workspace::root().join(PIP);
    let modules = folder.join(MODULES);
    if modules.exists() {
        fs::remove_dir_all(&modules).with_context(|| format!("cannot empty {PIP}/{MODULES}"))?;
    }
    let status = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"])
        .args(["--root-user-action", "ignore"])
        .args(["--target", MODULES, "--requirement", REQUIREMENTS])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .status()
        .context("cannot run python3")?;
    ensure!(
        status.success(),
        "pip install failed, see above: it needs access to an index; \
         {PIP}/{REQUIREMENTS} lists the packages"
    );
    fs::copy(folder.join(REQUIREMENTS), modules.join(INSTALLED_REQUIREMENTS))
        .with_context(|| format!("pip has not made {PIP}/{MODULES}"))?;
    Ok(())
}

/// Tells whether exactly the listed Python packages are installed.
fn has_requirements() -> bool {
    let folder = workspace::root().join(PIP);
    let list = fs::read(folder.join(REQUIREMENTS));
    let installed = fs::read(folder.join(MODULES).join(INSTALLED_REQUIREMENTS));
    matches!((list, installed), (Ok(list), Ok(installed)) if list == installed)
}

/// Fails if a program or a package is missing, and says how to install it. Changes nothing.
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
    let folders = missing_packages();
    ensure!(
        folders.is_empty(),
        "the tests run npm packages that are not installed, or in another version; run `cargo xtask setup`, \
         or `npm ci` in {}",
        folders.join(", "),
    );
    ensure!(
        has_requirements(),
        "the tests run packages for Python that are not installed, or in another version: those of \
         {PIP}/{REQUIREMENTS}; run `cargo xtask setup`",
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

fn missing_packages() -> Vec<&'static str> {
    let is_missing = |folder: &&str| !has_packages(&workspace::root().join(folder));
    NPM.into_iter().filter(is_missing).collect()
}

/// Tells whether npm would install a package on this system: optional packages may be for other
/// systems.
fn is_for_this_system(package: &Value) -> bool {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let allows = |list: &Value, name: &str| {
        list.as_array().is_none_or(|names| names.iter().any(|one| one == name))
    };
    // The program cannot tell which C library the system uses.
    let is_sure =
        package["libc"].is_null() && allows(&package["os"], os) && allows(&package["cpu"], cpu);
    package["optional"] != true || is_sure
}

/// Tells whether the installed packages of a folder match its lock file.
fn has_packages(folder: &Path) -> bool {
    let read = |name: &str| -> Option<Value> {
        serde_json::from_slice(&fs::read(folder.join(name)).ok()?).ok()
    };
    let (Some(lock), Some(installed)) = (read("package-lock.json"), read(INSTALLED)) else {
        return false;
    };
    let wanted = lock["packages"].as_object().into_iter().flatten();
    // The lock file lists the folder itself under an empty name, and npm omits packages for other
    // systems.
    let mut wanted = wanted.filter(|(place, it)| !place.is_empty() && is_for_this_system(it));
    wanted.all(|(place, package)| {
        let found = &installed["packages"][place];
        found["version"] == package["version"] && found["integrity"] == package["integrity"]
    })
}
