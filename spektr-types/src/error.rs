//! The errors of a body and of an entry.
//!
//! The texts of these errors name places and JSON types. Unlike serde's messages, they never
//! quote a value that arrived.

use std::fmt;

use crate::{EventId, RawJson};

/// A body that has no entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is not UTF-8.
    NotUtf8 {
        /// The number of valid bytes before the first invalid one.
        offset: usize,
    },
    /// The body is not JSON.
    NotJson {
        /// Line of the first invalid byte, counted from 1.
        line: usize,
        /// Column of that byte, in bytes, counted from 1.
        column: usize,
    },
    /// The body is JSON, but neither a batch nor an event.
    NotAnObject {
        /// The JSON type of the body.
        found: JsonType,
    },
    /// `results` is not a list.
    ResultsNotAnArray {
        /// The member's name in the body: the schema may have aliases of `results`.
        name: &'static str,
        /// The JSON type of the member.
        found: JsonType,
    },
    /// The body has `results` twice, by one name or by two names with the same meaning.
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
                write!(f, "the batch is ambiguous: /{one} occurs twice")
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

/// The error of an entry that cannot be decoded: the entry's id, the place and kind of the
/// fault, and the entry itself.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryError {
    pub(crate) id: Option<EventId>,
    pub(crate) pointer: String,
    pub(crate) kind: EntryErrorKind,
    pub(crate) raw: RawJson,
}

impl EntryError {
    /// Returns the event's id, if readable.
    pub fn id(&self) -> Option<&EventId> {
        self.id.as_ref()
    }

    /// Returns the JSON pointer (RFC 6901) of the fault, from the entry's root, such as
    /// `/data/alertId`. For a missing member, it is the pointer that the member should have. It
    /// is empty if the whole entry is wrong. It contains only keys that the schema names: a
    /// fault inside an object of free keys has the pointer of the object.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns the kind of the fault.
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

/// The kind of a fault in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryErrorKind {
    /// A required member is missing.
    Missing,
    /// A value has another JSON type than in the schema.
    WrongType {
        /// The JSON type in the schema.
        expected: JsonType,
        /// The JSON type that arrived.
        found: JsonType,
    },
    /// A number is not a point in time that [`Timestamp`](crate::Timestamp) can hold.
    TimestampOutOfRange,
    /// A member occurs twice, by the same name.
    Duplicate,
    /// A member occurs twice, by two names with the same meaning.
    DuplicateAlias {
        /// The two names.
        names: [&'static str; 2],
    },
    /// The wire type can mean several events, and the entry has members of more than one.
    Ambiguous {
        /// Documented names of the first two possible events.
        candidates: [&'static str; 2],
    },
    /// The entry is nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep,
    /// A text or a number is valid JSON, but no Rust value can hold it: the text has half of a
    /// surrogate pair, or the number's exponent exceeds the range of a float.
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

/// A type of JSON values, named as in JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "JSON Schema has no other types")]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number without fraction and exponent.
    Integer,
    /// Any number, with or without a fraction or an exponent.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl JsonType {
    /// Returns the type's name in JSON Schema.
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

    /// Returns the type of a JSON text, by its first byte; of a number, by its fraction and
    /// exponent.
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

/// A fault of an entry, without the entry.
#[derive(Debug, PartialEq)]
pub(crate) struct EntryFault {
    pub(crate) pointer: String,
    pub(crate) kind: EntryErrorKind,
}

impl EntryFault {
    pub(crate) fn new(pointer: impl Into<String>, kind: EntryErrorKind) -> Self {
        Self { pointer: pointer.into(), kind }
    }
}
