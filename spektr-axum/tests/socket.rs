//! The extractor behind a real socket: each kind of request and its answer.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod support;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::map_request;
use http_body_util::Limited;
use spektr_axum::WebhookConfig;
use spektr_verify::{KeyRing, SharedKeys, UnixSeconds, danger};
use support::{
    BODY, NOW, app, config, key, post_json, ring, send, serve, serve_app, signed, signed_at,
};

/// Returns the header lines without those of one name.
fn without(lines: Vec<String>, name: &str) -> Vec<String> {
    lines.into_iter().filter(|line| !line.starts_with(&format!("{name}:"))).collect()
}

fn with(mut lines: Vec<String>, line: &str) -> Vec<String> {
    lines.push(line.to_owned());
    lines
}

#[tokio::test]
async fn an_authentic_delivery_is_acknowledged_with_200_and_nothing_else() {
    let address = serve(config(ring("key-a"))).await;
    let answer = post_json(address, &signed(BODY), BODY).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[tokio::test]
async fn all_that_is_not_authentic_gets_the_same_401() {
    let address = serve(config(ring("key-a"))).await;
    let expected = post_json(address, &[], BODY).await;
    assert_eq!((expected.status, expected.body.as_str()), (401, "Unauthorized"));

    let right = || signed(BODY);
    let names = ["x-signature-alg", "x-signature-timestamp", "x-signature-key-id", "x-signature"];
    let mut attempts = Vec::new();
    for name in names {
        let line = right().into_iter().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
        attempts.push(without(right(), name));
        attempts.push(with(right(), &line));
        attempts.push(with(without(right(), name), &format!("{name}: no such value")));
        attempts.push(with(without(right(), name), &format!("{name}:")));
    }
    attempts.push(with(without(right(), "x-signature-alg"), "x-signature-alg: md5"));
    attempts.push(with(without(right(), "x-signature-key-id"), "x-signature-key-id: key-b"));
    attempts
        .push(with(without(right(), "x-signature"), &format!("x-signature: {}", "0".repeat(64))));
    attempts.push(signed("another body"));
    attempts.push(signed_at(BODY, UnixSeconds::new(NOW.as_secs() - 301)));
    attempts.push(signed_at(BODY, UnixSeconds::new(NOW.as_secs() + 301)));
    for headers in attempts {
        assert_eq!(post_json(address, &headers, BODY).await, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn an_expired_key_is_a_401_while_another_is_valid_and_a_500_if_none_is() {
    let past = Some(UnixSeconds::new(NOW.as_secs() - 1));
    let expired = || key("key-a").with_validity(None, past).unwrap();

    let two = KeyRing::new([expired(), key("key-b")]).unwrap();
    let answer = post_json(serve(config(two)).await, &signed(BODY), BODY).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, "Unauthorized"));

    let one = KeyRing::new([expired()]).unwrap();
    let answer = post_json(serve(config(one)).await, &signed(BODY), BODY).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "Internal Server Error"));
}

#[tokio::test]
async fn a_request_that_names_no_known_key_is_refused_before_its_body_is_read() {
    let address = serve(config(ring("key-b"))).await;
    let headers = with(signed(BODY), "content-type: application/json");
    let answer = send(address, &with(headers, "content-length: 1000000"), b"").await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn only_json_is_read() {
    let address = serve(config(ring("key-a"))).await;
    let length = format!("content-length: {}", BODY.len());
    let status = async |types: &[&str]| {
        let mut headers = with(signed(BODY), &length);
        headers.extend(types.iter().map(|line| (*line).to_owned()));
        send(address, &headers, BODY.as_bytes()).await.status
    };
    assert_eq!(status(&["content-type: application/json"]).await, 200);
    assert_eq!(status(&["Content-Type: Application/JSON; charset=utf-8"]).await, 200);
    assert_eq!(status(&[]).await, 415);
    assert_eq!(status(&["content-type: text/plain"]).await, 415);
    assert_eq!(status(&["content-type: application/jsonp"]).await, 415);
    assert_eq!(status(&["content-type: application/json"; 2]).await, 415);
}

#[tokio::test]
async fn a_body_at_the_limit_is_read_and_one_over_it_is_not() {
    let at_limit = serve(config(ring("key-a")).with_body_limit(BODY.len())).await;
    assert_eq!(post_json(at_limit, &signed(BODY), BODY).await.status, 200);

    let over_limit = serve(config(ring("key-a")).with_body_limit(BODY.len() - 1)).await;
    assert_eq!(post_json(over_limit, &signed(BODY), BODY).await.status, 413);

    let chunked =
        with(with(signed(BODY), "content-type: application/json"), "transfer-encoding: chunked");
    let chunks = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    assert_eq!(send(at_limit, &chunked, chunks.as_bytes()).await.status, 200);
    assert_eq!(send(over_limit, &chunked, chunks.as_bytes()).await.status, 413);
}

/// If the server waited for the body, the answer would not come.
#[tokio::test]
async fn a_body_that_is_announced_over_the_limit_is_refused_before_it_is_read() {
    let address = serve(config(ring("key-a")).with_body_limit(BODY.len())).await;
    let headers = with(signed(BODY), "content-type: application/json");
    let announced = |length: &str| with(headers.clone(), &format!("content-length: {length}"));
    for length in [(BODY.len() + 1).to_string(), (u64::MAX / 2).to_string()] {
        assert_eq!(send(address, &announced(&length), b"").await.status, 413, "{length}");
    }
    let unsigned = with(without(headers, "x-signature"), "content-length: 1000000");
    assert_eq!(send(address, &unsigned, b"").await.status, 401);
}

#[tokio::test]
async fn the_lower_limit_of_a_layer_gives_the_same_answer() {
    let layer = map_request(async |request: Request| {
        request.map(|body| Body::new(Limited::new(body, BODY.len() - 1)))
    });
    let address = serve_app(app(config(ring("key-a"))).layer(layer)).await;
    assert_eq!(post_json(address, &signed(BODY), BODY).await.status, 413);
}

#[tokio::test]
async fn bodies_of_several_mebibytes_are_read_by_default() {
    let address = serve(config(ring("key-a"))).await;
    let body = format!(r#"{{"results":[],"filler":"{}"}}"#, "x".repeat(7 << 20));
    assert_eq!(post_json(address, &signed(&body), &body).await.status, 200);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_400() {
    let address = serve(config(ring("key-a"))).await;
    let headers =
        with(with(signed(BODY), "content-type: application/json"), "transfer-encoding: chunked");
    let answer = send(address, &headers, b"no such size\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (400, "Bad Request"));
}

#[tokio::test]
async fn keys_are_rotated_while_the_server_runs() {
    let keys = SharedKeys::new(ring("key-b"));
    let address = serve(config(keys.clone())).await;
    assert_eq!(post_json(address, &signed(BODY), BODY).await.status, 401);
    keys.replace(KeyRing::new([key("key-b"), key("key-a")]).unwrap());
    assert_eq!(post_json(address, &signed(BODY), BODY).await.status, 200);
}

#[tokio::test]
async fn the_unsigned_mode_takes_deliveries_without_any_signature() {
    let verifier = danger::verifier_that_accepts_unsigned_deliveries();
    let address = serve(WebhookConfig::new(verifier)).await;
    assert_eq!(post_json(address, &[], BODY).await.status, 200);
}
