//! Finds where the section's example shows a member that its table lists.
//!
//! Tables leave out prefixes (`processType` for `data.processType`) and write
//! `field.key` for `fields[].key`. Invariant: a place is found only where it is
//! the only one.

use std::collections::HashMap;

use crate::facts::ExampleMember;

/// Where a member stands in the example.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the table says.
    Same,
    /// At this path.
    At(String),
    /// At several paths.
    Several,
    Nowhere,
}

/// The paths of an example, prepared for look-ups.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Path without brackets, in the singular, to real paths.
    loose: HashMap<String, Vec<String>>,
    /// Last name, in the singular, to real paths.
    by_last: HashMap<String, Vec<String>>,
}

impl Places {
    pub(crate) fn new(members: &[ExampleMember]) -> Self {
        let mut places = Self::default();
        for path in members.iter().map(|member| &member.path) {
            if path.ends_with("[]") {
                continue;
            }
            let loose = loosen(path);
            let last = last(&loose).to_owned();
            places.by_last.entry(last).or_default().push(path.clone());
            places.loose.entry(loose).or_default().push(path.clone());
        }
        places
    }

    /// Finds a path of the table; `parent` is the member whose table it is in,
    /// where the page has one table for each object.
    pub(crate) fn find(&self, path: &str, parent: Option<&str>) -> Place {
        let loose = loosen(path);
        let under = parent.map(|parent| format!("{}.{loose}", loosen(parent)));
        for wanted in under.as_ref().into_iter().chain([&loose]) {
            match self.loose.get(wanted).map(Vec::as_slice) {
                Some(places) if places.iter().any(|place| place == path) => return Place::Same,
                Some([only]) => return Place::At(only.clone()),
                Some([_, ..]) => return Place::Several,
                _ => {}
            }
        }
        let ending = format!(".{loose}");
        let candidates = self.by_last.get(last(&loose)).map_or(&[][..], Vec::as_slice);
        let mut fitting =
            candidates.iter().take(64).filter(|place| loosen(place).ends_with(&ending));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Place::At(only.clone()),
            (Some(_), Some(_)) => Place::Several,
            (None, _) => Place::Nowhere,
        }
    }
}

/// A path without brackets and indices and with its names in the singular.
pub(crate) fn loosen(path: &str) -> String {
    let names = path
        .split('.')
        .map(|name| name.trim_end_matches("[]"))
        .filter(|name| !name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|name| name.strip_suffix('s').filter(|name| name.len() > 2).unwrap_or(name));
    let mut loose = String::with_capacity(path.len());
    for name in names {
        if !loose.is_empty() {
            loose.push('.');
        }
        loose.push_str(name);
    }
    loose
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
