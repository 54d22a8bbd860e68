//! The settings: name, meaning, and what is a value of it. One table, from which
//! the file, the environment and `config check` are read.

use std::net::IpAddr;
use std::time::Duration;

use clap::ValueEnum as _;
use spektr_inbox::Receiver;
use spektr_verify::{SignatureFormat, SignedContent};

use crate::client;
use crate::delivery::Envelope;
use crate::location::{self, Location};
use crate::output::Format;
use crate::values::{self, EventTypes, PermanentStatuses};
use crate::{http, log, time, traces};

/// Something that can be configured.
pub(crate) struct Setting {
    /// Name in the file; a dot stands before a member of a table.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// What holds if it is not set.
    pub(crate) preset: &'static str,
    pub(crate) check: fn(&str) -> Result<(), String>,
}

impl Setting {
    /// Returns the environment variable that overrides the file.
    pub(crate) fn variable(&self) -> String {
        format!("SPEKTR_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// Returns a value for people, without what is secret of it.
    pub(crate) fn shown(&self, value: &str) -> String {
        match (self.name, Location::parse(value)) {
            ("store", Ok(location)) => location.shown(),
            _ => value.to_owned(),
        }
    }

    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }
}

pub(crate) static SETTINGS: [Setting; 51] = [
    Setting {
        name: "keys_file",
        about: "TOML file with the signing keys",
        preset: "none: SPEKTR_WEBHOOK_KEYS",
        check: any,
    },
    Setting {
        name: "signed_content",
        about: "what the sender signs; `spektr diagnose` finds it",
        preset: "{timestamp}.{body}, an assumption",
        check: |text| text.parse::<SignedContent>().map(drop).map_err(|error| error.to_string()),
    },
    Setting {
        name: "signature_format",
        about: "how x-signature spells the MAC: hex or sha256=hex",
        preset: "hex",
        check: |text| text.parse::<SignatureFormat>().map(drop).map_err(|error| error.to_string()),
    },
    Setting {
        name: "tolerance",
        about: "how far the time of signing may lie from now",
        preset: "5m",
        check: |text| time::parse_span(text).map(drop),
    },
    Setting {
        name: "send.to",
        about: "where `send` and `replay` post to",
        preset: "none",
        check: url,
    },
    Setting {
        name: "send.envelope",
        about: "envelope of the events that `send` makes: type or eventType",
        preset: "that of the example",
        check: |text| {
            Envelope::parse(text).map(drop).ok_or_else(|| "expected type or eventType".to_owned())
        },
    },
    Setting {
        name: "listen.address",
        about: "address that `listen` binds to",
        preset: "127.0.0.1",
        check: |text| {
            text.parse::<IpAddr>().map(drop).map_err(|_| "expected an IP address".to_owned())
        },
    },
    Setting {
        name: "listen.port",
        about: "port that `listen` binds to; 0 takes a free one",
        preset: "8787",
        check: |text| {
            text.parse::<u16>().map(drop).map_err(|_| "expected a port, 0 to 65535".to_owned())
        },
    },
    Setting {
        name: "listen.forward",
        about: "where `listen` forwards to",
        preset: "none",
        check: url,
    },
    Setting {
        name: "listen.record",
        about: "folder that `listen` records to",
        preset: "none",
        check: any,
    },
    Setting {
        name: "store",
        about: "the inbox that `serve` fills and `inbox` looks at",
        preset: location::PRESET,
        check: |text| Location::parse(text).map(drop),
    },
    Setting {
        name: "serve.listen",
        about: "address and port that `serve` receives deliveries on",
        preset: "127.0.0.1:8787",
        check: |text| http::parse_address(text).map(drop),
    },
    Setting {
        name: "serve.operations",
        about: "address and port of pages, health and metrics",
        preset: "127.0.0.1:8788",
        check: |text| http::parse_address(text).map(drop),
    },
    Setting {
        name: "serve.ops_token_file",
        about: "file with the token that changes at the address of operations need",
        preset: "none: nothing can be changed there",
        check: any,
    },
    Setting {
        name: "serve.source",
        about: "where the deliveries come from: ids of other sources are other events",
        preset: Receiver::DEFAULT_SOURCE,
        check: any,
    },
    Setting {
        name: "serve.forward",
        about: "where `serve` posts each event to",
        preset: "none: events stay pending",
        check: url,
    },
    Setting {
        name: "serve.ordered",
        about: "whether events of a spektr id are forwarded one at a time: true or false",
        preset: "false",
        check: yes_or_no,
    },
    Setting {
        name: "serve.hold_on_dead",
        about: "whether a dead letter holds back the later events of its spektr id: true or false",
        preset: "false",
        check: yes_or_no,
    },
    Setting {
        name: "serve.forward_keys",
        about: "file with one or two keys, whsec_…, that sign what is forwarded",
        preset: "none: it is not signed",
        check: any,
    },
    Setting {
        name: "serve.forward_headers",
        about: "file with headers that are added to what is forwarded",
        preset: "none",
        check: any,
    },
    Setting {
        name: "serve.forward_ca",
        about: "PEM file with the certificate authorities that are trusted when forwarding",
        preset: "those of the operating system",
        check: any,
    },
    Setting {
        name: "serve.forward_certificate",
        about: "PEM file with the certificate that `serve` shows when forwarding",
        preset: "none",
        check: any,
    },
    Setting {
        name: "serve.forward_private_key",
        about: "PEM file with the private key of that certificate",
        preset: "none",
        check: any,
    },
    Setting {
        name: "serve.forward_types",
        about: "types of the events that are forwarded, between commas; the others are done",
        preset: "all",
        check: |text| EventTypes::parse(text).map(drop),
    },
    Setting {
        name: "serve.forward_malformed",
        about: "whether entries that cannot be decoded are forwarded too: true or false",
        preset: "false",
        check: yes_or_no,
    },
    Setting {
        name: "serve.forward_concurrency",
        about: "how many events are forwarded at a time",
        preset: "16",
        check: |text| values::parse_events(text).map(drop),
    },
    Setting {
        name: "serve.forward_rate",
        about: "how many posts a second are made at most",
        preset: "no limit",
        check: |text| values::parse_rate(text).map(drop),
    },
    Setting {
        name: "serve.forward_timeout",
        about: "how long an answer to a forwarded event may take",
        preset: "25s",
        check: |text| values::parse_timeout(text).map(drop),
    },
    Setting {
        name: "serve.forward_attempts",
        about: "how many attempts a forwarded event has before it is a dead letter",
        preset: "20",
        check: |text| values::parse_attempts(text).map(drop),
    },
    Setting {
        name: "serve.forward_first_pause",
        about: "pause after the first attempt to forward, doubled after each further one",
        preset: "1s",
        check: |text| values::parse_pause(text).map(drop),
    },
    Setting {
        name: "serve.forward_longest_pause",
        about: "longest pause between two attempts to forward",
        preset: "1h",
        check: |text| values::parse_pause(text).map(drop),
    },
    Setting {
        name: "serve.give_up_after",
        about: "age at which an event is given up when an attempt fails or is put off",
        preset: "never",
        check: |text| time::parse_age(text).map(drop),
    },
    Setting {
        name: "serve.permanent_statuses",
        about: "statuses of answers that say that an event will never be accepted, or none",
        preset: PermanentStatuses::PRESET,
        check: |text| PermanentStatuses::parse(text).map(drop),
    },
    Setting {
        name: "serve.forward_down_after",
        about: "how many events fail before the endpoint counts as down",
        preset: "5",
        check: |text| values::parse_events(text).map(drop),
    },
    Setting {
        name: "serve.forward_first_probe",
        about: "pause before an endpoint that is down is tried, doubled each time",
        preset: "10s",
        check: |text| values::parse_pause(text).map(drop),
    },
    Setting {
        name: "serve.forward_longest_probe",
        about: "longest pause between two tries of an endpoint that is down",
        preset: "1m",
        check: |text| values::parse_pause(text).map(drop),
    },
    Setting {
        name: "serve.quarantine",
        about: "whether `serve` keeps rejected deliveries apart: true or false",
        preset: "false",
        check: yes_or_no,
    },
    Setting {
        name: "serve.log_level",
        about: "least severe level of the log of `serve`: error, warn, info or debug",
        preset: "info",
        check: |text| log::parse_level(text).map(drop),
    },
    Setting {
        name: "serve.log_format",
        about: "format of the lines of that log: text or json",
        preset: "that of --format",
        check: |text| Format::from_str(text, false).map(drop),
    },
    Setting {
        name: "serve.otlp_endpoint",
        about: "OpenTelemetry collector that `serve` sends traces to; /v1/traces is added",
        preset: "none: OTEL_EXPORTER_OTLP_ENDPOINT",
        check: |text| traces::parse_endpoint(text).map(drop),
    },
    Setting {
        name: "serve.quick_check",
        about: "whether `serve` checks the whole SQLite file at the start: true or false",
        preset: "false",
        check: yes_or_no,
    },
    Setting {
        name: "serve.keep_done",
        about: "how long entries are kept that are done",
        preset: "for ever",
        check: |text| time::parse_age(text).map(drop),
    },
    Setting {
        name: "serve.keep_dead",
        about: "how long dead letters are kept",
        preset: "for ever",
        check: |text| time::parse_age(text).map(drop),
    },
    Setting {
        name: "serve.keep_parked",
        about: "how long malformed, unknown and unreadable entries and conflicts are kept",
        preset: "for ever",
        check: |text| time::parse_age(text).map(drop),
    },
    Setting {
        name: "serve.keep_rejected",
        about: "how long rejected deliveries are kept",
        preset: "for ever",
        check: |text| time::parse_age(text).map(drop),
    },
    Setting {
        name: "serve.keep_known",
        about: "how long it is known which entries were deleted, so that they do not come back",
        preset: "365d",
        check: |text| time::parse_age(text).map(drop),
    },
    Setting {
        name: "reconcile.from",
        about: "the sender's list of events: live, sandbox or test, or its base URL",
        preset: "live",
        check: |text| values::parse_place(text).map(drop),
    },
    Setting {
        name: "reconcile.api_key_file",
        about: "file with the API key",
        preset: "none: SPEKTR_API_KEY",
        check: any,
    },
    Setting {
        name: "reconcile.unit",
        about: "unit of createdAfter and createdBefore: milliseconds or seconds",
        preset: "milliseconds, an assumption",
        check: |text| values::parse_unit(text).map(drop),
    },
    Setting {
        name: "reconcile.interval",
        about: "how long `serve` waits between two reconciliations",
        preset: "5m",
        check: |text| match time::parse_span(text)? {
            short if short < SHORTEST_INTERVAL => Err("expected 10s or longer".to_owned()),
            _ => Ok(()),
        },
    },
    Setting {
        name: "reconcile.reach",
        about: "how far back the first reconciliation of `serve` goes",
        preset: "1d",
        check: |text| time::parse_span(text).map(drop),
    },
];

/// The sender's list is not to be asked all the time.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);

fn yes_or_no(text: &str) -> Result<(), String> {
    text.parse::<bool>().map(drop).map_err(|_| "expected true or false".to_owned())
}

fn any(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(()) }
}

fn url(text: &str) -> Result<(), String> {
    client::parse_url(text).map(drop)
}
