//! The members of envelopes and batch that the hand-written reading code relies on.
//!
//! Each is listed once here, with its name in the schema and its variant of `Key` in the types.
//! Aliases come from the schema.

/// A member that is read before the entry's event is known.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// Its variant of `Key` in the types.
    pub(crate) key: &'static str,
    /// Its name in the schema.
    pub(crate) name: &'static str,
}

const fn part(key: &'static str, name: &'static str) -> Part {
    Part { key, name }
}

pub(crate) const ID: Part = part("Id", "id");
pub(crate) const SPEKTR_ID: Part = part("SpektrId", "spektrId");
pub(crate) const WORKSPACE_ID: Part = part("WorkspaceId", "workspaceId");
pub(crate) const WIRE_TYPE: Part = part("WireType", "type");
pub(crate) const DELIVERED: Part = part("Delivered", "delivered");
pub(crate) const CREATED_AT: Part = part("CreatedAt", "createdAt");
pub(crate) const EVENT_TYPE: Part = part("EventType", "eventType");
pub(crate) const TIMESTAMP: Part = part("Timestamp", "timestamp");
/// The payload. In the envelope with `type`, an event may have further members beside it.
pub(crate) const DATA: Part = part("Data", "data");
/// The list of a batch.
pub(crate) const RESULTS: Part = part("Results", "results");

/// Members of the envelope with `type`.
pub(crate) const TYPE_ENVELOPE: [Part; 6] =
    [ID, SPEKTR_ID, WORKSPACE_ID, WIRE_TYPE, DELIVERED, CREATED_AT];

/// Members of the envelope with `eventType`; it has no others.
pub(crate) const EVENT_TYPE_ENVELOPE: [Part; 6] =
    [ID, WORKSPACE_ID, EVENT_TYPE, TIMESTAMP, SPEKTR_ID, DATA];

/// The member of a batch; it has no others.
pub(crate) const BATCH: [Part; 1] = [RESULTS];

/// Returns the names of parts.
pub(crate) fn names<const N: usize>(parts: &[Part; N]) -> [&'static str; N] {
    parts.map(|part| part.name)
}

/// Returns the variant of `Key` for a member of the schema, or `None` for a member that only the
/// events' structs read.
pub(crate) fn key(parts: &[Part], name: &str) -> Option<&'static str> {
    parts.iter().find(|part| part.name == name).map(|part| part.key)
}
