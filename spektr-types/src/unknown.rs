//! Events and texts that the schema does not know.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{EventId, EventType, RawJson, SpektrId, Timestamp, WorkspaceId};

/// An event that the schema does not know, kept whole.
///
/// Each member of the envelope that can be read has a value. The others are `None`; their text
/// is in [`raw`](Self::raw).
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    pub(crate) event_type: EventType,
    pub(crate) id: Option<EventId>,
    pub(crate) spektr_id: Option<SpektrId>,
    pub(crate) workspace_id: Option<WorkspaceId>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) raw: RawJson,
}

impl Unknown {
    /// Returns the wire type that arrived.
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// Returns the event's id, if readable.
    pub fn id(&self) -> Option<&EventId> {
        self.id.as_ref()
    }

    /// Returns the spektr id, the id of the customer whom the event concerns, if readable.
    pub fn spektr_id(&self) -> Option<&SpektrId> {
        self.spektr_id.as_ref()
    }

    /// Returns the id of the workspace, if present and readable.
    pub fn workspace_id(&self) -> Option<&WorkspaceId> {
        self.workspace_id.as_ref()
    }

    /// Returns the creation time of the event, if readable.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// Returns the whole entry as it arrived.
    pub fn raw(&self) -> &RawJson {
        &self.raw
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

/// A text that is none of the schema's known texts.
///
/// Only decoding makes a value of this type, so it never holds a known text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the text as it arrived.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for UnknownValue {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for UnknownValue {
    fn eq(&self, text: &str) -> bool {
        &*self.0 == text
    }
}

impl PartialEq<&str> for UnknownValue {
    fn eq(&self, text: &&str) -> bool {
        &*self.0 == *text
    }
}
