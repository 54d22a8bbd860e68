//! Reads the member tables of a section and compares them with the section's examples.

use std::collections::HashSet;

use indexmap::IndexMap;
use lazy_regex::{regex, regex_is_match};

use crate::example::Examples;
use crate::facts::{JsonType, MemberRow, Problem, ProblemKind, holds_wire_type};
use crate::names;
use crate::place::{self, ExamplePlace, ExamplePlaces};
use crate::tables::{self, Table, cell};
use crate::types::{self, TypeExpr};
use crate::words::{self, Column};

/// The members that are listed in the tables of a section, and the examples to compare them with.
pub(crate) struct MemberTables<'e> {
    shown: &'e IndexMap<String, Vec<JsonType>>,
    places: ExamplePlaces,
    /// The members by their paths in the payload.
    pub(crate) members: IndexMap<String, MemberRow>,
    /// The words of each row by the path in the table: first those of every rendering, then those
    /// that some renderings lose.
    pub(crate) words: IndexMap<String, [String; 2]>,
    /// The wire types in the description of the type member.
    pub(crate) wire_types: Vec<String>,
    heading: &'e str,
    problems: &'e mut Vec<Problem>,
}

impl<'e> MemberTables<'e> {
    pub(crate) fn new(
        examples: &'e Examples,
        heading: &'e str,
        problems: &'e mut Vec<Problem>,
    ) -> Self {
        let shown = examples.members();
        let places = ExamplePlaces::new(shown.keys());
        let (members, words, wire_types) = (IndexMap::new(), IndexMap::new(), Vec::new());
        MemberTables { shown, places, members, words, wire_types, heading, problems }
    }

    fn report(&mut self, kind: ProblemKind, about: &str) {
        self.problems.push(Problem::new(kind, Some(self.heading), about));
    }

    /// Reads a table, given its columns of names and of types; returns the words outside its member
    /// rows.
    pub(crate) fn read(
        &mut self,
        table: &Table,
        (name, kind): (usize, Option<usize>),
        caption: &str,
    ) -> Vec<String> {
        let parent = self.parent(caption);
        let columns = table.columns();
        let heading = |at: usize| table.header[at].to_ascii_lowercase();
        let mut beside: Vec<usize> =
            (0..table.header.len()).filter(|&at| at != name && Some(at) != kind).collect();
        beside.sort_by_key(|&at| (columns[at], heading(at)));
        // Unknown column headings are words of the section. Known headings are not: they only say
        // what kind of column it is.
        let other = table.header.iter().zip(&columns);
        let other = other.filter(|(_, column)| **column == Column::Other);
        let mut loose: Vec<String> = other.map(|(heading, _)| heading.clone()).collect();
        for row in &table.rows {
            let said = cell(row, Some(name));
            let named = path(said).filter(|_| !table.is_unsplit(row));
            let Some((path, mark)) = named else {
                let kind = tables::unnamed(table, row, ProblemKind::MemberUnnamed);
                self.report(kind, &row.join(" "));
                loose.push(row.join(" "));
                continue;
            };
            if words::is_struck(said) {
                self.report(ProblemKind::MemberStruckOut, &path);
            }
            let said_type = words::unstruck(cell(row, kind)).replace('`', "");
            let mut expr = types::cell(&said_type).unwrap_or_else(|| TypeExpr {
                nullable: said_type.contains("null"),
                said: (!said_type.is_empty()).then(|| said_type.clone()),
                ..TypeExpr::default()
            });
            if expr.kind == JsonType::Unknown && kind.is_some() {
                self.report(ProblemKind::TypeUnknown, &format!("{path}: {said_type}"));
            }
            expr.optional |= mark;
            // An unescaped bar puts `null` into a separate cell and moves the cells after it.
            let moved = kind.map(|kind| kind + 1);
            let moved = moved.filter(|_| words::bare(cell(row, moved)) == "null");
            let has_null = moved.is_some() || regex_is_match!(r"\bnull\b", cell(row, kind));
            let first = [Some(name), kind, moved].map(|at| cell(row, at)).concat();
            let (mut all, mut text) = ([first, String::new()], String::new());
            for at in beside.iter().copied().chain(table.header.len()..row.len()) {
                let content = cell(row, Some(at));
                match (columns.get(at), words::flag(content)) {
                    (Some(Column::Flag), Some(yes)) => match words::bare(&heading(at)) {
                        "nullable" => expr.nullable |= yes,
                        "optional" => expr.optional |= yes,
                        _ => expr.optional |= !yes,
                    },
                    _ => {
                        expr.optional |= words::says_optional(content);
                        text.push_str(content);
                        text.push(' ');
                        if Some(at) != moved {
                            all[usize::from(has_null)].push_str(content);
                        }
                    }
                }
            }
            let known = self.words.entry(path.clone()).or_default();
            known.iter_mut().zip(&all).for_each(|(known, all)| known.push_str(all));
            if holds_wire_type(&path) && parent.is_none() {
                self.wire_types.extend(wire_types_in(&text));
            }
            let member = MemberRow {
                place: self.place(&path, parent),
                path,
                kind: expr.kind,
                items: expr.items,
                said: expr.said,
                nullable: expr.nullable,
                optional: expr.optional,
                values: words::quoted_values(&text),
                quoted: words::quoted(&text).1,
                valid_for_seconds: words::validity(&text),
                unit: words::unit(&said_type).or_else(|| words::unit(&text)),
            };
            self.add(member);
        }
        loose
    }

    /// Returns the path in the payload, if it differs from the path in the table.
    fn place(&mut self, path: &str, parent: Option<&str>) -> Option<String> {
        match self.places.find(path, parent) {
            ExamplePlace::Same => None,
            ExamplePlace::At(place) => Some(place),
            ExamplePlace::Several => {
                self.report(ProblemKind::PlaceAmbiguous, path);
                None
            }
            ExamplePlace::Nowhere => {
                if !self.shown.is_empty() {
                    self.report(ProblemKind::NotInExample, path);
                }
                parent.map(|parent| format!("{parent}.{path}"))
            }
        }
    }

    fn add(&mut self, member: MemberRow) {
        let path = member.effective_path().to_owned();
        let mut shown = self.shown.get(&path).into_iter().flatten();
        if let Some(kind) = shown.find(|kind| disagrees(member.kind, **kind)) {
            let [table, example] = [member.kind, *kind].map(JsonType::as_str);
            let about = format!("{path}: {table} in the table, {example} in the example");
            self.report(ProblemKind::TypeDisagrees, &about);
        }
        match self.members.get(&path) {
            Some(first) if first.kind == member.kind && first.nullable == member.nullable => {}
            Some(_) => self.report(ProblemKind::MemberRepeated, &path),
            None => drop(self.members.insert(path, member)),
        }
    }

    /// Reports the members of the example that no table lists.
    pub(crate) fn report_unlisted(&mut self) {
        let outer: HashSet<&str> = self.members.keys().flat_map(|path| parents(path)).collect();
        let is_listed = |path: &str| {
            self.members.contains_key(path) || outer.contains(path) || path.ends_with("[]")
        };
        let shown: &'e IndexMap<_, _> = self.shown;
        let unlisted: Vec<&String> = shown.keys().filter(|path| !is_listed(path)).collect();
        for path in unlisted.into_iter().filter(|_| !self.members.is_empty()) {
            self.problems.push(Problem::new(ProblemKind::NotInTable, Some(self.heading), path));
        }
    }

    /// Returns the object whose members a table lists, if the caption names an object of the
    /// example: `The data object`, but not a whole sentence that uses the word.
    fn parent(&self, caption: &str) -> Option<&'e str> {
        const LONGEST: usize = 80;
        if caption.len() > LONGEST || caption.split_whitespace().count() > 4 {
            return None;
        }
        let mut words = caption.split(|c: char| !(c.is_alphanumeric() || "_.".contains(c)));
        words.find_map(|word| {
            let (path, kinds) = self.shown.get_key_value(word)?;
            kinds.contains(&JsonType::Object).then_some(path.as_str())
        })
    }
}

/// Returns the paths of the objects and arrays that contain a member.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(at, _)| path[..at].trim_end_matches("[]"))
}

/// Whether the example's value contradicts the table's type. A string may be a placeholder for any
/// type.
fn disagrees(table: JsonType, example: JsonType) -> bool {
    match (table, example) {
        (JsonType::Unknown, _) | (_, JsonType::Unknown | JsonType::String | JsonType::Null) => {
            false
        }
        (JsonType::Integer, JsonType::Number) => false,
        _ => table != example,
    }
}

/// Returns the wire types that a description mentions.
fn wire_types_in(text: &str) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        let words = regex!(r"[A-Za-z0-9_][A-Za-z0-9_.]*[A-Za-z0-9_]").find_iter(text);
        let names = words.map(|word| word.as_str()).filter(|word| word.contains('_'));
        names.filter(|word| names::is_event_name(word)).map(str::to_owned).collect()
    };
    // Quoted wire types take precedence over other words.
    let quoted: Vec<&str> = text.split(['"', '\'', '`', '“', '”']).skip(1).step_by(2).collect();
    let mut found = words(&quoted.join(" "));
    if found.is_empty() {
        let past = regex!("(?i)before|formerly|previously|no longer|used to|instead of");
        let sentences = regex!(r"[;!(]|\. ").split(text);
        let today: Vec<&str> = sentences.filter(|sentence| !past.is_match(sentence)).collect();
        found = words(&today.join(" "));
    }
    found.dedup();
    found
}

/// The longest path of a member, in bytes.
const LONGEST_PATH: usize = 512;

/// Reads a member's path; also returns whether the cell marks the member as optional.
fn path(cell: &str) -> Option<(String, bool)> {
    let name = cell.trim_start_matches(|c: char| c.is_whitespace() || "↳└├─│>-–•→".contains(c));
    // The root of a JSON path.
    let name = name.strip_prefix("$.").unwrap_or(name).trim();
    let name = regex!(r" +[>→] +| +\. *").replace_all(name, ".");
    let (name, mark) = name.split_once(['(', ' ']).unwrap_or((&name, ""));
    let optional = words::says_optional(mark) || name.ends_with('?');
    let name = name.replace(['`', '*', '"', '\'', '\\', '?', '~'], "");
    let fits = name.len() <= LONGEST_PATH
        && regex_is_match!(r"^[\p{Alphabetic}_$][\p{Alphabetic}\d_.\[\]$@:-]*$", &name)
        && !place::loosen(&name).is_empty();
    fits.then_some((name, optional))
}
