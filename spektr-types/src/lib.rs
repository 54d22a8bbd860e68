//! Typed spektr webhook events.
//!
//! spektr's documentation of its events is work in progress, so this crate
//! keeps everything that arrives: an event that it does not know is
//! [`Event::Unknown`], a member that it does not know stays in the entry's raw
//! JSON, and an entry that it cannot decode is an [`EntryError`] that holds the
//! entry and leaves its neighbours in the batch alone.
//!
//! The types are generated from JSON Schema files; each says where its event is
//! documented and how contradictions in the documentation were decided.
//!
//! # Examples
//!
//! ```
//! use spektr_types::{Entries, Event};
//!
//! let body = br#"{"results": [
//!     {"id": "e1", "spektrId": "s1", "type": "alert_resolved", "createdAt": 1672531199000,
//!      "data": {"contextId": "c1", "processId": "p1", "userId": "u1", "alertId": "a1", "alertName": "Sanctions"}},
//!     {"id": "e2", "spektrId": "s1", "type": "something_new", "createdAt": 1672531199000, "data": {}},
//!     {"id": "e3", "spektrId": "s1", "type": "alert_resolved", "createdAt": 1672531199000, "data": {}}
//! ]}"#;
//!
//! let mut seen = Vec::new();
//! for entry in &Entries::parse(body)? {
//!     seen.push(match entry.decode() {
//!         Ok(Event::AlertResolved(alert)) => format!("{} resolved {}", alert.data.user_id, alert.data.alert_id),
//!         Ok(other) => format!("{}: {} bytes", other.event_type(), entry.raw().len()),
//!         Err(error) => error.to_string(),
//!     });
//! }
//! assert_eq!(seen, [
//!     "u1 resolved a1",
//!     "something_new: 95 bytes",
//!     "malformed entry: /data/contextId is missing",
//! ]);
//! # Ok::<(), spektr_types::BodyError>(())
//! ```
//!
//! # What is read, and how
//!
//! - **Bodies**: a batch `{"results": […]}` or a single event.
//! - **Envelopes**: the one of the events page (`type`, `createdAt`) and the one
//!   of the signature guide (`eventType`, `timestamp`, the payload in `data`),
//!   alone or mixed. Where members of both are present, `type` wins over
//!   `eventType` and `createdAt` over `timestamp`; one that is null says nothing.
//!   An entry with `type` has its payload where the events page shows it; an entry
//!   with `eventType` alone has it inside `data`.
//! - **Wire types** match without regard to ASCII case. Where one can mean
//!   several events, the members that are present decide; if none is, the event
//!   is the one whose own name it is, and if those of two events are, the entry
//!   is malformed.
//! - **Duplicate members**: an entry that has a member twice which this crate
//!   reads is malformed; other duplicates stay in the raw JSON.
//! - **Nesting**: an entry deeper than [`MAX_DEPTH`] is malformed.
//!
//! None of the functions here panics on any input, and no error text contains a
//! value that arrived.
//!
//! # Events in your own tests
//!
//! The structs are `#[non_exhaustive]`, so that a new member breaks no build. The feature
//! `fixtures` has every example, and sets members by their JSON pointers.
//! They implement `Deserialize` for the events page's envelope, and [`Event`] does for
//! both: make them from JSON, as `serde_json::from_value::<AlertResolved>(json!({…}))`.

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

mod catalogue;
mod decode;
mod delivered;
mod depth;
mod entries;
mod envelope;
mod error;
mod event;
#[cfg(feature = "fixtures")]
pub mod fixtures;
#[rustfmt::skip]
#[allow(deprecated, reason = "deprecated events are read like others")]
#[allow(
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::result_large_err,
    reason = "names and sizes are those of the vendor's events"
)]
mod generated;
mod json;
mod locate;
mod members;
mod object;
pub mod pointer;
mod raw;
mod redacted;
mod router;
mod tag;
mod text;
mod text_types;
mod time;
mod unknown;
mod view;
mod with_raw;

/// What generated code uses and users do not see.
mod runtime {
    pub(crate) use crate::catalogue::Beside;
    pub(crate) use crate::redacted::Redacted;
    pub(crate) use crate::tag::Tag;
    pub(crate) use crate::text_types::{open_text_impls, owned_text_impls, shown_text_impls};
    pub(crate) use crate::view::read;
}

pub use catalogue::{
    EventInfo, EventSource, EventStatus, EventStatusError, KnownEvent, WireTypes, catalogue,
};
pub use delivered::Delivered;
pub use depth::MAX_DEPTH;
pub use entries::{Entries, Entry, MAX_BYTES, MAX_ENTRIES};
pub use envelope::{EnvelopeMember, Key as EnvelopeKey, envelope};
pub use error::{BodyError, EntryError, EntryErrorKind, JsonType};
pub use generated::*;
pub use raw::RawJson;
pub use router::Router;
pub use time::{Timestamp, TimestampError};
pub use unknown::{Unknown, UnknownValue};
pub use view::{CanonicalEntry, CanonicalMember};
pub use with_raw::WithRaw;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
