//! What a change of the schemas means for those who use the generated crate.

use std::collections::BTreeSet;
use std::fmt;

use crate::json::Json;
use crate::model::{Event, Member, TypeDef, TypeKind};
use crate::set::SchemaSet;

/// What a change asks of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Impact {
    /// Only texts change.
    Documentation,
    /// There is more than before; code that compiled compiles, and what decoded
    /// decodes.
    Additive,
    /// Code may not compile any more, entries may not decode, or values differ.
    Breaking,
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Documentation => "documentation",
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        })
    }
}

/// One difference between two models.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What it means for users.
    pub impact: Impact,
    /// The event's documented name, the type's name, or `every event`.
    pub subject: String,
    /// The member, as `data.alertId`; empty where it is about the whole.
    pub member: String,
    /// What changed.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<13}  {}", self.impact, self.subject)?;
        if !self.member.is_empty() {
            write!(f, " {}", self.member)?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Returns what changed from one set of files to another, breaking changes first.
///
/// A payload that was raw JSON and becomes typed is a breaking change: the type
/// of its member is another one.
pub fn diff(old: &SchemaSet, new: &SchemaSet) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    changes.common_files(old, new);
    let (old, new) = (old.model(), new.model());
    changes.members("every event", &old.envelope, &new.envelope);
    for event in &old.events {
        match new.event(&event.name) {
            Some(now) => changes.event(event, now),
            None => changes.add(Impact::Breaking, &event.name, "", "event removed"),
        }
    }
    for event in new.events.iter().filter(|event| old.event(&event.name).is_none()) {
        changes.add(Impact::Additive, &event.name, "", "event added");
    }
    for (name, def) in &old.types {
        match new.types.get(name) {
            Some(now) => changes.type_def(def, now),
            None => changes.add(Impact::Breaking, name, "", "type removed"),
        }
    }
    for name in new.types.keys().filter(|name| !old.types.contains_key(*name)) {
        changes.add(Impact::Additive, name, "", "type added");
    }
    let Changes(mut list) = changes;
    list.sort_by_key(|change| std::cmp::Reverse(change.impact));
    list
}

/// Returns the version that a release with a change of this impact must have, by
/// the rules of semantic versioning as Cargo reads them; `None` if `version` is
/// not of the form `1.2.3`.
///
/// # Examples
///
/// ```
/// use spektr_codegen::diff::{Impact, bump};
///
/// assert_eq!(bump("0.1.3", Impact::Breaking).as_deref(), Some("0.2.0"));
/// assert_eq!(bump("1.4.2", Impact::Additive).as_deref(), Some("1.5.0"));
/// ```
pub fn bump(version: &str, impact: Impact) -> Option<String> {
    let parts: Vec<u64> = version.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [major, minor, patch] = parts[..] else { return None };
    let (major, minor, patch) = match (impact, major) {
        (Impact::Breaking, 0) => (0, minor + 1, 0),
        (Impact::Breaking, major) => (major + 1, 0, 0),
        (Impact::Additive, 1..) => (major, minor + 1, 0),
        (Impact::Additive | Impact::Documentation, _) => (major, minor, patch + 1),
    };
    Some(format!("{major}.{minor}.{patch}"))
}

struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, impact: Impact, subject: &str, member: &str, what: impl Into<String>) {
        let (subject, member) = (subject.to_owned(), member.to_owned());
        self.0.push(Change { impact, subject, member, what: what.into() });
    }

    /// What no type shows: sources and decisions of the files in `common/`, and the
    /// descriptions of those that become no type.
    fn common_files(&mut self, old: &SchemaSet, new: &SchemaSet) {
        for (file, now) in new.files().iter().filter(|(file, _)| file.starts_with("common/")) {
            let Some(was) = old.files().get(file) else { continue };
            let subject = now.get("title").and_then(Json::as_str).unwrap_or(file);
            let differs = |keyword| was.get(keyword) != now.get(keyword);
            let is_type = now.get("x-envelope").is_none();
            if differs("x-source") || (!is_type && differs("description")) {
                self.add(Impact::Documentation, subject, "", "description or source changed");
            }
            if differs("x-decisions") {
                self.add(Impact::Documentation, subject, "", "decisions changed");
            }
        }
    }

    fn event(&mut self, old: &Event, new: &Event) {
        let name = &old.name;
        if old.title != new.title {
            let what = format!("type renamed from {} to {}", old.title, new.title);
            self.add(Impact::Breaking, name, "", what);
        }
        if old.status != new.status {
            let (was, now) = (old.status.as_str(), new.status.as_str());
            // The catalogue says something else, the types do not change.
            self.add(
                Impact::Documentation,
                name,
                "",
                format!("status changed from {was} to {now}"),
            );
        }
        if old.wire_types.first() != new.wire_types.first() {
            let first = |event: &Event| event.wire_types.first().cloned().unwrap_or_default();
            let what = format!("canonical wire type changed from {} to {}", first(old), first(new));
            self.add(Impact::Breaking, name, "", what);
        }
        self.names(name, "", "wire type", &old.wire_types, &new.wire_types);
        if old.discriminators != new.discriminators {
            self.add(Impact::Breaking, name, "", "discriminators changed");
        }
        self.members(name, &old.members, &new.members);
        if (&old.description, &old.source) != (&new.description, &new.source) {
            self.add(Impact::Documentation, name, "", "description or source changed");
        }
        if old.decisions != new.decisions {
            self.add(Impact::Documentation, name, "", "decisions changed");
        }
    }

    fn type_def(&mut self, old: &TypeDef, new: &TypeDef) {
        let name = &old.name;
        match (&old.kind, &new.kind) {
            (TypeKind::Object(old), TypeKind::Object(new)) => self.members(name, old, new),
            (TypeKind::OpenEnum(was), TypeKind::OpenEnum(now)) => {
                let values = |known: &[crate::model::KnownValue]| -> Vec<String> {
                    known.iter().map(|known| known.value.clone()).collect()
                };
                let (was_values, now_values) = (values(was), values(now));
                self.names(name, "", "known value", &was_values, &now_values);
                if was_values == now_values && was != now {
                    self.add(Impact::Documentation, name, "", "description of a value changed");
                }
            }
            (old, new) if old != new => {
                self.add(Impact::Breaking, name, "", "became another kind of type");
            }
            _ => {}
        }
        if old.description != new.description {
            self.add(Impact::Documentation, name, "", "description changed");
        }
    }

    /// Names that are accepted: more of them is additive, fewer is breaking.
    fn names(&mut self, subject: &str, member: &str, what: &str, old: &[String], new: &[String]) {
        for name in new.iter().filter(|name| !old.contains(name)) {
            self.add(Impact::Additive, subject, member, format!("{what} {name} added"));
        }
        for name in old.iter().filter(|name| !new.contains(name)) {
            self.add(Impact::Breaking, subject, member, format!("{what} {name} removed"));
        }
    }

    fn members(&mut self, subject: &str, old: &[Member], new: &[Member]) {
        let find = |members: &[Member], name: &str| {
            members.iter().find(|member| member.name == name).cloned()
        };
        for member in old {
            match find(new, &member.name) {
                Some(now) => self.member(subject, member, &now),
                None => self.add(Impact::Breaking, subject, &member.name, "member removed"),
            }
        }
        for member in new.iter().filter(|member| find(old, &member.name).is_none()) {
            let (impact, word) = if member.required {
                // Entries without it decoded before.
                (Impact::Breaking, "required")
            } else {
                (Impact::Additive, "optional")
            };
            self.add(impact, subject, &member.name, format!("member added: {word}, {}", member.ty));
        }
        let order = |members: &[Member], other: &[Member]| -> Vec<String> {
            let names: BTreeSet<&str> = other.iter().map(|member| member.name.as_str()).collect();
            let both = members.iter().filter(|member| names.contains(member.name.as_str()));
            both.map(|member| member.name.clone()).collect()
        };
        if order(old, new) != order(new, old) {
            self.add(Impact::Documentation, subject, "", "members stand in another order");
        }
    }

    fn member(&mut self, subject: &str, old: &Member, new: &Member) {
        let name = &old.name;
        if old.ty != new.ty {
            let what = format!("type changed from {} to {}", old.ty, new.ty);
            self.add(Impact::Breaking, subject, name, what);
        }
        match (old.required, new.required) {
            (true, false) => self.add(Impact::Breaking, subject, name, "became optional"),
            (false, true) => self.add(Impact::Breaking, subject, name, "became required"),
            _ => {}
        }
        self.names(subject, name, "alias", &old.aliases, &new.aliases);
        match (old.sensitive, new.sensitive) {
            (false, true) => self.add(Impact::Additive, subject, name, "became sensitive"),
            // What was kept out of logs would be in them.
            (true, false) => self.add(Impact::Breaking, subject, name, "is no longer sensitive"),
            _ => {}
        }
        match (old.valid_for_seconds, new.valid_for_seconds) {
            (None, Some(_)) => self.add(Impact::Additive, subject, name, "got an expiry"),
            (Some(_), None) => self.add(Impact::Breaking, subject, name, "lost its expiry"),
            (was, now) if was != now => {
                self.add(Impact::Breaking, subject, name, "expires after another time");
            }
            _ => {}
        }
        if (&old.description, &old.source) != (&new.description, &new.source) {
            self.add(Impact::Documentation, subject, name, "description or source changed");
        }
    }
}
