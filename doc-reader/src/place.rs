//! Finds the path of a table's member in the section's example.
//!
//! Tables leave out prefixes (`processType` for `data.processType`) and write `field.key` for
//! `fields[].key`. Invariant: of several other paths, none is chosen.

use std::collections::HashMap;

/// The place of a member in the example.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExamplePlace {
    /// At the path in the table.
    Same,
    /// At this other path.
    At(String),
    /// At several other paths.
    Several,
    Nowhere,
}

/// The paths of an example by their endings, in the form of [`loosen`].
#[derive(Debug, Default)]
pub(crate) struct ExamplePlaces(HashMap<String, Vec<String>>);

impl ExamplePlaces {
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = &'p String>) -> Self {
        let mut places = Self::default();
        for path in paths {
            let loose = loosen(path);
            let ends = loose.match_indices('.').map(|(at, _)| &loose[at + 1..]);
            for end in ends.chain([loose.as_str()]).filter(|_| !path.ends_with("[]")) {
                places.0.entry(end.to_owned()).or_default().push(path.clone());
            }
        }
        places
    }

    /// Finds a path of the table in the example. `parent` is the object that the table describes,
    /// on pages with one table for each object.
    pub(crate) fn find(&self, path: &str, parent: Option<&str>) -> ExamplePlace {
        const MOST: usize = 64;
        let loose = loosen(path);
        let under = parent.map(|parent| format!("{}.{loose}", loosen(parent)));
        let ending = |end: &str| self.0.get(end).into_iter().flatten().take(MOST);
        let whole = |wanted: &str| ending(wanted).filter(|place| loosen(place) == wanted).collect();
        let under: Vec<&String> = under.map_or(Vec::new(), |under| whole(&under));
        for places in [under, whole(&loose), ending(&loose).collect()] {
            match places.as_slice() {
                [] => {}
                places if places.iter().any(|place| *place == path) => return ExamplePlace::Same,
                [only] => return ExamplePlace::At((*only).clone()),
                _ => return ExamplePlace::Several,
            }
        }
        ExamplePlace::Nowhere
    }
}

/// Returns a path without brackets and indices, and with its names in the singular.
#[must_use]
pub fn loosen(path: &str) -> String {
    let names = path.split('.').map(|name| name.trim_end_matches("[]"));
    let names =
        names.filter(|name| !name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_digit()));
    let singular = |name| str::strip_suffix(name, 's').filter(|it| it.len() > 2).unwrap_or(name);
    names.map(singular).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests;
