//! The settings of the service, from the command line, the environment, or the configuration.
//! `serve` runs with these settings, and `doctor` examines them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use spektr_inbox::operate::Retention;
use spektr_inbox::reconcile::Reconciler;
use tracing_subscriber::filter::LevelFilter;

use crate::arguments::quietly;
use crate::collector::Collector;
use crate::config::Config;
use crate::config::settings::{
    KEEP_DEAD, KEEP_DONE, KEEP_KNOWN, KEEP_PARKED, KEEP_REJECTED, LISTEN, LOG_FORMAT, LOG_LEVEL,
    OPERATIONS, OPS_TOKEN_FILE, OTLP_ENDPOINT, QUARANTINE, QUICK_CHECK, RECONCILIATION_REACH,
    SOURCE, TOLERANCE,
};
use crate::failure::Failure;
use crate::forwarding::{ForwardArguments, Forwarding};
use crate::keys::KeyArguments;
use crate::output::Format;
use crate::sender_list::ListArguments;
use crate::store::StoreArguments;
use crate::{time, traces};

/// How far back the daily verification looks. The metrics show its result for two days.
pub(crate) const VERIFY_REACH: Duration = Duration::from_secs(48 * 3600);

/// The arguments of the service.
#[derive(Args, Clone)]
pub(crate) struct ServeArguments {
    #[arg(long, help = LISTEN.help(), value_name = "IP:PORT", value_parser = LISTEN.parser())]
    pub(crate) listen: Option<SocketAddr>,
    #[arg(long, help = OPERATIONS.help(), value_name = "IP:PORT", value_parser = OPERATIONS.parser())]
    pub(crate) operations: Option<SocketAddr>,
    #[arg(long, help = OPS_TOKEN_FILE.help(), value_name = "FILE", value_parser = OPS_TOKEN_FILE.parser())]
    pub(crate) ops_token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[arg(long, help = SOURCE.help(), value_name = "NAME", value_parser = SOURCE.parser())]
    pub(crate) source: Option<String>,
    #[command(flatten)]
    pub(crate) forwarding: ForwardArguments,
    #[arg(long, help = KEEP_DONE.help(), value_name = "DURATION", value_parser = KEEP_DONE.parser())]
    pub(crate) keep_done: Option<Duration>,
    #[arg(long, help = KEEP_DEAD.help(), value_name = "DURATION", value_parser = KEEP_DEAD.parser())]
    pub(crate) keep_dead: Option<Duration>,
    #[arg(long, help = KEEP_PARKED.help(), value_name = "DURATION", value_parser = KEEP_PARKED.parser())]
    pub(crate) keep_parked: Option<Duration>,
    #[arg(long, help = KEEP_REJECTED.help(), value_name = "DURATION", value_parser = KEEP_REJECTED.parser())]
    pub(crate) keep_rejected: Option<Duration>,
    #[arg(long, help = KEEP_KNOWN.help(), value_name = "DURATION", value_parser = KEEP_KNOWN.parser())]
    pub(crate) keep_known: Option<Duration>,
    #[arg(long, help = LOG_LEVEL.help(), value_name = "LEVEL", value_parser = LOG_LEVEL.parser())]
    pub(crate) log_level: Option<LevelFilter>,
    #[arg(long, help = LOG_FORMAT.help(), value_enum, hide_possible_values = true, value_name = "text|json")]
    pub(crate) log_format: Option<Format>,
    #[arg(long, help = OTLP_ENDPOINT.help(), value_name = "URL", value_parser = quietly(OTLP_ENDPOINT.parser()))]
    pub(crate) otlp_endpoint: Option<Collector>,
    #[arg(long, help = QUICK_CHECK.help())]
    pub(crate) quick_check: bool,
    #[arg(long, help = QUARANTINE.help())]
    pub(crate) quarantine: bool,
    /// Accept every delivery without verifying it: for a workspace that does not sign
    #[arg(long)]
    pub(crate) unsigned: bool,
    #[arg(long, help = TOLERANCE.help(), value_name = "DURATION", value_parser = TOLERANCE.parser())]
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
                "--keep-dead would delete a dead letter, and the events held behind it would be forwarded",
            )
            .hint("set only one of the two: --hold-on-dead or --keep-dead"));
        }
        Ok(forwarding)
    }

    /// Returns the file with the token for changes, if there is one.
    pub(crate) fn ops_token_file(&self, config: &Config) -> Option<PathBuf> {
        OPS_TOKEN_FILE.path(self.ops_token_file.as_ref(), config)
    }

    /// Returns the files that hold secrets, including a configuration file with a password.
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
        LOG_LEVEL.value(self.log_level, config)
    }

    /// Returns the format of the log lines, if one is named.
    pub(crate) fn log_format(&self, config: &Config) -> Option<Format> {
        LOG_FORMAT.chosen(self.log_format, config)
    }

    /// Returns the collector that traces are sent to, if one is named.
    pub(crate) fn collector(&self, config: &Config) -> Result<Option<Collector>, Failure> {
        traces::collector(self.otlp_endpoint.clone(), config)
    }

    pub(crate) fn retention(&self, config: &Config) -> Retention {
        Retention {
            done: KEEP_DONE.chosen(self.keep_done, config),
            dead: KEEP_DEAD.chosen(self.keep_dead, config),
            parked: KEEP_PARKED.chosen(self.keep_parked, config),
            rejected: KEEP_REJECTED.chosen(self.keep_rejected, config),
            known: Some(KEEP_KNOWN.value(self.keep_known, config)),
        }
    }

    /// Returns how far back the first reconciliation goes.
    pub(crate) fn reach(&self, config: &Config) -> Result<Duration, Failure> {
        let reach = RECONCILIATION_REACH.value(None, config);
        let furthest = reach.max(VERIFY_REACH).max(Reconciler::DEFAULT_OVERLAP);
        // An operator can delete an entry as soon as it has been handled.
        if let Some(known) = self.retention(config).known.filter(|known| *known <= furthest) {
            let (known, furthest) = (time::span(known), time::span(furthest));
            return Err(Failure::new(format!(
                "a deleted entry is forgotten {known} after its deletion, and would be fetched again"
            ))
            .hint(format!(
                "a reconciliation goes back {furthest}: --keep-known must be longer than that"
            )));
        }
        Ok(reach)
    }
}
