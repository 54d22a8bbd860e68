//! The differences between a page and the schema, and their printed forms.
//!
//! The JSON form is stable: later versions only add members.
//!
//! ```json
//! {
//!   "page": "the path that was given",
//!   "compared": "page",
//!   "version": "v2.0",
//!   "drift": [
//!     {
//!       "kind": "member_changed",
//!       "event": "SERVICE_RUN",
//!       "path": "data.reference",
//!       "was": "string or null",
//!       "now": "string"
//!     }
//!   ],
//!   "explained": [{ "…": "the same members", "decision": "events/….schema.json#id" }],
//!   "notes": ["what was not compared"],
//!   "problems": [{ "kind": "row_unsplit", "about": "…", "read": false }]
//! }
//! ```
//!
//! `path` is null if the difference is not about a member. `was` is null if the schema lacks the
//! part, and `now` is null if the page lacks it. A record can be copied unchanged into the
//! `explains` of a decision.

use std::fmt;

use serde::{Serialize, Serializer};
use spektr_doc_reader::{Problem, holds_wire_type};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Drift {
    pub(super) kind: DriftKind,
    /// The event, by the schema's name if the schema has the event.
    pub(super) event: String,
    /// The path of the member, such as `data.contextId` or `fields[].key`.
    pub(super) path: Option<String>,
    /// The value in the schema.
    pub(super) was: Option<String>,
    /// The value on the page.
    pub(super) now: Option<String>,
}

/// Defines the enum [`DriftKind`] from a table of names and sentences.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $sentence:literal,)*) => {
        /// The kinds of differences. Their names are part of the stable JSON form and
        /// of `x-decisions[].explains`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum DriftKind {
            $($(#[$doc])* $kind,)*
        }

        impl DriftKind {
            /// Returns the name in the stable form, and the sentence for people.
            const fn words(self) -> (&'static str, &'static str) {
                match self {
                    $(DriftKind::$kind => ($name, $sentence),)*
                }
            }
        }
    };
}

kinds! {
    EventAdded "event_added" "new event ({now})",
    EventRemoved "event_removed" "event is gone (it was {was})",
    EventRenamed "event_renamed" "event is probably renamed to {now}",
    StatusChanged "status_changed" "status is {now}, was {was}",
    MemberAdded "member_added" "new member {path}: {now}",
    MemberRemoved "member_removed" "member {path} is gone (it was {was})",
    MemberChanged "member_changed" "member {path} is {now}, was {was}",
    WireTypeAdded "wire_type_added" "new wire type {now}",
    RowReworded "row_reworded" "its row in the table is reworded ({was}): look again",
    SectionAdded "section_added" "new section {now}",
    SectionRemoved "section_removed" "its section is gone ({was})",
    /// The text of a section.
    SectionReworded "section_reworded"
        "the text of section {now} is reworded ({was}): look again",
    /// The example of a section.
    ExampleReworded "example_reworded"
        "the example of section {now} is reworded ({was}): look again",
    /// Every row of a table.
    TableReworded "table_reworded" "the table of {now} is reworded ({was}): look again",
    /// The row of a member.
    MemberReworded "member_reworded" "the row of member {path} is {now} ({was}): look again",
    /// The text outside the sections, with the beginning of the changed paragraph if it is known.
    TextReworded "text_reworded"
        "the text around the events is reworded{now} ({was}): look again",
    ValueAdded "value_added" "member {path} has a new value {now}",
    ValueRemoved "value_removed" "member {path} has no value {was} any more",
    ValidityChanged "validity_changed" "member {path} is valid for {now}, was {was}",
    UnitChanged "unit_changed" "member {path} is in {now}, was {was}",
    BatchMemberChanged "batch_member_changed"
        "the batch has its events in `{now}`, was `{was}`",
    /// The page is older: only a later version lists the event.
    EventNewer "event_newer" "a later version of the page lists it ({was})",
    /// The page is newer: only an earlier version lists the event.
    EventOlder "event_older" "only an earlier version of the page lists it ({was})",
    /// The page is older: a later version has another status.
    StatusNewer "status_newer" "status is {now} here and {was} in a later version",
    /// The page is older: a later version has other words in the row.
    RowNewer "row_newer" "its row has other words in a later version ({was})",
}

impl DriftKind {
    pub(super) const fn as_str(self) -> &'static str {
        self.words().0
    }
}

impl Serialize for DriftKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// All differences between one page and the schema.
#[derive(Debug, Default, Serialize)]
pub(super) struct DriftReport {
    /// The compared part: `page`, `table` or the name of an event.
    pub(super) compared: String,
    /// The version of the page.
    pub(super) version: Option<String>,
    /// The differences without a decision.
    pub(super) drift: Vec<Drift>,
    /// The differences that a recorded decision explains.
    pub(super) explained: Vec<ExplainedDrift>,
    /// The parts that were not compared, with the reason.
    pub(super) notes: Vec<String>,
    /// The unreadable or contradictory parts of the page.
    pub(super) problems: Vec<JudgedProblem>,
}

/// A problem of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct JudgedProblem {
    #[serde(flatten)]
    pub(super) problem: Problem,
    /// Whether somebody has read the text with the problem.
    pub(super) read: bool,
}

/// A difference and the decision that explains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ExplainedDrift {
    #[serde(flatten)]
    pub(super) drift: Drift,
    /// The decision, as its file and its id.
    pub(super) decision: String,
}

impl DriftReport {
    /// Whether everything was compared and nothing needs attention.
    pub(super) fn is_clean(&self) -> bool {
        self.drift.is_empty()
            && self.notes.is_empty()
            && self.problems.iter().all(|problem| problem.read)
    }

    /// Returns the stable form.
    pub(super) fn json(&self, page: &str) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Form<'a> {
            page: &'a str,
            #[serde(flatten)]
            report: &'a DriftReport,
        }
        serde_json::to_string_pretty(&Form { page, report: self })
    }

    /// Returns the report for people.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        for drift in self.drift.chunk_by(|a, b| a.event == b.event) {
            lines.extend(drift.first().map(|drift| drift.event.clone()));
            lines.extend(drift.iter().map(|drift| format!("  {drift}")));
        }
        let what = match self.compared.as_str() {
            "page" => "the page".to_owned(),
            "table" => "only the table of events".to_owned(),
            event => format!("only {event}"),
        };
        let version = self.version.as_ref().map(|it| format!(" (version {it})"));
        lines.push(format!("compared: {what}{}", version.unwrap_or_default()));
        lines.push(match self.drift.len() {
            0 if self.is_clean() => {
                "no drift: all of it was compared, and all of its text has been read".to_owned()
            }
            0 => "no difference was found, but not everything could be compared".to_owned(),
            1 => "1 difference".to_owned(),
            count => format!("{count} differences"),
        });
        let explained = self.explained.iter().map(|ExplainedDrift { drift, decision }| {
            format!("{}: {drift} ({decision})", drift.event)
        });
        let problems = |read: bool| {
            let problems = self.problems.iter().filter(|problem| problem.read == read);
            problems.map(JudgedProblem::to_string).collect()
        };
        let lists: [(&str, Vec<String>); 4] = [
            ("explained", explained.collect()),
            ("not compared", self.notes.clone()),
            ("problems of the page", problems(false)),
            ("problems of the page, in text that has been read", problems(true)),
        ];
        for (title, items) in lists.into_iter().filter(|(_, items)| !items.is_empty()) {
            lines.push(format!("\n{title}:"));
            lines.extend(items.iter().map(|item| format!("  {item}")));
        }
        lines.join("\n") + "\n"
    }
}

impl fmt::Display for JudgedProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { kind, section, about } = &self.problem;
        if let Some(section) = section {
            write!(f, "{section}: ")?;
        }
        write!(f, "{}: {about}", kind.words())
    }
}

impl Drift {
    pub(super) fn new(kind: DriftKind, event: &str, texts: [Option<&str>; 3]) -> Self {
        let [path, was, now] = texts.map(|text| text.map(str::to_owned));
        Drift { kind, event: event.to_owned(), path, was, now }
    }

    /// Whether this difference explains why the text of `words` changed.
    pub(super) fn implies(&self, words: &Drift) -> bool {
        // A difference about a member, other than reworded text, concerns the member's meaning.
        let of_member = self.path.is_some() && self.kind != DriftKind::MemberReworded;
        let typed = |path: &Option<String>| path.as_deref().is_some_and(holds_wire_type);
        self.event == words.event
            && match words.kind {
                DriftKind::MemberReworded => {
                    of_member && self.path == words.path
                        || self.kind == DriftKind::WireTypeAdded && typed(&words.path)
                }
                DriftKind::ExampleReworded => of_member || self.kind == DriftKind::WireTypeAdded,
                _ => false,
            }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, sentence) = self.kind.words();
        let [was, now] = [&self.was, &self.now].map(|text| text.as_deref().unwrap_or("nothing"));
        let now = match (self.kind, &self.now) {
            (DriftKind::TextReworded, Some(start)) => format!(" at \"{start}\""),
            (DriftKind::TextReworded, None) => String::new(),
            _ => now.to_owned(),
        };
        // The page's text is inserted last, because it may contain braces.
        let path = self.path.as_deref().unwrap_or_default();
        let sentence = sentence.replace("{was}", was).replace("{path}", path);
        f.write_str(&sentence.replace("{now}", &now))
    }
}
