//! An axum extractor for spektr webhooks with safe defaults.
//!
//! A handler that takes [`SpektrWebhook`] runs only for authentic deliveries. A handler that
//! returns [`Ack`] answers with exactly 200, the only status that the sender accepts as
//! success.
//!
//! ```
//! use axum::{Router, routing::post};
//! use spektr_axum::{Ack, SpektrWebhook, WebhookConfig};
//! use spektr_verify::{KeyRing, SignedContent, Verifier};
//!
//! async fn receive(delivery: SpektrWebhook) -> Ack {
//!     match delivery.entries() {
//!         // Store the entries before you acknowledge; decode them afterwards.
//!         Ok(entries) => {
//!             for entry in &entries {
//!                 println!("{:?}: {} bytes", entry.id(), entry.raw().len());
//!             }
//!         }
//!         // The delivery is authentic but cannot be read: keep the whole body. An answer other
//!         // than 200 would lose it after three more attempts.
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
//! With a state of your own, implement [`FromRef`](axum_core::extract::FromRef) to provide the
//! configuration.
//!
//! # The sender's view
//!
//! | problem | status | rejection |
//! |---|---|---|
//! | content type other than `application/json` | 415 | [`Rejection::UnsupportedMediaType`] |
//! | body over the limit | 413 | [`Rejection::BodyTooLarge`] |
//! | the signature is missing, malformed or wrong | 401 | [`Rejection::Unauthenticated`] |
//! | the body breaks off | 400 | [`Rejection::BodyUnreadable`] |
//! | no key of the ring is valid now | 500 | [`Rejection::Misconfigured`] |
//!
//! The checks run in this order: content type, headers of the signature, announced length,
//! body, signature. All 401 answers are equal, byte for byte. Only you see the reason: by
//! [`Rejection::reason`], and in a warning by `tracing`.
//!
//! # Not covered
//!
//! The extractor limits the size of a body, but not its time. Put a timeout around the handler,
//! as around any other.

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
/// [`WebhookConfig::new`] takes `spektr_verify::Verifier`, and a [`SpektrWebhook`] dereferences to a `Verified`.
pub use spektr_verify;
/// [`SpektrWebhook::span`] returns `tracing::Span`.
pub use tracing;

pub use ack::Ack;
pub use extract::{SpektrWebhook, WebhookConfig};
pub use rejection::Rejection;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
