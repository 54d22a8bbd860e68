//! The members of envelopes and batch that the hand-written reading code relies on.
//!
//! Each is listed once here, with its name in the schema and its variant of `Key` in the types.
//! Aliases come from the schema.

/// A member that is read before the entry's event is known.
#[derive(Clone, Copy)]
pub(crate) struct KeyedMember {
    /// Its variant of `Key` in the types.
    pub(crate) key: &'static str,
    /// Its name in the schema.
    pub(crate) name: &'static str,
}

const fn keyed(key: &'static str, name: &'static str) -> KeyedMember {
    KeyedMember { key, name }
}

pub(crate) const ID: KeyedMember = keyed("Id", "id");
pub(crate) const SPEKTR_ID: KeyedMember = keyed("SpektrId", "spektrId");
pub(crate) const WORKSPACE_ID: KeyedMember = keyed("WorkspaceId", "workspaceId");
pub(crate) const WIRE_TYPE: KeyedMember = keyed("WireType", "type");
pub(crate) const DELIVERED: KeyedMember = keyed("Delivered", "delivered");
pub(crate) const CREATED_AT: KeyedMember = keyed("CreatedAt", "createdAt");
pub(crate) const EVENT_TYPE: KeyedMember = keyed("EventType", "eventType");
pub(crate) const TIMESTAMP: KeyedMember = keyed("Timestamp", "timestamp");
/// The payload. In the envelope with `type`, an event may have further members beside it.
pub(crate) const DATA: KeyedMember = keyed("Data", "data");
/// The list of a batch.
pub(crate) const RESULTS: KeyedMember = keyed("Results", "results");

/// Members of the envelope with `type`.
pub(crate) const TYPE_ENVELOPE: [KeyedMember; 6] =
    [ID, SPEKTR_ID, WORKSPACE_ID, WIRE_TYPE, DELIVERED, CREATED_AT];

/// Members of the envelope with `eventType`; it has no others.
pub(crate) const EVENT_TYPE_ENVELOPE: [KeyedMember; 6] =
    [ID, WORKSPACE_ID, EVENT_TYPE, TIMESTAMP, SPEKTR_ID, DATA];

/// The member of a batch; it has no others.
pub(crate) const BATCH: [KeyedMember; 1] = [RESULTS];

/// Returns the names of members.
pub(crate) fn names<const N: usize>(members: &[KeyedMember; N]) -> [&'static str; N] {
    members.map(|member| member.name)
}

/// Returns the variant of `Key` for a member of the schema, or `None` for a member that only the
/// events' structs read.
pub(crate) fn key(members: &[KeyedMember], name: &str) -> Option<&'static str> {
    members.iter().find(|member| member.name == name).map(|member| member.key)
}
