//! Starts receivers as processes: this crate's, its peers, and `spektr serve`.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::{Receiver, Server};
use spektr_verify::{KeyRing, SignedContent, Verifier};
use tokio::net::TcpListener;

use crate::load::{KEY_ID, Result, Running, SECRET, key};

/// The database file of each receiver, in the working folder.
pub const FILE: &str = "bench.db";

/// The argument that makes a program of this package a receiver: `serve FILE GROUP`.
pub const SERVE: &str = "serve";

/// The kinds of receivers. All verify the HMAC, and answer after a commit with `synchronous =
/// FULL`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This crate, with a maximum number of deliveries in a commit.
    Own(u64),
    /// Node with express and better-sqlite3.
    Node,
    /// Python with FastAPI and sqlite3.
    Python,
}

impl Kind {
    /// Returns the receiver's name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own(1) => "a commit each",
            Self::Own(_) => "spektr-inbox",
            Self::Node => "express",
            Self::Python => "FastAPI",
        }
    }

    fn command(self) -> Result<Command> {
        let mut command = match self {
            Self::Own(group) => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([SERVE, FILE, &group.to_string()]);
                return Ok(command);
            }
            Self::Node => {
                let mut command = Command::new("node");
                command.arg(folder("node").join("receive.js"));
                command
            }
            Self::Python => {
                let mut command = Command::new(folder("python").join(".venv/bin/python"));
                command.arg(folder("python").join("receive.py"));
                command
            }
        };
        command.arg(FILE).env("SECRET", SECRET);
        Ok(command)
    }

    /// Fails, with the command to run, unless the packages of a peer are installed.
    pub fn ensure_installed(self) -> Result<()> {
        let (mut command, folder, install) = match self {
            Self::Own(_) => return Ok(()),
            Self::Node => {
                let mut command = Command::new("node");
                command.args(["-e", "require('express'); require('better-sqlite3')(':memory:')"]);
                (command, folder("node"), "npm ci")
            }
            Self::Python => {
                let folder = folder("python");
                let mut command = Command::new(folder.join(".venv/bin/python"));
                command.args(["-c", "import fastapi, httptools, uvicorn, uvloop"]);
                let install = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
                (command, folder, install)
            }
        };
        let ran = command.current_dir(&folder).stderr(Stdio::null()).status();
        if ran.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        let name = self.name();
        Err(format!("{name} is not installed: run `{install}` in {}", folder.display()).into())
    }

    /// Starts the receiver on a free port.
    pub fn start(self) -> Result<(Running, SocketAddr)> {
        let mut running = Running(self.command()?.stdout(Stdio::piped()).spawn()?);
        let line = first_line(&mut running)?;
        Ok((running, line.trim().parse()?))
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Runs this crate's receiver on a free port, which it prints.
pub async fn serve(path: &str, group: usize) -> Result<()> {
    let store = SqliteOptions::new(path).with_group(group).open()?;
    let verifier = Verifier::new(KeyRing::new([key()?])?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(Arc::new(store), verifier);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Server::new(receiver.router("/webhooks/spektr")).serve(listener, std::future::pending()).await;
    Ok(())
}

/// A running `spektr serve`.
pub struct Service {
    /// The process.
    pub running: Running,
    /// The address that receives deliveries.
    pub receiving: SocketAddr,
    /// The address with its metrics.
    pub operations: SocketAddr,
}

impl Service {
    /// Starts the program with a store, on free ports.
    pub fn start(program: &Path, store: &str, arguments: &[&str]) -> Result<Self> {
        let child = Command::new(program)
            .args(["--format", "json", "serve", "--store", store])
            .args(["--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0"])
            .args(arguments)
            .env("SPEKTR_WEBHOOK_KEYS", format!("{KEY_ID}={SECRET}"))
            .env_remove("SPEKTR_API_KEY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut running = Running(child);
        let begun: serde_json::Value = serde_json::from_str(&first_line(&mut running)?)
            .map_err(|_| format!("{} does not start", program.display()))?;
        let address = |name: &str| -> Result<SocketAddr> {
            let url = begun[name].as_str().ok_or("its output has no address")?;
            let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
            Ok(host.parse()?)
        };
        let (receiving, operations) = (address("receiving")?, address("operations")?);
        Ok(Self { running, receiving, operations })
    }
}

fn first_line(running: &mut Running) -> Result<String> {
    let mut line = String::new();
    let output = running.0.stdout.take().ok_or("no output")?;
    BufReader::new(output).read_line(&mut line)?;
    Ok(line)
}
