//! Each alert rule of `ops/prometheus` fires in its situation, and in no other. `promtool`
//! evaluates the rules with the metrics of a real service.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/list.rs"]
mod list;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deliver::{Connection, alert};
use list::List;
use receiver::Receiver;
use serde_json::{Value, json};
use service::Service;
use spektr_verify::{Secret, SignedContent, Signer, SigningKey, UnixSeconds};
use support::{spektr, until};
use tempfile::TempDir;

const KEYS: Option<&str> = Some("dev=any secret");

/// The time at which promtool evaluates the rules, in minutes from the beginning of the series.
const MINUTES: u64 = 180;

/// Metrics that a new service does not show: Prometheus adds `up`, and a verification adds the
/// other.
const SHOWN_BY_OTHERS: [&str; 2] = ["up", "spektr_inbox_verification_entries"];

/// Series with their values.
type Figures = BTreeMap<String, f64>;

/// The metrics of a service before and after something happens, and the alerts that fire then.
struct Situation {
    name: &'static str,
    before: Figures,
    after: Figures,
    alerts: &'static [&'static str],
}

impl Situation {
    fn new(name: &'static str, alerts: &'static [&'static str]) -> Self {
        Self { name, before: Figures::new(), after: Figures::new(), alerts }
    }

    /// Takes the metrics of a service before and after `happens`.
    fn of(mut self, service: &Service, happens: impl FnOnce(&Service)) -> Self {
        self.before = figures(service);
        happens(service);
        self.after = figures(service);
        self
    }

    /// Sets a figure that no service can reach quickly.
    fn with(mut self, series: &str, value: f64) -> Self {
        let name = name(series);
        let is_shown = self.after.contains_key(series) || SHOWN_BY_OTHERS.contains(&name);
        assert!(is_shown, "{series} is shown by no service");
        self.after.insert(series.to_owned(), value);
        self
    }

    /// Returns the situation as a test of promtool. The change is repeated every minute: a counter
    /// grows by the same number, and a gauge keeps its value.
    fn test(&self) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
        // The clock of promtool begins at zero.
        let is_time = |series: &str| {
            series.contains("_timestamp_seconds") || series.contains("_not_after_seconds")
        };
        let values = self.after.iter().map(|(series, after)| {
            let name = name(series);
            let counts =
                ["_total", "_bucket", "_count", "_sum"].iter().any(|end| name.ends_with(end));
            let values = if counts {
                let before = self.before.get(series).copied().unwrap_or_default();
                format!("{before}+{}x{MINUTES}", after - before)
            } else if is_time(name) && *after > 0.0 {
                format!("{}x{MINUTES}", after - now + 60.0 * MINUTES as f64)
            } else {
                format!("{after}x{MINUTES}")
            };
            json!({"series": labelled(series), "values": values})
        });
        let expected = self
            .alerts
            .iter()
            .map(|name| json!({"labels": format!("{{alertname=\"{name}\"}}"), "value": 1}));
        json!({
            "name": self.name,
            "interval": "1m",
            "input_series": values.collect::<Vec<_>>(),
            "promql_expr_test": [{
                "expr": "group by (alertname) (ALERTS{alertstate=\"firing\"})",
                "eval_time": format!("{MINUTES}m"),
                "exp_samples": expected.collect::<Vec<_>>(),
            }],
        })
    }
}

/// The name of a metric, without its labels.
fn name(series: &str) -> &str {
    series.split('{').next().unwrap_or_default()
}

/// Adds the label `instance`, as Prometheus does.
fn labelled(series: &str) -> String {
    match series.split_once('{') {
        Some((name, labels)) => format!("{name}{{instance=\"one\",{labels}"),
        None => format!("{series}{{instance=\"one\"}}"),
    }
}

/// Returns the metrics that a service shows.
fn figures(service: &Service) -> Figures {
    let (status, text) = service.get("/metrics");
    assert_eq!(status, 200);
    let series = text.lines().filter(|line| !line.starts_with('#'));
    let series = series.filter_map(|line| line.rsplit_once(' '));
    series.map(|(series, value)| (series.to_owned(), value.parse().expect("a number"))).collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Posts a body, and returns the status.
fn post(service: &Service, path: &str, headers: &str, body: &[u8]) -> u16 {
    let mut connection = Connection::open(service.address()).expect("is open");
    connection.post(path, headers, body).expect("an answer").status
}

fn deliver(service: &Service, body: &[u8]) {
    let mut connection = Connection::open(service.address()).expect("is open");
    assert_eq!(connection.deliver(body).expect("an answer").status, 200);
}

/// Waits until a service shows a figure that is not zero.
fn shows(service: &Service, series: &str) {
    until(series, || figures(service).get(series).is_some_and(|value| *value != 0.0));
}

fn seconds_from_now(seconds: i64) -> UnixSeconds {
    let now = UnixSeconds::from(SystemTime::now()).as_secs();
    UnixSeconds::new(now.saturating_add_signed(seconds))
}

fn signature_at(body: &[u8], time: UnixSeconds) -> String {
    let key = SigningKey::new("dev", Secret::from_bytes(b"any secret").expect("a secret"));
    let signer = Signer::new(key.expect("a key"), SignedContent::TIMESTAMP_DOT_BODY);
    let headers = signer.sign_at(body, time);
    headers.pairs().map(|(name, value)| format!("{name}: {value}\r\n")).concat()
}

/// The situation of a service that receives deliveries.
fn ordinary(folder: &Path) -> Situation {
    let service = Service::start(KEYS, folder, &[]);
    Situation::new("deliveries arrive", &[]).of(&service, |service| {
        for number in 0..3 {
            deliver(service, &alert(&format!("e{number}")));
        }
    })
}

fn refusals(folder: &Path) -> Vec<Situation> {
    let service = Service::start(KEYS, folder, &[]);
    let unsigned = ["--unsigned", "--store", "sqlite://unsigned.db"];
    let unsigned = Service::start(None, folder, &unsigned);
    let body = alert("e");
    let forged = Situation::new("deliveries are forged", &["SpektrSignaturesRefused"]);
    let wrong = Situation::new("the sender uses another path", &["SpektrWrongPath"]);
    let clock = Situation::new("the sender's clock is an hour behind", &["SpektrClock"]);
    let other = Situation::new("a proxy adds a content type", &["SpektrRequestsRefused"]);
    vec![
        forged.of(&service, |service| {
            let headers = signature_at(b"another body", seconds_from_now(0));
            assert_eq!(post(service, "/webhooks/spektr", &headers, &body), 401);
        }),
        wrong.of(&service, |service| assert_eq!(post(service, "/", "", &body), 404)),
        other.of(&unsigned, |service| {
            let headers = "content-type: text/plain\r\n";
            assert_eq!(post(service, "/webhooks/spektr", headers, &body), 415);
        }),
        clock.of(&service, |service| {
            let headers = signature_at(&body, seconds_from_now(-3600));
            assert_eq!(post(service, "/webhooks/spektr", &headers, &body), 401);
        }),
    ]
}

fn keys(folder: &Path) -> Vec<Situation> {
    let write = |not_after: i64| {
        let end = seconds_from_now(not_after).as_secs();
        let key = format!("[[keys]]\nid = \"dev\"\nsecret = \"any secret\"\nnot_after = {end}\n");
        fs::write(folder.join("keys.toml"), key).expect("is written");
    };
    let day = 24 * 3600;
    write(20 * day);
    let mut service = Service::start(None, folder, &["--keys", "keys.toml"]);
    let read_again = |service: &mut Service| {
        service.signal("HUP");
        service.logs("settings were read again");
    };
    let lasts = Situation::new("a key lasts for 20 days", &[]).of(&service, |_| {});
    write(5 * day);
    read_again(&mut service);
    let ends = Situation::new("a key lasts for 5 days", &["SpektrKeyExpires"]);
    let ends = ends.of(&service, |_| {});

    let before = figures(&service);
    fs::write(folder.join("keys.toml"), "no keys").expect("is written");
    read_again(&mut service);
    let after = figures(&service);
    let broken =
        Situation::new("a key file is broken", &["SpektrKeyExpires", "SpektrSettingsNotReloaded"]);
    let broken = Situation { before, after, ..broken };

    write(-day);
    let service = Service::start(None, folder, &["--keys", "keys.toml"]);
    let ended = Situation::new("no key is valid", &["SpektrDeliveriesFail", "SpektrKeyExpires"]);
    let ended = ended.of(&service, |service| {
        let body = alert("e");
        let headers = signature_at(&body, seconds_from_now(0));
        assert_eq!(post(service, "/webhooks/spektr", &headers, &body), 500);
    });
    vec![lasts, ends, broken, ended]
}

fn forwarding(folder: &Path) -> Vec<Situation> {
    let endpoint = Receiver::start(&["400 No"]);
    let store = ["--store", "sqlite://refused.db", "--forward", &endpoint.url];
    let service = Service::start(KEYS, folder, &store);
    let refused = Situation::new("an event is refused for good", &["SpektrDeadLetters"]);
    let refused = refused.of(&service, |service| {
        deliver(service, &alert("e1"));
        shows(service, "spektr_inbox_backlog_entries{state=\"dead\"}");
    });

    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", closed.local_addr().expect("an address"));
    drop(closed);
    let store = ["--store", "sqlite://down.db", "--forward", &url];
    let service = Service::start(KEYS, folder, &store);
    let down = Situation::new("the destination is down", &["SpektrDestinationDown"]);
    let down = down.of(&service, |service| {
        for number in 0..20 {
            deliver(service, &alert(&format!("e{number}")));
        }
        shows(service, "spektr_inbox_destination_opened_total");
    });
    vec![refused, down]
}

fn drift(folder: &Path) -> Vec<Situation> {
    let endpoint = Receiver::start(&["200 OK"]);
    let service = Service::start(KEYS, folder, &["--forward", &endpoint.url]);
    let malformed = Situation::new("an event is malformed", &["SpektrNotDecodable"]);
    let malformed = malformed.of(&service, |service| {
        deliver(
            service,
            br#"{"id":"e1","spektrId":"s","type":"alert_resolved","createdAt":1700000000000}"#,
        );
        shows(service, "spektr_inbox_backlog_entries{state=\"malformed\"}");
    });
    let folder = folder.join("conflict");
    fs::create_dir(&folder).expect("is made");
    let service = Service::start(KEYS, &folder, &[]);
    let conflict = Situation::new("an id comes with another content", &["SpektrConflicts"]);
    let conflict = conflict.of(&service, |service| {
        deliver(service, &alert("e1"));
        let text = String::from_utf8(alert("e1")).expect("text");
        deliver(service, text.replace("\"n\"", "\"m\"").as_bytes());
    });
    vec![malformed, conflict]
}

fn reconciling(folder: &Path) -> Vec<Situation> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let event = String::from_utf8(alert("e1")).expect("text");
    let event =
        event.replace("1700000000000", &(now - Duration::from_secs(600)).as_millis().to_string());
    let list = List::start(std::slice::from_ref(&event));
    let start = |store: &str, from: &str| {
        let mut tool = spektr(KEYS);
        tool.env("SPEKTR_API_KEY", "any");
        Service::run(tool, folder, &["--store", store, "--from", from])
    };
    let service = start("sqlite://missed.db", &list.url);
    shows(&service, "spektr_inbox_reconciliations_total{result=\"ok\"}");
    let missed = &["SpektrDeliveriesMissed", "SpektrNothingArrives"];
    let missed = Situation::new("events are listed and not delivered", missed);
    let missed = Situation { after: figures(&service), ..missed };
    // A reconciliation has fetched the event already, so the delivery is a duplicate.
    deliver(&service, event.as_bytes());
    let late = Situation::new("deliveries are late", &["SpektrDeliveriesMissed"]);
    let late = Situation { after: figures(&service), ..late };

    let mut overdue =
        Situation::new("no reconciliation for two hours", &["SpektrReconciliationOverdue"]);
    overdue.after = figures(&service);
    overdue.before = overdue.after.clone();
    let last = "spektr_inbox_last_reconciliation_timestamp_seconds";
    let ended = overdue.after[last];
    let overdue = overdue.with(last, ended - 7200.0);

    list.say("{}");
    let service = start("sqlite://failing.db", &list.url);
    let failing = Situation::new("the list is none", &["SpektrReconciliationFails"]);
    let failing = failing.of(&service, |service| {
        shows(service, "spektr_inbox_reconciliations_total{result=\"not_a_page\"}");
    });
    let alone = Situation::new("one run since the start, and it failed", failing.alerts);
    let alone = Situation { before: failing.after.clone(), after: failing.after.clone(), ..alone };
    vec![missed, late, overdue, failing, alone]
}

/// Returns situations that would take too long, or need a broken machine. Each changes some figures
/// of an ordinary service.
fn rare(folder: &Path) -> Vec<Situation> {
    let service = Service::start(KEYS, folder, &[]);
    let shown = figures(&service);
    let rare = |name, alerts, series: &str, value| {
        let figures = Situation { after: shown.clone(), ..Situation::new(name, alerts) };
        figures.with(series, value)
    };
    let slow = "spektr_inbox_delivery_duration_seconds_bucket";
    let slow_ones = Situation::new("deliveries take a second", &["SpektrSlow"]);
    let mut slow_ones = Situation { after: shown.clone(), ..slow_ones };
    let buckets = shown.keys().filter(|series| series.starts_with(slow));
    for series in buckets {
        let end = series.split('"').nth(1).unwrap_or_default();
        let holds = end == "+Inf" || end.parse::<f64>().is_ok_and(|end| end >= 1.0);
        slow_ones.after.insert(series.clone(), if holds { 10.0 } else { 0.0 });
    }
    let mut silent =
        rare("the store is silent", &["SpektrStoreDown"], "spektr_inbox_store_up", 0.0);
    silent.after.retain(|series, _| !series.contains("backlog") && !series.contains("_age_"));
    vec![
        rare("the service is down", &["SpektrDown"], "up{job=\"spektr\"}", 0.0),
        silent,
        slow_ones,
        rare(
            "an event waits for an hour",
            &["SpektrPendingTooLong"],
            "spektr_inbox_oldest_pending_age_seconds",
            3600.0,
        ),
        rare("the inbox was paused and forgotten", &["SpektrPaused"], "spektr_inbox_paused", 1.0),
        rare(
            "nobody reads the log",
            &["SpektrLogLost"],
            "spektr_inbox_log_lines_dropped_total",
            5.0,
        ),
        rare(
            "a verification finds a missing event",
            &["SpektrVerificationFound"],
            "spektr_inbox_verification_entries{result=\"missing\"}",
            1.0,
        ),
    ]
}

#[test]
fn each_alert_fires_in_its_situation_and_in_no_other() {
    let folders: Vec<_> = (0..7).map(|_| folder()).collect();
    let path = |number: usize| folders[number].path();
    let mut situations = vec![ordinary(path(0))];
    situations.extend(refusals(path(1)));
    situations.extend(keys(path(2)));
    situations.extend(forwarding(path(3)));
    situations.extend(drift(path(4)));
    situations.extend(reconciling(path(5)));
    situations.extend(rare(path(6)));

    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/prometheus/rules.yml");
    let rules = rules.canonicalize().expect("the rules are there");
    let text = fs::read_to_string(&rules).expect("the rules are text");
    let written: BTreeSet<_> =
        text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let expected: BTreeSet<_> =
        situations.iter().flat_map(|situation| situation.alerts.iter().copied()).collect();
    assert_eq!(written, expected, "each rule has a situation");

    let runbook = rules.with_file_name("../RUNBOOK.md");
    let runbook = fs::read_to_string(runbook).expect("the runbook is text");
    let anchor = |heading: &str| heading.to_lowercase().replace(' ', "-").replace(['\'', ','], "");
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## "));
    let anchors: BTreeSet<_> = headings.map(anchor).collect();
    let links = text.lines().filter_map(|line| line.trim().strip_prefix("runbook: RUNBOOK.md#"));
    let links: BTreeSet<_> = links.map(str::to_owned).collect();
    let others: BTreeSet<_> = anchors.difference(&links).map(String::as_str).collect();
    // The sections that people need without an alert.
    assert_eq!(
        others,
        BTreeSet::from(["a-backup-and-its-return", "a-person-is-to-be-erased", "who-did-what"])
    );
    assert_eq!(links.difference(&anchors).next(), None, "each alert has a section of the runbook");

    // An alert on a metric that no service shows would never fire.
    let of_service = || {
        let series = situations.iter().flat_map(|situation| situation.after.keys());
        series.filter(|series| !SHOWN_BY_OTHERS.contains(&name(series)))
    };
    let shown: BTreeSet<_> = of_service().map(|series| name(series)).collect();
    let metrics = rules.with_file_name("../../spektr-inbox/METRICS.md");
    let metrics = fs::read_to_string(metrics).expect("the metrics are text");
    assert!(metrics.contains("\n| `verification_entries` | gauge | `result` |"), "{metrics}");
    let named = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    for name in named.filter(|word| word.starts_with("spektr_inbox_")) {
        let is_shown = shown.contains(name) || SHOWN_BY_OTHERS.contains(&name);
        assert!(is_shown, "{name} is shown by no service");
    }

    // Without a rule for a reason, nobody would hear of its refusals.
    let rejected = "spektr_inbox_deliveries_rejected_total{reason=";
    let patterns = text.split("deliveries_rejected_total{reason=~\"").skip(1);
    let patterns = patterns.filter_map(|rest| rest.split('"').next());
    let patterns: BTreeSet<_> = patterns.flat_map(|pattern| pattern.split('|')).collect();
    let reasons = of_service().filter_map(|series| series.strip_prefix(rejected));
    let reasons: BTreeSet<_> = reasons.map(|rest| rest.trim_matches(['"', '}'])).collect();
    assert!(reasons.contains("memory_full"), "{reasons:?}");
    for reason in reasons {
        let is_matched = |pattern: &&str| match pattern.strip_suffix(".*") {
            Some(begin) => reason.starts_with(begin),
            None => reason == *pattern,
        };
        assert!(patterns.iter().any(is_matched), "no rule has {reason}");
    }

    let tests: Vec<_> = situations.iter().map(Situation::test).collect();
    let file = json!({"rule_files": [rules], "evaluation_interval": "1m", "tests": tests});
    let path = path(0).join("tests.json");
    fs::write(&path, file.to_string()).expect("is written");
    let output = Command::new("promtool").args(["test", "rules"]).arg(&path).output();
    let output = output.expect("promtool is installed: `cargo xtask setup` does that");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
