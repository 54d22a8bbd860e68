//! The function: it verifies a request from API Gateway, and passes its entries on to a queue.
//!
//! [`Receiver::handle`] takes an event of the gateway, which is one HTTP request (payload format
//! 2.0), and returns the response for the gateway. It needs no crate of a cloud provider: any
//! runtime that has the JSON of the request can call it.
//!
//! HTTP APIs and function URLs use payload format 2.0. Format 1.0, which REST APIs and load
//! balancers can use too, is refused: its headers show only the last value of a repeated header, so
//! a repeated signature header would look like a single one.
//!
//! | case | status |
//! |---|---|
//! | the queue has every entry of the delivery | 200 |
//! | the signature is missing or wrong, in any way | 401, without the reason |
//! | the body is over the limit, or its Base64 is malformed | 413, 400 |
//! | the request is not in payload format 2.0, or no signing key is valid now | 500 |
//! | the queue fails | 503: the sender tries three times more |

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};
use spektr_verify::{UnixSeconds, Verifier, VerifyError};

/// A request in payload format 2.0 of API Gateway, with the members that are used here.
///
/// It has no `Debug`, because the body holds personal data.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LambdaEvent {
    /// The payload format. It must be `2.0`; REST APIs and load balancers send none.
    #[serde(default)]
    pub version: String,
    /// Headers by name in lower case. The gateway joins the values of a repeated header with a
    /// comma; the verifier refuses such a signature header.
    #[serde(default)]
    pub headers: HashMap<String, String>,
    /// The body as text, or as Base64.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether the body is Base64, which the gateway decides by the content type.
    #[serde(default)]
    pub is_base64_encoded: bool,
}

/// The response for the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status. The sender treats every status but 200 as a failure.
    pub status_code: u16,
    /// The body, which does not show the reason.
    pub body: &'static str,
}

impl Response {
    const fn new(status_code: u16, body: &'static str) -> Self {
        Self { status_code, body }
    }
}

/// The destination of verified deliveries.
///
/// Functions and closures that take bytes are queues.
pub trait Queue {
    /// Keeps a message durably: the JSON of an entry, or a whole body that cannot be split.
    ///
    /// A message can come twice, because the sender repeats a delivery that was not answered
    /// with 200. A repeated message has the same event id.
    ///
    /// # Errors
    ///
    /// The message may not have been kept.
    fn send(&self, message: &[u8]) -> io::Result<()>;
}

impl<F: Fn(&[u8]) -> io::Result<()>> Queue for F {
    fn send(&self, message: &[u8]) -> io::Result<()> {
        self(message)
    }
}

/// The function, with the state that it keeps between calls.
#[derive(Clone, Debug)]
pub struct Receiver<Q> {
    verifier: Verifier,
    queue: Q,
}

impl<Q: Queue> Receiver<Q> {
    /// The largest body in bytes: 6 MiB.
    ///
    /// AWS limits the JSON of the whole request to 6 MB: the headers, and the body in Base64 or
    /// with its quotation marks escaped. A body that passes is therefore smaller than this, and a
    /// body in Base64 smaller by at least a quarter. Other runtimes may have no limit of their own.
    pub const BODY_LIMIT: usize = 6 * 1024 * 1024;

    /// Returns a function that passes the deliveries that a verifier accepts on to a queue.
    #[must_use]
    pub fn new(verifier: Verifier, queue: Q) -> Self {
        Self { verifier, queue }
    }

    /// Answers one request. Writes the reason of a refusal to standard error, which is the log of a
    /// function.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_example_lambda::{LambdaEvent, Receiver};
    /// use spektr_verify::{KeyRing, SignedContent, Verifier};
    ///
    /// let keys = KeyRing::parse("2026-a=correct horse battery staple")?;
    /// let verifier = Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY);
    /// let receiver = Receiver::new(verifier, |_: &[u8]| Ok(()));
    /// let event: LambdaEvent = serde_json::from_str(r#"{"version":"2.0","headers":{},"body":"{}"}"#)?;
    /// assert_eq!(receiver.handle(&event).status_code, 401);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle(&self, event: &LambdaEvent) -> Response {
        match self.receive(event) {
            Ok(()) => Response::new(200, ""),
            Err(refusal) => {
                eprintln!("delivery refused: {}", refusal.reason());
                refusal.response()
            }
        }
    }

    fn receive(&self, event: &LambdaEvent) -> Result<(), Refusal> {
        if event.version != "2.0" {
            return Err(Refusal::Format);
        }
        // The signature covers the sent bytes, so Base64 is decoded first, but only for a request
        // that names a known key.
        let now = self.verifier.now();
        let refuse = |error| self.refuse(error, now);
        self.verifier.check_headers_at(&event.headers, now).map_err(refuse)?;
        let body = body(event, Self::BODY_LIMIT)?;
        let delivery = self.verifier.verify_at(&event.headers, &*body, now).map_err(refuse)?;
        match delivery.entries() {
            Ok(entries) => {
                for entry in &entries {
                    self.queue.send(entry.raw().as_bytes()).map_err(Refusal::Queue)?;
                }
                Ok(())
            }
            // The delivery is authentic but unreadable, and the sender would repeat the same bytes.
            Err(_) => self.queue.send(delivery.body()).map_err(Refusal::Queue),
        }
    }

    /// Blames an expired key on the sender only while another key is valid.
    fn refuse(&self, error: VerifyError, now: UnixSeconds) -> Refusal {
        match self.verifier.keys() {
            Some(keys) if !keys.has_valid_key_at(now) => Refusal::NoValidKey,
            _ => Refusal::NotAuthentic(error),
        }
    }
}

/// Returns the bytes of the body as the sender sent them.
fn body(event: &LambdaEvent, limit: usize) -> Result<Cow<'_, [u8]>, Refusal> {
    let text = event.body.as_deref().unwrap_or_default();
    let length = if event.is_base64_encoded { text.len() / 4 * 3 } else { text.len() };
    // Allows for up to two bytes of padding.
    if length > limit + 2 {
        return Err(Refusal::TooLarge);
    }
    let bytes = if event.is_base64_encoded {
        Base64::decode_vec(text).map_err(|_| Refusal::Base64)?.into()
    } else {
        Cow::from(text.as_bytes())
    };
    if bytes.len() > limit { Err(Refusal::TooLarge) } else { Ok(bytes) }
}

enum Refusal {
    Format,
    TooLarge,
    Base64,
    NotAuthentic(VerifyError),
    NoValidKey,
    Queue(io::Error),
}

impl Refusal {
    /// Returns the reason for the log.
    fn reason(&self) -> Cow<'static, str> {
        match self {
            Self::Format => "the request is not in payload format 2.0: configure it for the \
                             integration of an HTTP API, or call the function by its URL"
                .into(),
            Self::TooLarge => "the body is larger than the limit".into(),
            Self::Base64 => "the body is not Base64".into(),
            Self::NotAuthentic(error) => error.to_string().into(),
            Self::NoValidKey => "no signing key is valid at this time".into(),
            Self::Queue(error) => format!("the queue has failed: {error}").into(),
        }
    }

    /// Returns the response, without the reason: the reason for refusing a signature would help a
    /// forger.
    fn response(&self) -> Response {
        match self {
            Self::TooLarge => Response::new(413, "Payload Too Large"),
            Self::Base64 => Response::new(400, "Bad Request"),
            Self::NotAuthentic(_) => Response::new(401, "Unauthorized"),
            Self::Format | Self::NoValidKey => Response::new(500, "Internal Server Error"),
            Self::Queue(_) => Response::new(503, "Service Unavailable"),
        }
    }
}
