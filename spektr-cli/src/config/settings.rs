//! All settings, in the order of `config check`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use spektr_inbox::reconcile::{BaseUrl, Environment, Reconciler, TimeUnit};
use spektr_inbox::{Breaker, HttpUrl, Receiver};
use spektr_verify::{SignatureFormat, SignedContent, Verifier};
use tracing_subscriber::filter::LevelFilter;

use super::setting::{Described, Preset, Setting};
use crate::client::parse_url;
use crate::collector::Collector;
use crate::delivery::Envelope;
use crate::http;
use crate::location::{self, Location};
use crate::output::Format;
use crate::time::{parse_age, parse_span};
use crate::values::{
    EventTypes, PermanentStatuses, parse_events, parse_level, parse_number, parse_pause,
    parse_place, parse_timeout,
};

/// Defines each setting, and the list of all of them.
macro_rules! settings {
    ($($name:ident: $kind:ident<$type:ty> = $make:ident($($argument:expr),* $(,)?);)*) => {
        $(pub(crate) static $name: $kind<$type> = $kind::$make($($argument),*);)*

        pub(crate) static SETTINGS: &[&dyn Described] = &[$(&$name),*];

        #[cfg(test)]
        mod tests {
            use super::*;

            fn optional<T>(_: &Setting<T>) {}

            fn preset<T: PartialEq + std::fmt::Debug>(setting: &Preset<T>) {
                setting.assert_preset();
            }

            fn flag(setting: &Preset<bool>) {
                preset(setting);
            }

            #[test]
            fn the_text_of_each_preset_is_read_as_its_value() {
                $($make(&$name);)*
            }
        }
    };
}

settings! {
    KEYS_FILE: Setting<PathBuf> = optional(
        "keys_file",
        "TOML file with the signing keys",
        "SPEKTR_WEBHOOK_KEYS",
        parse_path,
    );
    SIGNED_CONTENT: Preset<SignedContent> = preset(
        "signed_content",
        "Template of the signed bytes, made of {timestamp}, {key_id} and {body}; `spektr diagnose` \
         finds it",
        "{timestamp}.{body}, an assumption",
        || SignedContent::TIMESTAMP_DOT_BODY,
        |text| text.parse::<SignedContent>().map_err(|error| error.to_string()),
    );
    SIGNATURE_FORMAT: Preset<SignatureFormat> = preset(
        "signature_format",
        "Format of the MAC in x-signature, hex or sha256=hex",
        "hex",
        SignatureFormat::default,
        |text| text.parse::<SignatureFormat>().map_err(|error| error.to_string()),
    );
    TOLERANCE: Preset<Duration> = preset(
        "tolerance",
        "Greatest difference between the time of signing and now, for example 90s or 5m",
        "5m",
        || Verifier::DEFAULT_TOLERANCE,
        parse_span,
    );
    SEND_TO: Setting<HttpUrl> = optional(
        "send.to",
        "URL of the receiver that `send` and `replay` post to",
        "none",
        parse_url,
    );
    SEND_ENVELOPE: Setting<Envelope> = optional(
        "send.envelope",
        "Envelope of the events that `send` makes, type or eventType",
        "that of the example",
        Envelope::parse,
    );
    LISTEN_ADDRESS: Preset<IpAddr> = preset(
        "listen.address",
        "Address that `listen` binds to. Only this machine reaches the preset",
        "127.0.0.1",
        || IpAddr::V4(Ipv4Addr::LOCALHOST),
        |text| text.parse().map_err(|_| "expected an IP address".to_owned()),
    );
    LISTEN_PORT: Preset<u16> = preset(
        "listen.port",
        "Port that `listen` binds to; 0 takes a free one",
        "8787",
        || 8787,
        |text| text.parse().map_err(|_| "expected a port, 0 to 65535".to_owned()),
    );
    LISTEN_FORWARD: Setting<HttpUrl> = optional(
        "listen.forward",
        "URL to which `listen` passes deliveries on, unchanged",
        "none",
        parse_url,
    );
    LISTEN_RECORD: Setting<PathBuf> = optional(
        "listen.record",
        "Folder in which `listen` records deliveries, two files each, readable only by you",
        "none",
        parse_path,
    );
    STORE: Preset<Location> = preset(
        "store",
        "The inbox, sqlite://PATH or postgres://USER@HOST/DATABASE",
        location::PRESET,
        Location::preset,
        Location::parse,
    );
    LISTEN: Preset<SocketAddr> = preset(
        "serve.listen",
        "Address and port for deliveries; port 0 takes a free one",
        "127.0.0.1:8787",
        || SocketAddr::from(([127, 0, 0, 1], 8787)),
        http::parse_address,
    );
    OPERATIONS: Preset<SocketAddr> = preset(
        "serve.operations",
        "Address and port for pages, health and metrics, not for the public",
        "127.0.0.1:8788",
        || SocketAddr::from(([127, 0, 0, 1], 8788)),
        http::parse_address,
    );
    OPS_TOKEN_FILE: Setting<PathBuf> = optional(
        "serve.ops_token_file",
        "File with the token that is required for changes at the address of operations",
        "nothing can be changed there",
        parse_path,
    );
    SOURCE: Preset<String> = preset(
        "serve.source",
        "Source of the deliveries. The same id from another source is another event",
        Receiver::DEFAULT_SOURCE,
        || Receiver::DEFAULT_SOURCE.to_owned(),
        |text| filled(text).map(str::to_owned),
    );
    FORWARD: Setting<HttpUrl> = optional(
        "serve.forward",
        "URL that `serve` posts each event to",
        "events stay pending",
        parse_url,
    );
    ORDERED: Preset<bool> = flag(
        "serve.ordered",
        "Forward events of a spektr id one at a time, in the order of their creation",
    );
    HOLD_ON_DEAD: Preset<bool> = flag(
        "serve.hold_on_dead",
        "With --ordered: a dead letter holds back the later events of its spektr id",
    );
    FORWARD_KEYS: Setting<PathBuf> = optional(
        "serve.forward_keys",
        "Sign by Standard Webhooks with the keys of this file: one or two lines, each with a key \
         whsec_…",
        "none",
        parse_path,
    );
    FORWARD_HEADERS: Setting<PathBuf> = optional(
        "serve.forward_headers",
        "Add the headers of this file, one on each line, for example `authorization: Bearer …`",
        "none",
        parse_path,
    );
    FORWARD_CA: Setting<PathBuf> = optional(
        "serve.forward_ca",
        "Trust the certificate authorities of this PEM file, and no others",
        "those of the operating system",
        parse_path,
    );
    FORWARD_CERTIFICATE: Setting<PathBuf> = optional(
        "serve.forward_certificate",
        "Present the client certificate of this PEM file (mutual TLS)",
        "none",
        parse_path,
    );
    FORWARD_PRIVATE_KEY: Setting<PathBuf> = optional(
        "serve.forward_private_key",
        "PEM file with the private key of the client certificate",
        "none",
        parse_path,
    );
    FORWARD_TYPES: Setting<EventTypes> = optional(
        "serve.forward_types",
        "Forward only events of these types, separated by commas; other events become done",
        "all",
        EventTypes::parse,
    );
    FORWARD_MALFORMED: Preset<bool> = flag(
        "serve.forward_malformed",
        "Also forward entries that cannot be decoded, as they arrived",
    );
    FORWARD_CONCURRENCY: Preset<u32> = preset(
        "serve.forward_concurrency",
        "Number of events that are posted at a time",
        "16",
        || 16,
        parse_events,
    );
    FORWARD_RATE: Setting<u32> = optional(
        "serve.forward_rate",
        "Largest number of posts per second; each attempt counts",
        "no limit",
        |text| parse_number(text, 100_000),
    );
    FORWARD_TIMEOUT: Preset<Duration> = preset(
        "serve.forward_timeout",
        "How long an answer may take",
        "25s",
        || Duration::from_secs(25),
        parse_timeout,
    );
    FORWARD_ATTEMPTS: Preset<u32> = preset(
        "serve.forward_attempts",
        "How many attempts an event has before it is a dead letter",
        "20",
        || 20,
        |text| parse_number(text, 1_000_000),
    );
    FORWARD_FIRST_PAUSE: Preset<Duration> = preset(
        "serve.forward_first_pause",
        "Pause after the first attempt; the pause doubles after each further attempt",
        "1s",
        || Duration::from_secs(1),
        parse_pause,
    );
    FORWARD_LONGEST_PAUSE: Preset<Duration> = preset(
        "serve.forward_longest_pause",
        "Longest pause between two attempts",
        "1h",
        || Duration::from_secs(3600),
        parse_pause,
    );
    GIVE_UP_AFTER: Setting<Duration> = optional(
        "serve.give_up_after",
        "Give up an event that is older than this, for example 7d, when an attempt fails or is \
         put off",
        "never",
        parse_age,
    );
    PERMANENT_STATUSES: Preset<PermanentStatuses> = preset(
        "serve.permanent_statuses",
        "Response statuses that mean that an event will never be accepted; or the word none",
        PermanentStatuses::PRESET,
        PermanentStatuses::default,
        PermanentStatuses::parse,
    );
    FORWARD_DOWN_AFTER: Preset<u32> = preset(
        "serve.forward_down_after",
        "Number of events that fail, with none accepted in between, until the endpoint counts as \
         down",
        "5",
        || Breaker::DEFAULT_FAILURES as u32,
        parse_events,
    );
    FORWARD_FIRST_PROBE: Preset<Duration> = preset(
        "serve.forward_first_probe",
        "Pause before the first probe of an endpoint that is down; the pause doubles after each probe",
        "10s",
        || Breaker::DEFAULT_FIRST_INTERVAL,
        parse_pause,
    );
    FORWARD_LONGEST_PROBE: Preset<Duration> = preset(
        "serve.forward_longest_probe",
        "Longest pause between two probes of an endpoint that is down",
        "1m",
        || Breaker::DEFAULT_LONGEST_INTERVAL,
        parse_pause,
    );
    QUARANTINE: Preset<bool> = flag(
        "serve.quarantine",
        "Keep rejected deliveries apart, at most 1000 with 64 MiB: for the first days; \
         `spektr inbox recover` verifies them again",
    );
    LOG_LEVEL: Preset<LevelFilter> = preset(
        "serve.log_level",
        "Least severe level of the log on standard error: error, warn, info or debug",
        "info",
        || LevelFilter::INFO,
        parse_level,
    );
    LOG_FORMAT: Setting<Format> = optional(
        "serve.log_format",
        "Format of the log lines, text or json",
        "that of --format",
        Format::parse,
    );
    OTLP_ENDPOINT: Setting<Collector> = optional(
        "serve.otlp_endpoint",
        "Send traces to this OpenTelemetry collector, by OTLP over HTTP; the path /v1/traces is \
         added to the URL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Collector::parse,
    );
    QUICK_CHECK: Preset<bool> = flag(
        "serve.quick_check",
        "Check the whole SQLite file at the start, which takes some seconds for each gigabyte",
    );
    KEEP_DONE: Setting<Duration> = optional(
        "serve.keep_done",
        "Delete done and resolved entries this long after their arrival, for example 30d",
        "never",
        parse_age,
    );
    KEEP_DEAD: Setting<Duration> = optional(
        "serve.keep_dead",
        "Delete dead letters this long after their arrival",
        "never",
        parse_age,
    );
    KEEP_PARKED: Setting<Duration> = optional(
        "serve.keep_parked",
        "Delete malformed, unknown and unreadable entries and conflicts this long after their \
         arrival",
        "never",
        parse_age,
    );
    KEEP_REJECTED: Setting<Duration> = optional(
        "serve.keep_rejected",
        "Delete rejected deliveries this long after their arrival",
        "never",
        parse_age,
    );
    KEEP_KNOWN: Preset<Duration> = preset(
        "serve.keep_known",
        "Remember deleted entries for this long after their deletion, so that they do not come back",
        "365d",
        || Duration::from_secs(365 * 24 * 3600),
        parse_age,
    );
    LIST: Preset<BaseUrl> = preset(
        "reconcile.from",
        "The sender's list of events: live, sandbox or test, or the URL before /v1/events",
        "live",
        || Environment::Live.base_url(),
        parse_place,
    );
    API_KEY_FILE: Setting<PathBuf> = optional(
        "reconcile.api_key_file",
        "File with the API key",
        "SPEKTR_API_KEY",
        parse_path,
    );
    LIST_UNIT: Preset<TimeUnit> = preset(
        "reconcile.unit",
        "Unit of createdAfter and createdBefore, milliseconds or seconds",
        "milliseconds, an assumption",
        TimeUnit::default,
        |text| text.parse::<TimeUnit>().map_err(|error| error.to_string()),
    );
    RECONCILIATION_INTERVAL: Preset<Duration> = preset(
        "reconcile.interval",
        "How long `serve` waits between two reconciliations",
        "5m",
        || Reconciler::DEFAULT_INTERVAL,
        parse_interval,
    );
    RECONCILIATION_REACH: Preset<Duration> = preset(
        "reconcile.reach",
        "How far back the first reconciliation of `serve` goes",
        "1d",
        || Duration::from_secs(24 * 3600),
        parse_span,
    );
}

fn filled(text: &str) -> Result<&str, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text) }
}

fn parse_path(text: &str) -> Result<PathBuf, String> {
    filled(text).map(PathBuf::from)
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    /// Shorter intervals would send too many requests to the sender's list.
    const SHORTEST: Duration = Duration::from_secs(10);
    match parse_span(text)? {
        short if short < SHORTEST => Err("expected 10s or longer".to_owned()),
        interval => Ok(interval),
    }
}
