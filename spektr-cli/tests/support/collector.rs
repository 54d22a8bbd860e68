//! A collector of traces, which keeps each request byte for byte.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::{PATIENCE, read_request};

/// Accepts all requests until the process ends.
pub(crate) struct Collector {
    pub(crate) url: String,
    kept: Arc<(Mutex<Vec<Export>>, Condvar)>,
}

/// A received request.
#[derive(Clone)]
pub(crate) struct Export {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    /// Accepts all requests on a socket.
    pub(crate) fn on(listener: TcpListener) -> Self {
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let kept = Arc::<(Mutex<Vec<Export>>, Condvar)>::default();
        let keeping = Arc::clone(&kept);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let export = read(&stream);
                keeping.0.lock().expect("nobody panics").push(export);
                keeping.1.notify_all();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n";
                let answer = format!("{head}content-length: 0\r\nconnection: close\r\n\r\n");
                // The client may have ended already.
                let _gone = (&stream).write_all(answer.as_bytes());
            }
        });
        Self { url, kept }
    }

    /// Waits until the collector has a number of spans.
    pub(crate) fn waits_for(&self, spans: usize) {
        let (kept, changed) = &*self.kept;
        let kept = kept.lock().expect("nobody panics");
        let is_short = |kept: &mut Vec<Export>| all_spans(kept).len() < spans;
        let (kept, _) = changed.wait_timeout_while(kept, PATIENCE, is_short).expect("is kept");
        let count = all_spans(&kept).len();
        assert!(count >= spans, "{count} of {spans} spans have come");
    }

    /// Returns the requests received so far.
    pub(crate) fn exports(&self) -> Vec<Export> {
        self.kept.0.lock().expect("nobody panics").clone()
    }

    /// Returns the spans received so far, in the order of their start times.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut spans = all_spans(&self.exports());
        spans.sort_by_key(|span| span.start_time_unix_nano);
        spans
    }

    /// Returns an attribute of the service in the first request.
    pub(crate) fn of_the_service(&self, name: &str) -> Option<String> {
        let request = decoded(self.exports().first()?);
        let resource = request.resource_spans.first()?.resource.clone()?;
        text_of(&resource.attributes, name)
    }
}

fn decoded(export: &Export) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(&*export.body).expect("a request of OTLP")
}

fn all_spans(exports: &[Export]) -> Vec<Span> {
    let requests = exports.iter().map(decoded);
    let scopes = requests.flat_map(|request| request.resource_spans);
    scopes.flat_map(|one| one.scope_spans).flat_map(|one| one.spans).collect()
}

/// Returns an attribute as text. A number is written in digits.
pub(crate) fn text_of(attributes: &[KeyValue], name: &str) -> Option<String> {
    let mut of_that_name = attributes.iter().filter(|one| one.key == name);
    let attribute = of_that_name.next()?;
    assert!(of_that_name.next().is_none(), "{name} is there twice");
    match attribute.value.clone()?.value? {
        Value::StringValue(text) => Some(format!("{text:?}")),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

fn read(stream: &TcpStream) -> Export {
    let (head, body) = read_request(BufReader::new(stream)).expect("a request");
    Export { head: head.iter().map(|line| format!("{line}\r\n")).collect(), body }
}
