//! Which member of the schema a documented member is, and what of the schema a
//! page leaves out.
//!
//! A page abbreviates paths, shows an event in one of two envelopes or only its
//! payload. Invariant: a member is taken for another one only where no second
//! one fits as well.

use std::collections::BTreeSet;

use super::known::{Known, Shape};
use super::payload::{Documented, Payload};

/// The members of one event's payload, found in the schema or not.
pub(super) struct Resolved<'k, 'p> {
    known: &'k Known<'k>,
    payload: &'p Payload,
    /// Each documented member with its path in the schema.
    pub(super) members: Vec<(&'p Documented, Place<'k>)>,
    /// The paths of the schema that are documented.
    documented: BTreeSet<&'k str>,
}

/// Where the schema has a documented member.
pub(super) enum Place<'k> {
    At(&'k str, &'k Shape),
    /// In the other envelope, which the schema has too.
    Envelope(&'k Shape),
    Nowhere,
}

impl<'k, 'p> Resolved<'k, 'p> {
    pub(super) fn new(known: &'k Known<'k>, payload: &'p Payload) -> Self {
        let mut resolved =
            Resolved { known, payload, members: Vec::new(), documented: BTreeSet::new() };
        for member in &payload.members {
            let place = resolved.place(member);
            if let Place::At(path, _) = place {
                resolved.documented.insert(path);
            }
            resolved.members.push((member, place));
        }
        resolved
    }

    fn place(&self, member: &Documented) -> Place<'k> {
        let path = member.path.as_str();
        let other = self.payload.in_event_type() && self.known.is_envelope(path);
        if let Some((path, shape)) = self.known.find(path).filter(|_| !other) {
            return Place::At(path, shape);
        }
        if let Some(shape) = self.known.in_envelope(path) {
            return Place::Envelope(shape);
        }
        // The other envelope has everything in `data`, and an example of the
        // payload alone has nothing around it.
        let inner = path.strip_prefix("data.").filter(|_| self.payload.in_event_type());
        let outer = self.payload.is_bare().then(|| format!("data.{path}"));
        let moved = inner.or(outer.as_deref()).and_then(|path| self.known.find(path));
        match moved.or_else(|| self.loosely(member)) {
            Some((path, shape)) => Place::At(path, shape),
            None => Place::Nowhere,
        }
    }

    /// Returns what the schema says of a path.
    pub(super) fn shape(&self, path: &str) -> Option<&'k Shape> {
        self.known.find(path).map(|(_, shape)| shape)
    }

    /// Returns the schema's path of a documented one.
    pub(super) fn path_of(&self, documented: &str) -> Option<&'k str> {
        self.members.iter().find_map(|(member, place)| match place {
            Place::At(path, _) if member.path == documented => Some(*path),
            _ => None,
        })
    }

    /// Finds the member that a table means by a path without its prefix, or
    /// without the brackets of a list, where no example shows the place: the only
    /// one that is not documented otherwise.
    fn loosely(&self, member: &Documented) -> Option<(&'k str, &'k Shape)> {
        if member.shown {
            return None;
        }
        let loose = loosen(&member.path);
        let ending = format!(".{loose}");
        let mut fitting: Vec<(&str, &Shape)> = self
            .known
            .members
            .iter()
            .filter(|(known, _)| !self.payload.has(known))
            .filter(|(known, _)| {
                let known = loosen(known);
                known == loose || known.ends_with(&ending)
            })
            .map(|(known, shape)| (known.as_str(), shape))
            .collect();
        // The least deep one: a list inside its own elements repeats the name.
        fitting.sort_by_key(|(known, _)| depth(known));
        match fitting.as_slice() {
            [only] => Some(*only),
            [first, second, ..] if depth(first.0) < depth(second.0) => Some(*first),
            _ => None,
        }
    }

    /// Returns what the page should document and doesn't.
    pub(super) fn missing(&self) -> impl Iterator<Item = (&'k str, &'k Shape)> + '_ {
        let expected = self.known.members.iter().filter(|(_, shape)| shape.expected);
        expected
            .map(|(path, shape)| (path.as_str(), shape))
            .filter(|(path, _)| !self.covers(path) && self.would_show(path))
    }

    fn covers(&self, path: &str) -> bool {
        self.documented.contains(path)
            || self.payload.has_below(path)
            || self.documented.iter().any(|known| is_below(known, path))
            || self.repeats(path)
    }

    /// Whether the page would document a member if there was one.
    fn would_show(&self, path: &str) -> bool {
        let around = self.payload.shows_envelope() && !self.payload.in_event_type();
        if self.known.is_envelope(path) && !around {
            return false;
        }
        // An example alone need not show what is optional.
        let optional = self
            .known
            .members
            .iter()
            .any(|(outer, shape)| shape.nullable && (outer == path || is_below(path, outer)));
        self.payload.has_table || !optional
    }

    /// Whether a path lies in a list whose elements are documented elsewhere, as
    /// those of `children` are with those of `fields`: the page gives both lists
    /// elements of one name. Of a list whose elements it doesn't name or describe
    /// at all, it says nothing.
    fn repeats(&self, path: &str) -> bool {
        let Some((list, rest)) = path.rsplit_once("[].") else {
            return false;
        };
        let undescribed = self.members.iter().any(|(member, place)| {
            matches!(place, Place::At(known, _) if *known == list)
                && member.items_name.is_none()
                && !self.payload.has_below(&member.path)
        });
        if undescribed {
            return true;
        }
        let items = |wanted: &str| {
            self.members.iter().find_map(|(member, place)| match place {
                Place::At(known, _) if *known == wanted => member.items_name.as_deref(),
                _ => None,
            })
        };
        let Some(name) = items(list) else { return false };
        self.documented.iter().any(|other| {
            let element = format!("{other}[].{rest}");
            *other != list
                && items(other) == Some(name)
                && (self.documented.contains(element.as_str()) || self.payload.has(&element))
        })
    }
}

fn depth(path: &str) -> usize {
    path.matches('.').count()
}

fn is_below(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// A path without brackets and with its names in the singular.
fn loosen(path: &str) -> String {
    let names = path.split('.').map(|name| {
        let name = name.trim_end_matches("[]");
        name.strip_suffix('s').filter(|name| name.len() > 2).unwrap_or(name)
    });
    names.collect::<Vec<_>>().join(".")
}
