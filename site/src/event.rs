//! Renders the page of an event.

use askama::Template;
use spektr_codegen::examples::{Example, ExampleOrigin, FULL};
use spektr_codegen::model::{Event, EventStatus, Model, Ty};

use crate::Input;
use crate::code::{self, CodeToken};
use crate::decision::{self, DecisionView};
use crate::link::{self, Link};
use crate::member::{self, MemberRow};
use crate::page::{Page, status_in_words};
use crate::text::Text;

/// The example in the other envelope.
const OTHER_ENVELOPE: &str = "event_type_envelope";

/// The member with the payload.
const PAYLOAD: &str = "data";

/// An event with the content of its page.
pub(crate) struct EventView<'m> {
    pub(crate) event: &'m Event,
    pub(crate) rows: Vec<MemberRow<'m>>,
    pub(crate) decisions: Vec<DecisionView<'m>>,
    /// Links to the envelope's members.
    pub(crate) envelope: Vec<Link>,
    /// Links to types of its members that have decisions of their own.
    pub(crate) decided_types: Vec<Link>,
    /// Other events that share one of its wire types.
    pub(crate) shares: Vec<SharedWireType>,
    /// The full example in both envelopes.
    pub(crate) shown: Vec<ExampleView>,
    pub(crate) others: Vec<ExampleView>,
}

/// A wire type that another event has too.
pub(crate) struct SharedWireType {
    pub(crate) wire_type: String,
    pub(crate) event: Link,
}

/// An example.
pub(crate) struct ExampleView {
    pub(crate) anchor: String,
    title: String,
    pub(crate) tokens: Vec<CodeToken>,
}

impl ExampleView {
    /// Returns an example under another title than its case.
    pub(crate) fn titled(example: &Example, title: &str, prefix: &str) -> Self {
        Self {
            anchor: link::anchor(&format!("{prefix}example:{}", example.case)),
            title: title.to_owned(),
            tokens: code::json(&example.body),
        }
    }

    pub(crate) fn title(&self) -> Text<'_> {
        Text(&self.title)
    }

    pub(crate) fn new(example: &Example, prefix: &str) -> Self {
        let title = example.case.replace('_', " ");
        Self::titled(example, &title, prefix)
    }
}

impl<'m> EventView<'m> {
    pub(crate) fn new(input: &Input<'m>, event: &'m Event) -> Self {
        let model = input.model;
        let mut rows = member::rows(model, &event.members, &event.file, "");
        let decisions = decision::decisions(model, &event.decisions, &event.file, "", &mut rows);
        let envelope = model.envelope.iter().map(|member| Link {
            text: member.name.clone(),
            href: format!("deliveries.html#{}", link::anchor(&format!("type/{}", member.name))),
        });
        let examples = input.examples.of(&event.module);
        let titled = |(case, title): (&str, &str)| {
            let example = examples.iter().find(|example| example.case == case)?;
            Some(ExampleView::titled(example, title, ""))
        };
        // An example with one edit shows no more than its title says.
        let others = examples.iter().filter(|example| {
            !matches!(example.origin, ExampleOrigin::Edited { .. })
                && ![FULL, OTHER_ENVELOPE].contains(&example.case.as_str())
        });
        Self {
            event,
            decided_types: decided_types(model, &rows),
            rows,
            decisions,
            envelope: envelope.collect(),
            shares: shares(model, event),
            shown: [(FULL, "With `type`"), (OTHER_ENVELOPE, "With `eventType`")]
                .into_iter()
                .filter_map(titled)
                .collect(),
            others: others.map(|example| ExampleView::new(example, "")).collect(),
        }
    }

    pub(crate) fn description(&self) -> Text<'m> {
        Text(&self.event.description)
    }

    pub(crate) fn status(&self) -> &'static str {
        status_in_words(self.event.status)
    }

    /// Returns a note on the status, if it needs one.
    pub(crate) fn status_note(&self) -> Option<&'static str> {
        match self.event.status {
            EventStatus::Wip => Some("Announced; its payload may be undocumented."),
            EventStatus::Deprecated => Some("Still sent, but about to be discontinued."),
            _ => None,
        }
    }

    /// Tells whether the payload is undocumented.
    pub(crate) fn has_raw_payload(&self) -> bool {
        let payload = self.event.members.iter().find(|member| member.name == PAYLOAD);
        payload.is_some_and(|payload| payload.ty == Ty::Raw)
    }

    /// Returns links to the members that tell this event from others.
    pub(crate) fn discriminators(&self) -> Vec<Link> {
        let pointers = self.event.discriminators.iter();
        let links = pointers.map(|pointer| Link {
            text: pointer.trim_start_matches('/').replace('/', "."),
            href: format!("#{}", link::anchor(pointer)),
        });
        links.collect()
    }

    pub(crate) fn href(&self) -> String {
        link::event(self.event)
    }
}

/// Returns links to the types of these members that have decisions of their own.
fn decided_types(model: &Model, rows: &[MemberRow<'_>]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for link in rows.iter().filter_map(|row| row.named.as_ref()) {
        let file = model.types.get(&link.text).map(|def| &def.file);
        let is_decided =
            model.common.iter().any(|it| Some(&it.file) == file && !it.decisions.is_empty());
        if is_decided && links.iter().all(|known| known.text != link.text) {
            links.push(link.clone());
        }
    }
    links
}

fn shares(model: &Model, event: &Event) -> Vec<SharedWireType> {
    let others = model.events.iter().filter(|other| other.name != event.name);
    let shared = others.flat_map(|other| {
        let is_shared =
            |it: &&String| other.wire_types.iter().any(|other| other.eq_ignore_ascii_case(it));
        event.wire_types.iter().filter(is_shared).map(|wire_type| SharedWireType {
            wire_type: wire_type.clone(),
            event: Link { text: other.name.clone(), href: link::event(other) },
        })
    });
    shared.collect()
}

/// The events before and after one.
pub(crate) struct Neighbours {
    pub(crate) before: Option<Link>,
    pub(crate) after: Option<Link>,
}

impl Neighbours {
    pub(crate) fn new(events: &[EventView<'_>], at: usize) -> Self {
        let link = |view: &EventView<'_>| Link { text: view.event.name.clone(), href: view.href() };
        let before = at.checked_sub(1).and_then(|at| events.get(at));
        Self { before: before.map(link), after: events.get(at + 1).map(link) }
    }
}

#[derive(Template)]
#[template(path = "event.html", whitespace = "minimize")]
pub(crate) struct EventPage<'p, 'm> {
    pub(crate) page: Page<'p>,
    pub(crate) event: &'p EventView<'m>,
    pub(crate) neighbours: Neighbours,
}
