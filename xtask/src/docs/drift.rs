//! The differences between a page and the schema, and how they are printed.
//!
//! The JSON form is stable; members are only ever added to it:
//!
//! ```json
//! {
//!   "page": "the path that was given",
//!   "drift": [
//!     {
//!       "kind": "member_changed",
//!       "event": "SERVICE_RUN",
//!       "path": "data.reference",
//!       "was": "string or null",
//!       "now": "string"
//!     }
//!   ],
//!   "explained": [{ "…": "the same members", "decision": "events/….schema.json#id" }]
//! }
//! ```
//!
//! `path` is null where a difference is not about a member; `was` (the schema)
//! and `now` (the page) are null where one of the two has nothing. A record can
//! be copied as it is into the `explains` of a decision.

use std::fmt::{self, Write};

use serde::Serialize;
use spektr_doc_reader::{Page, Problem};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    EventAdded,
    EventRemoved,
    EventRenamed,
    StatusChanged,
    MemberAdded,
    MemberRemoved,
    MemberChanged,
    WireTypeAdded,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Kind::EventAdded => "event_added",
            Kind::EventRemoved => "event_removed",
            Kind::EventRenamed => "event_renamed",
            Kind::StatusChanged => "status_changed",
            Kind::MemberAdded => "member_added",
            Kind::MemberRemoved => "member_removed",
            Kind::MemberChanged => "member_changed",
            Kind::WireTypeAdded => "wire_type_added",
        }
    }
}

/// All differences between one page and the schema.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// What nobody has decided on.
    pub(super) drift: Vec<Drift>,
    /// What a recorded decision accounts for.
    pub(super) explained: Vec<Explained>,
    /// What the page leaves open: no drift, but worth a look.
    pub(super) notes: Vec<String>,
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
    /// Returns the stable form: `{"page", "drift": […], "explained": […]}`.
    pub(super) fn json(&self, page: &str) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Form<'a> {
            page: &'a str,
            drift: &'a [Drift],
            explained: &'a [Explained],
        }
        let form = Form { page, drift: &self.drift, explained: &self.explained };
        serde_json::to_string_pretty(&form)
    }

    /// Returns the report for people.
    pub(super) fn text(&self, page: &Page) -> String {
        let mut out = String::new();
        let mut event = "";
        for drift in &self.drift {
            if drift.event != event {
                event = &drift.event;
                line(&mut out, event);
            }
            line(&mut out, &format!("  {drift}"));
        }
        let count = self.drift.len();
        let summary = match count {
            0 => "no drift: the schema says what the page says".to_owned(),
            1 => "1 difference".to_owned(),
            _ => format!("{count} differences"),
        };
        line(&mut out, &summary);
        list(&mut out, "explained by decisions", &self.explained, |explained| {
            format!("{}: {} ({})", explained.drift.event, explained.drift, explained.decision)
        });
        list(&mut out, "to be looked at", &self.notes, String::clone);
        list(&mut out, "problems of the page", &page.problems, problem);
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

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_deref().unwrap_or_default();
        let was = self.was.as_deref().unwrap_or("nothing");
        let now = self.now.as_deref().unwrap_or("nothing");
        match self.kind {
            Kind::EventAdded => write!(f, "new event ({now})"),
            Kind::EventRemoved => write!(f, "event is gone (it was {was})"),
            Kind::EventRenamed => write!(f, "event is probably renamed to {now}"),
            Kind::StatusChanged => write!(f, "status is {now}, was {was}"),
            Kind::MemberAdded => write!(f, "new member {path}: {now}"),
            Kind::MemberRemoved => write!(f, "member {path} is gone (it was {was})"),
            Kind::MemberChanged => write!(f, "member {path} is {now}, was {was}"),
            Kind::WireTypeAdded => write!(f, "new wire type {now}"),
        }
    }
}
