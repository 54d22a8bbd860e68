//! A receiver of spektr webhooks as a whole program.
//!
//! ```text
//! cargo run -p spektr-axum --example receive
//! ```
//!
//! This demonstrates it: the program starts on a free port, sends itself a signed and a forged
//! delivery, and stops. With keys, it serves until it is stopped:
//!
//! ```text
//! SPEKTR_WEBHOOK_KEYS="key-id=secret" cargo run -p spektr-axum --example receive -- 127.0.0.1:8080
//! ```

use std::env;
use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use spektr_axum::{Ack, SpektrWebhook, WebhookConfig};
use spektr_types::Event;
use spektr_verify::Clock as _;
use spektr_verify::{
    KeyRing, Secret, SecretEncoding, SignedContent, Signer, SigningKey, SystemClock, Verifier,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Runs for authentic deliveries only.
async fn receive(delivery: SpektrWebhook) -> Ack {
    let _delivery = delivery.span().entered();
    let entries = match delivery.entries() {
        Ok(entries) => entries,
        Err(error) => {
            // A real receiver stores the whole body: it is authentic, and the sender would
            // repeat the very same bytes.
            tracing::error!(%error, "the body is authentic but cannot be read");
            return Ack;
        }
    };
    for entry in &entries {
        let _entry = delivery.entry_span(entry).entered();
        // A real receiver stores `entry.raw()` here and decodes it in a worker,
        // after the acknowledgement.
        match entry.decode() {
            Ok(Event::CustomerTagAdded(_)) => tracing::info!("a customer has a new tag"),
            Ok(event) => tracing::info!(event = %event.event_type(), "something else happened"),
            Err(error) => tracing::error!(%error, "kept as malformed"),
        }
    }
    Ack
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_target(false).init();
    if env::var_os(KeyRing::ENV_VAR).is_some() {
        let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        return serve(KeyRing::from_env()?, TcpListener::bind(address).await?).await;
    }

    let key = SigningKey::new("demo", Secret::new("a demo secret", SecretEncoding::Utf8)?)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::select! {
        result = serve(KeyRing::new([key.clone()])?, listener) => result,
        result = demonstrate(address, key) => result,
    }
}

async fn serve(keys: KeyRing, listener: TcpListener) -> Result<(), Box<dyn Error>> {
    // The signed content is an assumption until a real delivery has confirmed it.
    let verifier = Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY);
    let app = Router::new()
        .route("/webhooks/spektr", post(receive))
        .with_state(WebhookConfig::new(verifier));
    tracing::info!("listening on http://{}/webhooks/spektr", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn demonstrate(address: SocketAddr, key: SigningKey) -> Result<(), Box<dyn Error>> {
    let body = r#"{"results":[
        {"id":"evt-1","spektrId":"spk-1","type":"customer_tag_add","createdAt":1731057600000,
         "data":{"tagId":"tag-1","action":"add","userId":null,"processId":null}},
        {"id":"evt-2","spektrId":"spk-1","type":"never_documented","createdAt":1731057600000,"data":{}}
    ]}"#;
    let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
    let headers = signer.sign_at(body.as_bytes(), SystemClock::new().now());
    let lines: String =
        headers.pairs().map(|(name, value)| format!("{name}: {value}\r\n")).concat();

    println!("signed delivery: {}", send(address, &lines, body).await?);
    let forged = body.replace("tag-1", "tag-2");
    println!("forged delivery: {}", send(address, &lines, &forged).await?);
    Ok(())
}

/// Sends a request by hand and returns the status line of the answer.
async fn send(to: SocketAddr, headers: &str, body: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(to).await?;
    let request = format!(
        "POST /webhooks/spektr HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len(),
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
