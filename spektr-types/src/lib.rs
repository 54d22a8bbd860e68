//! Typed spektr webhook events.
//!
//! spektr's documentation of its events is work in progress, so this crate keeps everything
//! that arrives. An unknown event is [`Event::Unknown`]. An unknown member stays in the entry's
//! raw JSON. An entry that cannot be decoded is an [`EntryError`] that holds the entry; the
//! other entries of the batch are not affected.
//!
//! The types are generated from JSON Schema files. The documentation of each type says where
//! spektr documents the event, and how contradictions in that documentation were decided.
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
//! # Reading rules
//!
//! - **Bodies**: a batch `{"results": […]}` or a single event.
//! - **Envelopes**: the envelope of the events page (`type`, `createdAt`) and that of the
//!   signature guide (`eventType`, `timestamp`, the payload in `data`), alone or mixed. If
//!   members of both are present, `type` wins over `eventType`, and `createdAt` over
//!   `timestamp`; a null member counts as absent. An entry with `type` has its payload in the
//!   place that the events page shows. An entry with `eventType` alone has its payload inside
//!   `data`.
//! - **Wire types** match without regard to ASCII case. If a wire type can mean several events,
//!   the members that only one of these events has decide the event. If no such member is
//!   present, the wire type means the event that has it as its canonical wire type. If such
//!   members of two events are present, the entry is malformed.
//! - **Duplicate members**: an entry is malformed if it has twice a member that this crate
//!   reads. Other duplicates stay in the raw JSON.
//! - **Nesting**: an entry deeper than [`MAX_DEPTH`] is malformed.
//!
//! No function of this crate panics on any input, and no error text contains a value that
//! arrived.
//!
//! # Events in your own tests
//!
//! The structs are `#[non_exhaustive]`, so that a new member breaks no build. Make an event
//! from an example of the feature `fixtures`, and set its members by JSON pointers. Or make it
//! from JSON, as `serde_json::from_value::<AlertResolved>(json!({…}))`: the structs implement
//! `Deserialize` for the envelope of the events page, and [`Event`] for both envelopes.

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
#[allow(clippy::mod_module_files, reason = "all of the folder is generated")]
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

/// Items that only the generated code uses.
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
