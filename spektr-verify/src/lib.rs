//! Verifies that a spektr webhook delivery is authentic, then gives access to its entries.
//!
//! ```
//! use spektr_verify::{KeyRing, SignedContent, Signer, Secret, SecretEncoding, SigningKey};
//! use spektr_verify::{UnixSeconds, Verifier};
//!
//! # let key = SigningKey::new("2026-a", Secret::new("a secret", SecretEncoding::Utf8)?)?;
//! # let body = br#"{"results":[{"id":"e1","type":"process_run_start","createdAt":1731057600000}]}"#;
//! # let headers = Signer::new(key, SignedContent::TIMESTAMP_DOT_BODY)
//! #     .sign_at(body, UnixSeconds::from(std::time::SystemTime::now()));
//! // Once, at the start. `KeyRing::from_env` reads SPEKTR_WEBHOOK_KEYS.
//! let verifier = Verifier::new(KeyRing::parse("2026-a=a secret")?, SignedContent::TIMESTAMP_DOT_BODY);
//!
//! // For each request, with the headers and the body's bytes as they arrived.
//! let verified = verifier.verify(&headers, body)?;
//! for entry in verified.entries()? {
//!     println!("{:?} {:?}", entry.id(), entry.wire_type());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Assumptions
//!
//! The vendor documents the headers, but not the signed bytes. So a [`Verifier`] needs a
//! [`SignedContent`], and [`diagnose`] finds it from one captured delivery.
//!
//! # Invariants
//!
//! - A [`Verified`] comes from a [`Verifier`], or from a function in [`danger`].
//! - Nothing is parsed before the MAC has matched.
//! - No input causes a panic, and no time causes an overflow.
//! - No error and no `Debug` contains a secret, a signature or a body.
//! - The only I/O is reading the clock, an environment variable, and (feature `toml`) a key
//!   file, each on request.

// Library code must not panic: an exception to these lints says why its case cannot happen.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unimplemented,
        clippy::unreachable
    )
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod danger;

mod content;
mod diagnose;
mod error;
mod headers;
mod hex;
mod keys;
mod mac;
mod occurrences;
mod signer;
mod time;
mod verified;
mod verifier;
mod well_formed;

/// `http::HeaderMap` of this version is a [`HeaderSource`], and [`SignedHeaders`] converts to
/// one.
#[cfg(feature = "http")]
pub use http;
/// [`Verified::entries`] returns types of this crate.
pub use spektr_types;

pub use content::{SignedContent, SignedContentError};
pub use diagnose::{Construction, Diagnosis, diagnose, diagnose_with};
pub use error::VerifyError;
pub use headers::{HeaderSource, SignatureHeader};
pub use keys::{
    KeyError, KeyId, KeyRing, KeyRingError, Secret, SecretEncoding, SharedKeys, SigningKey,
};
pub use signer::{SignedHeaders, Signer};
pub use time::{Clock, SystemClock, UnixSeconds};
pub use verified::{Provenance, Verified};
pub use verifier::Verifier;
pub use well_formed::{SignatureFormat, UnknownSignatureFormat};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
