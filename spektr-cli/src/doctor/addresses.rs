//! The addresses that `serve` listens on: whether they are free, and whether forwarding would post
//! to one of them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::Finding;
use crate::client::is_this_machine;
use crate::forwarding::Forwarding;
use crate::terminal::safe;

/// Binds each address for a moment. `public` is for deliveries, `private` for operations.
pub(crate) fn addresses(
    public: SocketAddr,
    private: SocketAddr,
    forwarding: Option<&Forwarding>,
) -> Vec<Finding> {
    let mut findings = vec![
        address("deliveries", "--listen", public, private),
        address("operations", "--operations", private, private),
    ];
    let url = forwarding.map(|forwarding| &forwarding.url);
    let is_own = |url: &&_| {
        is_this_machine(url) && [public, private].iter().any(|own| own.port() == url.port())
    };
    if let Some(url) = url.filter(is_own) {
        findings.push(Finding::fault(
            format!("forwarding to {}", safe(&url.to_string())),
            "this is an address that `serve` itself listens on",
            "correct --forward: it must name the endpoint that handles the events",
        ));
    }
    findings
}

fn address(name: &str, option: &str, address: SocketAddr, private: SocketAddr) -> Finding {
    let subject = format!("address of {name} {address}");
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(subject, "free"),
        Err(error) if error.kind() == ErrorKind::AddrInUse && answers(private) => {
            Finding::ok(subject, "in use by a running service")
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => Finding::fault(
            subject,
            "in use, and no service answers at the address of operations",
            format!(
                "end the program that uses it, or choose another address: {option} IP:PORT; a socket \
                 of systemd may use it"
            ),
        ),
        Err(error) => Finding::fault(
            subject,
            error.to_string(),
            format!(
                "choose an address of this machine that the account may bind: {option} IP:PORT"
            ),
        ),
    }
}

/// Asks whether a running `serve` answers at the address of operations.
fn answers(private: SocketAddr) -> bool {
    const PATIENCE: Duration = Duration::from_secs(2);
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&private, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(
            b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        )?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok::<_, std::io::Error>(status)
    };
    ask().is_ok_and(|status| status == *b"HTTP/1.1 200")
}
