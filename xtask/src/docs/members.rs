//! Matches documented members with members of the schema, and finds the members that a page leaves
//! out.
//!
//! A page abbreviates paths, and shows an event in one of two envelopes or only its payload.
//! Invariant: an abbreviated path matches a member only if no second member fits as well.

use std::collections::BTreeSet;

use spektr_doc_reader::loosen;

use super::known::{MemberShape, SchemaEvent};
use super::payload::DocumentedPayload;

/// The documented members of one event, matched with the schema.
pub(super) struct ResolvedMembers<'k, 'p> {
    known: &'k SchemaEvent,
    pub(super) payload: &'p DocumentedPayload,
    /// Each documented member with its place in the schema.
    pub(super) members: Vec<(&'p MemberShape, SchemaPlace<'k>)>,
    /// The paths of the schema that the page documents.
    documented: BTreeSet<&'k str>,
}

/// The place of a documented member in the schema.
#[derive(Clone, Copy)]
pub(super) enum SchemaPlace<'k> {
    At(&'k MemberShape),
    /// In the other envelope of the schema.
    Envelope(&'k MemberShape),
    Nowhere,
}

impl<'k, 'p> ResolvedMembers<'k, 'p> {
    pub(super) fn new(known: &'k SchemaEvent, payload: &'p DocumentedPayload) -> Self {
        let mut resolved =
            ResolvedMembers { known, payload, members: Vec::new(), documented: BTreeSet::new() };
        for member in &payload.members {
            let place = resolved.place(member);
            if let SchemaPlace::At(shape) = place {
                resolved.documented.insert(&shape.path);
            }
            resolved.members.push((member, place));
        }
        resolved
    }

    fn place(&self, member: &MemberShape) -> SchemaPlace<'k> {
        let path = member.path.as_str();
        let in_envelope = self.known.in_envelope(path);
        let other = self.payload.in_event_type();
        if let Some(shape) = self.known.find(path).filter(|_| !other || in_envelope.is_none()) {
            return SchemaPlace::At(shape);
        }
        if let Some(shape) = in_envelope {
            return SchemaPlace::Envelope(shape);
        }
        // The other envelope has all other members in `data`. An example of the payload alone has
        // no envelope.
        let outer = self.payload.is_bare().then(|| format!("data.{path}"));
        let inner = path.strip_prefix("data.").filter(|_| other);
        let moved = inner.or(outer.as_deref()).and_then(|path| self.known.find(path));
        moved.or_else(|| self.loosely(member)).map_or(SchemaPlace::Nowhere, SchemaPlace::At)
    }

    /// Returns the schema's shape of a documented member.
    pub(super) fn of(&self, documented: &str) -> Option<&'k MemberShape> {
        self.members.iter().find_map(|(member, place)| match place {
            SchemaPlace::At(shape) if member.path == documented => Some(*shape),
            _ => None,
        })
    }

    /// Finds the member for a path without its prefix or without the brackets of a list, if no
    /// example shows its place. Only a member that the page does not document otherwise can match.
    fn loosely(&self, member: &MemberShape) -> Option<&'k MemberShape> {
        let wanted = loosen(&member.path);
        let means = |known: &&MemberShape| {
            let loose = loosen(&known.path);
            let end = loose.strip_suffix(&wanted);
            end.is_some_and(|before| before.is_empty() || before.ends_with('.'))
                && !self.payload.has(&known.path)
        };
        let fitting = self.known.members.iter().filter(|_| !member.shown).filter(means);
        // The least nested match wins: a list inside its own elements repeats the name.
        let depth = |known: &MemberShape| known.path.matches('.').count();
        let mut fitting: Vec<&MemberShape> = fitting.collect();
        fitting.sort_by_key(|known| depth(known));
        match fitting[..] {
            [first, second, ..] if depth(first) == depth(second) => None,
            _ => fitting.first().copied(),
        }
    }

    /// Returns the members that the page should document and does not.
    pub(super) fn missing(&self) -> impl Iterator<Item = &'k MemberShape> + '_ {
        let expected = self.known.members.iter().filter(|shape| shape.expected);
        expected.filter(|shape| !self.covers(&shape.path) && self.would_show(&shape.path))
    }

    fn covers(&self, path: &str) -> bool {
        self.documented.contains(path)
            || self.payload.has_below(path)
            || self.documented.iter().any(|known| is_below(known, path))
            || self.repeats(path)
    }

    /// Whether a complete page of this kind would document the member.
    fn would_show(&self, path: &str) -> bool {
        let around = self.payload.shows_envelope() && !self.payload.in_event_type();
        if self.known.in_envelope(path).is_some() && !around {
            return false;
        }
        // A page without tables may omit optional members.
        let optional = |outer: &MemberShape| {
            outer.nullable == Some(true) && (outer.path == path || is_below(path, &outer.path))
        };
        self.payload.has_table || !self.known.members.iter().any(optional)
    }

    /// Whether a path lies in a list whose elements are documented elsewhere, as the elements of
    /// `children` are with those of `fields`: the page names the elements of both lists alike. Also
    /// true for a list whose elements the page neither names nor describes.
    fn repeats(&self, path: &str) -> bool {
        let Some((list, rest)) = path.rsplit_once("[].") else { return false };
        let documented = |path: &str| -> Vec<&'p MemberShape> {
            let found = |place: &SchemaPlace<'_>| matches!(place, SchemaPlace::At(known) if known.path == path);
            let members = self.members.iter().filter(|(_, place)| found(place));
            members.map(|(member, _)| *member).collect()
        };
        let unnamed =
            |it: &MemberShape| it.items_name.is_none() && !self.payload.has_below(&it.path);
        if documented(list).into_iter().any(unnamed) {
            return true;
        }
        let items = |list: &str| documented(list).into_iter().find_map(|it| it.items_name.as_ref());
        let Some(name) = items(list) else { return false };
        self.documented.iter().any(|other| {
            let element = format!("{other}[].{rest}");
            *other != list
                && items(other) == Some(name)
                && (self.documented.contains(element.as_str()) || self.payload.has(&element))
        })
    }
}

fn is_below(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']))
}
