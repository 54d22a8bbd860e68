//! Tests that a program can name the public types of other crates through this crate.

use std::error::Error;
use std::sync::Arc;

use spektr_inbox::bytes::Bytes;
use spektr_inbox::intake::intake;
use spektr_inbox::spektr_types::{Event, Timestamp};
use spektr_inbox::spektr_verify::{Verified, danger};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::{Received, Receiver, Server, axum};

#[tokio::test]
async fn a_program_names_what_it_gives_and_gets_without_further_crates()
-> Result<(), Box<dyn Error + Send + Sync>> {
    let delivery: Verified<Bytes> = danger::assume_verified(Bytes::from_static(b"{}"));
    assert_eq!(intake(&"test".into(), &delivery, Timestamp::from_millis(0)?).entries.len(), 1);

    let received: Received = Received::for_test(r#"{"id":"e1","type":"never_documented"}"#)?;
    let event: &Event = received.event();
    assert_eq!(event.event_type().to_string(), "never_documented");

    let folder = tempfile::tempdir()?;
    let store = Arc::new(SqliteOptions::new(folder.path().join("inbox.db")).open()?);
    let receiver = Receiver::new(store, danger::verifier_that_accepts_unsigned_deliveries());
    let router: axum::Router = receiver.router("/");
    let server = Server::new(axum::Router::new().merge(router));
    let listener = spektr_inbox::tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    server.serve(listener, async {}).await;
    let url: spektr_inbox::HttpUrl = "http://127.0.0.1:1/".parse()?;
    assert_eq!(url.as_uri(), &spektr_inbox::http::Uri::from_static("http://127.0.0.1:1/"));
    Ok(())
}

/// This function only has to compile.
#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "a client needs a server")]
async fn complete(
    client: &mut spektr_inbox::tokio_postgres::Client,
    received: Received,
) -> Result<(), spektr_inbox::HandlerError> {
    let transaction = client.transaction().await?;
    spektr_inbox::store::postgres::complete(&transaction, received.completion()).await?;
    Ok(transaction.commit().await?)
}
