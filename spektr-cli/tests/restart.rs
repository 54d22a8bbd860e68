//! Restarts of the service: no delivery is refused between a service and its successor.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/service.rs"]
mod service;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use deliver::{Connection, alert};
use service::Service;
use support::{inheriting, respond, spektr, text};

const KEYS: Option<&str> = Some("dev=any secret");

/// Each client sends 25 deliveries a second.
const CLIENTS: usize = 8;
const PACE: Duration = Duration::from_millis(40);

/// A supervisor's socket for `sd_notify`.
struct Supervisor(UnixDatagram);

impl Supervisor {
    fn at(path: &Path) -> Self {
        Self(UnixDatagram::bind(path).expect("a socket"))
    }

    fn hears(&self) -> String {
        let mut state = [0; 64];
        let length = self.0.recv(&mut state).expect("is told something");
        text(&state[..length]).to_owned()
    }
}

fn start(listener: &TcpListener, folder: &Path) -> Service {
    Service::run(inheriting(listener, KEYS), folder, &["--log-level", "warn"])
}

/// Delivers until the test sets `stop`. Half of the clients keep their connections.
fn client(
    to: SocketAddr,
    number: usize,
    stop: &AtomicBool,
    delivered: &mpsc::Sender<()>,
) -> io::Result<()> {
    let mut connection = None;
    for count in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let mut open = match connection.take() {
            Some(open) => open,
            None => Connection::open(to)?,
        };
        let answer = open.deliver(&alert(&format!("evt_{number}_{count}")))?;
        assert_eq!(answer.status, 200);
        // The receiver is gone once the test has counted enough deliveries.
        let _counted = delivered.send(());
        connection = Some(open).filter(|_| number % 2 == 0 && !answer.closes);
        std::thread::sleep(PACE);
    }
    Ok(())
}

#[test]
fn no_delivery_is_refused_or_reset_while_the_service_restarts_under_load() {
    let folder = tempfile::tempdir().expect("a folder");
    // This process keeps the socket, as a supervisor does.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let stop = AtomicBool::new(false);
    let (sender, delivered) = mpsc::channel();
    let mut count = 0;
    let mut service = start(&listener, folder.path());
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (stop, sender) = (&stop, sender.clone());
                scope.spawn(move || client(address, number, stop, &sender))
            })
            .collect();
        drop(sender);
        for round in 0..8 {
            // The iterator ends early if all clients have failed.
            count += delivered.iter().take(100).count();
            // The successor starts before the end of the service and after it, in turn.
            let successor = (round % 2 == 0).then(|| start(&listener, folder.path()));
            assert_eq!(service.terminate(), (Some(0), String::new()));
            service = successor.unwrap_or_else(|| start(&listener, folder.path()));
        }
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().expect("does not panic").expect("no connection is refused or reset");
        }
        service.terminate();
    });
    let listed = spektr(None)
        .args(["inbox", "list", "--format", "json"])
        .current_dir(folder.path())
        .output()
        .expect("the tool runs");
    count += delivered.iter().count();
    assert_eq!(text(&listed.stdout).lines().count(), count);
}

#[test]
fn deliveries_are_accepted_while_the_last_handlers_finish() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", target.local_addr().expect("an address"));
    let supervisor = Supervisor::at(&folder.path().join("notify"));
    let mut tool = spektr(KEYS);
    tool.env("NOTIFY_SOCKET", folder.path().join("notify"));
    let service = Service::run(tool, folder.path(), &["--forward", &url, "--log-level", "warn"]);
    assert_eq!(supervisor.hears(), "READY=1");
    let mut connection = Connection::open(service.address()).expect("is open");
    assert_eq!(connection.deliver(&alert("evt_1")).expect("an answer").status, 200);
    let (handled, _) = target.accept().expect("the event is posted");

    service.ask_to_end();
    assert_eq!(supervisor.hears(), "STOPPING=1");
    // While the handler runs, the service accepts deliveries on new and old connections.
    let mut another = Connection::open(service.address()).expect("is open");
    for (connection, id) in [(&mut another, "evt_2"), (&mut connection, "evt_3")] {
        assert_eq!(connection.deliver(&alert(id)).expect("an answer").status, 200);
    }
    respond(handled, "204 No Content");
    assert_eq!(service.wait(), (Some(0), String::new()));
    let listed = spektr(None)
        .args(["inbox", "list", "--format", "json"])
        .current_dir(folder.path())
        .output()
        .expect("the tool runs");
    let states: Vec<_> = text(&listed.stdout)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["state"].clone())
        .collect();
    // Events that came after the signal wait for the successor.
    assert_eq!(states, ["done", "pending", "pending"]);
}

#[test]
fn a_supervisor_hears_that_the_service_is_alive() {
    let folder = tempfile::tempdir().expect("a folder");
    let supervisor = Supervisor::at(&folder.path().join("notify"));
    let mut tool = spektr(KEYS);
    tool.env("NOTIFY_SOCKET", folder.path().join("notify")).env("WATCHDOG_USEC", "20000");
    let service = Service::run(tool, folder.path(), &[]);
    assert_eq!(supervisor.hears(), "READY=1");
    assert_eq!([supervisor.hears(), supervisor.hears()], ["WATCHDOG=1"; 2]);
    service.kill();
}

#[test]
fn an_inherited_file_that_is_no_listening_socket_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" serve 3</dev/null"#;
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_spektr")])
        .env("SPEKTR_WEBHOOK_KEYS", "dev=any secret")
        .current_dir(folder.path())
        .output()
        .expect("the shell runs");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.starts_with("error: cannot use an inherited socket: "), "{message}");
}
