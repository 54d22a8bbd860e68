//! A receiver on a real socket, and a client that sends exactly the given bytes.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use std::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use spektr_axum::{Ack, SpektrWebhook, WebhookConfig};
use spektr_verify::{
    KeyRing, Secret, SharedKeys, SignedContent, Signer, SigningKey, UnixSeconds, Verifier,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);
pub(crate) const BODY: &str = r#"{"results":[{"id":"evt-1","type":"something_new","createdAt":1731057600000,"data":"marker-body"}]}"#;

pub(crate) fn key(id: &str) -> SigningKey {
    SigningKey::new(id, Secret::from_bytes(b"marker-secret").unwrap()).unwrap()
}

pub(crate) fn ring(id: &str) -> KeyRing {
    KeyRing::new([key(id)]).unwrap()
}

pub(crate) fn config(keys: impl Into<SharedKeys>) -> WebhookConfig {
    WebhookConfig::new(Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY).with_clock(|| NOW))
}

/// Starts a receiver on a free port and returns its address.
pub(crate) async fn serve(config: WebhookConfig) -> SocketAddr {
    serve_app(app(config)).await
}

pub(crate) fn app(config: WebhookConfig) -> Router {
    async fn receive(delivery: SpektrWebhook) -> Ack {
        let _delivery = delivery.span().entered();
        for entry in &delivery.entries().unwrap() {
            let _entry = delivery.entry_span(entry).entered();
            tracing::info!("stored");
        }
        Ack
    }
    Router::new().route("/", post(receive)).with_state(config)
}

pub(crate) async fn serve_app(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Returns the lines of correct signature headers for a body.
pub(crate) fn signed(body: &str) -> Vec<String> {
    signed_at(body, NOW)
}

pub(crate) fn signed_at(body: &str, at: UnixSeconds) -> Vec<String> {
    let headers =
        Signer::new(key("key-a"), SignedContent::TIMESTAMP_DOT_BODY).sign_at(body.as_bytes(), at);
    headers.pairs().map(|(name, value)| format!("{name}: {value}")).to_vec()
}

/// An answer as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line, headers and body, without the date.
    pub(crate) text: String,
    pub(crate) body: String,
}

/// Posts a body as JSON under the given header lines.
pub(crate) async fn post_json(to: SocketAddr, headers: &[String], body: &str) -> Answer {
    let mut headers = headers.to_vec();
    headers.push("content-type: application/json".to_owned());
    headers.push(format!("content-length: {}", body.len()));
    send(to, &headers, body.as_bytes()).await
}

/// Sends a request and reads the answer to its end.
pub(crate) async fn send(to: SocketAddr, headers: &[String], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}\r\n\r\n",
        headers.join("\r\n"),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let lines = answer.split("\r\n").filter(|line| !line.starts_with("date:"));
    Answer {
        status: answer.split(' ').nth(1).unwrap().parse().unwrap(),
        text: lines.collect::<Vec<_>>().join("\n"),
        body: answer.split_once("\r\n\r\n").unwrap().1.to_owned(),
    }
}
