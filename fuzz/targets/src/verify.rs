//! Fuzzes headers, bodies, keys and secrets.

use std::error::Error;
use std::mem::discriminant;

use spektr_verify::{
    KeyRing, KeyRingError, Secret, SecretEncoding, SignedContent, Signer, SigningKey, UnixSeconds,
    Verifier, VerifyError, diagnose,
};

const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);

/// Takes any headers and any body: unsigned bodies must be refused, and signed ones accepted.
///
/// The lines of the input before the first empty line are headers, and the rest is the body.
pub(crate) fn verify(input: &[u8]) {
    let mut headers = Vec::new();
    let mut body = input;
    while let Some(end) = body.iter().position(|byte| *byte == b'\n') {
        let (line, rest) = body.split_at(end);
        body = &rest[1..];
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        headers.push((String::from_utf8_lossy(name), value.get(1..).unwrap_or_default()));
    }
    let ring = || KeyRing::parse("key-a=correct horse battery staple").expect("a key");
    let verifier = Verifier::new(ring(), SignedContent::TIMESTAMP_DOT_BODY);

    let first = verifier.check_headers_at(&headers, NOW);
    let refused = verifier.verify_at(&headers, body, NOW).expect_err("a forgery is refused");
    // The verifier checks the time after the signature, which is wrong here.
    assert_eq!(verifier.verify_ignoring_time_window(&headers, body).err().as_ref(), Some(&refused));
    match refused {
        VerifyError::SignatureMismatch { .. } => assert_eq!(first, Ok(())),
        error => assert_eq!(first, Err(error)),
    }

    let key = ring().key("key-a").expect("the key").clone();
    let signer = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY);
    let signed = signer.sign_at(body, NOW);
    let verified = verifier.verify_at(&signed, body, NOW).expect("it is authentic");
    assert_eq!(verified.body(), body);
    let _ = verified.entries();
}

/// Takes any text as the keys in the environment, as a TOML document, and as a template of signed
/// content. Errors must be the same for a text with other letters, and `Debug` the same for other
/// secrets.
pub(crate) fn keys(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let other = with_other_letters(text);
    for read in [KeyRing::parse, KeyRing::from_toml] {
        match read(text) {
            Ok(ring) => assert_shows_no_secret(&ring),
            Err(error) => {
                // The changed text can have another fault, for example in a date.
                let same = read(&other).err().filter(|other| kind(other) == kind(&error));
                if let Some(same) = same {
                    assert_eq!(words(&error), words(&same));
                }
            }
        }
    }
    if let Ok(content) = text.parse::<SignedContent>() {
        assert_eq!(content.to_string().parse(), Ok(content));
    }
}

/// Words that have a meaning in the configuration of keys.
const WORDS: [&str; 9] =
    ["keys", "id", "secret", "encoding", "not_before", "not_after", "utf8", "hex", "base64"];

/// Replaces each letter and digit by another one, and keeps hexadecimal digits hexadecimal.
fn with_other_letters(text: &str) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let pieces = text.split_inclusive(|c| !is_of_word(c)).flat_map(|piece| {
        let (word, rest) = piece.split_at(piece.trim_end_matches(|c| !is_of_word(c)).len());
        [word, rest]
    });
    let other = |c| match c {
        '0'..='8' | 'a'..='e' | 'A'..='E' | 'g'..='y' | 'G'..='Y' => char::from(c as u8 + 1),
        '9' => '0',
        'f' => 'a',
        'F' => 'A',
        'z' => 'g',
        'Z' => 'G',
        c => c,
    };
    let of_piece = |piece: &str| match WORDS.contains(&piece) {
        true => piece.to_owned(),
        false => piece.chars().map(other).collect(),
    };
    pieces.map(of_piece).collect()
}

/// Returns the kind and the place of an error, which determine its words.
fn kind(error: &KeyRingError) -> (impl PartialEq, impl PartialEq, [usize; 2]) {
    let (source, place) = match error {
        KeyRingError::DuplicateKeyId { first, entry } => (None, [*first, *entry]),
        KeyRingError::MissingEquals { entry } | KeyRingError::UnknownMember { entry } => {
            (None, [*entry, 0])
        }
        KeyRingError::Member { entry, member } => (Some(Err(*member)), [*entry, 0]),
        KeyRingError::Key { entry, source } => (Some(Ok(discriminant(source))), [*entry, 0]),
        KeyRingError::Syntax { line } => (None, [*line, 0]),
        _ => (None, [0, 0]),
    };
    (discriminant(error), source, place)
}

fn words(error: &KeyRingError) -> String {
    let mut words = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    words
}

/// Asserts that the same ids with another secret are shown the same.
fn assert_shows_no_secret(ring: &KeyRing) {
    let keys = ring.ids().map(|id| {
        let end = ring.key(id.as_str()).expect("there is a key of each id").not_after();
        let secret = Secret::new("another", SecretEncoding::Utf8).expect("a secret");
        let key = SigningKey::new(id.as_str(), secret).expect("a well-formed id");
        key.with_validity(None, end).expect("it was the end of a key")
    });
    let other = KeyRing::new(keys).expect("there is a key");
    let shown = format!("{ring:?}");
    // The rebuilt keys have no start of validity, so a ring with one is not compared.
    if !shown.contains("not_before: Some") {
        assert_eq!(shown, format!("{other:?}"));
    }
}

/// Takes any secret, and any capture with valid headers: each construction found must be a way to
/// configure a verifier that accepts the delivery.
///
/// The first line of the input is the secret, the second the template of the signed content, and
/// the rest the body.
pub(crate) fn diagnosis(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let mut lines = input.splitn(3, '\n');
    let text = lines.next().unwrap_or_default().trim();
    let template = lines.next().unwrap_or_default();
    let body = lines.next().unwrap_or_default().as_bytes();
    let content: SignedContent = template.parse().unwrap_or(SignedContent::TIMESTAMP_DOT_BODY);
    let Ok(secret) = Secret::new(text, SecretEncoding::Utf8) else { return };
    let key = SigningKey::new("key-a", secret).expect("a well-formed id");
    let headers = Signer::new(key, content).sign_at(body, NOW);

    let diagnosis = diagnose(&headers, body, text).expect("well-formed headers");
    for found in diagnosis.matches() {
        let secret = Secret::new(text, found.secret_encoding).expect("it was tried");
        let key = SigningKey::new("key-a", secret).expect("a well-formed id");
        let ring = KeyRing::new([key]).expect("one key");
        let verifier = Verifier::new(ring, found.content.clone())
            .with_signature_format(found.signature_format);
        let verified = verifier.verify_at(&headers, body, NOW);
        let verified = verified.unwrap_or_else(|error| panic!("{found}: {error}"));
        assert_eq!(verified.body(), body);
    }
}
