//! A service with an entry in every state, and a marker in everything that a payload holds.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::deliver::{Connection, signature};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::support::{json_lines, spektr, text, until, write_secret};

pub(crate) const KEYS: Option<&str> = Some("dev=any secret");

/// A part of every payload. No page may show it.
pub(crate) const MARKER: &str = "marker-in-a-payload";

/// A customer id of the usual length.
pub(crate) const CUSTOMER: &str = "spk_01HXR3JHWH0AVAZVC7WFGYDNNQ";

pub(crate) const TOKEN: &str = "token-of-the-operators-of-this-test";

/// A service, its folder, and the destination of its events.
pub(crate) struct Operated {
    pub(crate) service: Service,
    pub(crate) folder: tempfile::TempDir,
    _receiver: Receiver,
}

/// An alert with a marker in each of its members.
pub(crate) fn alert(id: &str, spektr_id: &str) -> String {
    let data = ["contextId", "processId", "userId", "alertId", "alertName"]
        .map(|name| format!(r#""{name}":"{MARKER}""#))
        .join(",");
    format!(
        r#"{{"id":"{id}","spektrId":"{spektr_id}","type":"alert_resolved","createdAt":1700000000000,"{MARKER}":"{MARKER}","data":{{{data}}}}}"#
    )
}

/// Writes the file with the token.
pub(crate) fn token_file(folder: &Path) -> PathBuf {
    let path = folder.join("ops-token.txt");
    write_secret(&path, &format!("{TOKEN}\n"));
    path
}

impl Operated {
    /// Starts a service with one entry done, one dead, one of each kind that waits for a person,
    /// and one delivery in quarantine. The destination accepts all later events.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        token_file(folder.path());
        let receiver = Receiver::start(&["200 OK", "400 Bad Request", "200 OK", "200 OK"]);
        let arguments =
            ["--ops-token-file", "ops-token.txt", "--forward", &receiver.url, "--quarantine"];
        let service = Service::start(KEYS, folder.path(), &arguments);
        let operated = Self { service, folder, _receiver: receiver };
        let done = |of: &Self| of.status_of("evt_done") == "done";
        operated.deliver(&alert("evt_done", CUSTOMER), 200);
        operated.until("evt_done is done", done);
        operated.deliver(&alert("evt_dead", CUSTOMER), 200);
        operated.until("evt_dead is dead", |of| of.status_of("evt_dead") == "dead");
        // The same id with another content, an invalid payload, and an invalid body.
        operated.deliver(&alert("evt_done", CUSTOMER).replace("alertName", "other"), 200);
        operated.deliver(
            &format!(r#"{{"id":"evt_bad","type":"alert_resolved","data":"{MARKER}"}}"#),
            200,
        );
        operated.deliver(&format!("{{ {MARKER}"), 200);
        operated.until("evt_bad is malformed", |of| of.status_of("evt_bad") == "malformed");
        let forged = alert("evt_forged", "spk_2");
        let mut connection = Connection::open(operated.service.address()).expect("is open");
        let headers = signature(b"another body");
        let answer = connection.post("/webhooks/spektr", &headers, forged.as_bytes());
        assert_eq!(answer.expect("an answer").status, 401);
        operated
    }

    pub(crate) fn deliver(&self, body: &str, expected: u16) {
        let mut connection = Connection::open(self.service.address()).expect("is open");
        let answer = connection.deliver(body.as_bytes()).expect("an answer");
        assert_eq!(answer.status, expected, "{body}");
    }

    /// Runs `spektr inbox … --format json`, and returns the lines.
    pub(crate) fn inbox(&self, arguments: &[&str]) -> Vec<Value> {
        let mut command = spektr(None);
        command.arg("inbox").args(arguments).args(["--format", "json"]);
        let output = command.current_dir(self.folder.path()).output().expect("the tool runs");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        json_lines(text(&output.stdout))
    }

    /// Returns the state of the first entry with an event id, from the tool.
    pub(crate) fn status_of(&self, id: &str) -> String {
        let entries = self.inbox(&["list", "--id", id]);
        let state = entries.first().and_then(|entry| entry["state"].as_str());
        state.unwrap_or_default().to_owned()
    }

    /// Waits until a condition holds.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        until(what, || is_so(self));
    }

    /// Sends a request with only these headers. Returns status, head and body.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> PageAnswer {
        send(&self.service, method, path, headers, body)
    }

    /// Fetches a page as a browser does on this machine.
    pub(crate) fn page(&self, path: &str) -> PageAnswer {
        self.send("GET", path, &[("host", &self.host())], "")
    }

    pub(crate) fn host(&self) -> String {
        self.service.operations.to_string()
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    /// Posts a form like a page of this origin.
    pub(crate) fn post(&self, path: &str, cookie: &str, form: &str) -> PageAnswer {
        let (host, origin) = (self.host(), self.origin());
        let headers = [("host", &*host), ("origin", &*origin), ("cookie", cookie)];
        self.send("POST", path, &headers, form)
    }

    /// Signs in. Returns the cookie, and the proof in the forms.
    pub(crate) fn sign_in(&self) -> (String, String) {
        let answer = self.post("/sign-in", "", &format!("name=ada&token={TOKEN}"));
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=3600"), "{cookie}");
        let cookie = cookie.split(';').next().expect("a value").to_owned();
        let page = self.send("GET", "/", &[("host", &self.host()), ("cookie", &cookie)], "");
        let proof = field(&page.body, "proof").expect("a form");
        (cookie, proof)
    }
}

/// Sends a request with only these headers to the pages of a service. Returns status, head and
/// body.
pub(crate) fn send(
    service: &Service,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> PageAnswer {
    let mut stream = TcpStream::connect(service.operations).expect("is open");
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\n{lines}content-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
    .expect("is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    PageAnswer { status: status.expect("a status"), head: head.to_owned(), body: body.to_owned() }
}

/// An answer to a request.
pub(crate) struct PageAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl PageAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of_name = |line| {
            let (found, value) = str::split_once(line, ": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        };
        self.head.lines().find_map(of_name)
    }
}

/// Returns the value of a hidden field of a page.
pub(crate) fn field(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// Returns the text of the element with an id.
pub(crate) fn figure(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\">")).unwrap_or_else(|| panic!("no {id}"));
    rest.split('<').next().expect("text").to_owned()
}
