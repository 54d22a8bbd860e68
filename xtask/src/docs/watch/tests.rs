//! Tests of `docs watch` with a loopback server that serves one version of the page after the
//! other.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use super::*;
use crate::docs::tests::{copy, fixture, fixture_schema};

/// One response of the server. The server sends them in order.
struct Answer {
    status: &'static str,
    headers: String,
    body: String,
}

fn page(etag: &str, body: &str) -> Answer {
    let headers = format!("etag: \"{etag}\"\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n");
    Answer { status: "200 OK", headers, body: body.to_owned() }
}

fn empty(status: &'static str) -> Answer {
    Answer { status, headers: String::new(), body: String::new() }
}

/// Serves the responses on a free port; returns the heads of the requests.
fn serve(answers: Vec<Answer>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let mut heads = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a request");
            let lines = BufReader::new(&stream).lines().map(|line| line.expect("a line"));
            heads.push(lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"));
            let Answer { status, headers, body } = answer;
            let head = format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n");
            let length = body.len();
            write!(stream, "{head}content-length: {length}\r\n\r\n{body}").expect("an answer");
        }
        heads
    });
    (format!("http://{address}/docs/webhooks"), server)
}

struct Folders {
    all: tempfile::TempDir,
}

impl Folders {
    fn new() -> Self {
        let all = tempfile::tempdir().expect("a temporary folder");
        copy(&fixture_schema(), &all.path().join("schema"));
        Self { all }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.all.path().join(name)
    }

    fn watch(&self, list: &str) -> ExitCode {
        fs::write(self.path("list"), list).expect("can write");
        run(&self.path("list"), &self.path("state"), &self.path("schema")).expect("it runs")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// `ExitCode` has no equality.
fn is(code: ExitCode, expected: u8) -> bool {
    format!("{code:?}") == format!("{:?}", ExitCode::from(expected))
}

#[test]
fn the_states_of_a_page_one_after_the_other() {
    let first = fixture("webhooks.md");
    let later = first.replace(
        "| STEP\\_INIT |",
        "| LOOP\\_RUN | Sent when a loop runs | Available |\n| STEP\\_INIT |",
    );
    let (address, server) = serve(vec![
        page("1", &first),
        empty("304 Not Modified"),
        page("2", &later),
        empty("304 Not Modified"),
        page("3", &first),
    ]);
    let folders = Folders::new();

    assert!(is(folders.watch(&address), 0), "the page as it was read");
    assert!(is(folders.watch(&address), 0), "an unchanged page");
    assert!(!folders.path("state/page-1.drift.json").exists());

    assert!(is(folders.watch(&address), 1), "a new event");
    assert!(folders.path("schema/events/loop_run.schema.json").exists());
    let drift = folders.read("state/page-1.drift.json");
    assert!(drift.contains("\"kind\": \"event_added\""), "{drift}");
    let markdown = folders.read("state/page-1.drift.md");
    let start = format!(
        "# Drift of {address}\n\n## Differences\n\n- LOOP_RUN: new event (available)\n\n## Explained\n\n"
    );
    assert!(markdown.starts_with(&start), "{markdown}");
    let request = folders.read("state/page-1.merge-request.md");
    assert!(request.starts_with("# Follow the documentation of LOOP_RUN\n"), "{request}");
    assert!(request.contains("- wrote events/loop_run.schema.json\n"), "{request}");

    // The page is unchanged on the server and still differs from the schema.
    assert!(is(folders.watch(&address), 1), "nobody has read the row yet");
    // The change is undone, in the schema and on the page.
    fs::remove_file(folders.path("schema/events/loop_run.schema.json")).expect("it is there");
    assert!(is(folders.watch(&address), 0), "the page is what it was");
    assert!(!folders.path("state/page-1.merge-request.md").exists());

    let heads = server.join().expect("the server ends");
    assert!(heads.iter().all(|head| head.starts_with("GET /docs/webhooks.md ")), "{heads:#?}");
    let conditional: Vec<bool> =
        heads.iter().map(|head| head.to_lowercase().contains("if-none-match")).collect();
    assert_eq!(conditional, [false, true, true, true, true]);
    assert!(heads[3].to_lowercase().contains("if-none-match: \"2\""), "{}", heads[3]);
}

#[test]
fn a_page_without_markdown_is_fetched_as_it_is() {
    let (address, server) =
        serve(vec![empty("404 Not Found"), page("1", &fixture("webhooks.html"))]);
    let folders = Folders::new();
    assert!(is(folders.watch(&format!("# the events\n{address}  # as HTML\n")), 0));
    let heads = server.join().expect("the server ends");
    let paths: Vec<_> = heads.iter().filter_map(|head| head.split(' ').nth(1)).collect();
    assert_eq!(paths, ["/docs/webhooks.md", "/docs/webhooks"]);
}

#[test]
fn a_page_that_cannot_be_read_is_neither_kept_nor_taken_for_drift() {
    let text = fixture("webhooks.md");
    let cut = &text[..text.rfind("\"oldStatus\"").expect("the last example")];
    let (address, server) = serve(vec![
        page("1", cut),
        page("1", "# Log in\n\nPassword"),
        empty("503 Service Unavailable"),
        page("1", &text),
    ]);
    let folders = Folders::new();
    for _ in 0..3 {
        assert!(is(folders.watch(&address), 2));
        assert!(!folders.path("state/page-1.page").exists());
    }
    assert!(is(folders.watch(&address), 0));
    let heads = server.join().expect("the server ends");
    assert!(heads.iter().all(|head| !head.to_lowercase().contains("if-none-match")), "{heads:#?}");
}

#[test]
fn one_page_that_fails_does_not_keep_the_others_from_being_compared() {
    let text = fixture("webhooks.md");
    let (table, _) = text.split_once("## PROCESS_RUN_START").expect("the section is there");
    let (broken, first) = serve(vec![empty("500 Internal Server Error")]);
    let (whole, second) = serve(vec![page("1", table)]);
    let folders = Folders::new();
    assert!(is(folders.watch(&format!("{broken}\n{whole} table\n")), 2));
    assert!(folders.path("state/page-2.page").exists());
    assert!(!folders.path("state/page-2.drift.json").exists());
    first.join().expect("the server ends");
    second.join().expect("the server ends");
}

#[test]
fn an_answer_that_is_too_large_is_not_read() {
    let body = "x".repeat(spektr_doc_reader::MAX_BYTES + 1);
    let (address, server) = serve(vec![page("1", &body)]);
    let folders = Folders::new();
    assert!(is(folders.watch(&address), 2));
    assert!(!folders.path("state/page-1.page").exists());
    // The client does not read the rest of the response, which the server sees as an error.
    drop(server);
}

#[test]
fn the_list_has_addresses_of_pages_only() {
    let one = |text: &str| parse_list(text).map(|mut list| list.remove(0));
    let watched = one("https://docs.example/webhooks SERVICE_RUN").expect("a page");
    assert_eq!(watched.scope, Scope::Event("SERVICE_RUN".to_owned()));
    for (text, error) in [
        ("", "the list has no address"),
        ("# nothing\n", "the list has no address"),
        ("http://docs.example/a", "`http://docs.example/a` does not begin with https://"),
        ("docs", "`docs` does not begin with https://"),
        (
            "https://u:p@docs.example/",
            "`https://u:p@docs.example/` has a user or a query: remove them from the address",
        ),
        (
            "https://docs.example/ a b",
            "the line `https://docs.example/ a b` has more than an address and `table` or an event's name",
        ),
    ] {
        assert_eq!(one(text).expect_err(text).to_string(), error);
    }
}
