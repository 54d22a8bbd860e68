//! `spektr serve`: the inbox as a service.
//!
//! The work happens in spektr-inbox. This module assembles the service from the command line and
//! the configuration.

mod forward;
mod lifecycle;
mod reload;
mod sockets;
mod start_message;
mod supervisor;

use std::sync::Arc;

use spektr_inbox::reconcile::Reconciler;
use spektr_inbox::{Metrics, Receiver};

use self::forward::ForwardHandler;
use self::lifecycle::ServiceWork;
use self::reload::Reload;
use self::sockets::{ListenAddress, Sockets};
use self::start_message::StartMessage;
use self::supervisor::Supervisor;
use crate::arguments::Global;
use crate::config::Config;
use crate::config::settings::{
    LISTEN, OPERATIONS, QUARANTINE, QUICK_CHECK, RECONCILIATION_INTERVAL, SOURCE,
};
use crate::failure::{Answer, Failure};
use crate::http::address_of;
use crate::location::Location;
use crate::log::Log;
use crate::operations::{Access, Operations, ServiceFacts, Token};
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

POST /webhooks/spektr answers 200 only after the whole delivery is on the disk. At the address of
--operations are health and metrics (/health/live, /health/ready, /metrics), and pages for a browser:
figures, entries, dead letters. The pages show ids, types, states and reasons, never a payload. At a
loopback address, reading the pages needs no token. A change (replay, retry, resolve, pause) needs
the token of --ops-token-file. At any other address everything except health and metrics needs it.

The service connects to PostgreSQL by verified TLS. In the URL, sslrootcert=FILE names a certificate
authority that the system does not know, and sslcert=FILE and sslkey=FILE name a certificate of this
client and its key. sslmode=disable means no TLS, for a database on the same machine. The password
is in PGPASSWORD, or in the file that passwordfile=FILE names, which is read for each connection.

With --forward the service posts each event to that URL: the JSON of one entry as it arrived, with
the headers spektr-event-id, spektr-event-type, spektr-source, spektr-entry and spektr-attempt. With
--forward-keys it signs the post by Standard Webhooks (webhook-id, webhook-timestamp,
webhook-signature), so that the libraries of that specification can verify it; webhook-id is the same
for each attempt. After an answer of 2xx the event is done. After 400, 404, 410 or 422 it is a dead
letter at once: `spektr inbox dead` lists it. After any other answer it is tried again: first after a
second, later after an hour at most. After 20 attempts it is a dead letter. --forward-first-pause,
--forward-longest-pause, --forward-attempts and --give-up-after change this, and `spektr config
check` computes when an event is given up. The endpoint gets each event at least once: use the event
id as the idempotency key.

The endpoint counts as down if five events (--forward-down-after), with none accepted in between,
fail without a connection, without an answer, or with 429, 502, 503 or 504, or if events fail like this for a minute. Then the events
wait, and one of them is tried after 10 s, 20 s, 40 s (--forward-first-probe), and then each minute
(--forward-longest-probe), or at the time of `retry-after`, at most an hour later. Such a try does
not count as an attempt. After the first success all events go on. The log tells the begin and the
end of the outage, and destination_up in the metrics shows it. Each process finds out for itself.

With --ordered, a dead letter does not hold back the later events of its spektr id, and a replay
delivers it after them. With --hold-on-dead, the later events wait until an operator deals with the
dead letter: `spektr inbox replay`, `resolve`, or `prune`. behind_dead_entries in the metrics counts
the waiting events. --hold-on-dead is refused beside --keep-dead, because the deletion of a dead
letter would let the events go on.

The inbox keeps malformed entries, unreadable bodies and conflicts (entries with the id of an earlier
entry and another content), but does not post them: `spektr inbox list --state malformed`, and so on.
With --forward-malformed the service also posts malformed entries, and the header spektr-malformed
names the error; `spektr inbox replay` posts earlier malformed entries. Without --forward, events
stay pending, for `spektr inbox list` and `export`.

With wrong signing settings the service rejects every delivery, and the sender drops it soon. With
--quarantine the inbox keeps rejected deliveries, for `spektr inbox quarantine`, `diagnose` and
`spektr inbox recover`.

With an API key, in SPEKTR_API_KEY or a file, the service fetches missed events from the sender's
list, at the start and every five minutes. It begins where the last run ended, or a day back if there
was no run. Once a day it compares the list with the inbox, like `spektr inbox verify`:
verification_entries in the metrics has the result.

For TLS, put a proxy in front of the service.

At SIGHUP the service reads these again: the configuration file and its log_level, the key file, and
the files with the API key, the token of operations, and the keys, headers and certificates for
forwarding. If a file cannot be read, its old content stays in use, and the log says why. Variables
and other settings stay as they were at the start.

SIGTERM or ctrl-c ends the service in order. First it claims no further events, and events under way
have 30 s to finish; deliveries are still accepted. Then it closes the listener, and answers the
deliveries that have begun. A second signal ends the service at once, and deliveries that were
answered with 200 are still safe. Under systemd, the first socket of a .socket unit replaces
--listen, and the second replaces --operations. These sockets stay open during a restart, so no
delivery is refused. Type=notify and WatchdogSec= are supported.";

const PATH: &str = "/webhooks/spektr";

/// The quarantine keeps at most this many rejected deliveries, and this many bytes in total.
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
        .map(|forwarding| ForwardHandler::new(forwarding, &arguments.forwarding, &config, &metrics))
        .transpose()?;
    let ops_token_file = arguments.ops_token_file(&config);
    let token = ops_token_file.as_deref().map(Token::of_file).transpose()?;
    let access = Access::new(token);
    let format = arguments.log_format(&config).unwrap_or(global.format);
    let traces = Traces::start(arguments.collector(&config)?, &metrics)?;
    let log = Log::start(format, metrics.count("log_lines_dropped", dropped), traces.as_ref())?;
    log.level.set(arguments.log_level(&config));
    let propagation = traces.as_ref().map(Traces::propagation);
    let forward = forward.map(|forward| forward.with_propagation(propagation.clone()));
    let done = runtime::block_on_many(async {
        let (signals, hangups) = (Signals::catch()?, runtime::hangups()?);
        warn_of_open_files(arguments, &config);
        let location = arguments.store.location(&config);
        let is_checked = QUICK_CHECK.is_on(arguments.quick_check, &config);
        let store = location.clone().open(is_checked).await?;
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
            Some(client) => Some(
                Reconciler::new(Arc::clone(&store), client)
                    .with_source(&source)
                    .with_metrics(metrics.clone())
                    .with_first_reach(arguments.reach(&config)?)
                    .with_interval(RECONCILIATION_INTERVAL.value(None, &config))
                    .with_verification(VERIFY_REACH),
            ),
            None => None,
        };
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
        let public =
            ListenAddress { address: LISTEN.value(arguments.listen, &config), option: "--listen" };
        let private = ListenAddress {
            address: OPERATIONS.value(arguments.operations, &config),
            option: "--operations",
        };
        let sockets = Sockets::open(public, private).await?;
        let file = match &location {
            Location::Sqlite(path) => Some(path.clone()),
            Location::Postgres(_) => None,
        };
        let forwards_to = forwarding.as_ref().map(|forwarding| forwarding.url.to_string());
        let about = ServiceFacts {
            is_local: address_of(&sockets.private)?.ip().is_loopback(),
            source: source.clone(),
            store: location.shown(),
            file,
            forwarding: forwards_to.clone(),
            is_reconciling: reconciler.is_some(),
        };
        let operations =
            Operations::new(receiver.clone(), Arc::clone(&store), access.clone(), about);
        let message = StartMessage {
            receiving: format!("http://{}{PATH}", address_of(&sockets.public)?),
            operations: format!("http://{}/", address_of(&sockets.private)?),
            store: location.shown(),
            source,
            keys,
            verifying: !arguments.unsigned,
            forwarding: forwards_to,
            traces: traces.as_ref().map(|traces| traces.collector().to_owned()),
            signed: forward.as_ref().is_some_and(|forward| forward.is_signing()),
            reconciling: reconciler.is_some(),
        };
        // The parent process may close the pipe after the first line.
        let _gone = message.print(global, address_of(&sockets.public)?);
        message.log();
        let totals = operations.clone();
        let work = ServiceWork {
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
            level: log.level.clone(),
            reloads: metrics
                .count("settings_reloads", "Times that the keys and settings were read again"),
            failures: metrics.count(
                "settings_reload_failures",
                "Times that a key file or a setting could not be read again and stayed as it was",
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
    // After the last span, and before the log ends.
    if let Some(traces) = traces {
        traces.end();
    }
    done
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
