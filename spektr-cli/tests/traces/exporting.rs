//! Tests of the traces with the feature `otel`.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tokio::net::TcpSocket;
use tokio::runtime::Builder;

use crate::collector::{Collector, text_of};
use crate::deliver::{Connection, signature};
use crate::receiver::{Received, Receiver};
use crate::service::Service;
use crate::support::{spektr, text, until};

const KEYS: Option<&str> = Some("dev=any secret");

/// A part of every payload, of the endpoint's path, and of a header for the endpoint.
const MARKER: &str = "marker-in-a-payload";

/// A part of the collector's path, which may be a secret.
const TOKEN: &str = "token-of-the-collector";

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SENDER: &str = "b7ad6b7169203331";

/// Returns the tool without the tester's environment, and with a short first pause.
fn tool() -> Command {
    let mut tool = spektr(KEYS);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") {
            tool.env_remove(name);
        }
    }
    tool.env("SPEKTR_SERVE_FORWARD_FIRST_PAUSE", "100ms");
    // By default spans are sent only every five seconds, and at the end.
    tool.env("OTEL_BSP_SCHEDULE_DELAY", "50");
    tool
}

fn event(id: &str) -> String {
    let data = ["contextId", "processId", "userId", "alertId", "alertName"]
        .map(|name| format!(r#""{name}":"{MARKER}""#))
        .join(",");
    format!(
        r#"{{"id":"{id}","spektrId":"spk_{MARKER}","type":"alert_resolved","createdAt":1700000000000,"{MARKER}":"{MARKER}","data":{{{data}}}}}"#
    )
}

/// Delivers a body with further header lines. The service must accept it.
fn deliver(service: &Service, body: &str, headers: &str) {
    let mut connection = Connection::open(service.address()).expect("is open");
    let headers = format!("{}{headers}", signature(body.as_bytes()));
    let answer = connection.post("/webhooks/spektr", &headers, body.as_bytes());
    assert_eq!(answer.expect("an answer").status, 200);
}

/// Returns the arguments for forwarding to a receiver. The URL and the headers contain a marker.
fn forward(folder: &Path, receiver: &Receiver) -> [String; 4] {
    fs::write(folder.join("headers.txt"), format!("authorization: Bearer {MARKER}\n"))
        .expect("is written");
    let url = format!("{}/{MARKER}?token={MARKER}", receiver.url);
    ["--forward".to_owned(), url, "--forward-headers".to_owned(), "headers.txt".to_owned()]
}

fn start(tool: Command, folder: &Path, forward: &[String], others: &[&str]) -> Service {
    let arguments = forward.iter().map(String::as_str).chain(others.iter().copied());
    Service::run(tool, folder, &arguments.collect::<Vec<_>>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the value of a header.
fn header<'r>(received: &'r Received, name: &str) -> Option<&'r str> {
    let mut lines = received.headers.iter().filter_map(|line| line.split_once(": "));
    lines.find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Returns the only values of attributes: numbers in digits, and texts in quotation marks.
fn attributes<const N: usize>(span: &Span, names: [&str; N]) -> [Option<String>; N] {
    names.map(|name| text_of(&span.attributes, name))
}

fn some<const N: usize>(values: [&str; N]) -> [Option<String>; N] {
    values.map(|value| Some(value.to_owned()))
}

fn has_failed(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)
}

/// Returns a span's name, kind, place of its parent among the spans, and whether it has failed.
fn shape(span: &Span, spans: &[Span]) -> (String, SpanKind, String, bool) {
    let parent = hex(&span.parent_span_id);
    let place = spans.iter().position(|other| hex(&other.span_id) == parent);
    let parent = place.map_or(parent, |place| place.to_string());
    (span.name.clone(), span.kind(), parent, has_failed(span))
}

#[test]
fn a_delivery_and_all_attempts_are_one_trace_that_goes_on_at_the_endpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let collector = Collector::start();
    let receiver = Receiver::start(&["503 Busy", "200 OK"]);
    let mut tool = tool();
    tool.env("OTEL_SERVICE_NAME", "events-inbox");
    tool.env("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=of-the-collector");
    // No span is sent before the end.
    tool.env("OTEL_BSP_SCHEDULE_DELAY", "3600000");
    let forward = forward(folder.path(), &receiver);
    let others = ["--otlp-endpoint", &collector.url, "--log-level", "error"];
    let service = start(tool, folder.path(), &forward, &others);
    deliver(&service, &event("e1"), &format!("traceparent: 00-{TRACE}-{SENDER}-01\r\n"));
    receiver.waits_for(2);
    let (code, logged) = service.terminate();
    assert_eq!((code, logged.as_str()), (Some(0), ""));

    let spans = collector.spans();
    let shapes: Vec<_> = spans.iter().map(|span| shape(span, &spans)).collect();
    let shape = |name: &str, kind, parent: &str, has_failed| {
        (name.to_owned(), kind, parent.to_owned(), has_failed)
    };
    assert_eq!(
        shapes,
        [
            shape("POST /webhooks/spektr", SpanKind::Server, SENDER, false),
            shape("accept spektr", SpanKind::Producer, "0", false),
            shape("process spektr", SpanKind::Consumer, "1", true),
            shape("POST", SpanKind::Client, "2", true),
            shape("process spektr", SpanKind::Consumer, "1", false),
            shape("POST", SpanKind::Client, "4", false),
        ],
    );
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
    assert!(spans.iter().all(|span| span.end_time_unix_nano >= span.start_time_unix_nano));

    // Only the second attempt has a link, which leads to the acceptance.
    let links: Vec<_> = spans.iter().map(|span| span.links.len()).collect();
    assert_eq!(links, [0, 0, 0, 0, 1, 0]);
    let link = &spans[4].links[0];
    assert_eq!((&link.trace_id, &link.span_id), (&spans[1].trace_id, &spans[1].span_id));

    // The headers to the endpoint continue the span of the post.
    let requests = receiver.finish();
    for (request, span) in requests.iter().zip([&spans[3], &spans[5]]) {
        let expected = format!("00-{TRACE}-{}-01", hex(&span.span_id));
        assert_eq!(header(request, "traceparent"), Some(expected.as_str()));
    }
    assert_eq!(requests.len(), 2);

    let body = event("e1").len().to_string();
    assert_eq!(
        attributes(
            &spans[0],
            [
                "http.request.method",
                "http.route",
                "http.request.body.size",
                "http.response.status_code",
                "spektr.key_id",
            ],
        ),
        some([r#""POST""#, r#""/webhooks/spektr""#, &body, "200", r#""dev""#]),
    );
    let messaging = [
        "messaging.system",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.destination.name",
        "messaging.message.id",
        "messaging.message.body.size",
    ];
    assert_eq!(
        attributes(&spans[1], messaging),
        some([r#""spektr_inbox""#, r#""accept""#, r#""send""#, r#""spektr""#, r#""e1""#, &body]),
    );
    assert_eq!(
        attributes(
            &spans[1],
            [
                "messaging.batch.message_count",
                "spektr.stored",
                "spektr.duplicates",
                "spektr.conflicts",
            ],
        ),
        some(["1", "1", "0", "0"]),
    );
    for (span, attempt, result) in [(&spans[2], "1", r#""retry""#), (&spans[4], "2", r#""done""#)] {
        assert_eq!(
            attributes(span, messaging),
            some([
                r#""spektr_inbox""#,
                r#""process""#,
                r#""process""#,
                r#""spektr""#,
                r#""e1""#,
                &body
            ]),
        );
        assert_eq!(
            attributes(
                span,
                ["spektr.entry", "spektr.event_type", "spektr.attempt", "spektr.result"]
            ),
            some(["1", r#""alert_resolved""#, attempt, result]),
        );
    }
    let address = receiver_port(&forward);
    let client = [
        "http.request.method",
        "server.address",
        "server.port",
        "url.scheme",
        "http.response.status_code",
    ];
    for (span, status) in [(&spans[3], "503"), (&spans[5], "200")] {
        assert_eq!(
            attributes(span, client),
            some([r#""POST""#, r#""127.0.0.1""#, &address, r#""http""#, status]),
        );
    }
    let errors = ["error.type", "http.request.resend_count"];
    assert_eq!(attributes(&spans[2], ["error.type"]), some([r#""retry""#]));
    assert_eq!(attributes(&spans[3], errors), [Some(r#""503""#.to_owned()), None]);
    assert_eq!(attributes(&spans[5], errors), [None, Some("1".to_owned())]);

    // The spans are sent at the end, in one request, with the headers for the collector.
    let exports = collector.exports();
    assert_eq!(exports.len(), 1);
    let head = &exports[0].head;
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf\r\n"), "{head}");
    assert!(head.contains("x-api-key: of-the-collector\r\n"), "{head}");
    assert_eq!(collector.of_the_service("service.name").as_deref(), Some(r#""events-inbox""#));
    let sent = [head.as_bytes(), &exports[0].body].concat();
    for secret in [MARKER, "any secret"] {
        assert!(!sent.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
}

/// Returns the port that is forwarded to.
fn receiver_port(forward: &[String]) -> String {
    let url = forward[1].trim_start_matches("http://127.0.0.1:");
    url.split('/').next().unwrap_or_default().to_owned()
}

#[test]
fn an_attempt_after_a_restart_is_in_the_trace_of_its_delivery() {
    let folder = tempfile::tempdir().expect("a folder");
    let collector = Collector::start();
    let others = ["--otlp-endpoint", &collector.url];
    let service = Service::run(tool(), folder.path(), &others);
    deliver(&service, &event("e1"), &format!("traceparent: 00-{TRACE}-{SENDER}-01\r\n"));
    assert_eq!(service.terminate().0, Some(0));

    let receiver = Receiver::start(&["200 OK"]);
    let service = start(tool(), folder.path(), &forward(folder.path(), &receiver), &others);
    receiver.waits_for(1);
    assert_eq!(service.terminate().0, Some(0));
    let spans = collector.spans();
    let shapes: Vec<_> = spans.iter().map(|span| shape(span, &spans)).collect();
    let names: Vec<_> = shapes.iter().map(|(name, _, parent, _)| (&**name, &**parent)).collect();
    assert_eq!(
        names,
        [
            ("POST /webhooks/spektr", SENDER),
            ("accept spektr", "0"),
            ("process spektr", "1"),
            ("POST", "2"),
        ],
    );
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
}

#[test]
fn a_delivery_without_a_trace_begins_one_and_one_that_is_not_recorded_stays_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let collector = Collector::start();
    let receiver = Receiver::start(&["503 Busy", "200 OK", "200 OK"]);
    let mut tool = tool();
    tool.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url);
    let service = start(tool, folder.path(), &forward(folder.path(), &receiver), &[]);
    deliver(&service, &event("e1"), &format!("traceparent: 00-{TRACE}-{SENDER}-00\r\n"));
    receiver.waits_for(2);
    deliver(&service, &event("e2"), "");
    receiver.waits_for(3);
    // A forged delivery has no span.
    let mut connection = Connection::open(service.address()).expect("is open");
    let headers = format!("{}traceparent: 00-{TRACE}-{SENDER}-01\r\n", signature(b"another body"));
    let answer = connection.post("/webhooks/spektr", &headers, event("e3").as_bytes());
    assert_eq!(answer.expect("an answer").status, 401);
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    // The log shows its own spans, but no span of a trace.
    let failed = logged.lines().find(|line| line.contains("the attempt has failed"));
    assert!(failed.is_some_and(|line| line.contains("  WARN spektr_event{number=1 ")), "{logged}");
    assert!(!logged.contains("messaging."), "{logged}");

    let spans = collector.spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["POST /webhooks/spektr", "accept spektr", "process spektr", "POST"]);
    assert_eq!(spans[0].parent_span_id, b"");
    assert_ne!(hex(&spans[0].trace_id), TRACE);
    assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id));
    assert_eq!(collector.of_the_service("service.name").as_deref(), Some(r#""spektr""#));
    let [first, _, second] = &receiver.finish()[..] else { panic!("three requests") };
    let trace = |request| {
        let parts: Vec<_> = header(request, "traceparent").unwrap_or_default().split('-').collect();
        (parts[1].to_owned(), parts[3].to_owned())
    };
    assert_eq!(trace(first), (TRACE.to_owned(), "00".to_owned()));
    assert_eq!(trace(second), (hex(&spans[0].trace_id), "01".to_owned()));
}

/// Has a socket accept connections.
fn listen(socket: TcpSocket) -> TcpListener {
    let runtime = Builder::new_current_thread().enable_io().build().expect("a runtime");
    let listener = runtime.block_on(async { socket.listen(16)?.into_std() }).expect("listens");
    listener.set_nonblocking(false).expect("waits");
    listener
}

#[test]
fn a_collector_that_is_down_is_logged_once_and_takes_spans_when_it_is_up() {
    const EVENTS: &str = "123456789";
    let folder = tempfile::tempdir().expect("a folder");
    // The socket's port is taken from now on, and refuses connections until the socket listens.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = socket.local_addr().expect("an address");
    let receiver = Receiver::start(&["200 OK"; EVENTS.len() + 1]);
    let mut tool = tool();
    // The specific variable takes precedence, and its URL is used unchanged.
    tool.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9/");
    tool.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("http://{address}/{TOKEN}/traces"));
    let mut service = start(tool, folder.path(), &forward(folder.path(), &receiver), &[]);
    let lost = |service: &Service| service.figure("spektr_inbox_spans_lost_total");
    assert_eq!(lost(&service), 0);
    for (index, id) in EVENTS.chars().enumerate() {
        deliver(&service, &event(&format!("e{id}")), "");
        receiver.waits_for(index + 1);
        // Several batches are lost one after the other.
        until("its spans are lost", || lost(&service) > index as u64 * 2);
    }
    let line = service.logs("the collector refuses spans");
    assert!(
        line.contains(&format!(r#"collector="{address}" reason="connection refused""#)),
        "{line}"
    );

    let collector = Collector::on(listen(socket));
    deliver(&service, &event("last"), "");
    receiver.waits_for(EVENTS.len() + 1);
    service.logs("the collector takes spans again");
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(logged.matches("the collector refuses spans").count(), 1, "{logged}");
    assert!(!logged.contains(TOKEN), "{logged}");
    assert!(!collector.spans().is_empty());
    let head = &collector.exports()[0].head;
    assert!(head.starts_with(&format!("POST /{TOKEN}/traces HTTP/1.1\r\n")), "{head}");
}

#[test]
fn a_collector_that_does_not_answer_costs_spans_and_no_deliveries() {
    const EVENTS: usize = 8;
    let folder = tempfile::tempdir().expect("a folder");
    // The system accepts connections, but nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address");
    let receiver = Receiver::start(&["200 OK"; EVENTS]);
    let mut tool = tool();
    tool.env("OTEL_BSP_MAX_QUEUE_SIZE", "4");
    tool.env("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000");
    let others = ["--otlp-endpoint", &format!("http://{address}")];
    let mut service = start(tool, folder.path(), &forward(folder.path(), &receiver), &others);
    for index in 0..EVENTS {
        deliver(&service, &event(&format!("e{index}")), "");
    }
    receiver.waits_for(EVENTS);
    service.logs("the queue of spans is full");
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(logged.matches("the queue of spans is full").count(), 1, "{logged}");
    assert!(logged.contains("the collector has not taken the last spans in time"), "{logged}");
}

#[test]
fn a_variable_that_cannot_be_read_is_named_and_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |name: &str, value: &str| {
        let mut tool = tool();
        tool.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9").env(name, value);
        tool.args(["serve", "--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0"]);
        let output = tool.current_dir(folder.path()).output().expect("the tool runs");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        text(&output.stderr).lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        said("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:marker@127.0.0.1:9"),
        "error: OTEL_EXPORTER_OTLP_ENDPOINT: the URL must not contain a user name or password",
    );
    assert_eq!(
        said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "127.0.0.1:9"),
        "error: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: the URL must begin with http:// or https://",
    );
    for name in ["OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_EXPORTER_OTLP_TIMEOUT"] {
        assert_eq!(said(name, "0"), format!("error: {name}: expected a number from 1 on"));
    }
}
