//! A receiver with a state of its own, keys that are replaced while it runs, a time limit for
//! the body, and custom error answers.
//!
//! ```text
//! cargo run -p spektr-axum --example rotate
//! ```
//!
//! This demonstrates it: the program starts on a free port, replaces its key in the order that
//! loses no delivery, sends itself deliveries signed by the old and the new key, and stops.
//! With a file of keys it serves until it is stopped, and reads the file again at SIGHUP. A
//! third argument sets the time limit of a body in seconds, in place of 10:
//!
//! ```text
//! echo 'key-id=secret' > keys.txt
//! cargo run -p spektr-axum --example rotate -- keys.txt 127.0.0.1:8080
//! kill -HUP …
//! ```

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use spektr_axum::{Ack, Rejection, SpektrWebhook, WebhookConfig};
use spektr_verify::Clock as _;
use spektr_verify::{
    KeyRing, Secret, SharedKeys, SignedContent, Signer, SigningKey, SystemClock, Verifier,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// The time limit of a body, unless configured.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The state of the router. Clones share everything.
#[derive(Clone)]
struct App {
    webhooks: WebhookConfig,
    body_timeout: Duration,
    counts: Arc<Counts>,
}

/// Lets the extractor find its configuration in the state.
impl FromRef<App> for WebhookConfig {
    fn from_ref(app: &App) -> Self {
        app.webhooks.clone()
    }
}

impl App {
    fn new(keys: SharedKeys, body_timeout: Duration) -> Self {
        // The signed content is an assumption until a real delivery has confirmed it.
        let verifier = Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY);
        Self { webhooks: WebhookConfig::new(verifier), body_timeout, counts: Arc::default() }
    }

    fn router(self) -> Router {
        Router::new().route("/webhooks/spektr", post(receive)).with_state(self)
    }
}

/// Counts of events by code. The codes are few, whatever arrives.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl Counts {
    fn add(&self, what: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    fn shown(&self) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts: Vec<_> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
        counts.join(", ")
    }
}

/// An authentic delivery, counted.
struct Delivery(SpektrWebhook);

impl FromRequest<App> for Delivery {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        // The extractor itself has no time limit for the body.
        let delivery = timeout(app.body_timeout, SpektrWebhook::from_request(request, app)).await;
        let delivery = match delivery {
            Ok(delivery) => delivery.map_err(Refused::Rejected),
            Err(_) => Err(Refused::TooSlow),
        };
        app.counts.add(delivery.as_ref().map_or_else(Refused::reason, |_| "authentic"));
        delivery.map(Self)
    }
}

/// A refused request, with this service's standard error answer.
enum Refused {
    Rejected(Rejection),
    TooSlow,
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Rejected(rejection) => rejection.status(),
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.reason(),
            Self::TooSlow => "body_timeout",
        }
    }
}

impl IntoResponse for Refused {
    /// Answers with a problem by RFC 9457. The answer has the status and never the reason:
    /// whether the key or the signature was wrong would help a forger.
    fn into_response(self) -> Response {
        let status = self.status();
        let title = status.canonical_reason().unwrap_or_default();
        let body = format!(r#"{{"title":"{title}","status":{}}}"#, status.as_u16());
        (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

async fn receive(State(app): State<App>, Delivery(delivery): Delivery) -> Ack {
    match delivery.entries() {
        Ok(entries) => {
            for entry in &entries {
                // A real receiver stores `entry.raw()` here, before it acknowledges, as
                // spektr-inbox does.
                app.counts.add(if entry.decode().is_ok() { "decoded" } else { "malformed" });
            }
        }
        // The body is authentic: a real receiver keeps it whole.
        Err(_) => app.counts.add("unreadable"),
    }
    Ack
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_target(false).with_writer(std::io::stderr).init();
    let mut arguments = env::args().skip(1);
    let Some(file) = arguments.next() else {
        return demonstrate().await;
    };
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let body_timeout = match arguments.next() {
        Some(seconds) => Duration::from_secs(seconds.parse()?),
        None => BODY_TIMEOUT,
    };
    let keys = SharedKeys::new(read(&file)?);
    let app = App::new(keys.clone(), body_timeout);
    let listener = TcpListener::bind(address).await?;
    // Register before printing the address: without a listener, SIGHUP ends the program.
    let hangups = signal(SignalKind::hangup())?;
    println!("receiving on {}", listener.local_addr()?);
    let counts = Arc::clone(&app.counts);
    tokio::select! {
        result = axum::serve(listener, app.router()) => Ok(result?),
        () = replace_at(hangups, &file, &keys, &counts) => Ok(()),
    }
}

/// Reads the file at each signal. If the file cannot be read, the keys stay as they are.
async fn replace_at(
    mut hangups: tokio::signal::unix::Signal,
    file: &str,
    keys: &SharedKeys,
    counts: &Counts,
) {
    while hangups.recv().await.is_some() {
        match read(file) {
            Ok(ring) => {
                let ids: Vec<_> = ring.ids().map(ToString::to_string).collect();
                keys.replace(ring);
                println!("keys: {}; {}", ids.join(", "), counts.shown());
            }
            // The error names a place in the file, and quotes nothing of it.
            Err(error) => println!("the keys stay as they are: {error}"),
        }
    }
}

fn read(file: &str) -> Result<KeyRing, Box<dyn Error>> {
    Ok(KeyRing::parse(fs::read_to_string(file)?.trim_end())?)
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    let [old, new] = ["old", "new"].map(|id| {
        let secret = Secret::from_bytes(format!("the secret of {id}").as_bytes())?;
        SigningKey::new(id, secret)
    });
    let (old, new) = (old?, new?);
    let keys = SharedKeys::new(KeyRing::new([old.clone()])?);
    let app = App::new(keys.clone(), BODY_TIMEOUT);
    let counts = Arc::clone(&app.counts);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let demonstration = async {
        println!("only the old key:");
        deliver(address, &old).await?;
        deliver(address, &new).await?;
        // Add the new key here before the sender gets it, so that none of its deliveries is
        // refused. The connections and the router stay.
        keys.replace(KeyRing::new([old.clone(), new.clone()])?);
        println!("both keys:");
        deliver(address, &old).await?;
        deliver(address, &new).await?;
        keys.replace(KeyRing::new([new.clone()])?);
        println!("only the new key:");
        deliver(address, &old).await?;
        deliver(address, &new).await?;
        println!("{}", counts.shown());
        Ok(())
    };
    tokio::select! {
        result = axum::serve(listener, app.router()) => Ok(result?),
        result = demonstration => result,
    }
}

/// Sends a delivery by hand, and prints the status line and the body of the answer.
async fn deliver(to: SocketAddr, key: &SigningKey) -> Result<(), Box<dyn Error>> {
    let body = r#"{"id":"e1","type":"never_documented","createdAt":1731057600000,"data":{}}"#;
    let signer = Signer::new(key.clone(), SignedContent::TIMESTAMP_DOT_BODY);
    let headers = signer.sign_at(body.as_bytes(), SystemClock::new().now());
    let lines = headers.pairs().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    let request = format!(
        "POST /webhooks/spektr HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{lines}\r\n{body}",
        body.len(),
    );
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.lines().next().unwrap_or_default();
    println!("  signed by {}: {}", key.id(), format!("{status} {body}").trim_end());
    Ok(())
}
