//! Proves that a spektr webhook delivery is authentic, then opens it.
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
//! # What is assumed
//!
//! The vendor documents the headers, not the bytes that are signed. So a
//! [`Verifier`] must be told ([`SignedContent`]), and [`diagnose`] finds out
//! from one captured delivery.
//!
//! # Invariants
//!
//! - A [`Verified`] comes from a [`Verifier`], or from a function in [`danger`].
//! - Nothing is parsed before the MAC has matched.
//! - No input makes it panic, and no time makes it overflow.
//! - Secrets, signatures and bodies occur in no error and no `Debug`.
//! - No I/O but reading the clock, an environment variable, and (feature
//!   `toml`) a key file, each when asked to.

// Nothing in a program that others run panics: what cannot happen says why, at its place.
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

/// `http::HeaderMap` is a [`HeaderSource`], and [`SignedHeaders`] becomes one: of this version.
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
