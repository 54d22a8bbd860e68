//! The service while it runs: its log, its keys, its limits, and what it warns of.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/service.rs"]
mod service;

use deliver::{Connection, alert};
use service::Service;

const KEYS: Option<&str> = Some("dev=any secret");

fn figure(service: &Service, name: &str) -> u64 {
    let (status, metrics) = service.get("/metrics");
    assert_eq!(status, 200);
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{metrics}"))
}

#[test]
fn a_log_that_nobody_reads_stops_nothing_and_says_what_it_lost() {
    /// More than the pipe and the queue hold.
    const BATCHES: usize = 12;
    const ENTRIES: usize = 1000;
    let folder = tempfile::tempdir().expect("a folder");
    let mut service = Service::start(KEYS, folder.path(), &[]);
    let mut connection = Connection::open(service.address()).expect("is open");
    for batch in 0..BATCHES {
        // Each entry but the very first has another content than that, which is logged.
        let entry =
            |index| format!(r#"{{"id":"evt_1","type":"t","data":{}}}"#, batch * ENTRIES + index);
        let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
        let body = format!(r#"{{"results":[{}]}}"#, entries.join(","));
        assert_eq!(connection.deliver(body.as_bytes()).expect("an answer").status, 200);
    }
    assert_eq!(connection.deliver(&alert("evt_2")).expect("an answer").status, 200);
    assert_eq!(service.get("/health/live").0, 200);
    assert_eq!(service.get("/health/ready").0, 200);
    let dropped = figure(&service, "spektr_inbox_log_lines_dropped_total");
    assert!(dropped > 0);

    let notice = service.logs("lines of the log were dropped");
    assert!(notice.ends_with(&format!(" dropped={dropped}\n")), "{notice}");
    let (code, logged) = service.terminate();
    assert_eq!(code, Some(0));
    let conflict = "Z  WARN an id was there with another content number=";
    let conflicts = logged.lines().filter(|line| {
        let number = line.split_once(conflict).map(|(_, number)| number.parse::<u64>());
        number.is_some_and(|number| number.is_ok())
    });
    let written = conflicts.count();
    // Nothing but whole lines, and none is missing.
    assert_eq!(logged.lines().count(), written + 1, "{logged}");
    assert_eq!(written as u64 + dropped, (BATCHES * ENTRIES - 1) as u64);
}
