//! One section of the page: the heading of an event and what stands under it.

use std::collections::{HashMap, HashSet};

use crate::document::Table;
use crate::example::{self, Examples};
use crate::facts::{
    EventRow, Kind, Matched, Member, Problem, ProblemKind, Section, Status, holds_wire_type,
};
use crate::names::{self, Heading, Names};
use crate::place::{Place, Places};
use crate::tables;
use crate::words;

/// A section as it is found, with its parts not yet read.
#[derive(Debug)]
pub(crate) struct Raw<'a> {
    level: u8,
    heading: &'a str,
    found: Heading,
    /// Whether it documents the members that all events share.
    pub(crate) common: bool,
    has_text: bool,
    /// The last heading or sentence.
    pub(crate) caption: Option<&'a str>,
    pub(crate) codes: Vec<&'a str>,
    pub(crate) words: crate::digest::Section,
    /// Tables of members, and the caption above each.
    pub(crate) tables: Vec<(&'a Table, Option<&'a str>)>,
}

/// Whether a heading opens the description of what all events have.
pub(crate) fn is_common(heading: &str) -> bool {
    let heading = heading.to_ascii_lowercase();
    ["common", "envelope", "shared", "every event", "all events"]
        .iter()
        .any(|word| heading.contains(word))
}

impl<'a> Raw<'a> {
    pub(crate) fn new(level: u8, heading: &'a str, found: Heading, common: bool) -> Self {
        Self {
            level,
            heading,
            found,
            common,
            has_text: false,
            caption: None,
            codes: Vec::new(),
            words: crate::digest::Section::default(),
            tables: Vec::new(),
        }
    }

    /// Takes over a heading inside the section.
    pub(crate) fn caption(&mut self, text: &'a str, names: &Names, problems: &mut Vec<Problem>) {
        if words::is_status(text) {
            // The heading of a note.
            self.note(text, names, problems);
        } else {
            self.caption = Some(text);
        }
    }

    pub(crate) fn paragraph(&mut self, text: &'a str, names: &Names, problems: &mut Vec<Problem>) {
        self.has_text = true;
        self.caption = Some(text);
        self.note(text, names, problems);
    }

    /// Takes over what a text says of the event as a whole.
    fn note(&mut self, text: &str, names: &Names, problems: &mut Vec<Problem>) {
        if self.common || self.found.status.is_some() || !words::says_deprecated(text) {
            return;
        }
        let own: Vec<&str> = self.found.events.iter().filter_map(|&at| names.name(at)).collect();
        if words::opens_deprecated(text) || deprecated_subject(text, &own) {
            self.found.status = Some(Status::Deprecated);
        } else {
            let kind = ProblemKind::DeprecationUnclear;
            problems.push(Problem::new(kind, Some(self.heading), text));
        }
    }

    /// Whether a heading that names no event ends this section. Below the
    /// section's own level it never does; text without levels leaves captions.
    pub(crate) fn ends_at(&self, level: u8, heading: &str) -> bool {
        let below = level > self.level && self.level > 0;
        !below && !words::is_status(heading) && (level < self.level || !words::is_caption(heading))
    }

    /// Whether a heading only mentions the event that this section is about.
    pub(crate) fn is_mentioned(&self, heading: &Heading) -> bool {
        heading.matched == Matched::Mention && heading.events == self.found.events
    }

    fn has_payload(&self) -> bool {
        !self.tables.is_empty() || self.codes.iter().any(|code| example::json_start(code).is_some())
    }
}

/// Whether it is the event that a sentence calls deprecated, and not something
/// in it.
fn deprecated_subject(text: &str, names: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    let subject = lower.find("deprecated").map_or("", |at| &text[..at]);
    let auxiliary =
        ["is", "was", "are", "has", "been", "will", "be", "now", "marked", "as", "type"];
    subject
        .rsplit(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .find(|word| !auxiliary.contains(&word.to_ascii_lowercase().as_str()))
        .is_some_and(|word| {
            (names == [word])
                || ["event", "webhook"].iter().any(|noun| word.eq_ignore_ascii_case(noun))
        })
}

/// Drops headings that only repeat a section, as tables of contents do, and
/// gives headings that begin several names what no other section documents.
/// Headings of nothing that look like an event's are reported.
pub(crate) fn settle<'a>(
    mut sections: Vec<Raw<'a>>,
    names: &Names,
    problems: &mut Vec<Problem>,
) -> Vec<Raw<'a>> {
    let mut best: HashMap<&str, (bool, bool)> = HashMap::new();
    for raw in &sections {
        let weight = (raw.has_payload(), raw.has_text);
        let known = best.entry(raw.heading).or_insert(weight);
        *known = weight.max(*known);
    }
    let mut kept_empty = HashSet::new();
    sections.retain(|raw| {
        let weight = (raw.has_payload(), raw.has_text);
        let repeats = best.get(raw.heading).is_some_and(|&best| weight < best);
        let empty = weight == (false, false);
        let first = !repeats && (!empty || kept_empty.insert(raw.heading));
        let unknown = raw.found.events.is_empty() && !raw.has_payload();
        if unknown && first && !raw.common {
            let about = "it has no payload either";
            problems.push(Problem::new(ProblemKind::HeadingUnmatched, Some(raw.heading), about));
        }
        first && !unknown
    });
    let taken: HashSet<usize> =
        sections.iter().flat_map(|raw| raw.found.events.iter().copied()).collect();
    for raw in sections.iter_mut().filter(|raw| raw.found.events.is_empty() && !raw.common) {
        let begun = names.beginning_with(raw.heading);
        if !begun.is_empty() && begun.iter().all(|at| !taken.contains(at)) {
            raw.found.events = begun;
            raw.found.matched = Matched::Prefix;
        }
    }
    sections
}

/// Reads one section; also returns what its examples say of the whole page.
pub(crate) fn read(
    mut raw: Raw<'_>,
    names: &Names,
    events: &[EventRow],
    problems: &mut Vec<Problem>,
) -> (Section, Examples) {
    let heading = raw.heading;
    let said = std::mem::take(&mut raw.words).finish();
    let raw = &raw;
    let mut report = |kind, about: String| problems.push(Problem::new(kind, Some(heading), &about));
    let rows: Vec<&EventRow> = raw.found.events.iter().filter_map(|&at| events.get(at)).collect();
    let listed: Vec<&str> = raw.found.events.iter().filter_map(|&at| names.name(at)).collect();
    report_heading(raw, &listed, &rows, &mut report);

    let mut examples = Examples::default();
    raw.codes.iter().for_each(|code| examples.add(code));
    let (members, mut wire_types) = members(raw, &examples, &mut report);
    for wire_type in &examples.wire_types {
        let known = |event: &&EventRow| names::letters(&event.name) == names::letters(wire_type);
        if (is_wire_type(wire_type) || events.iter().any(|event| known(&event)))
            && !wire_types.contains(wire_type)
        {
            wire_types.push(wire_type.clone());
        }
    }
    wire_types.extend(rows.iter().filter_map(|row| row.wire_type.clone()));
    wire_types.sort();
    wire_types.dedup();

    let section = Section {
        heading: heading.to_owned(),
        events: listed.into_iter().map(str::to_owned).collect(),
        matched: raw.found.matched,
        status: raw.found.status,
        members,
        example: examples.take(),
        wire_types,
        text: said.text,
        example_digest: said.example,
        rows: said.rows,
    };
    (section, examples)
}

fn report_heading(
    raw: &Raw<'_>,
    listed: &[&str],
    rows: &[&EventRow],
    report: &mut impl FnMut(ProblemKind, String),
) {
    let listed = || listed.join(", ");
    match raw.found.matched {
        _ if raw.common => {}
        Matched::Nothing => report(ProblemKind::HeadingUnmatched, raw.heading.to_owned()),
        Matched::Name => {}
        Matched::Letters | Matched::Inflection | Matched::Mention | Matched::Prefix => {
            report(ProblemKind::HeadingMatchedLoosely, listed());
        }
    }
    if raw.found.partly {
        report(ProblemKind::HeadingUnmatched, format!("only {} found", listed()));
    }
    for row in rows {
        if let (Some(heading), Some(table)) = (raw.found.status, row.status) {
            if heading != table {
                let about = format!(
                    "{}: {} in its section, {} in the table",
                    row.name,
                    heading.as_str(),
                    table.as_str()
                );
                report(ProblemKind::StatusDisagrees, about);
            }
        }
    }
}

/// Reads the member tables; returns the members and the wire types that the
/// description of the type member gives.
fn members(
    raw: &Raw<'_>,
    examples: &Examples,
    report: &mut impl FnMut(ProblemKind, String),
) -> (Vec<Member>, Vec<String>) {
    let places = Places::new(examples.members());
    let kinds: HashMap<&str, &[Kind]> = examples
        .members()
        .iter()
        .map(|member| (member.path.as_str(), member.kinds.as_slice()))
        .collect();
    let has_example = !kinds.is_empty();
    let mut members: Vec<Member> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut wire_types = Vec::new();
    for (table, caption) in &raw.tables {
        let parent = caption.and_then(|caption| parent(caption, &kinds));
        for (mut member, text) in tables::members(table, &mut *report) {
            let path = member.path.as_str();
            if holds_wire_type(path) && parent.is_none() {
                wire_types.extend(wire_types_in(&text));
            }
            member.place = match places.find(path, parent) {
                Place::Same => None,
                Place::At(place) => Some(place),
                Place::Several => {
                    report(ProblemKind::PlaceAmbiguous, path.to_owned());
                    None
                }
                Place::Nowhere => {
                    if has_example {
                        report(ProblemKind::NotInExample, path.to_owned());
                    }
                    parent.map(|parent| format!("{parent}.{path}"))
                }
            };
            let path = member.effective_path().to_owned();
            if let Some(&kind) = kinds
                .get(path.as_str())
                .and_then(|kinds| kinds.iter().find(|kind| disagrees(member.kind, **kind)))
            {
                let about = format!(
                    "{path}: {} in the table, {} in the example",
                    member.kind.as_str(),
                    kind.as_str()
                );
                report(ProblemKind::TypeDisagrees, about);
            }
            match known.get(&path).and_then(|&at| members.get(at)) {
                Some(first) if first.kind == member.kind && first.nullable == member.nullable => {}
                Some(_) => report(ProblemKind::MemberRepeated, path),
                None => {
                    known.insert(path, members.len());
                    members.push(member);
                }
            }
        }
    }
    if !members.is_empty() {
        let parents: HashSet<&str> =
            members.iter().flat_map(|member| parents(member.effective_path())).collect();
        for shown in examples.members() {
            let path = shown.path.as_str();
            if !known.contains_key(path) && !path.ends_with("[]") && !parents.contains(path) {
                report(ProblemKind::NotInTable, path.to_owned());
            }
        }
    }
    (members, wire_types)
}

/// The objects and arrays that a member stands in.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(at, _)| path[..at].trim_end_matches("[]"))
}

/// The object whose members a table lists, where the caption names one that the
/// example shows.
fn parent<'a>(caption: &str, kinds: &HashMap<&'a str, &[Kind]>) -> Option<&'a str> {
    if caption.len() > 80 {
        return None;
    }
    let mut words = caption.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')));
    let named = words.find_map(|word| {
        let (path, kinds) = kinds.get_key_value(word)?;
        kinds.contains(&Kind::Object).then_some(*path)
    })?;
    // "The data object", not a sentence that happens to use the word.
    let short = caption.split_whitespace().count() <= 4;
    short.then_some(named)
}

/// Whether the example shows something that the table's type excludes. Strings
/// are placeholders for anything.
const fn disagrees(table: Kind, example: Kind) -> bool {
    match (table, example) {
        (Kind::Unknown, _) | (_, Kind::Unknown | Kind::String | Kind::Null) => false,
        (Kind::Integer, Kind::Number) => false,
        _ => table as u8 != example as u8,
    }
}

/// Whether a string is a wire type, and not a placeholder for one.
fn is_wire_type(text: &str) -> bool {
    text.contains('_') && names::is_event_name(text)
        || (text.contains('.') && names::is_event_name(text))
}

/// The wire types that a description gives as examples.
fn wire_types_in(text: &str) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')));
        let words = words.map(|word| word.trim_matches('.'));
        words
            .filter(|word| word.contains('_') && names::is_event_name(word))
            .map(str::to_owned)
            .collect()
    };
    // Where something is quoted, the words around it are only words.
    let quoted: Vec<&str> = text.split(['"', '\'', '`', '“', '”']).skip(1).step_by(2).collect();
    let mut found = words(&quoted.join(" "));
    if found.is_empty() {
        let past = ["before", "formerly", "previously", "no longer", "used to", "instead of"];
        let sentences = text.split_inclusive([';', '!', '(']).flat_map(|part| part.split(". "));
        let today = sentences.filter(|sentence| {
            let sentence = sentence.to_ascii_lowercase();
            !past.iter().any(|word| sentence.contains(word))
        });
        found = words(&today.collect::<Vec<_>>().join(" "));
    }
    found.dedup();
    found
}

/// Reports events that several sections document.
pub(crate) fn report_repeated(sections: &[Section], problems: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    for section in sections {
        for event in &section.events {
            if !seen.insert(event) {
                let heading = Some(section.heading.as_str());
                problems.push(Problem::new(ProblemKind::SectionRepeated, heading, event));
            }
        }
    }
}
