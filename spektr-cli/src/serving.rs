//! The settings of the service, from the command line, the environment, or the configuration:
//! `serve` runs with them, and `doctor` examines them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum as _};
use spektr_inbox::operate::Retention;
use spektr_inbox::reconcile::Reconciler;
use tracing_subscriber::filter::LevelFilter;

use crate::arguments::quietly;
use crate::config::Config;
use crate::failure::Failure;
use crate::forwarding::{ForwardArguments, Forwarding};
use crate::keys::KeyArguments;
use crate::output::Format;
use crate::sender_list::ListArguments;
use crate::store::StoreArguments;
use crate::traces::{self, Endpoint};
use crate::{http, log, time};

/// How far back the first reconciliation goes, unless configured.
const REACH: Duration = Duration::from_secs(24 * 3600);

/// How far back the daily verification looks: what it has found shows for two days.
pub(crate) const VERIFY_REACH: Duration = Duration::from_secs(48 * 3600);

/// How long it is known what was deleted, unless configured.
const KEEP_KNOWN: Duration = Duration::from_secs(365 * 24 * 3600);

/// What the service is told.
#[derive(Args, Clone)]
pub(crate) struct ServeArguments {
    /// Address and port for deliveries; port 0 takes a free one [preset: 127.0.0.1:8787]
    #[arg(long, value_name = "IP:PORT", value_parser = http::parse_address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Address and port for pages, health and metrics, not for the public [preset: 127.0.0.1:8788]
    #[arg(long, value_name = "IP:PORT", value_parser = http::parse_address)]
    pub(crate) operations: Option<SocketAddr>,
    /// File with the token that changes at the address of operations need [preset: none is possible]
    #[arg(long, value_name = "FILE")]
    pub(crate) ops_token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// Where the deliveries come from: ids of other sources are other events [preset: spektr]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) source: Option<String>,
    #[command(flatten)]
    pub(crate) forwarding: ForwardArguments,
    /// Delete entries that are done or resolved this long after their arrival, as 30d [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    pub(crate) keep_done: Option<Duration>,
    /// Delete dead letters this long after their arrival [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    pub(crate) keep_dead: Option<Duration>,
    /// Delete malformed, unknown and unreadable entries and conflicts this long after their arrival [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    pub(crate) keep_parked: Option<Duration>,
    /// Delete rejected deliveries this long after their arrival [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    pub(crate) keep_rejected: Option<Duration>,
    /// Know deleted entries for this long after their deletion, so that they do not come back [preset: 365d]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    pub(crate) keep_known: Option<Duration>,
    /// Least severe level of the log on standard error: error, warn, info or debug [preset: info]
    #[arg(long, value_name = "LEVEL", value_parser = log::parse_level)]
    pub(crate) log_level: Option<LevelFilter>,
    /// Format of the log lines [preset: that of --format]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "text|json")]
    pub(crate) log_format: Option<Format>,
    /// Send traces to this OpenTelemetry collector, by OTLP over HTTP; /v1/traces is added [preset: OTEL_EXPORTER_OTLP_ENDPOINT]
    #[arg(long, value_name = "URL", value_parser = quietly(traces::parse_endpoint))]
    pub(crate) otlp_endpoint: Option<Endpoint>,
    /// Check the whole SQLite file at the start, which takes some seconds for each gigabyte
    #[arg(long)]
    pub(crate) quick_check: bool,
    /// Keep rejected deliveries apart, at most 1000 with 64 MiB: for the first days [`spektr inbox recover`]
    #[arg(long)]
    pub(crate) quarantine: bool,
    /// Accept everything, whoever sent it: for a workspace that has signing switched off
    #[arg(long)]
    pub(crate) unsigned: bool,
    /// How far the time of signing may lie from now, as 90s or 5m [preset: 5m]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_span)]
    pub(crate) tolerance: Option<Duration>,
    #[command(flatten)]
    pub(crate) list: ListArguments,
    #[command(flatten)]
    pub(crate) keys: KeyArguments,
}

impl ServeArguments {
    /// Returns how events are forwarded; `None` if they are not.
    pub(crate) fn forwarding(&self, config: &Config) -> Result<Option<Forwarding>, Failure> {
        let forwarding = self.forwarding.forwarding(config)?;
        let is_held = forwarding.as_ref().is_some_and(|forwarding| forwarding.hold_on_dead);
        if is_held && self.retention(config).dead.is_some() {
            return Err(Failure::new(
                "what a dead letter holds back would go on once that is deleted for its age",
            )
            .hint("set one of the two: --hold-on-dead or --keep-dead"));
        }
        Ok(forwarding)
    }

    /// Returns the file with the token for changes, if there is one.
    pub(crate) fn ops_token_file(&self, config: &Config) -> Option<PathBuf> {
        let configured = || config.path_setting("serve.ops_token_file");
        self.ops_token_file.clone().or_else(configured)
    }

    /// Returns the files that hold secrets, a configuration file with a password among them.
    pub(crate) fn secret_files(&self, config: &Config) -> Vec<PathBuf> {
        let with_password = self.store.is_password_in_file(config);
        let files = [
            self.keys.file(config).filter(|_| !self.unsigned),
            self.list.key_file(config),
            self.ops_token_file(config),
            config.path.clone().filter(|_| with_password),
        ];
        let of_forwarding = self.forwarding.secret_files(config);
        files.into_iter().flatten().chain(of_forwarding).collect()
    }

    pub(crate) fn log_level(&self, config: &Config) -> LevelFilter {
        self.log_level
            .or_else(|| config.setting("serve.log_level", |text| log::parse_level(text).ok()))
            .unwrap_or(log::PRESET)
    }

    /// Returns the format of the log lines, if one is named.
    pub(crate) fn log_format(&self, config: &Config) -> Option<Format> {
        let named = |text: &str| Format::from_str(text, false).ok();
        self.log_format.or_else(|| config.setting("serve.log_format", named))
    }

    /// Returns the collector that traces are sent to, if one is named.
    pub(crate) fn otlp_endpoint(&self, config: &Config) -> Result<Option<Endpoint>, Failure> {
        traces::endpoint(self.otlp_endpoint.as_ref(), config)
    }

    pub(crate) fn retention(&self, config: &Config) -> Retention {
        let setting = |name| config.setting(name, |text| time::parse_age(text).ok());
        Retention {
            done: self.keep_done.or_else(|| setting("serve.keep_done")),
            dead: self.keep_dead.or_else(|| setting("serve.keep_dead")),
            parked: self.keep_parked.or_else(|| setting("serve.keep_parked")),
            rejected: self.keep_rejected.or_else(|| setting("serve.keep_rejected")),
            known: Some(
                self.keep_known.or_else(|| setting("serve.keep_known")).unwrap_or(KEEP_KNOWN),
            ),
        }
    }

    /// Returns how far back the first reconciliation goes.
    pub(crate) fn reach(&self, config: &Config) -> Result<Duration, Failure> {
        let setting = config.setting("reconcile.reach", |text| time::parse_span(text).ok());
        let reach = setting.unwrap_or(REACH);
        let furthest = reach.max(VERIFY_REACH).max(Reconciler::DEFAULT_OVERLAP);
        // Entries can be deleted by hand as soon as they have been handled.
        if let Some(known) = self.retention(config).known.filter(|known| *known <= furthest) {
            let (known, furthest) = (time::span(known), time::span(furthest));
            return Err(Failure::new(format!(
                "what is deleted is forgotten {known} after that, and would be fetched again"
            ))
            .hint(format!(
                "a reconciliation goes back {furthest}: --keep-known must be longer than that"
            )));
        }
        Ok(reach)
    }
}
