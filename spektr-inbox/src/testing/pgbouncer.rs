//! A PgBouncer in front of a [`Cluster`], for tests (feature `postgres`).

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{env, fs, thread};

use super::postgres::Cluster;

/// Ends PgBouncer and removes its folder, once standard input is closed.
const GUARD: &str =
    "\"$1\" \"$2/pgbouncer.ini\" & pooler=$!; cat; kill $pooler; wait $pooler; rm -rf \"$2\"";

/// A running PgBouncer. It ends when this value is dropped, or when the process ends.
#[derive(Debug)]
pub struct PgBouncer {
    folder: PathBuf,
    guard: Child,
}

impl PgBouncer {
    /// Starts a PgBouncer in front of a server, with lines of its configuration, such as
    /// `pool_mode = session`. It runs as the server's user: like the server, it refuses to run
    /// as root.
    ///
    /// # Panics
    ///
    /// Panics if PgBouncer is not installed.
    #[must_use]
    pub fn start(cluster: &Cluster, settings: &str) -> Self {
        // The path must be short: a socket's path has at most 107 bytes.
        let folder = PathBuf::from(format!("/tmp/spektr-pool-{:012x}", fastrand::u64(..1 << 48)));
        fs::create_dir(&folder).unwrap();
        let (host, own) = (cluster.folder().display(), folder.display());
        let configuration = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={} user=postgres\n[pgbouncer]\n\
             listen_addr =\nlisten_port = 1\nunix_socket_dir = {own}\nauth_type = any\n\
             logfile = {own}/log\n{settings}\n",
            cluster.port(),
        );
        fs::write(&configuration, text).unwrap();
        cluster.give(&folder);
        cluster.give(&configuration);
        let server = fs::metadata(cluster.folder()).unwrap();
        let guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "guard"])
            .arg(program())
            .arg(&folder)
            .uid(server.uid())
            .gid(server.gid())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { folder, guard }
    }

    /// Returns the URL of a database through the pooler. Waits until the pooler is running.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        while UnixStream::connect(self.folder.join(".s.PGSQL.1")).is_err() {
            thread::yield_now();
        }
        let (_, name) = database.rsplit_once('/').unwrap();
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{folder}:1/{name}")
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ended = self.guard.wait();
        // The server's user may not be allowed to remove the folder.
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

/// Returns the path of PgBouncer. Its folder is often only on the `PATH` of administrators.
fn program() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let program = folders.find_map(|folder| {
        let program = folder.join("pgbouncer");
        program.is_file().then_some(program)
    });
    program.expect("pgbouncer is needed: install the package pgbouncer")
}
