//! A PostgreSQL server for tests and benchmarks (feature `postgres`). It uses the installed
//! programs and a temporary folder, and ends with the process.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fs};

/// Folders where packages install the programs, besides the `PATH`.
const FOLDERS: [&str; 4] =
    ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql"];

/// Stops the server in the folder `$2` by `$1`, and removes the folder. A server that was
/// killed is started first, because only a server frees the shared memory that it has left.
const END: &str = r#"cat
control() { "$1" -D "$2/data" -m immediate "$3"; }
control "$1" "$2" stop
[ -e "$2/data/postmaster.pid" ] && control "$1" "$2" start && control "$1" "$2" stop
rm -rf "$2""#;

/// How often to check whether the processes of a killed server are gone, every 10 ms.
const KILL_PATIENCE: usize = 6000;

/// A running server that listens on a Unix socket, and on loopback if configured.
///
/// It ends, and its folder is removed, when this value is dropped, and also when the process
/// ends in any way.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    // The process that ends the server once the process's standard input is closed.
    guard: Child,
    databases: AtomicU64,
}

impl Cluster {
    /// Starts a server with lines of `postgresql.conf`, such as `fsync = off`.
    ///
    /// # Panics
    ///
    /// Panics if PostgreSQL is not installed or the server does not start, because tests would
    /// prove nothing then.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        Self::start_on(settings, |programs, user, data| {
            let mut initdb = command(&programs.join("initdb"), user);
            initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
            finish(initdb.args(["--no-sync", "--pgdata"]).arg(data));
        })
    }

    /// Starts a streaming standby of this server: a copy of its files that replays its log.
    ///
    /// # Panics
    ///
    /// Panics in the same cases as [`start`](Self::start).
    #[must_use]
    pub fn standby(&self, settings: &[&str]) -> Self {
        Self::start_on(settings, |programs, user, data| {
            let mut copy = command(&programs.join("pg_basebackup"), user);
            copy.arg("--host").arg(&self.folder).args(["--port", &self.port.to_string()]);
            copy.args(["--username=postgres", "--checkpoint=fast", "--no-sync"]);
            finish(copy.args(["--write-recovery-conf", "--pgdata"]).arg(data));
        })
    }

    /// Starts a server with files that `make` creates.
    fn start_on(settings: &[&str], make: impl FnOnce(&Path, Option<(u32, u32)>, &Path)) -> Self {
        let programs = programs();
        // The path must be short: a socket's path has at most 107 bytes.
        let folder = PathBuf::from(format!("/tmp/spektr-pg-{:012x}", fastrand::u64(..1 << 48)));
        fs::create_dir(&folder).unwrap();
        let user = unprivileged(&folder);
        let data = folder.join("data");
        make(&programs, user, &data);
        let port = free_port();
        let mut lines = format!(
            "listen_addresses = ''\nport = {port}\nunix_socket_directories = '{}'\n\
             max_connections = 200\nlogging_collector = off\n",
            folder.display()
        );
        settings.iter().for_each(|line| lines.extend([line, "\n"]));
        let file = data.join("postgresql.conf");
        let defaults = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{defaults}\n{lines}")).unwrap();
        // The guard waits for the end of this process, and then removes everything.
        let mut guard = command(Path::new("/bin/sh"), user);
        guard.arg("-c").arg(END);
        guard.arg("guard").arg(programs.join("pg_ctl")).arg(&folder);
        let guard = guard
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self { programs, folder, user, port, guard, databases: AtomicU64::new(0) };
        cluster.control(&["start"]);
        cluster
    }

    /// Creates a new database and returns its URL.
    pub async fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let client = self.connect("postgres").await;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        self.url(&name)
    }

    /// Returns the URL of a database through the Unix socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{folder}:{}/{database}", self.port)
    }

    /// Connects without the store, as an administrator would.
    pub async fn connect(&self, database: &str) -> tokio_postgres::Client {
        self.connect_to(&self.url(database)).await
    }

    /// Connects without the store to a database by its URL.
    pub async fn connect_to(&self, url: &str) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Returns the folder of the server, where tests can put certificates, for example.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the port on loopback, which is open if `listen_addresses` says so.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Gives a file to the user that runs the server.
    pub fn give(&self, file: &Path) {
        if let Some((user, group)) = self.user {
            chown(file, Some(user), Some(group)).unwrap();
        }
    }

    /// Stops the server in a mode (`smart`, `fast`, `immediate`) and starts it again.
    pub fn restart(&self, mode: &str) {
        self.control(&["restart", "-m", mode]);
    }

    /// Stops the server in a mode; [`restart`](Self::restart) starts it again.
    pub fn stop(&self, mode: &str) {
        self.control(&["stop", "-m", mode]);
    }

    /// Promotes a standby, so that it takes writes.
    pub fn promote(&self) {
        self.control(&["promote"]);
    }

    /// Kills every process of the server at once, like the end of its machine.
    /// [`restart`](Self::restart) starts the server again.
    pub fn kill(&self) {
        let processes = self.signal("KILL").join(",");
        // The server does not start again while one of its processes is a zombie.
        for _ in 0..KILL_PATIENCE {
            if text_of(Command::new("ps").args(["-o", "pid=", "-p", &processes])).is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("process 1 of this machine waits for no orphan: run an init as process 1");
    }

    /// Stops every process of the server until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets the processes of a paused server go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Sends every process of the server a signal.
    fn signal(&self, name: &str) -> Vec<String> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let server = file.lines().next().unwrap().to_owned();
        // Stop the server first, so that it cannot start or reap a process meanwhile.
        send("STOP", std::slice::from_ref(&server));
        let children = text_of(Command::new("pgrep").args(["-P", &server]));
        let processes: Vec<_> = children.lines().map(str::to_owned).chain([server]).collect();
        send(name, &processes);
        processes
    }

    fn control(&self, arguments: &[&str]) {
        let mut control = command(&self.programs.join("pg_ctl"), self.user);
        control.args(["-w", "-t", "120", "-s", "-D"]).arg(self.folder.join("data"));
        control.arg("-l").arg(self.folder.join("log"));
        finish(control.args(arguments));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ended = self.guard.wait();
    }
}

/// Returns the folder with the programs of the newest installed version.
fn programs() -> PathBuf {
    let mut folders: Vec<PathBuf> =
        env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    for parent in FOLDERS {
        let Ok(versions) = fs::read_dir(parent) else { continue };
        let mut versions: Vec<_> = versions.flatten().map(|version| version.path()).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev().map(|version| version.join("bin")));
    }
    let is_postgres = |folder: &PathBuf| {
        ["initdb", "pg_basebackup", "pg_ctl", "postgres"].iter().all(|program| {
            let version = Command::new(folder.join(program)).arg("--version").output();
            version.is_ok_and(|output| {
                String::from_utf8_lossy(&output.stdout).contains("(PostgreSQL)")
            })
        })
    };
    folders.into_iter().find(is_postgres).expect(
        "PostgreSQL's initdb, pg_basebackup, pg_ctl and postgres are needed: install the package \
         postgresql",
    )
}

/// Returns a user for the server if this process runs as root: initdb and the server refuse to
/// run as root. Gives the folder to that user.
fn unprivileged(folder: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata(folder).unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let (user, group) =
        find("postgres").or_else(|| find("nobody")).expect("a user postgres or nobody");
    chown(folder, Some(user), Some(group)).unwrap();
    Some((user, group))
}

fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/tmp").env_remove("PGDATA").env("LC_ALL", "C");
    // A group of its own, so that ctrl-c reaches only the tests; the guard then ends the
    // server.
    command.process_group(0);
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

fn finish(command: &mut Command) {
    // Not a pipe: the server inherits it and would keep it open.
    let name = command.get_program().to_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.unwrap_or_else(|error| panic!("{}: {error}", display(&name)));
    assert!(status.success(), "{}: {status}", display(&name));
}

/// Sends a signal to processes of a server. Ignores processes that have just ended.
fn send(signal: &str, processes: &[String]) {
    let mut kill = Command::new("kill");
    kill.arg("-s").arg(signal).args(processes).stderr(Stdio::null());
    kill.status().expect("install the package procps");
}

/// Returns the output of a program of the package procps.
fn text_of(command: &mut Command) -> String {
    let output = command.output().expect("install the package procps");
    String::from_utf8(output.stdout).unwrap()
}

fn display(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
