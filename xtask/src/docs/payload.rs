//! What a page documents of one event's payload: its tables first, then what
//! only the examples show.

use std::collections::{BTreeMap, BTreeSet};

use spektr_doc_reader::{Kind, Page, Section};

/// A documented member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Documented {
    pub(super) path: String,
    /// The JSON type; `None` where the page doesn't say, or not clearly.
    pub(super) kind: Option<&'static str>,
    /// The JSON type of a list's elements.
    pub(super) items: Option<&'static str>,
    /// What the page calls a list's elements, where that is no JSON type.
    pub(super) items_name: Option<String>,
    /// `None` where only an example shows the member.
    pub(super) nullable: Option<bool>,
    /// Whether an example shows that the path is the real one.
    pub(super) shown: bool,
}

/// Everything that a page documents of one event.
#[derive(Debug, Default)]
pub(super) struct Payload {
    pub(super) members: Vec<Documented>,
    pub(super) wire_types: BTreeSet<String>,
    /// Headings of the sections that it comes from.
    pub(super) sections: Vec<String>,
}

impl Payload {
    /// Collects what the page says of an event; `None` where it says nothing of
    /// the payload, as about an event in progress.
    pub(super) fn new(page: &Page, event: &str) -> Option<Self> {
        let of_event = |section: &&Section| section.events.iter().any(|name| name == event);
        let own: Vec<&Section> = page.sections.iter().filter(of_event).collect();
        let described = |section: &&Section| {
            !section.members.is_empty()
                || section.example.as_ref().is_some_and(|example| !example.members.is_empty())
        };
        if !own.iter().any(described) {
            return None;
        }
        let mut payload = Payload::default();
        for section in own.into_iter().chain(&page.common) {
            payload.sections.push(section.heading.clone());
            payload.wire_types.extend(section.wire_types.iter().cloned());
            payload.add(section);
        }
        Some(payload)
    }

    fn add(&mut self, section: &Section) {
        let shown: BTreeMap<&str, &[Kind]> = section
            .example
            .iter()
            .flat_map(|example| &example.members)
            .map(|member| (member.path.as_str(), member.kinds.as_slice()))
            .collect();
        for member in &section.members {
            let path = member.effective_path();
            let items = member.items.as_deref();
            let kind = json_type(member.kind);
            self.push(Documented {
                path: path.to_owned(),
                kind,
                items: items.and_then(items_type),
                items_name: items.filter(|items| items_type(items).is_none()).map(str::to_owned),
                nullable: Some(member.nullable || member.optional),
                shown: shown.contains_key(path),
            });
        }
        for (path, kinds) in &shown {
            if path.ends_with("[]") {
                continue;
            }
            let mut types = kinds.iter().filter_map(|kind| json_type(*kind));
            let kind = types.next().filter(|_| types.next().is_none());
            self.push(Documented {
                path: (*path).to_owned(),
                kind,
                items: None,
                items_name: None,
                nullable: None,
                shown: true,
            });
        }
    }

    fn push(&mut self, member: Documented) {
        if !self.members.iter().any(|known| known.path == member.path) {
            self.members.push(member);
        }
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.members.iter().any(|member| member.path == path)
    }

    /// Whether something inside this object or list is documented.
    pub(super) fn has_below(&self, path: &str) -> bool {
        let inner = [format!("{path}."), format!("{path}[].")];
        self.members.iter().any(|member| inner.iter().any(|inner| member.path.starts_with(inner)))
    }

    /// Returns the paths of members without the common ones and containers.
    pub(super) fn own(&self) -> BTreeSet<&str> {
        let common = ["id", "spektrId", "type", "delivered", "createdAt"];
        self.members
            .iter()
            .filter(|member| member.kind != Some("object"))
            .map(|member| member.path.as_str())
            .filter(|path| !common.contains(path))
            .collect()
    }
}

/// Returns a kind's name in JSON Schema, if it is a type of values.
fn json_type(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Null | Kind::Unknown => None,
        kind => Some(kind.as_str()),
    }
}

fn items_type(items: &str) -> Option<&'static str> {
    ["string", "number", "integer", "boolean", "object"]
        .into_iter()
        .find(|word| items.eq_ignore_ascii_case(word))
}
