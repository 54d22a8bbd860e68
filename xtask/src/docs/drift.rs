//! The differences between a page and the schema, and how they are printed.
//!
//! The JSON form is stable; members are only ever added to it:
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
//! `path` is null where a difference is not about a member; `was` (the schema)
//! and `now` (the page) are null where one of the two has nothing. A record can
//! be copied as it is into the `explains` of a decision.

use std::fmt::{self, Write};

use serde::{Serialize, Serializer};
use spektr_doc_reader::{Problem, holds_wire_type};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Drift {
    pub(super) kind: Kind,
    /// The event, under the schema's name where the schema knows it.
    pub(super) event: String,
    /// The member, as `data.contextId` or `fields[].key`.
    pub(super) path: Option<String>,
    /// What the schema says.
    pub(super) was: Option<String>,
    /// What the page says.
    pub(super) now: Option<String>,
}

/// The kinds of differences. Their names are part of the stable JSON form and
/// of `x-decisions[].explains`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    EventAdded,
    EventRemoved,
    EventRenamed,
    StatusChanged,
    MemberAdded,
    MemberRemoved,
    MemberChanged,
    WireTypeAdded,
    RowReworded,
    SectionAdded,
    SectionRemoved,
    /// The text of a section.
    SectionReworded,
    /// The example of a section.
    ExampleReworded,
    /// Every row of a table.
    TableReworded,
    /// The row of a member.
    MemberReworded,
    TextReworded,
    ValueAdded,
    ValueRemoved,
    ValidityChanged,
    UnitChanged,
    BatchMemberChanged,
    /// The page is older: the event is listed by a later version only.
    EventNewer,
    /// The page is newer: the event is listed by an earlier version only.
    EventOlder,
    /// The page is older: the status is that of a later version.
    StatusNewer,
    /// The page is older: the row has other words in a later version.
    RowNewer,
}

impl Kind {
    /// Returns the name in the stable form, and the sentence for people.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::EventAdded => ("event_added", "new event ({now})"),
            Kind::EventRemoved => ("event_removed", "event is gone (it was {was})"),
            Kind::EventRenamed => ("event_renamed", "event is probably renamed to {now}"),
            Kind::StatusChanged => ("status_changed", "status is {now}, was {was}"),
            Kind::MemberAdded => ("member_added", "new member {path}: {now}"),
            Kind::MemberRemoved => ("member_removed", "member {path} is gone (it was {was})"),
            Kind::MemberChanged => ("member_changed", "member {path} is {now}, was {was}"),
            Kind::WireTypeAdded => ("wire_type_added", "new wire type {now}"),
            Kind::RowReworded => {
                ("row_reworded", "its row in the table is reworded ({was}): look again")
            }
            Kind::SectionAdded => ("section_added", "new section {now}"),
            Kind::SectionRemoved => ("section_removed", "its section is gone ({was})"),
            Kind::SectionReworded => {
                ("section_reworded", "the text of section {now} is reworded ({was}): look again")
            }
            Kind::ExampleReworded => {
                ("example_reworded", "the example of section {now} is reworded ({was}): look again")
            }
            Kind::TableReworded => {
                ("table_reworded", "the table of {now} is reworded ({was}): look again")
            }
            Kind::MemberReworded => {
                ("member_reworded", "the row of member {path} is {now} ({was}): look again")
            }
            Kind::TextReworded => {
                ("text_reworded", "the text around the events is reworded{now} ({was}): look again")
            }
            Kind::ValueAdded => ("value_added", "member {path} has a new value {now}"),
            Kind::ValueRemoved => ("value_removed", "member {path} has no value {was} any more"),
            Kind::ValidityChanged => {
                ("validity_changed", "member {path} is valid for {now}, was {was}")
            }
            Kind::UnitChanged => ("unit_changed", "member {path} is in {now}, was {was}"),
            Kind::BatchMemberChanged => {
                ("batch_member_changed", "the batch has its events in `{now}`, was `{was}`")
            }
            Kind::EventNewer => ("event_newer", "a later version of the page lists it ({was})"),
            Kind::EventOlder => {
                ("event_older", "only an earlier version of the page lists it ({was})")
            }
            Kind::StatusNewer => {
                ("status_newer", "status is {now} here and {was} in a later version")
            }
            Kind::RowNewer => ("row_newer", "its row has other words in a later version ({was})"),
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        self.words().0
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// All differences between one page and the schema.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// What nobody has decided on.
    pub(super) drift: Vec<Drift>,
    /// What a recorded decision accounts for.
    pub(super) explained: Vec<Explained>,
    /// What was not compared, and why.
    pub(super) notes: Vec<String>,
    /// What could not be read, or contradicts itself.
    pub(super) problems: Vec<Unclear>,
    /// What was compared: `page`, `table` or the name of an event.
    pub(super) compared: String,
    /// The version of the documentation that the page is.
    pub(super) version: Option<String>,
}

/// A problem of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Unclear {
    #[serde(flatten)]
    pub(super) problem: Problem,
    /// Whether somebody has read the words that it is about.
    pub(super) read: bool,
}

/// A difference and the decision that accounts for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Explained {
    #[serde(flatten)]
    pub(super) drift: Drift,
    /// The decision: its file and its id.
    pub(super) decision: String,
}

impl Report {
    /// Whether everything was compared and nothing is left to look at.
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
            compared: &'a str,
            version: Option<&'a str>,
            drift: &'a [Drift],
            explained: &'a [Explained],
            notes: &'a [String],
            problems: &'a [Unclear],
        }
        let form = Form {
            page,
            compared: &self.compared,
            version: self.version.as_deref(),
            drift: &self.drift,
            explained: &self.explained,
            notes: &self.notes,
            problems: &self.problems,
        };
        serde_json::to_string_pretty(&form)
    }

    /// Returns the report for people.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        let mut event = "";
        for drift in &self.drift {
            if drift.event != event {
                event = &drift.event;
                line(&mut out, event);
            }
            line(&mut out, &format!("  {drift}"));
        }
        let what = match self.compared.as_str() {
            "page" => "the page".to_owned(),
            "table" => "the table of events, and nothing else".to_owned(),
            event => format!("{event}, and nothing else"),
        };
        let version = self.version.as_ref().map(|it| format!(" (version {it})"));
        line(&mut out, &format!("compared: {what}{}", version.unwrap_or_default()));
        let summary = match self.drift.len() {
            0 if self.is_clean() => "no drift: every word of it has been read".to_owned(),
            0 => "no difference was found, but not everything could be compared".to_owned(),
            1 => "1 difference".to_owned(),
            count => format!("{count} differences"),
        };
        line(&mut out, &summary);
        list(&mut out, "explained", &self.explained, |explained| {
            format!("{}: {} ({})", explained.drift.event, explained.drift, explained.decision)
        });
        list(&mut out, "not compared", &self.notes, String::clone);
        let (read, open): (Vec<_>, Vec<_>) =
            self.problems.iter().map(|it| &it.problem).partition(|problem| {
                self.problems.iter().any(|it| it.problem == **problem && it.read)
            });
        list(&mut out, "problems of the page", &open, |it| problem(it));
        list(&mut out, "problems in words that have been read", &read, |it| problem(it));
        out
    }
}

fn list<T>(out: &mut String, title: &str, items: &[T], text: impl Fn(&T) -> String) {
    if !items.is_empty() {
        line(out, &format!("\n{title}:"));
    }
    for item in items {
        line(out, &format!("  {}", text(item)));
    }
}

fn problem(problem: &Problem) -> String {
    let kind = format!("{:?}", problem.kind);
    // `RowUnsplit` to `row unsplit`.
    let words = kind.chars().fold(String::new(), |mut words, c| {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
        words
    });
    match &problem.section {
        Some(section) => format!("{section}: {words}: {}", problem.about),
        None => format!("{words}: {}", problem.about),
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

impl Drift {
    /// Whether this difference is the reason why those words are others.
    pub(super) fn implies(&self, words: &Drift) -> bool {
        use Kind::*;
        let of_member = matches!(
            self.kind,
            MemberAdded
                | MemberRemoved
                | MemberChanged
                | ValueAdded
                | ValueRemoved
                | ValidityChanged
                | UnitChanged
        );
        let typed = |path: &Option<String>| path.as_deref().is_some_and(holds_wire_type);
        self.event == words.event
            && match words.kind {
                MemberReworded => {
                    of_member && self.path == words.path
                        || self.kind == WireTypeAdded && typed(&words.path)
                }
                ExampleReworded => of_member || self.kind == WireTypeAdded,
                _ => false,
            }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, sentence) = self.kind.words();
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or("nothing".to_owned());
        let now = match self.kind {
            Kind::TextReworded => {
                self.now.as_ref().map(|start| format!(" at \"{start}\"")).unwrap_or_default()
            }
            _ => or_nothing(&self.now),
        };
        // What the page says comes last, since it may have braces of its own.
        let path = self.path.as_deref().unwrap_or_default();
        let sentence = sentence.replace("{was}", &or_nothing(&self.was)).replace("{path}", path);
        f.write_str(&sentence.replace("{now}", &now))
    }
}
