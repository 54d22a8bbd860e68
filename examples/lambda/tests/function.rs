//! Tests the function with stored requests of a gateway: the response, and the messages in the
//! queue.

#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use spektr_example_lambda::{LambdaEvent, Queue, Receiver, Response};
use spektr_verify::{
    Clock as _, KeyRing, Secret, SignatureHeader, SignedContent, Signer, SigningKey, SystemClock,
    UnixSeconds, Verifier,
};

/// The time at which the stored requests were signed.
const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);

const HEADERS: [SignatureHeader; 4] = [
    SignatureHeader::Algorithm,
    SignatureHeader::Timestamp,
    SignatureHeader::KeyId,
    SignatureHeader::Signature,
];

fn key(id: &str) -> SigningKey {
    SigningKey::new(id, Secret::from_bytes(b"any secret").unwrap()).unwrap()
}

fn verifier(key: SigningKey) -> Verifier {
    Verifier::new(KeyRing::new([key]).unwrap(), SignedContent::TIMESTAMP_DOT_BODY)
        .with_clock(|| NOW)
}

/// Reads the JSON of a stored request.
fn stored(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/events/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(event: &Value) -> Vec<u8> {
    let body = event["body"].as_str().unwrap();
    match event["isBase64Encoded"].as_bool().unwrap() {
        true => Base64::decode_vec(body).unwrap(),
        false => body.as_bytes().to_vec(),
    }
}

/// Sets the body of a request, and its signature headers.
fn signed(mut event: Value, key: SigningKey, body: &str, now: UnixSeconds) -> Value {
    let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
    for (name, value) in signer.sign_at(body.as_bytes(), now).pairs() {
        event["headers"][name] = json!(value);
    }
    event["body"] = json!(body);
    event["isBase64Encoded"] = json!(false);
    event
}

/// Calls the function; returns its response and the messages.
fn handle(verifier: Verifier, event: Value) -> (Response, Vec<String>) {
    let messages = RefCell::new(Vec::new());
    let queue = |message: &[u8]| {
        messages.borrow_mut().push(String::from_utf8(message.to_vec()).unwrap());
        Ok(())
    };
    let event = serde_json::from_value::<LambdaEvent>(event).unwrap();
    let response = Receiver::new(verifier, queue).handle(&event);
    (response, messages.take())
}

/// Returns the response to a stored or changed request as JSON, and the messages.
fn answer(event: Value) -> (Value, Vec<String>) {
    let (response, messages) = handle(verifier(key("dev")), event);
    (serde_json::to_value(response).unwrap(), messages)
}

fn accepted() -> Value {
    json!({"statusCode": 200, "body": ""})
}

fn unauthorized() -> (Value, Vec<String>) {
    (json!({"statusCode": 401, "body": "Unauthorized"}), Vec::new())
}

#[test]
fn the_stored_requests_are_what_the_signer_signs() {
    for name in ["batch", "base64", "not_json"] {
        let event = stored(name);
        let signer = Signer::new(key("dev"), SignedContent::TIMESTAMP_DOT_BODY);
        for (header, value) in signer.sign_at(&bytes(&event), NOW).pairs() {
            assert_eq!(event["headers"][header], value, "{name}: {header}");
        }
    }
}

#[test]
fn every_entry_is_a_message_byte_for_byte() {
    let body = String::from_utf8(bytes(&stored("batch"))).unwrap();
    let (response, messages) = answer(stored("batch"));
    assert_eq!(response, accepted());
    let lines: Vec<_> = body.lines().map(|line| line.trim().trim_end_matches(',')).collect();
    assert_eq!(messages, lines[1..3]);
}

#[test]
fn a_body_in_base64_is_verified_as_it_was_sent() {
    let event = stored("base64");
    let body = String::from_utf8(bytes(&event)).unwrap();
    assert_eq!(answer(event), (accepted(), vec![body]));
}

#[test]
fn an_authentic_body_that_cannot_be_read_is_one_message() {
    assert_eq!(answer(stored("not_json")), (accepted(), vec!["not JSON".to_owned()]));
}

#[test]
fn what_is_not_authentic_gets_the_same_401_and_reaches_no_queue() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut event = stored("batch");
        change(&mut event);
        answer(event)
    };
    assert_eq!(changed(&|event| event["body"] = json!("{}")), unauthorized());
    assert_eq!(changed(&|event| event["body"] = Value::Null), unauthorized());
    assert_eq!(changed(&|event| event["headers"] = json!({})), unauthorized());
    for header in HEADERS {
        let name = header.name();
        let remove = |event: &mut Value| {
            event["headers"].as_object_mut().unwrap().remove(name);
        };
        assert_eq!(changed(&remove), unauthorized(), "{name} removed");
        // Repeats a header's value, as the gateway joins a header that was sent twice.
        let join = |event: &mut Value| {
            let value = event["headers"][name].as_str().unwrap();
            event["headers"][name] = json!(format!("{value},{value}"));
        };
        assert_eq!(changed(&join), unauthorized(), "{name} joined");
        let double = |event: &mut Value| {
            event["headers"][name.to_uppercase()] = event["headers"][name].clone();
        };
        assert_eq!(changed(&double), unauthorized(), "{name} in two spellings");
    }
    let too_old = UnixSeconds::new(NOW.as_secs() - 301);
    assert_eq!(answer(signed(stored("batch"), key("dev"), "{}", too_old)), unauthorized());
    assert_eq!(answer(signed(stored("batch"), key("other"), "{}", NOW)), unauthorized());
    // Without decoding, the bytes differ from the signed ones.
    let mut event = stored("base64");
    event["isBase64Encoded"] = json!(false);
    assert_eq!(answer(event), unauthorized());
}

/// Returns a validly signed request of a REST API. Its headers show only the last value of each
/// header; another member has all values.
fn rest_api(version: Option<&str>) -> Value {
    let stored = stored("batch");
    let last = stored["headers"].as_object().unwrap();
    let all: serde_json::Map<_, _> =
        last.iter().map(|(name, value)| (name.clone(), json!(["first", value]))).collect();
    let mut event = json!({
        "resource": "/webhooks/spektr",
        "path": "/webhooks/spektr",
        "httpMethod": "POST",
        "headers": last,
        "multiValueHeaders": all,
        "body": stored["body"],
        "isBase64Encoded": false,
    });
    if let Some(version) = version {
        event["version"] = json!(version);
    }
    event
}

#[test]
fn another_payload_format_is_a_500_because_it_hides_repeated_headers() {
    let fault = (json!({"statusCode": 500, "body": "Internal Server Error"}), Vec::new());
    for version in [None, Some(""), Some("1.0"), Some("2"), Some("3.0")] {
        assert_eq!(answer(rest_api(version)), fault, "{version:?}");
    }
    // In format 2.0 the same members are accepted, so only the version decides.
    assert_eq!(answer(rest_api(Some("2.0"))).0, accepted());
}

#[test]
fn malformed_base64_is_a_400_for_who_names_a_key() {
    let mut event = stored("base64");
    event["body"] = json!("e30");
    let bad = (json!({"statusCode": 400, "body": "Bad Request"}), Vec::new());
    assert_eq!(answer(event.clone()), bad);
    event["headers"] = json!({});
    assert_eq!(answer(event), unauthorized());
}

#[test]
fn a_body_over_the_limit_is_a_413() {
    const LIMIT: usize = Receiver::<fn(&[u8]) -> io::Result<()>>::BODY_LIMIT;
    let with_length = |length: usize, base64: bool| {
        let mut event = stored("batch");
        let body = vec![b' '; length];
        event["isBase64Encoded"] = json!(base64);
        event["body"] = match base64 {
            true => json!(Base64::encode_string(&body)),
            false => json!(String::from_utf8(body).unwrap()),
        };
        answer(event)
    };
    let large = (json!({"statusCode": 413, "body": "Payload Too Large"}), Vec::new());
    for base64 in [false, true] {
        for length in [LIMIT + 1, LIMIT + 2, LIMIT + 3] {
            assert_eq!(with_length(length, base64), large, "{length}");
        }
        // A body within the limit is read; the signature belongs to another body.
        assert_eq!(with_length(LIMIT, base64), unauthorized());
    }
}

#[test]
fn no_valid_key_and_a_queue_that_fails_are_faults_of_the_receiver() {
    let expired = key("dev").with_validity(None, Some(UnixSeconds::new(1))).unwrap();
    let (response, messages) = handle(verifier(expired), stored("batch"));
    assert_eq!((response.status_code, response.body), (500, "Internal Server Error"));
    assert!(messages.is_empty());

    let sent = RefCell::new(0);
    let queue = |_: &[u8]| {
        *sent.borrow_mut() += 1;
        if *sent.borrow() == 2 { Err(io::Error::other("no room")) } else { Ok(()) }
    };
    let receiver = Receiver::new(verifier(key("dev")), queue);
    let event: LambdaEvent = serde_json::from_value(stored("batch")).unwrap();
    let response = receiver.handle(&event);
    assert_eq!((response.status_code, response.body), (503, "Service Unavailable"));
    // The sender repeats the delivery, so the first entry arrives again.
    assert_eq!(receiver.handle(&event).status_code, 200);
    assert_eq!(sent.take(), 4);
}

/// Starts a command that runs the program, with a request as its input.
fn started(mut command: Command, event: &Value) -> Child {
    let mut program = command
        .env("SPEKTR_WEBHOOK_KEYS", "dev=any secret")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(event.to_string().as_bytes()).unwrap();
    program
}

/// Waits for the program; returns its output and its log.
fn ended(program: Child) -> [String; 2] {
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spektr-example-lambda"));
    command.arg(folder);
    command
}

/// Returns a request that is signed with the current time.
fn signed_now(body: &str) -> Value {
    signed(stored("batch"), key("dev"), body, SystemClock::new().now())
}

/// Returns names and contents of the files in a folder, in order.
fn files(folder: &Path) -> Vec<(String, String)> {
    let file = |file: fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        (name, fs::read_to_string(file.path()).unwrap())
    };
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap())).collect();
    files.sort();
    files
}

const PRINTED_200: &str = "{\"statusCode\":200,\"body\":\"\"}\n";

#[test]
fn the_program_answers_a_request_and_keeps_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    // The program uses the real clock, and the stored request is old.
    let [printed, _] = ended(started(program(folder.path()), &stored("batch")));
    assert_eq!(printed, "{\"statusCode\":401,\"body\":\"Unauthorized\"}\n");
    assert_eq!(files(folder.path()), []);
    // The file that a killed call left does not count as a message.
    fs::write(folder.path().join(".tmp123456"), "half of a mess").unwrap();
    let body = r#"{"results":[{"id":"e1","type":"t"},{"id":"e2","type":"t"}]}"#;
    let [printed, log] = ended(started(program(folder.path()), &signed_now(body)));
    assert_eq!((printed.as_str(), log.as_str()), (PRINTED_200, ""));
    let expected = [
        (".tmp123456", "half of a mess"),
        ("1", r#"{"id":"e1","type":"t"}"#),
        ("2", r#"{"id":"e2","type":"t"}"#),
    ];
    assert_eq!(files(folder.path()), expected.map(|(name, text)| (name.into(), text.into())));
}

#[test]
fn the_log_says_how_to_mend_the_payload_format() {
    let folder = tempfile::tempdir().unwrap();
    let [printed, log] = ended(started(program(folder.path()), &rest_api(Some("1.0"))));
    assert_eq!(printed, "{\"statusCode\":500,\"body\":\"Internal Server Error\"}\n");
    let expected = "delivery refused: the request is not in payload format 2.0: configure it for \
                    the integration of an HTTP API, or call the function by its URL\n";
    assert_eq!(log, expected);
}

#[test]
fn a_message_that_cannot_be_written_whole_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    // Limits files to some 512 or 1024 bytes. A larger write stops at the limit, and the next one
    // fails; the signal is ignored, so it does not end the program.
    let mut command = Command::new("sh");
    command.arg("-c").arg(r#"trap "" XFSZ && ulimit -f 1 && exec "$0" "$1""#);
    command.arg(env!("CARGO_BIN_EXE_spektr-example-lambda")).arg(folder.path());
    let body = format!(r#"{{"id":"e1","type":"t","data":"{}"}}"#, "x".repeat(4096));
    let event = signed_now(&body);
    let [printed, log] = ended(started(command, &event));
    assert_eq!(printed, "{\"statusCode\":503,\"body\":\"Service Unavailable\"}\n");
    assert!(log.starts_with("delivery refused: the queue has failed: "), "{log}");
    assert_eq!(files(folder.path()), []);
    // The sender repeats the delivery.
    assert_eq!(ended(started(program(folder.path()), &event))[0], PRINTED_200);
    assert_eq!(files(folder.path()), [("1".to_owned(), body)]);
}

#[test]
fn calls_at_the_same_time_take_each_number_once() {
    let folder = tempfile::tempdir().unwrap();
    // Each call writes enough messages to run at the same time as the others.
    let entry = |id: usize| format!(r#"{{"id":"e{id}","type":"t"}}"#);
    let entries: Vec<_> = (100..300).map(entry).collect();
    let start = |entries: &[String]| {
        let body = format!(r#"{{"results":[{}]}}"#, entries.join(","));
        started(program(folder.path()), &signed_now(&body))
    };
    let programs: Vec<_> = entries.chunks(50).map(start).collect();
    for program in programs {
        assert_eq!(ended(program)[0], PRINTED_200);
    }
    let (names, mut messages): (Vec<_>, Vec<_>) = files(folder.path()).into_iter().unzip();
    let mut numbers: Vec<usize> = names.iter().map(|name| name.parse().unwrap()).collect();
    numbers.sort();
    assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
    messages.sort();
    assert_eq!(messages, entries);
}

#[test]
fn a_queue_is_any_function_that_takes_bytes() {
    fn takes(_: impl Queue) {}
    fn send(_: &[u8]) -> io::Result<()> {
        Ok(())
    }
    takes(send);
}
