//! The facts of a page: plain data, equal for every rendering of the page.
//!
//! Invariants: nothing here depends on the schema, and nothing is added that the page does not
//! state. Inferred facts (a heading that lost its underscores, a member at another path of the
//! example) are marked as inferred.

use lazy_regex::regex;
use serde::Serialize;

use crate::digest::{Digest, RowWords, Words};
use crate::terms::{EventStatus, TimeUnit};
use crate::words;

/// The facts of one documentation page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The page's title.
    pub title: Option<String>,
    /// The wrapper of deliveries, if the page documents one.
    pub batch: Option<Batch>,
    /// The table of events, in the page's order.
    pub events: Vec<EventRow>,
    /// The section about the members that all events share, if the page has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common: Option<Section>,
    /// The remaining text: everything after the title, except the table of events and the sections.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub around: Words,
    /// The sections that document events, in the page's order.
    pub sections: Vec<Section>,
    /// Whether the page ends with a member table. A copy that lost the last rows of this table
    /// looks complete.
    #[serde(skip)]
    pub ends_in_members: bool,
    /// The unreadable and the contradictory parts of the page.
    pub problems: Vec<Problem>,
}

impl Page {
    /// Returns the sections that document an event.
    pub fn sections_of<'p>(&'p self, event: &str) -> impl Iterator<Item = &'p Section> + Clone {
        self.sections.iter().filter(move |section| section.is_of(event))
    }
}

/// The statement that a delivery carries several events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// The member that holds the list of events, such as `results`.
    pub member: String,
    /// The sentence on the page; absent if only an example shows the batch.
    pub statement: Option<String>,
}

/// One row of the table of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// The event's name as documented, such as `ALERT_RESOLVED`.
    pub name: String,
    /// The status in the table, if it is a known word. It is also `Deprecated` if the name, the
    /// description or the section says so, or if the event is struck out.
    pub status: Option<EventStatus>,
    /// The wire type, if the table has a column for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire_type: Option<String>,
    /// The digest of the event's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// The part of the page under one event's heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The heading as written on the page.
    pub heading: String,
    /// The names in the table of events that this section documents; empty if the heading matches
    /// none.
    pub events: Vec<String>,
    /// How the heading matched [`events`](Self::events).
    pub matched: Matched,
    /// The status in the heading, as in `STEP_SUBMIT (WIP)`, or in a note of the section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<EventStatus>,
    /// The rows of the section's member tables.
    pub members: Vec<MemberRow>,
    /// The members that the section's examples show.
    pub example: Option<Example>,
    /// The wire types in the table of events, in the examples and in the description of the type
    /// member.
    pub wire_types: Vec<String>,
    /// The section's text, without captions.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub text: Words,
    /// The digest of its examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example_digest: Option<Digest>,
    /// The digests of the rows of its member tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowWords>,
}

impl Section {
    /// Returns whether the section documents an event.
    #[must_use]
    pub fn is_of(&self, event: &str) -> bool {
        self.events.iter().any(|name| name == event)
    }
}

/// How a heading was recognised as the section of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Matched {
    /// The heading is the event's name, or lists the names of several.
    Name,
    /// The heading has the letters of the name, with other underscores, spaces or case.
    Letters,
    /// The heading has another form of the same word: `REMOVE` for `REMOVED`.
    Inflection,
    /// The heading has other words besides the event's name.
    Mention,
    /// The heading is the beginning of the names of all its events.
    Prefix,
    /// The heading matches no event of the table.
    Nothing,
}

/// One row of a member table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberRow {
    /// The path as written in the table, such as `data.contextId`.
    pub path: String,
    /// The path in the section's example, or below the object whose table lists the member, if it
    /// differs from [`path`](Self::path): `fields[].key` for the table's `field.key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The JSON type.
    #[serde(rename = "type")]
    pub kind: JsonType,
    /// The type of an array's elements, in the page's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// The type as written on the page, if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Whether the page documents null as a value.
    pub nullable: bool,
    /// Whether the member is described as optional.
    pub optional: bool,
    /// The values that the description quotes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// All words that the description quotes. A single quoted word need not be a value.
    #[serde(skip)]
    pub quoted: Vec<String>,
    /// The validity of the value that the description states, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_for_seconds: Option<u64>,
    /// The unit of time that the type or the description names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<TimeUnit>,
}

impl MemberRow {
    /// Returns the member's path in the payload: [`place`](Self::place), or else
    /// [`path`](Self::path).
    #[must_use]
    pub fn effective_path(&self) -> &str {
        self.place.as_deref().unwrap_or(&self.path)
    }
}

/// The JSON type of a member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum JsonType {
    /// A string.
    String,
    /// A number, whole or not.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// An object.
    Object,
    /// An array.
    Array,
    /// Null, in examples only.
    Null,
    /// No type on the page, or an unknown one.
    #[default]
    Unknown,
}

impl JsonType {
    /// Returns the type's name in JSON Schema, or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
            Self::Null => "null",
            Self::Unknown => "unknown",
        }
    }
}

/// The members that the examples of one section show. Each example is read as one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Every member in the order of its first appearance.
    pub members: Vec<ExampleMember>,
    /// The faults that make the examples invalid JSON.
    pub problems: Vec<ExampleProblem>,
}

/// A member of an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleMember {
    /// The path, with `[]` for the elements of an array: `fields[].key`.
    pub path: String,
    /// The JSON types of its values.
    pub kinds: Vec<JsonType>,
}

/// A fault of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExampleProblem {
    /// The kind of fault.
    pub kind: SyntaxFault,
    /// The line of the example, counted from one.
    pub line: usize,
}

/// A fault that makes an example invalid JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SyntaxFault {
    /// A comma before a closing brace or bracket.
    TrailingComma,
    /// No comma between two members or elements.
    MissingComma,
    /// No colon between name and value.
    MissingColon,
    /// A name without a value.
    MissingValue,
    /// A string without its closing quotation mark.
    UnclosedString,
    /// An object without its closing brace.
    UnclosedBrace,
    /// An array without its closing bracket.
    UnclosedBracket,
    /// Several values for one member: `"add" | "remove"`.
    Alternatives,
    /// A comment.
    Comment,
    /// An ellipsis in place of omitted content.
    Ellipsis,
    /// A name or a string in typographic or single quotation marks.
    OtherQuotes,
    /// A name without quotation marks.
    UnquotedName,
    /// A value that is not JSON, such as `<number>`.
    UnquotedValue,
    /// The same name twice in one object.
    DuplicateName,
    /// Text at a place where JSON allows none.
    StrayText,
    /// Too many levels of nesting, or a name that is too long.
    TooDeep,
}

/// An unreadable or contradictory part of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The kind of problem.
    pub kind: ProblemKind,
    /// The heading of the section with the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The words or the name that the problem is about.
    pub about: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, section: Option<&str>, about: &str) -> Self {
        Self { kind, section: section.map(str::to_owned), about: words::clip(about, 120) }
    }
}

/// The kinds of [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A heading matched an event without being its exact name.
    HeadingMatchedLoosely,
    /// A heading looks like the name of an event, but matches none in the table, or only some of
    /// the names that it lists.
    HeadingUnmatched,
    /// Two sections claim the same event.
    SectionRepeated,
    /// A member table outside the sections of events.
    TableOutsideSection,
    /// A row of the table of events without the name of an event.
    EventUnnamed,
    /// The table of events names an event twice.
    EventRepeated,
    /// An unknown status.
    StatusUnknown,
    /// The section and the table of events give different statuses.
    StatusDisagrees,
    /// A note about a deprecation that does not name the deprecated part.
    DeprecationUnclear,
    /// A block of an export with unreadable content.
    BlockUnread,
    /// A table row that could not be split into cells.
    RowUnsplit,
    /// A table row that can be split into cells in several ways.
    RowAmbiguous,
    /// A row of a member table without the name of a member.
    MemberUnnamed,
    /// A member that the page strikes out.
    MemberStruckOut,
    /// A member of an unknown type.
    TypeUnknown,
    /// A member that the example shows in several places.
    PlaceAmbiguous,
    /// A member of the table that the example does not show.
    NotInExample,
    /// A member of the example that the table does not list.
    NotInTable,
    /// The example shows another type than the table.
    TypeDisagrees,
    /// A member that the table lists twice with different types.
    MemberRepeated,
}

impl ProblemKind {
    /// Returns the name of the kind in words: `row unsplit`.
    #[must_use]
    pub fn words(self) -> String {
        regex!("(.)([A-Z])").replace_all(&format!("{self:?}"), "$1 $2").to_lowercase()
    }
}

/// Returns whether a member of this name holds the wire type of an event.
///
/// The names do not come from the schemas, because a page may show an envelope that the schemas do
/// not have yet.
pub fn holds_wire_type(name: &str) -> bool {
    matches!(name, "type" | "eventType" | "event_type")
}
