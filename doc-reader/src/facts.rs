//! What a page says: plain data, the same for every rendering of the page.
//!
//! Invariant: nothing here depends on the schema, and nothing is filled in that
//! the page doesn't say. What was inferred (a heading that lost its underscores,
//! a member that stands elsewhere in the example) is marked as inferred.

use lazy_regex::regex;
use serde::Serialize;

use crate::digest::{Digest, RowWords, Words};
use crate::terms::{Status, Unit};
use crate::words;

/// Everything that one documentation page says about events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The page's title.
    pub title: Option<String>,
    /// How deliveries are wrapped, if the page says so.
    pub batch: Option<Batch>,
    /// The table of events, in the page's order.
    pub events: Vec<EventRow>,
    /// The section about what all events share, if the page has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common: Option<Section>,
    /// The words around the events: everything after the title that is neither in
    /// the table of events nor in the section of one.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub around: Words,
    /// The sections that document events, in the page's order.
    pub sections: Vec<Section>,
    /// Whether nothing stands behind the last member table, so that it may be cut
    /// off without a sign of it.
    #[serde(skip)]
    pub ends_in_members: bool,
    /// What could not be read or contradicts itself.
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
    /// The sentence that says so; absent where only an example shows it.
    pub statement: Option<String>,
}

/// One row of the table of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// The event's name as documented, such as `ALERT_RESOLVED`.
    pub name: String,
    /// The status, where the table has one that is understood; deprecated also where name,
    /// description or section say so, or the page strikes the event out.
    pub status: Option<Status>,
    /// The wire type, where the table has a column for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire_type: Option<String>,
    /// The words that describe the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// The part of the page under one event's heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The heading as it stands on the page.
    pub heading: String,
    /// Names from the table of events that this section documents; empty where
    /// the heading fits none of them.
    pub events: Vec<String>,
    /// How the heading led to [`events`](Self::events).
    pub matched: Matched,
    /// A status that the heading carries, as in `STEP_SUBMIT (WIP)`, or that a
    /// note in the section gives the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The rows of the section's member tables.
    pub members: Vec<Member>,
    /// What the section's examples show.
    pub example: Option<Example>,
    /// Wire types in the example and in the description of the type member.
    pub wire_types: Vec<String>,
    /// What the section says in its text, apart from captions.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub text: Words,
    /// The words of its examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example_digest: Option<Digest>,
    /// The words of its member tables, row by row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowWords>,
}

impl Section {
    /// Whether it documents an event.
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
    /// The same letters, with other underscores, spaces or case.
    Letters,
    /// The same word in another form: `REMOVE` for `REMOVED`.
    Inflection,
    /// The heading has other words besides the event's name.
    Mention,
    /// The beginning of the names of all the events that it is taken to mean.
    Prefix,
    /// The heading fits no event of the table.
    Nothing,
}

/// One row of a member table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The path as the table writes it, such as `data.contextId`.
    pub path: String,
    /// Where the section's example shows the member, if that is elsewhere:
    /// `fields[].key` for the table's `field.key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The JSON type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What an array holds, in the page's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// The type as the page words it, where it is not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Whether null is documented as a value.
    pub nullable: bool,
    /// Whether the member is described as optional.
    pub optional: bool,
    /// The values that the description quotes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Every value that it quotes, even one alone, which can be anything.
    #[serde(skip)]
    pub quoted: Vec<String>,
    /// For how long the description calls the value valid, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_for_seconds: Option<u64>,
    /// The unit of time that type or description give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

impl Member {
    /// Returns the path at which a payload carries the member, as far as the
    /// page says.
    #[must_use]
    pub fn effective_path(&self) -> &str {
        self.place.as_deref().unwrap_or(&self.path)
    }
}

/// The JSON type of a member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
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
    /// Null; in examples only.
    Null,
    /// A type that the page doesn't give, or in words that are not understood.
    #[default]
    Unknown,
}

impl Kind {
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

/// What the examples of one section show, each read as one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Every member in the order of its first appearance.
    pub members: Vec<ExampleMember>,
    /// Why the example is not valid JSON.
    pub problems: Vec<ExampleProblem>,
}

/// A member of an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleMember {
    /// The path, with `[]` for the elements of an array: `fields[].key`.
    pub path: String,
    /// The JSON types of its values.
    pub kinds: Vec<Kind>,
}

/// A fault of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExampleProblem {
    /// What is wrong.
    pub kind: Fault,
    /// The line of the example, counted from one.
    pub line: usize,
}

/// What is wrong with an example that is not valid JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// A comma before a closing brace or bracket.
    TrailingComma,
    /// No comma between two members or elements.
    MissingComma,
    /// No colon between name and value.
    MissingColon,
    /// A name without a value.
    MissingValue,
    /// A string that its line ends.
    UnclosedString,
    /// An object without its closing brace.
    UnclosedBrace,
    /// An array without its closing bracket.
    UnclosedBracket,
    /// Several values for one member: `"add" | "remove"`.
    Alternatives,
    /// A comment.
    Comment,
    /// Dots that stand for what was left out.
    Ellipsis,
    /// A name or a string in typographic or single quotation marks.
    OtherQuotes,
    /// A name without quotation marks.
    UnquotedName,
    /// A value that is no JSON value, such as `<number>`.
    UnquotedValue,
    /// The same name twice in one object.
    DuplicateName,
    /// A character that fits nowhere.
    StrayText,
    /// More levels, or longer names, than are read.
    TooDeep,
}

/// Something on the page that could not be read, or that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The heading of the section that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The words of the page, or the name, that it is about.
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
    /// A heading was taken for an event whose name it does not spell.
    HeadingMatchedLoosely,
    /// A section has a payload, and its heading fits no event of the table.
    HeadingUnmatched,
    /// Two sections claim the same event.
    SectionRepeated,
    /// A table of members that stands under no event's heading.
    TableOutsideSection,
    /// A row of the table of events whose first cell is no event's name.
    EventUnnamed,
    /// The table of events names an event twice.
    EventRepeated,
    /// A status that is none of the known words.
    StatusUnknown,
    /// Section and table of events give different statuses.
    StatusDisagrees,
    /// A note about something deprecated that doesn't say what.
    DeprecationUnclear,
    /// A block of an export whose content could not be read.
    BlockUnread,
    /// A row of a table whose cells could not be told apart.
    RowUnsplit,
    /// A row of a table whose cells could be told apart in several ways.
    RowAmbiguous,
    /// A row of a member table without a name.
    MemberUnnamed,
    /// A member that the page strikes out.
    MemberStruckOut,
    /// A member with a type that is not understood.
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
    /// Returns its name in words: `row unsplit`.
    #[must_use]
    pub fn words(self) -> String {
        regex!("(.)([A-Z])").replace_all(&format!("{self:?}"), "$1 $2").to_lowercase()
    }
}

/// Tells whether a member of that name holds an event's wire type.
///
/// The names are those of pages, and not taken from the schemas: a page may show an
/// envelope that the schemas do not have yet.
pub fn holds_wire_type(name: &str) -> bool {
    matches!(name, "type" | "eventType" | "event_type")
}
