//! A client that can tell how each of its connections ends.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

use spektr_verify::{Secret, SignedContent, Signer, SigningKey};

/// A connection to a service that has the key `dev=any secret`.
pub(crate) struct Connection(BufReader<TcpStream>);

/// An answer without a body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether the service closes the connection after this answer.
    pub(crate) closes: bool,
}

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> io::Result<Self> {
        Self::within(to, Duration::from_secs(60))
    }

    /// Opens a connection. Connecting and each answer may take `patience` at most.
    pub(crate) fn within(to: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, patience)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Posts a signed body and reads the answer.
    pub(crate) fn deliver(&mut self, body: &[u8]) -> io::Result<Answer> {
        self.post("/webhooks/spektr", &signature(body), body)
    }

    /// Posts a body with header lines and reads the answer.
    pub(crate) fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{headers}\r\n",
            body.len()
        );
        self.0.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.answer()
    }

    /// Reads an answer.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let length =
            value("content-length: ").map_or(0, |length| length.parse().expect("a number"));
        self.0.read_exact(&mut vec![0; length])?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let closes = value("connection: ") == Some("close");
        Ok(Answer { status: status.expect("a status"), closes })
    }
}

/// Returns the header lines that sign a body now.
pub(crate) fn signature(body: &[u8]) -> String {
    let secret = Secret::from_bytes(b"any secret").expect("a secret");
    let key = SigningKey::new("dev", secret).expect("a key");
    Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY)
        .sign_at(body, SystemTime::now().into())
        .pairs()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .concat()
}

/// Returns an event.
pub(crate) fn alert(id: &str) -> Vec<u8> {
    let data = r#"{"contextId":"c","processId":"p","userId":"u","alertId":"a","alertName":"n"}"#;
    format!(
        r#"{{"id":"{id}","spektrId":"s1","type":"alert_resolved","createdAt":1700000000000,"data":{data}}}"#
    )
    .into_bytes()
}
