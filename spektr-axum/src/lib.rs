//! An axum extractor for spektr webhooks that is right by default.
//!
//! A handler that takes [`SpektrWebhook`] runs for authentic deliveries only,
//! and a handler that returns [`Ack`] answers with exactly 200, the one status
//! that the sender does not take for a failure.
//!
//! ```
//! use axum::{Router, routing::post};
//! use spektr_axum::{Ack, SpektrWebhook, WebhookConfig};
//! use spektr_verify::{KeyRing, SignedContent, Verifier};
//!
//! async fn receive(delivery: SpektrWebhook) -> Ack {
//!     match delivery.entries() {
//!         // Store them before you acknowledge; decode them afterwards.
//!         Ok(entries) => {
//!             for entry in &entries {
//!                 println!("{:?}: {} bytes", entry.id(), entry.raw().len());
//!             }
//!         }
//!         // Authentic and not understood: keep the whole body. An answer
//!         // other than 200 would lose it after three more attempts.
//!         Err(error) => println!("{error}: {} bytes", delivery.body().len()),
//!     }
//!     Ack
//! }
//!
//! let keys = KeyRing::parse("2026-a=correct horse battery staple")?;
//! let verifier = Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY);
//! let app: Router = Router::new()
//!     .route("/webhooks/spektr", post(receive))
//!     .with_state(WebhookConfig::new(verifier));
//! # Ok::<(), spektr_verify::KeyRingError>(())
//! ```
//!
//! A state of your own lends the configuration by [`FromRef`](axum_core::extract::FromRef).
//!
//! # What the sender gets to see
//!
//! | what is wrong | status | rejection |
//! |---|---|---|
//! | content type other than `application/json` | 415 | [`Rejection::UnsupportedMediaType`] |
//! | body over the limit | 413 | [`Rejection::BodyTooLarge`] |
//! | anything about the signature | 401 | [`Rejection::Unauthenticated`] |
//! | the body breaks off | 400 | [`Rejection::BodyUnreadable`] |
//! | no key of the ring is valid now | 500 | [`Rejection::Misconfigured`] |
//!
//! They are found in this order: content type, headers of the signature, announced
//! length, body, signature. All 401 answers are alike, byte for byte. The reason is for you:
//! [`Rejection::reason`], and a warning by `tracing`.
//!
//! # Left to the server
//!
//! The extractor limits the size of a body, not the time in which it arrives.
//! Put a timeout around the handler, as around any other.

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

mod ack;
mod extract;
mod rejection;

/// [`SpektrWebhook`] is an extractor and [`Ack`] a response of this version: axum 0.8.
pub use axum_core;
/// The body of a [`SpektrWebhook`] is `bytes::Bytes`.
pub use bytes;
/// [`Rejection::status`] returns `http::StatusCode`.
pub use http;
/// The entries of a [`SpektrWebhook`] are types of this crate.
pub use spektr_types;
/// [`WebhookConfig::new`] takes `spektr_verify::Verifier`, and a [`SpektrWebhook`] lends a `Verified`.
pub use spektr_verify;
/// [`SpektrWebhook::span`] returns `tracing::Span`.
pub use tracing;

pub use ack::Ack;
pub use extract::{SpektrWebhook, WebhookConfig};
pub use rejection::Rejection;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
