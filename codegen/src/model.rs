//! The model: all schema files, checked and resolved. Code generation, comparison and documentation
//! start from it.

use std::collections::BTreeMap;

use crate::problem::Named;

/// All schema files, checked against the dialect and against each other.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Model {
    /// The members that every event has, in the order of the type envelope's file.
    pub envelope: Vec<Member>,
    /// The members of the envelope with `eventType`; `data` is the payload.
    pub other_envelope: Vec<Member>,
    /// The members of a batch: `results` alone, a list of entries.
    pub batch: Vec<Member>,
    /// The events, in the order of their file names.
    pub events: Vec<Event>,
    /// Every named type besides the events, by its Rust name.
    pub types: BTreeMap<String, TypeDef>,
    /// Title, description, source and decisions of each file in `common/`, in the order of file
    /// names.
    pub common: Vec<CommonFile>,
}

/// A file of `common/`: a type, an envelope or the batch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CommonFile {
    /// Path of the file below the schema folder.
    pub file: String,
    /// Name of the type, as `TypeEnvelope`.
    pub title: String,
    /// Meaning of the type, in a sentence.
    pub description: String,
    /// Source of the file's facts.
    pub source: Source,
    /// How contradictions in the documentation were resolved.
    pub decisions: Vec<Decision>,
}

impl Model {
    /// Returns the event with a documented name, as `ALERT_RESOLVED`.
    pub fn event(&self, name: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.name == name)
    }

    /// Returns the kind of a named type; `None` for a type without a name, and for a list even if
    /// its elements have a named type.
    pub fn kind(&self, ty: &Ty) -> Option<&TypeKind> {
        match ty {
            Ty::Named(name) => self.types.get(name).map(|def| &def.kind),
            _ => None,
        }
    }

    /// Returns the decisions of every file: the file, the documented name if the file is an
    /// event's, and the decisions.
    pub fn decisions(&self) -> impl Iterator<Item = (&str, Option<&str>, &[Decision])> {
        let common = self.common.iter().map(|it| (it.file.as_str(), None, &it.decisions[..]));
        let events = self.events.iter();
        let events = events.map(|it| (it.file.as_str(), Some(it.name.as_str()), &it.decisions[..]));
        common.chain(events)
    }
}

/// One documented event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Path of the file below the schema folder.
    pub file: String,
    /// File name without its extension, as `alert_resolved`.
    pub module: String,
    /// Rust name, as `AlertResolved`.
    pub title: String,
    /// Documented name, as `ALERT_RESOLVED`.
    pub name: String,
    /// What the documentation says of its availability.
    pub status: EventStatus,
    /// Purpose of the event.
    pub description: String,
    /// Values of `type` that mean this event.
    pub wire_types: WireTypes,
    /// JSON pointers to members that tell this event apart from other events with one
    /// of its wire types.
    pub discriminators: Vec<String>,
    /// The event's own members, without the envelope's.
    pub members: Vec<Member>,
    /// Source of the event's facts.
    pub source: Source,
    /// How contradictions in the documentation were resolved.
    pub decisions: Vec<Decision>,
}

/// The wire types of an event; it has at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireTypes {
    /// The event's own wire type, used for writing.
    pub canonical: String,
    /// Other wire types that are read as this event.
    pub accepted: Vec<String>,
}

impl WireTypes {
    /// Returns the canonical wire type, then the accepted ones.
    pub fn iter(&self) -> impl Iterator<Item = &String> + Clone {
        std::iter::once(&self.canonical).chain(&self.accepted)
    }
}

/// What the documentation says of an event's availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventStatus {
    /// Sent today.
    Available,
    /// Announced; its payload may be undocumented.
    Wip,
    /// Still sent, but about to be discontinued.
    Deprecated,
}

impl EventStatus {
    /// Returns the word used in the schema files.
    pub fn as_str(self) -> &'static str {
        match self {
            EventStatus::Available => "available",
            EventStatus::Wip => "wip",
            EventStatus::Deprecated => "deprecated",
        }
    }

    /// Returns the words for people.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            EventStatus::Wip => "work in progress",
            other => other.as_str(),
        }
    }
}

/// A place in the vendor's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Short name of the page.
    pub page: String,
    /// Heading of the section.
    pub section: String,
    /// Date on which the page was read, as `2026-11-23`.
    pub captured: String,
    /// Version of the documentation, where the page has one.
    pub version: Option<String>,
    /// The parts of the documentation that somebody has read, oldest first.
    pub readings: Vec<Reading>,
}

impl Source {
    /// Cites the place: page, version, section and day.
    pub(crate) fn cited(&self) -> String {
        let version = self.version.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
        format!(
            "on the page `{}`{version}, section \"{}\", read on {}",
            self.page, self.section, self.captured
        )
    }

    /// Returns the latest day on which any part of this source was read.
    pub fn last_read(&self) -> &str {
        let days = self.readings.iter().map(|reading| reading.captured.as_str());
        days.fold(&self.captured, std::cmp::max)
    }

    /// Returns the event's row in the table of events as somebody last read it.
    pub fn row(&self) -> Option<&Reading> {
        self.readings.iter().rfind(|reading| reading.part == PagePart::Row)
    }
}

/// A part of the documentation as it was on the day when somebody read it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Which part.
    pub part: PagePart,
    /// Version of the documentation.
    pub version: String,
    /// Date on which it was read, as `2026-11-23`.
    pub captured: String,
    /// Number of the event's row in the table, from 1.
    pub place: Option<u64>,
    /// Status in the event's row.
    pub status: Option<EventStatus>,
    /// Digest of the words, absent if there are none. For a section, it leaves out examples and
    /// member tables.
    pub digest: Option<String>,
    /// Digests of the paragraphs, so that a report can name the reworded one.
    pub blocks: Vec<String>,
    /// Digest of a section's examples.
    pub example: Option<String>,
    /// Digests of the rows of a section's member tables, in their order.
    pub rows: Vec<ReadRow>,
}

/// A row of a member table as it was on the day when somebody read it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadRow {
    /// The member's path as written in the table.
    pub path: String,
    /// Digest of the member's name, type and description.
    pub digest: String,
    /// Digest of the words beside a type that may be null; some renderings of the page lose them.
    pub after_null: Option<String>,
}

/// A part of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagePart {
    /// A row of the table of events.
    Row,
    /// The section of an event, or the one about the members that all events share.
    Section,
    /// The text outside of the table of events and the sections.
    Around,
}

/// A recorded answer to a contradiction or a gap in the documentation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Name of the decision, unique in its file.
    pub id: String,
    /// JSON pointers to the places in the same file that the decision is about.
    pub about: Vec<String>,
    /// What the documentation says.
    pub documented: String,
    /// What the schema says instead.
    pub chosen: String,
    /// Why.
    pub reason: String,
    /// Whether a person has agreed.
    pub reviewed: bool,
    /// Differences between page and schema that the decision accounts for.
    pub explains: Vec<ExplainedDifference>,
}

/// A difference between a documentation page and the schema that a decision
/// accounts for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedDifference {
    /// Kind of the difference, as `member_added`.
    pub kind: String,
    /// Documented name of the event, empty if the difference concerns each event of the file.
    pub event: String,
    /// Path of the member, empty if the difference concerns no member.
    pub path: String,
    /// What the schema says, empty if it says nothing.
    pub was: String,
    /// What the page says, empty if it says nothing.
    pub now: String,
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TypeDef {
    /// Rust name.
    pub name: String,
    /// Path of the defining file, below the schema folder.
    pub file: String,
    /// JSON pointer of the definition in that file.
    pub pointer: String,
    /// Meaning of the type, in a sentence.
    pub description: String,
    /// Its shape.
    pub kind: TypeKind,
}

impl TypeDef {
    /// Tells whether the type is defined in `common/`, so that any event can use it.
    pub fn is_shared(&self) -> bool {
        self.file.starts_with("common/")
    }
}

/// The shape of a named type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TypeKind {
    /// An object with known members.
    Object(Vec<Member>),
    /// An opaque identifier: a string with a Rust type of its own.
    Id,
    /// A bearer URL: possession grants access.
    Url,
    /// A point in time; the type is written by hand.
    Timestamp,
    /// The delivery flag, which distinguishes absent from null; the type is written by hand.
    Delivered,
    /// A string with known values; any other value is valid too.
    OpenEnum(Vec<KnownValue>),
}

/// One of the known values of an open set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownValue {
    /// The text on the wire.
    pub value: String,
    /// Meaning of the value.
    pub description: String,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Member {
    /// Name on the wire.
    pub name: String,
    /// JSON pointer to the member's schema, in the file that declares it.
    pub pointer: String,
    /// Content of the member.
    pub description: String,
    /// Whether an entry without the member is malformed. A member that is not required may be
    /// absent or null.
    pub required: bool,
    /// Type of the member's value.
    pub ty: Ty,
    /// Whether the value may hold personal data or a secret.
    pub sensitive: bool,
    /// Whether the JSON of the payload is kept beside its typed value: `raw_data` returned it
    /// before the payload was typed, and still does.
    pub keeps_raw: bool,
    /// Other names that the member is accepted under.
    pub aliases: Vec<String>,
    /// Seconds from the event's creation for which the value is of use.
    pub valid_for_seconds: Option<u64>,
    /// Source of the member's facts, if it differs from the event's.
    pub source: Option<Source>,
}

impl Member {
    /// Returns the member's name, then its aliases.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.aliases).map(String::as_str)
    }

    /// Returns the member's name and its aliases, each with its kind and a JSON
    /// pointer to the place that declares it.
    pub(crate) fn names(&self) -> impl Iterator<Item = (Named, &str, String)> {
        let aliases = self.aliases.iter().enumerate().map(|(index, alias)| {
            (Named::Alias, alias.as_str(), format!("{}/x-aliases/{index}", self.pointer))
        });
        std::iter::once((Named::Member, self.name.as_str(), self.pointer.clone())).chain(aliases)
    }
}

/// The type of a member's value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ty {
    /// Any text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// A named type.
    Named(String),
    /// A list.
    Array(Box<Ty>),
    /// An object with arbitrary keys and values.
    Map,
    /// Any JSON, kept as text.
    Raw,
}

impl Ty {
    /// Returns the named type of a value, or of a list's elements.
    pub fn named(&self) -> Option<&str> {
        match self {
            Ty::Named(name) => Some(name),
            Ty::Array(items) => items.named(),
            _ => None,
        }
    }
}

impl std::fmt::Display for Ty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ty::String => f.write_str("string"),
            Ty::Boolean => f.write_str("boolean"),
            Ty::Integer => f.write_str("integer"),
            Ty::Number => f.write_str("number"),
            Ty::Named(name) => f.write_str(name),
            Ty::Array(items) => write!(f, "array of {items}"),
            Ty::Map => f.write_str("object of free keys"),
            Ty::Raw => f.write_str("any JSON"),
        }
    }
}
