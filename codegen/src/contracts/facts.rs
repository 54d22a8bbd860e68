//! Facts about a delivery besides its body: signature headers, answers, repetitions.
//!
//! OpenAPI, AsyncAPI and the reference take the facts from here. Tests compare the
//! headers with those that `spektr-verify` reads, and the answers with those of `spektr-axum`
//! and `spektr-inbox`.

use spektr_json::Json;

/// A signature header.
#[derive(Debug)]
#[non_exhaustive]
pub struct Header {
    /// Name, in lower case.
    pub name: &'static str,
    /// Meaning of the header's value.
    pub description: &'static str,
    /// Regular expression that an accepted value matches.
    pub pattern: &'static str,
    /// The value in the vector `good` of `spektr-verify`.
    pub example: &'static str,
}

/// The signature headers.
pub const HEADERS: [Header; 4] = [
    Header {
        name: "x-signature-alg",
        description: "Algorithm of the signature. `sha256`, HMAC with SHA-256, is the only one so far.",
        pattern: "^sha256$",
        example: "sha256",
    },
    Header {
        name: "x-signature-timestamp",
        description: "When the delivery was signed, in seconds since the Unix epoch. Receivers of this project \
                      accept five minutes of difference, either way.",
        pattern: "^(0|[1-9][0-9]{0,18})$",
        example: "1731057600",
    },
    Header {
        name: "x-signature-key-id",
        description: "Id of the secret that signed the delivery. It chooses among several secrets while one \
                      replaces another.",
        pattern: "^[!-~]{1,256}$",
        example: "key-a",
    },
    Header {
        name: SIGNATURE,
        description: "The HMAC, in lowercase hexadecimal digits.",
        pattern: "^[0-9a-f]{64}$",
        example: "586cde1889686f6b5dfc1ee34c16c43325a62737e6b0d0645d74f0b2368c5a32",
    },
];

/// The header that holds the signature itself.
pub(super) const SIGNATURE: &str = "x-signature";

/// Description of the signature, for the documents' security schemes.
pub const SIGNING: &str = "An HMAC over the delivery, in the four `x-signature` headers. A workspace signs its \
    deliveries once signing is switched on in its export settings. The vendor's guide names the headers; our copy of \
    the guide does not say which bytes are signed. The assumption is `{timestamp}.{body}`: the text of \
    `x-signature-timestamp`, a full stop, and the raw bytes of the body, keyed with the UTF-8 bytes of the secret. \
    `spektr diagnose` finds the right construction from one captured delivery. Verify before you parse. \
    The headers' examples are those of the vector `good` of `spektr-verify` and belong to its body.";

/// An answer that this project's receivers give.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReceiverAnswer {
    /// HTTP status.
    pub status: &'static str,
    /// What the receiver found or did.
    pub meaning: &'static str,
}

/// The answers that this project's receivers give.
pub const ANSWERS: [ReceiverAnswer; 10] = [
    ReceiverAnswer {
        status: ACCEPTED,
        meaning: "Every entry is stored durably, duplicates aside. A malformed entry is stored too and does not fail \
                  its batch. The sender does not repeat the delivery.",
    },
    ReceiverAnswer { status: "400", meaning: "The body broke off." },
    ReceiverAnswer {
        status: "401",
        meaning: "The delivery is not authentic: a signature header is missing or malformed, the key is not known \
                  or not valid, the signature does not match, or the delivery was signed too long ago or in the \
                  future. The answer does not say which of these it is.",
    },
    ReceiverAnswer { status: "404", meaning: "Deliveries have another path here." },
    ReceiverAnswer { status: "408", meaning: "The body took too long to arrive." },
    ReceiverAnswer {
        status: "413",
        meaning: "The body is larger than the receiver's limit. Repetitions are too; the delivery is lost unless the \
                  limit is raised.",
    },
    ReceiverAnswer { status: "415", meaning: "The content type is not `application/json`." },
    ReceiverAnswer { status: "500", meaning: "The receiver has no signing key that is valid now." },
    ReceiverAnswer {
        status: "503",
        meaning: "Nothing is stored, or not in time: the store, its queue or the memory for bodies is not available.",
    },
    ReceiverAnswer { status: "507", meaning: "Nothing is stored: the disk is full." },
];

/// The only status that the sender treats as success.
pub(super) const ACCEPTED: &str = "200";

/// How often the sender repeats a delivery, and the seconds between two attempts.
const REPETITIONS: (u8, u8) = (3, 1);

/// Describes the sender's reaction to any answer but [`ACCEPTED`].
pub(super) fn on_failure() -> String {
    let (times, seconds) = REPETITIONS;
    format!(
        "The sender treats any status other than {ACCEPTED} as a failure: it repeats the delivery {times} times, \
         {seconds} s apart, and then drops it."
    )
}

/// Describes a delivery.
pub fn on_delivery() -> String {
    format!(
        "A POST with a batch of events as JSON. Deliveries come at least once and in no guaranteed order: recognise \
         a duplicate by the event's `id`. Each entry is processed by itself. {}",
        on_failure()
    )
}

/// Returns the schema of a header's value.
pub(super) fn header_schema(header: &Header) -> Json {
    Json::object([("type", Json::from("string")), ("pattern", header.pattern.into())])
}
