//! The members of envelopes and batch on which reading an entry relies.
//!
//! They are stated once here, with what the types call each. The names, those of the
//! aliases among them, are the schema's.

/// A member that is read before it is known which event an entry is.
pub(crate) struct Part {
    /// Its variant of `Key` in the types.
    pub(crate) key: &'static str,
    /// Its name in the schema.
    pub(crate) name: &'static str,
}

const fn part(key: &'static str, name: &'static str) -> Part {
    Part { key, name }
}

/// Those of the envelope with `type`.
pub(crate) const TYPE: [Part; 6] = [
    part("Id", "id"),
    part("SpektrId", "spektrId"),
    part("WorkspaceId", "workspaceId"),
    part("WireType", "type"),
    part("Delivered", "delivered"),
    part("CreatedAt", "createdAt"),
];

/// Those of the envelope with `eventType`, which has no others.
pub(crate) const EVENT_TYPE: [Part; 6] = [
    part("Id", "id"),
    part("WorkspaceId", "workspaceId"),
    part("EventType", "eventType"),
    part("Timestamp", "timestamp"),
    part("SpektrId", "spektrId"),
    part("Data", "data"),
];

/// That of a batch, which has no others.
pub(crate) const BATCH: [Part; 1] = [part("Results", "results")];

/// Returns the names of parts.
pub(crate) fn names<const N: usize>(parts: &[Part; N]) -> [&'static str; N] {
    std::array::from_fn(|index| parts[index].name)
}

/// Returns the variant of `Key` for a member of the schema; none for one that only the
/// events' structs read.
pub(crate) fn key(parts: &[Part], name: &str) -> Option<&'static str> {
    parts.iter().find(|part| part.name == name).map(|part| part.key)
}
