//! `spektr serve`: the inbox as a service.
//!
//! Everything that matters happens in spektr-inbox; this puts it together from
//! the command line and the configuration.

mod begun;
mod descriptors;
mod forward;
mod lifecycle;
mod reload;
mod secrets;
mod sockets;
mod supervisor;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use spektr_inbox::operate::Retention;
use spektr_inbox::reconcile::{Client, Reconciler};
use spektr_inbox::store::Store;
use spektr_inbox::{Metrics, Receiver};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

use self::begun::Begun;
use self::forward::Forward;
use self::lifecycle::Work;
use self::reload::Reload;
use self::sockets::{Place, Sockets};
use self::supervisor::Supervisor;
use crate::arguments::Global;
use crate::config::Config;
use crate::failure::{Answer, Failure};
use crate::forwarding::{EventTypes, ForwardArguments};
use crate::keys::KeyArguments;
use crate::log::{self, Form, Log};
use crate::operations::{About, Access, Operations, Token};
use crate::runtime::{self, Signals};
use crate::sender_list::ListArguments;
use crate::store::{Location, StoreArguments};
use crate::{http, time};

const EXAMPLES: &str = "\
Examples:
  SPEKTR_WEBHOOK_KEYS='dev=any secret' spektr serve
  spektr serve --listen 0.0.0.0:8080 --store sqlite:///var/lib/spektr/inbox.db --keys keys.toml
  spektr serve --forward http://127.0.0.1:3000/events --ordered --keep-done 30d
  PGPASSWORD=… spektr serve --store postgres://spektr@db.example.com/inbox    # or several of them

POST /webhooks/spektr answers 200 once everything of a delivery is on the disk, and never before.
Health and metrics (/health/live, /health/ready, /metrics) have an address of their own, and so have
pages to look at in a browser: figures, entries, dead letters. Pages show ids, types, states and
reasons, never a payload. To read them takes no token at a loopback address. To change something
(replay, retry, resolve, pause) takes the token of --ops-token-file, and so does everything but
health and metrics at another address.

PostgreSQL is connected to by verified TLS: sslrootcert=FILE in the URL names a certificate
authority that the system does not know, and sslmode=disable says that there is no TLS, as on the
same machine.

With --forward each event is posted to that URL: the JSON of one entry as it arrived, with the
headers spektr-event-id, spektr-event-type, spektr-source, spektr-entry and spektr-attempt. With
--forward-keys it is signed by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature),
which the libraries of that specification verify; webhook-id is the same for each attempt. An
answer of 2xx is the end of it. On 400, 404, 410 and 422 it is a dead letter at once: `spektr inbox
dead`. On anything else it is tried again, after a second at first and an hour at last, and is a
dead letter after 20 attempts, or what --forward-first-pause, --forward-longest-pause,
--forward-attempts and --give-up-after say; `spektr config check` computes when that is. Each event
comes at least once: its id is the idempotency key.

No connection, no answer, and 429, 502, 503 and 504 are the fault of the endpoint. Once five events
have failed like that (--forward-down-after), or for a minute, the others wait: one is tried after
10 s, 20 s, 40 s (--forward-first-probe), and then each minute (--forward-longest-probe), or when
`retry-after` says, an hour later at most. That counts no attempts, and the first success lets all
go on. The log says when it begins and ends, destination_up in the metrics shows it, and each
process finds out for itself.

With --ordered a dead letter lets the later events of its spektr id pass, and a replay delivers it
after them. With --hold-on-dead they wait until somebody has dealt with it: `spektr inbox replay`,
`resolve`, or `prune`. How many wait is behind_dead_entries in the metrics. It is refused
beside --keep-dead, which would let them go on by itself.

Malformed entries, bodies that cannot be read and
conflicts, ids that were there with another content, are kept and not posted: `spektr inbox list
--state malformed`, and so on. With --forward-malformed malformed entries are posted too, and the
header spektr-malformed says what is wrong; those from before by `spektr inbox replay`. Without --forward events stay pending, for `spektr inbox list` and
`export`.

With the wrong signing settings every delivery is rejected, and the sender drops it soon. With
--quarantine they are kept, for `spektr inbox quarantine`, `diagnose` and `spektr inbox recover`.

With an API key, in SPEKTR_API_KEY or a file, what was missed is fetched from the sender's list: at
the start, from where the last run came to or a day back, and every five minutes. Once a day the
list is compared with the inbox, as by `spektr inbox verify`: verification_entries in the metrics.

TLS is the work of a proxy before it.

SIGHUP has the configuration file, the key file, the files with the API key, the token of operations,
and with keys, headers and certificates for forwarding, and log_level read again. What cannot be read
stays as it was, and the log says why. Variables and other settings stay as they were at the start.

SIGTERM or ctrl-c ends it in order: no further event is claimed, those under way have 30 s to finish
and deliveries are accepted meanwhile; then the listener is closed and the deliveries that have
begun are answered. A second signal ends it at once, and what was answered with 200 is safe all the
same. Under systemd, the first socket of a .socket unit takes the place of --listen and the second
that of --operations: the socket outlives a restart, which then refuses no delivery. Type=notify and
WatchdogSec= are understood.";

const PATH: &str = "/webhooks/spektr";

/// How many rejected deliveries are kept, and how many bytes of them.
const QUARANTINE_COUNT: usize = 1000;
const QUARANTINE_BYTES: usize = 64 << 20;

/// How far back the first reconciliation goes, unless configured.
const REACH: Duration = Duration::from_secs(24 * 3600);

/// How long it is known what was deleted, unless configured.
const KEEP_KNOWN: Duration = Duration::from_secs(365 * 24 * 3600);

/// How far back the daily verification looks: what it has found shows for two days.
const VERIFY_REACH: Duration = Duration::from_secs(48 * 3600);

#[derive(Args, Clone)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Address and port for deliveries; port 0 takes a free one [preset: 127.0.0.1:8787]
    #[arg(long, value_name = "IP:PORT", value_parser = http::parse_address)]
    listen: Option<SocketAddr>,
    /// Address and port for pages, health and metrics, not for the public [preset: 127.0.0.1:8788]
    #[arg(long, value_name = "IP:PORT", value_parser = http::parse_address)]
    operations: Option<SocketAddr>,
    /// File with the token that changes at the address of operations need [preset: none is possible]
    #[arg(long, value_name = "FILE")]
    ops_token_file: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArguments,
    /// Where the deliveries come from: ids of other sources are other events [preset: spektr]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    source: Option<String>,
    #[command(flatten)]
    forwarding: ForwardArguments,
    /// Delete entries that are done or resolved this long after their arrival, as 30d [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    keep_done: Option<Duration>,
    /// Delete dead letters this long after their arrival [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    keep_dead: Option<Duration>,
    /// Delete malformed, unknown and unreadable entries and conflicts this long after their arrival [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    keep_parked: Option<Duration>,
    /// Delete rejected deliveries this long after their arrival [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    keep_rejected: Option<Duration>,
    /// Know deleted entries for this long after their deletion, so that they do not come back [preset: 365d]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    keep_known: Option<Duration>,
    /// Least severe level of the log on standard error: error, warn, info or debug [preset: info]
    #[arg(long, value_name = "LEVEL", value_parser = log::parse_level)]
    log_level: Option<LevelFilter>,
    /// Form of its lines: text or json [preset: that of --format]
    #[arg(long, value_name = "FORM", value_parser = log::parse_form)]
    log_format: Option<Form>,
    /// Check the whole SQLite file at the start, which takes some seconds for each gigabyte
    #[arg(long)]
    quick_check: bool,
    /// Keep rejected deliveries apart, at most 1000 with 64 MiB: for the first days [`spektr inbox recover`]
    #[arg(long)]
    quarantine: bool,
    /// Accept everything, whoever sent it: for a workspace that has signing switched off
    #[arg(long)]
    unsigned: bool,
    /// How far the time of signing may lie from now, as 90s or 5m [preset: 5m]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_span)]
    tolerance: Option<Duration>,
    #[command(flatten)]
    list: ListArguments,
    #[command(flatten)]
    keys: KeyArguments,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let keys = &arguments.keys;
    let (verifier, shared_keys) =
        keys.verifier_or_none(&config, arguments.unsigned, arguments.tolerance)?;
    let keys = keys.in_words(&config, arguments.unsigned, arguments.tolerance)?;
    let forwarding = arguments.forwarding.forwarding(&config)?;
    let is_set = |name| config.setting(name, |text| text.parse().ok()).unwrap_or_default();
    let retention = retention(arguments, &config);
    let is_held = forwarding.as_ref().is_some_and(|forwarding| forwarding.hold_on_dead);
    if is_held && retention.dead.is_some() {
        return Err(Failure::new(
            "what a dead letter holds back would go on once that is deleted for its age",
        )
        .hint("set one of the two: --hold-on-dead or --keep-dead"));
    }
    let metrics = Metrics::new();
    let dropped = "Lines of the log that were dropped because standard error was not read";
    let forward = forwarding
        .as_ref()
        .map(|forwarding| Forward::new(forwarding, &arguments.forwarding, &config, &metrics))
        .transpose()?;
    let ops_token_file = arguments.ops_token_file(&config);
    let token = ops_token_file.as_deref().map(Token::of_file).transpose()?;
    let access = Access::new(token);
    let configured = || config.setting("serve.log_format", |text| log::parse_form(text).ok());
    let form = arguments.log_format.or_else(configured).unwrap_or_else(|| Form::of(global));
    let log = Log::start(form, metrics.count("log_lines_dropped", dropped))?;
    log.level().set(log_level(arguments.log_level, &config));
    runtime::block_on_many(async {
        let (signals, hangups) = (Signals::catch()?, runtime::hangups()?);
        secrets::warn_of_open_files(arguments, &config);
        let store = if arguments.quick_check || is_set("serve.quick_check") {
            arguments.store.open_checked(&config).await?
        } else {
            arguments.store.open_or_make(&config).await?
        };
        let source = config.source(arguments.source.as_deref());
        let mut receiver = Receiver::new(Arc::clone(&store), verifier)
            .with_source(&source)
            .with_metrics(metrics.clone());
        if arguments.quarantine || is_set("serve.quarantine") {
            receiver = receiver.with_quarantine(QUARANTINE_COUNT, QUARANTINE_BYTES);
        }
        let client = arguments.list.client_if_configured(&config)?;
        let reconciler = reconciler(client.clone(), &config, &store, &source, retention)?
            .map(|reconciler| reconciler.with_metrics(metrics.clone()));
        let workers = forward
            .clone()
            .zip(forwarding.as_ref())
            .map(|(forward, forwarding)| forward.workers(Arc::clone(&store), forwarding, &metrics));
        let posted = forwarding.as_ref().map_or(0, |forwarding| forwarding.concurrency);
        for unknown in
            forwarding.iter().filter_map(|one| one.types.as_ref()).flat_map(EventTypes::unknown)
        {
            let event_type = unknown.as_str();
            tracing::warn!(event_type, "forward_types names a type that the schema does not know");
        }
        let public = Place {
            argument: arguments.listen,
            setting: "serve.listen",
            option: "--listen",
            port: 8787,
        };
        let private = Place {
            argument: arguments.operations,
            setting: "serve.operations",
            option: "--operations",
            port: 8788,
        };
        let sockets = Sockets::open(&config, public, private).await?;
        let location = arguments.store.location(&config);
        let file = match &location {
            Location::Sqlite(path) => Some(path.clone()),
            Location::Postgres(_) => None,
        };
        let forwards_to = forwarding.as_ref().map(|forwarding| forwarding.url.to_string());
        let about = About {
            is_local: address(&sockets.private)?.ip().is_loopback(),
            source: source.clone(),
            store: location.shown(),
            file,
            forwarding: forwards_to.clone(),
            is_reconciling: reconciler.is_some(),
        };
        let operations =
            Operations::new(receiver.clone(), Arc::clone(&store), access.clone(), about);
        let begun = Begun {
            receiving: format!("http://{}{PATH}", address(&sockets.public)?),
            operations: format!("http://{}/", address(&sockets.private)?),
            store: location.shown(),
            source,
            keys,
            forwarding: forwards_to,
            signed: forward.as_ref().is_some_and(|forward| forward.counts().0 > 0),
            reconciling: reconciler.is_some(),
        };
        // Whoever started it may read the first line and no more.
        let _gone = begun.print(global, address(&sockets.public)?);
        begun.log();
        let totals = operations.clone();
        let work = Work {
            store,
            receiver,
            operations,
            forwarding: workers,
            posted,
            reconciler,
            retention,
        };
        let reload = Reload {
            global: global.clone(),
            arguments: arguments.clone(),
            keys: shared_keys,
            client,
            forward,
            access,
            level: log.level(),
            reloads: metrics
                .count("settings_reloads", "Times that keys and settings were read again"),
            failures: metrics.count(
                "settings_reload_failures",
                "Times that one of them could not be read again and stays as it was",
            ),
        };
        let supervisor = Supervisor::from_env();
        tokio::select! {
            () = work.run(sockets, signals, &supervisor) => {}
            () = reload.run(hangups) => {}
        }
        totals.log_totals().await;
        Ok(Answer::Yes)
    })
}

impl Arguments {
    /// Returns the file with the token for changes, if there is one.
    fn ops_token_file(&self, config: &Config) -> Option<PathBuf> {
        let configured = || config.path_setting("serve.ops_token_file");
        self.ops_token_file.clone().or_else(configured)
    }
}

/// Fetches what was missed, if there is a key for it.
fn reconciler(
    client: Option<Client>,
    config: &Config,
    store: &Arc<dyn Store>,
    source: &str,
    retention: Retention,
) -> Result<Option<Reconciler>, Failure> {
    let Some(client) = client else { return Ok(None) };
    let setting = |name| config.setting(name, |text| time::parse_span(text).ok());
    let reach = setting("reconcile.reach").unwrap_or(REACH);
    let interval = setting("reconcile.interval").unwrap_or(Reconciler::DEFAULT_INTERVAL);
    let furthest = reach.max(VERIFY_REACH).max(Reconciler::DEFAULT_OVERLAP);
    // Entries can be deleted by hand as soon as they have been handled.
    if let Some(known) = retention.known.filter(|known| *known <= furthest) {
        let (known, furthest) = (time::span(known), time::span(furthest));
        return Err(Failure::new(format!(
            "what is deleted is forgotten {known} after that, and would be fetched again"
        ))
        .hint(format!(
            "a reconciliation goes back {furthest}: --keep-known must be longer than that"
        )));
    }
    let reconciler = Reconciler::new(Arc::clone(store), client)
        .with_source(source)
        .with_first_reach(reach)
        .with_interval(interval)
        .with_verification(VERIFY_REACH);
    Ok(Some(reconciler))
}

fn log_level(argument: Option<LevelFilter>, config: &Config) -> LevelFilter {
    argument
        .or_else(|| config.setting("serve.log_level", |text| log::parse_level(text).ok()))
        .unwrap_or(log::PRESET)
}

fn retention(arguments: &Arguments, config: &Config) -> Retention {
    let setting = |name| config.setting(name, |text| time::parse_age(text).ok());
    Retention {
        done: arguments.keep_done.or_else(|| setting("serve.keep_done")),
        dead: arguments.keep_dead.or_else(|| setting("serve.keep_dead")),
        parked: arguments.keep_parked.or_else(|| setting("serve.keep_parked")),
        rejected: arguments.keep_rejected.or_else(|| setting("serve.keep_rejected")),
        known: Some(
            arguments.keep_known.or_else(|| setting("serve.keep_known")).unwrap_or(KEEP_KNOWN),
        ),
    }
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::caused_by("cannot tell the address", &error))
}
