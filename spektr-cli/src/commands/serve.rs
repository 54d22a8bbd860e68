//! `spektr serve`: the inbox as a service.
//!
//! Everything that matters happens in spektr-inbox; this puts it together from
//! the command line and the configuration.

mod forward;

use std::fmt::Write as _;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use spektr_inbox::operate::Retention;
use spektr_inbox::reconcile::Reconciler;
use spektr_inbox::store::Store;
use spektr_inbox::{Receiver, Server, SystemClock, Workers};
use tokio::net::TcpListener;
use tokio::sync::watch;
use ureq::http::Uri;

use self::forward::Forward;
use crate::cli::{Global, quietly};
use crate::client::parse_url;
use crate::config::Config;
use crate::failure::{Answer, Failure};
use crate::keys::KeyArguments;
use crate::output::{self, careful, faint, safe, strong};
use crate::runtime::{self, Signals};
use crate::sender_list::ListArguments;
use crate::store::StoreArguments;
use crate::{http, time};

const EXAMPLES: &str = "\
Examples:
  SPEKTR_WEBHOOK_KEYS='dev=any secret' spektr serve
  spektr serve --listen 0.0.0.0:8080 --store sqlite:///var/lib/spektr/inbox.db --keys keys.toml
  spektr serve --forward http://127.0.0.1:3000/events --ordered --keep-done 30d
  PGPASSWORD=… spektr serve --store postgres://spektr@db.example.com/inbox    # or several of them

POST /webhooks/spektr answers 200 once everything of a delivery is on the disk, and never before.
Health and metrics (/health/live, /health/ready, /metrics) have an address of their own.

PostgreSQL is connected to by verified TLS: sslrootcert=FILE in the URL names a certificate
authority that the system does not know, and sslmode=disable says that there is no TLS, as on the
same machine.

With --forward each event is posted to that URL: the JSON of one entry as it arrived, with the
headers spektr-event-id, spektr-event-type, spektr-source, spektr-entry and spektr-attempt. An
answer of 2xx is the end of it. On anything else it is tried again, after a second at first and an
hour at last, and is a dead letter after 20 attempts: `spektr inbox dead`. Each event comes at
least once: its id is the idempotency key. Malformed entries, bodies that cannot be read and
conflicts, ids that were there with another content, are kept and not posted: `spektr inbox list
--state malformed`, and so on. Without --forward events stay pending, for `spektr inbox list` and
`export`.

With the wrong signing settings every delivery is rejected, and the sender drops it soon. With
--quarantine they are kept, for `spektr inbox quarantine`, `diagnose` and `spektr inbox recover`.

With an API key, in SPEKTR_API_KEY or a file, what was missed is fetched from the sender's list: at
the start, from where the last run came to or a day back, and every five minutes. Once a day the
list is compared with the inbox, as by `spektr inbox verify`: verify_missing in the metrics.

TLS is the work of a proxy before it. SIGTERM or ctrl-c ends it after what is under way; a second
one ends it at once, and what was answered with 200 is safe all the same.";

const PATH: &str = "/webhooks/spektr";

/// How many rejected deliveries are kept, and how many bytes of them.
const QUARANTINE_COUNT: usize = 1000;
const QUARANTINE_BYTES: usize = 64 << 20;

/// How far back the first reconciliation goes, unless configured.
const REACH: Duration = Duration::from_secs(24 * 3600);

/// How far back the daily verification looks: what it has found shows for two days.
const VERIFY_REACH: Duration = Duration::from_secs(48 * 3600);

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Address and port for deliveries; port 0 takes a free one [preset: 127.0.0.1:8787]
    #[arg(long, value_name = "IP:PORT", value_parser = http::parse_address)]
    listen: Option<SocketAddr>,
    /// Address and port for health and metrics, not for the public [preset: 127.0.0.1:8788]
    #[arg(long, value_name = "IP:PORT", value_parser = http::parse_address)]
    operations: Option<SocketAddr>,
    #[command(flatten)]
    store: StoreArguments,
    /// Where the deliveries come from: ids of other sources are other events [preset: spektr]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    source: Option<String>,
    /// Post each event to this URL
    #[arg(long, value_name = "URL", value_parser = quietly(parse_url))]
    forward: Option<Uri>,
    /// Forward events of a spektr id one at a time, in the order of their creation
    #[arg(long)]
    ordered: bool,
    /// Delete entries that are done this long after their arrival, as 30d [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    keep_done: Option<Duration>,
    /// Delete dead letters this long after their arrival [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age)]
    keep_dead: Option<Duration>,
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
    let verifier = keys.verifier_or_none(&config, arguments.unsigned, arguments.tolerance)?;
    let keys = keys.in_words(&config, arguments.unsigned, arguments.tolerance)?;
    let forward = arguments
        .forward
        .clone()
        .or_else(|| config.setting("serve.forward", |text| parse_url(text).ok()));
    let is_set = |name| config.setting(name, |text| text.parse().ok()).unwrap_or_default();
    let retention = retention(arguments, &config);
    runtime::log(global);
    runtime::block_on_many(async {
        let signals = Signals::catch()?;
        let store = arguments.store.open_or_make(&config).await?;
        let source = source(arguments.source.as_deref(), &config);
        let mut receiver = Receiver::new(Arc::clone(&store), verifier).with_source(&source);
        if arguments.quarantine || is_set("serve.quarantine") {
            receiver = receiver.with_quarantine(QUARANTINE_COUNT, QUARANTINE_BYTES);
        }
        let metrics = receiver.metrics().clone();
        let reconciler = reconciler(arguments, &config, &store, &source, retention)?
            .map(|reconciler| reconciler.with_metrics(metrics.clone()));
        let forwarding = forward.clone().map(|uri| {
            Workers::new(Arc::clone(&store), Forward::new(uri))
                .with_unknown_events(true)
                .with_ordering(arguments.ordered || is_set("serve.ordered"))
                .with_metrics(metrics.clone())
        });
        let public = bind(arguments.listen, &config, "serve.listen", "--listen", 8787).await?;
        let private =
            bind(arguments.operations, &config, "serve.operations", "--operations", 8788).await?;
        let begun = Begun {
            receiving: format!("http://{}{PATH}", address(&public)?),
            operations: format!("http://{}/", address(&private)?),
            store: arguments.store.location(&config).shown(),
            source,
            keys,
            forwarding: forward.as_ref().map(ToString::to_string),
            reconciling: reconciler.is_some(),
        };
        // Whoever started it may read the first line and no more.
        let _gone = begun.print(global, address(&public)?);
        let work = Work { store, receiver, forwarding, reconciler, retention };
        work.run(public, private, signals).await;
        Ok(Answer::Yes)
    })
}

/// What the service does until it ends.
struct Work {
    store: Arc<dyn Store>,
    receiver: Receiver,
    forwarding: Option<Workers<Forward>>,
    reconciler: Option<Reconciler>,
    retention: Retention,
}

impl Work {
    /// Does everything until a signal comes, then lets it finish.
    async fn run(self, public: TcpListener, private: TcpListener, mut signals: Signals) {
        let (stop, _) = watch::channel(false);
        let deliveries = Server::new(self.receiver.router(PATH))
            .with_metrics(self.receiver.metrics().clone())
            .serve(public, stopped(&stop));
        let operations = Server::new(self.receiver.operations()).serve(private, stopped(&stop));
        let forwarding = async {
            if let Some(workers) = self.forwarding {
                workers.run(stopped(&stop)).await;
            }
        };
        let reconciling = async {
            if let Some(reconciler) = self.reconciler {
                reconciler.run(stopped(&stop)).await;
            }
        };
        let signals = async {
            signals.next().await;
            stop.send_replace(true);
            signals.next().await;
        };
        tokio::select! {
            _ = async { tokio::join!(deliveries, operations, forwarding, reconciling) } => {}
            () = prune(self.retention, &*self.store) => {}
            () = signals => tracing::warn!("ended at once, by a second signal"),
        }
    }
}

/// Fetches what was missed, if there is a key for it.
fn reconciler(
    arguments: &Arguments,
    config: &Config,
    store: &Arc<dyn Store>,
    source: &str,
    retention: Retention,
) -> Result<Option<Reconciler>, Failure> {
    let Some(client) = arguments.list.client_if_configured(config)? else { return Ok(None) };
    let is_short =
        |kept: Option<Duration>| kept.is_some_and(|kept| kept <= Reconciler::DEFAULT_OVERLAP);
    if is_short(retention.done) || is_short(retention.dead) {
        let overlap = time::span(Reconciler::DEFAULT_OVERLAP);
        return Err(Failure::new("entries would be deleted and fetched again").hint(format!(
            "a reconciliation goes back {overlap}: keep entries for longer than that"
        )));
    }
    let setting = |name| config.setting(name, |text| time::parse_span(text).ok());
    let reach = setting("reconcile.reach").unwrap_or(REACH);
    let interval = setting("reconcile.interval").unwrap_or(Reconciler::DEFAULT_INTERVAL);
    let reconciler = Reconciler::new(Arc::clone(store), client)
        .with_source(source)
        .with_first_reach(reach)
        .with_interval(interval)
        .with_verification(VERIFY_REACH);
    Ok(Some(reconciler))
}

/// Returns the name of where deliveries come from.
pub(super) fn source(argument: Option<&str>, config: &Config) -> String {
    argument
        .map(str::to_owned)
        .or_else(|| config.setting("serve.source", |text| Some(text.to_owned())))
        .unwrap_or_else(|| Receiver::DEFAULT_SOURCE.to_owned())
}

fn stopped(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + use<> {
    let mut stopped = stop.subscribe();
    async move {
        // An error means that the sender is gone, which is the end as well.
        let _gone = stopped.wait_for(|stopped| *stopped).await;
    }
}

async fn prune(retention: Retention, store: &dyn Store) {
    const PAUSE: Duration = Duration::from_secs(3600);
    if retention == Retention::default() {
        pending().await
    } else {
        retention.apply_every(PAUSE, store, &SystemClock::new()).await;
    }
}

fn retention(arguments: &Arguments, config: &Config) -> Retention {
    let setting = |name| config.setting(name, |text| time::parse_age(text).ok());
    Retention {
        done: arguments.keep_done.or_else(|| setting("serve.keep_done")),
        dead: arguments.keep_dead.or_else(|| setting("serve.keep_dead")),
    }
}

async fn bind(
    argument: Option<SocketAddr>,
    config: &Config,
    setting: &str,
    option: &str,
    port: u16,
) -> Result<TcpListener, Failure> {
    let address = argument
        .or_else(|| config.setting(setting, |text| text.parse().ok()))
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)));
    TcpListener::bind(address).await.map_err(|error| {
        Failure::caused_by(format!("cannot listen on {address}"), &error)
            .hint(format!("another one: {option} IP:PORT; port 0 takes a free one"))
    })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::caused_by("cannot tell the address", &error))
}

/// What is said once deliveries are accepted.
#[derive(Serialize)]
struct Begun {
    /// URL of the endpoint; with a port of 0 nothing else tells it.
    receiving: String,
    operations: String,
    store: String,
    source: String,
    #[serde(skip)]
    keys: String,
    forwarding: Option<String>,
    /// Whether what was missed is fetched, at the start and every few minutes.
    reconciling: bool,
}

impl Begun {
    fn print(&self, global: &Global, address: SocketAddr) -> Result<(), Failure> {
        if global.is_json() {
            return output::print_json(self);
        }
        let events = match &self.forwarding {
            Some(url) => format!("events are posted to {}", safe(url)),
            None => "events stay pending: `spektr inbox list`; --forward URL posts them".to_owned(),
        };
        let missed = if self.reconciling {
            "what was missed is fetched from the sender's list"
        } else {
            "what was missed is not fetched: SPEKTR_API_KEY is not set"
        };
        let mut text = format!(
            "{} {}\n{}\n",
            strong("receiving on"),
            self.receiving,
            faint(&format!(
                "health and metrics on {0}health/ready and {0}metrics\n\
                 inbox {1}, source {2}\n{3}\n{events}\n{missed}",
                self.operations,
                self.store,
                safe(&self.source),
                self.keys,
            )),
        );
        if address.ip().is_loopback() {
            let _ = writeln!(
                text,
                "{}",
                faint(&format!("try it: spektr send --to {} alert_resolved", self.receiving))
            );
        } else {
            let open = "whoever reaches this machine reaches it; TLS is the work of a proxy";
            text.push_str(&format!("{} {open}\n", careful("careful:")));
        }
        output::print(&text)
    }
}
