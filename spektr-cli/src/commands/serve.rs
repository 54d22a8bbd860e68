//! `spektr serve`: the inbox as a service.
//!
//! Everything that matters happens in spektr-inbox; this puts it together from
//! the command line and the configuration.

mod begun;
mod forward;
mod lifecycle;
mod reload;
mod sockets;
mod supervisor;

use std::net::SocketAddr;
use std::sync::Arc;

use spektr_inbox::reconcile::{Client, Reconciler};
use spektr_inbox::store::Store;
use spektr_inbox::{Metrics, Receiver};
use tokio::net::TcpListener;

use self::begun::Begun;
use self::forward::Forward;
use self::lifecycle::Work;
use self::reload::Reload;
use self::sockets::{Place, Sockets};
use self::supervisor::Supervisor;
use crate::arguments::Global;
use crate::config::Config;
use crate::config::settings::{
    LISTEN, OPERATIONS, QUARANTINE, QUICK_CHECK, RECONCILIATION_INTERVAL, SOURCE,
};
use crate::failure::{Answer, Failure};
use crate::location::Location;
use crate::log::Log;
use crate::operations::{About, Access, Operations, Token};
use crate::runtime::{self, Signals};
use crate::secret::open_mode;
use crate::serving::{ServeArguments, VERIFY_REACH};
use crate::traces::Traces;
use crate::values::EventTypes;

pub(crate) const EXAMPLES: &str = "\
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
authority that the system does not know, sslcert=FILE and sslkey=FILE a certificate of this client,
and sslmode=disable says that there is no TLS, as on the same machine. The password is in
PGPASSWORD, or in the file that passwordfile=FILE names, which is read for each connection.

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
header spektr-malformed names the error; earlier ones by `spektr inbox replay`. Without --forward events stay pending, for `spektr inbox list` and
`export`.

With the wrong signing settings every delivery is rejected, and the sender drops it soon. With
--quarantine they are kept, for `spektr inbox quarantine`, `diagnose` and `spektr inbox recover`.

With an API key, in SPEKTR_API_KEY or a file, missed events are fetched from the sender's list: at
the start, from where the last run came to or a day back, and every five minutes. Once a day the
list is compared with the inbox, as by `spektr inbox verify`: verification_entries in the metrics.

TLS is the work of a proxy before it.

SIGHUP has the configuration file, the key file, the files with the API key, the token of operations,
and with keys, headers and certificates for forwarding, and log_level read again. What cannot be read
stays as it was, and the log says why. Variables and other settings stay as they were at the start.

SIGTERM or ctrl-c ends it in order: no further event is claimed, those under way have 30 s to finish
and deliveries are accepted meanwhile; then the listener is closed and the deliveries that have
begun are answered. A second signal ends it at once, and deliveries answered with 200 are safe all the
same. Under systemd, the first socket of a .socket unit takes the place of --listen and the second
that of --operations: the socket outlives a restart, which then refuses no delivery. Type=notify and
WatchdogSec= are understood.";

const PATH: &str = "/webhooks/spektr";

/// How many rejected deliveries are kept, and how many bytes of them.
const QUARANTINE_COUNT: usize = 1000;
const QUARANTINE_BYTES: usize = 64 << 20;

pub(crate) fn run(global: &Global, arguments: &ServeArguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let keys = &arguments.keys;
    let (verifier, shared_keys) =
        keys.verifier_or_none(&config, arguments.unsigned, arguments.tolerance)?;
    let keys = keys.in_words(&config, arguments.unsigned, arguments.tolerance)?;
    let forwarding = arguments.forwarding(&config)?;
    let retention = arguments.retention(&config);
    let metrics = Metrics::new();
    let dropped = "Lines of the log that were dropped because standard error was not read";
    let forward = forwarding
        .as_ref()
        .map(|forwarding| Forward::new(forwarding, &arguments.forwarding, &config, &metrics))
        .transpose()?;
    let ops_token_file = arguments.ops_token_file(&config);
    let token = ops_token_file.as_deref().map(Token::of_file).transpose()?;
    let access = Access::new(token);
    let format = arguments.log_format(&config).unwrap_or(global.format);
    let traces = Traces::start(arguments.collector(&config)?, &metrics)?;
    let log = Log::start(format, metrics.count("log_lines_dropped", dropped), traces.as_ref())?;
    log.level().set(arguments.log_level(&config));
    let propagation = traces.as_ref().map(Traces::propagation);
    let forward = forward.map(|forward| forward.with_propagation(propagation.clone()));
    let done = runtime::block_on_many(async {
        let (signals, hangups) = (Signals::catch()?, runtime::hangups()?);
        warn_of_open_files(arguments, &config);
        let store = if QUICK_CHECK.is_on(arguments.quick_check, &config) {
            arguments.store.open_checked(&config).await?
        } else {
            arguments.store.open_or_make(&config).await?
        };
        let source = SOURCE.value(arguments.source.clone(), &config);
        let mut receiver = Receiver::new(Arc::clone(&store), verifier)
            .with_source(&source)
            .with_metrics(metrics.clone());
        if QUARANTINE.is_on(arguments.quarantine, &config) {
            receiver = receiver.with_quarantine(QUARANTINE_COUNT, QUARANTINE_BYTES);
        }
        if let Some(propagation) = &propagation {
            receiver = receiver.with_propagation(Arc::clone(propagation));
        }
        let client = arguments.list.client_if_configured(&config)?;
        let reconciler = match client.clone() {
            Some(client) => Some(reconciler(client, &config, &store, arguments)?),
            None => None,
        };
        let reconciler =
            reconciler.map(|one| one.with_source(&source).with_metrics(metrics.clone()));
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
        let public = Place { address: LISTEN.value(arguments.listen, &config), option: "--listen" };
        let private = Place {
            address: OPERATIONS.value(arguments.operations, &config),
            option: "--operations",
        };
        let sockets = Sockets::open(public, private).await?;
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
            verifying: !arguments.unsigned,
            forwarding: forwards_to,
            traces: traces.as_ref().map(|traces| traces.collector().to_owned()),
            signed: forward.as_ref().is_some_and(|forward| forward.counts()[0].is_some()),
            reconciling: reconciler.is_some(),
        };
        // The parent process may close the pipe after the first line.
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
    });
    // Behind the last span, and before the end of the log.
    if let Some(traces) = traces {
        traces.end();
    }
    done
}

/// Fetches missed events.
fn reconciler(
    client: Client,
    config: &Config,
    store: &Arc<dyn Store>,
    arguments: &ServeArguments,
) -> Result<Reconciler, Failure> {
    Ok(Reconciler::new(Arc::clone(store), client)
        .with_first_reach(arguments.reach(config)?)
        .with_interval(RECONCILIATION_INTERVAL.value(None, config))
        .with_verification(VERIFY_REACH))
}

/// Warns of files with secrets that other accounts of this machine can read.
fn warn_of_open_files(arguments: &ServeArguments, config: &Config) {
    for path in arguments.secret_files(config) {
        if let Some(mode) = open_mode(&path) {
            let (file, mode) = (path.display(), format!("{mode:o}"));
            tracing::warn!(%file, mode, "others can read a file with a secret: chmod 600 it");
        }
    }
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::caused_by("cannot tell the address", &error))
}
