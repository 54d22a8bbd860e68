//! What can be wrong with a body and with an entry.
//!
//! Error texts name places and JSON types. They never quote what arrived, as serde's
//! own messages do.

use std::fmt;

use crate::{EventId, RawJson};

/// A body that has no entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is not UTF-8.
    NotUtf8 {
        /// The number of bytes before the first one that is wrong.
        offset: usize,
    },
    /// The body is not JSON.
    NotJson {
        /// Line of the first byte that is wrong, from 1.
        line: usize,
        /// Column of that byte, in bytes from 1.
        column: usize,
    },
    /// The body is JSON, but neither a batch nor an event.
    NotAnObject {
        /// What it is.
        found: JsonType,
    },
    /// `results` is not a list.
    ResultsNotAnArray {
        /// The name by which it is given: the schema may have others for it.
        name: &'static str,
        /// What it is.
        found: JsonType,
    },
    /// The body has `results` twice, by one name or by two that mean the same.
    DuplicateResults {
        /// The two names.
        names: [&'static str; 2],
    },
    /// The batch has more than [`MAX_ENTRIES`](crate::MAX_ENTRIES) entries.
    TooManyEntries,
    /// The body has more than [`MAX_BYTES`](crate::MAX_BYTES).
    TooLarge,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { offset } => {
                write!(f, "the body is not UTF-8: byte {offset}, counted from 0")
            }
            Self::NotJson { line, column } => {
                write!(f, "the body is not JSON: line {line}, column {column}")
            }
            Self::NotAnObject { found } => {
                write!(
                    f,
                    "the body is neither a batch nor an event: expected object, found {found}"
                )
            }
            Self::ResultsNotAnArray { name, found } => {
                write!(f, "the batch has no entries: /{name}: expected array, found {found}")
            }
            Self::DuplicateResults { names: [one, other] } if one == other => {
                write!(f, "the batch is ambiguous: /{one} stands there twice")
            }
            Self::DuplicateResults { names: [one, other] } => {
                write!(
                    f,
                    "the batch is ambiguous: its list is given twice: as `{one}` and `{other}`"
                )
            }
            Self::TooManyEntries => {
                write!(f, "the batch has more than {} entries", crate::MAX_ENTRIES)
            }
            Self::TooLarge => write!(f, "the body has more than {} bytes", crate::MAX_BYTES),
        }
    }
}

impl std::error::Error for BodyError {}

/// An entry that could not be decoded: which, where, why, and the entry itself.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryError {
    pub(crate) id: Option<EventId>,
    pub(crate) pointer: String,
    pub(crate) kind: EntryErrorKind,
    pub(crate) raw: RawJson,
}

impl EntryError {
    /// Returns the event's id, where it can be read.
    pub fn id(&self) -> Option<&EventId> {
        self.id.as_ref()
    }

    /// Returns the JSON pointer (RFC 6901) of what is wrong, from the entry's
    /// root, as `/data/alertId`. For a missing member it is where that should be;
    /// it is empty where the whole entry is wrong. It names no key that the schema
    /// does not: what is wrong inside an object of free keys is said of the object.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> &EntryErrorKind {
        &self.kind
    }

    /// Returns the whole entry as it arrived.
    pub fn raw(&self) -> &RawJson {
        &self.raw
    }
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed entry: ")?;
        if self.pointer.is_empty() {
            f.write_str("the entry ")?;
        } else {
            write!(f, "{} ", self.pointer)?;
        }
        write!(f, "{}", self.kind)
    }
}

impl std::error::Error for EntryError {}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryErrorKind {
    /// A required member is not there.
    Missing,
    /// A value has another JSON type than the schema says.
    WrongType {
        /// What the schema says.
        expected: JsonType,
        /// The type that is there.
        found: JsonType,
    },
    /// A number is no point in time that [`Timestamp`](crate::Timestamp) holds.
    TimestampOutOfRange,
    /// A member is given twice, by the same name.
    Duplicate,
    /// A member is given twice, by two names that mean the same.
    DuplicateAlias {
        /// The two names.
        names: [&'static str; 2],
    },
    /// The wire type can mean several events, and members of more than one are
    /// present.
    Ambiguous {
        /// Documented names of the first two events that it could be.
        candidates: [&'static str; 2],
    },
    /// The entry is nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep,
    /// A text or a number is valid JSON that no value can hold: half of a
    /// surrogate pair, or an exponent beyond what a float has.
    Unrepresentable,
}

impl fmt::Display for EntryErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::WrongType { expected, found } => write!(f, "is {found}, expected {expected}"),
            Self::TimestampOutOfRange => {
                f.write_str("is not a point in time from 1970 to 9999-12-30")
            }
            Self::Duplicate => f.write_str("is given twice"),
            Self::DuplicateAlias { names: [one, other] } => {
                write!(f, "is given twice: as `{one}` and `{other}`")
            }
            Self::Ambiguous { candidates: [one, other] } => {
                write!(f, "has members of both {one} and {other}")
            }
            Self::TooDeep => write!(f, "is nested deeper than {} levels", crate::MAX_DEPTH),
            Self::Unrepresentable => {
                f.write_str("contains a lone surrogate or a number out of range")
            }
        }
    }
}

/// A type of JSON values, in the words of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "JSON Schema has no other types")]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// A text.
    String,
    /// A list.
    Array,
    /// Members.
    Object,
}

impl JsonType {
    /// Returns the word that JSON Schema has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// Returns the type of a JSON text, by its first byte.
    pub(crate) fn of(raw: &str) -> Self {
        match raw.trim_start().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ if raw.contains(['.', 'e', 'E']) => Self::Number,
            _ => Self::Integer,
        }
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with an entry, before it is put together with the entry.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) pointer: String,
    pub(crate) kind: EntryErrorKind,
}

impl Fault {
    pub(crate) fn new(pointer: impl Into<String>, kind: EntryErrorKind) -> Self {
        Self { pointer: pointer.into(), kind }
    }
}
