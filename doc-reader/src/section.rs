//! One section of the page: the heading of an event and what stands under it.

use std::collections::{HashMap, HashSet};

use lazy_regex::{regex, regex_is_match};

use crate::digest::{Digest, RowWords, Words};
use crate::document::Block;
use crate::example::{self, Examples};
use crate::facts::{
    EventRow, Kind, Matched, Member, Problem, ProblemKind, Section, Status, holds_wire_type,
};
use crate::names::{self, Heading, Names};
use crate::place::{Place, Places};
use crate::tables::{self, Shape};
use crate::words;

/// A section as it is found, with its parts not yet read.
#[derive(Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) level: u8,
    pub(crate) heading: &'a str,
    pub(crate) found: Heading,
    /// Whether it documents the members that all events share.
    pub(crate) common: bool,
    pub(crate) blocks: Vec<&'a Block>,
}

/// Whether a heading opens the description of what all events have.
pub(crate) fn is_common(heading: &str) -> bool {
    regex_is_match!("(?i)common|envelope|shared|every event|all events", heading)
}

impl Raw<'_> {
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

    /// Whether it has a payload, and whether it has text.
    fn weight(&self) -> (bool, bool) {
        let payload = self.blocks.iter().any(|block| match block {
            Block::Code(code) => example::json_start(code).is_some(),
            Block::Table(table) => matches!(table.shape, Shape::Members { .. }),
            _ => false,
        });
        (payload, self.blocks.iter().any(|block| matches!(block, Block::Paragraph(_))))
    }

    /// Takes over what a text says of the event as a whole, and says if that is not clear.
    fn note(&mut self, text: &str, names: &Names) -> bool {
        if self.common || self.found.status.is_some() || !words::says_deprecated(text) {
            return false;
        }
        let own: Vec<&str> = self.found.events.iter().filter_map(|&at| names.name(at)).collect();
        let clear = words::opens_deprecated(text) || deprecated_subject(text, &own);
        self.found.status = clear.then_some(Status::Deprecated);
        !clear
    }
}

/// Whether it is the event that a sentence calls deprecated, and not something
/// in it.
fn deprecated_subject(text: &str, names: &[&str]) -> bool {
    let subject = regex!(
        r"(?i)(?:^|\W)(\w+)\W+(?:(?:is|was|are|has|been|will|be|now|marked|as|type)\W+)*deprecated"
    );
    let word = subject.captures(text).and_then(|found| found.get(1)).map_or("", |it| it.as_str());
    names == [word] || regex_is_match!("^(?i:event|webhook)$", word)
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
        let known = best.entry(raw.heading).or_default();
        *known = raw.weight().max(*known);
    }
    let mut kept_empty = HashSet::new();
    sections.retain(|raw| {
        let weight = raw.weight();
        let repeats = best.get(raw.heading).is_some_and(|&best| weight < best);
        let first = !repeats && (weight != (false, false) || kept_empty.insert(raw.heading));
        let unknown = raw.found.events.is_empty() && !weight.0;
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
    let blocks = std::mem::take(&mut raw.blocks);
    let mut report = |kind, about: String| problems.push(Problem::new(kind, Some(heading), &about));
    for block in &blocks {
        if let Block::Heading { text, .. } | Block::Paragraph(text) = block {
            let about = matches!(block, Block::Paragraph(_)) || words::is_status(text);
            if about && raw.note(text, names) {
                report(ProblemKind::DeprecationUnclear, text.clone());
            }
        }
    }
    let rows: Vec<&EventRow> = raw.found.events.iter().filter_map(|&at| events.get(at)).collect();
    let listed = raw.found.events.iter().filter_map(|&at| names.name(at));
    let listed: Vec<String> = listed.map(str::to_owned).collect();
    report_heading(&raw, &listed.join(", "), &rows, &mut report);

    let codes = blocks.iter().filter_map(|block| match block {
        Block::Code(code) => Some(code.as_str()),
        _ => None,
    });
    let mut examples = Examples::new(codes.clone());
    let example_digest = Digest::of_words(&codes.collect::<String>());
    let mut tables = MemberTables::new(&examples);
    let mut text = Vec::new();
    let mut caption = "";
    for block in blocks {
        match block {
            Block::Heading { text: said, .. } | Block::Paragraph(said) => {
                text.extend(block.texts());
                caption = said;
            }
            Block::Code(_) => {}
            Block::Table(table) => match table.shape {
                Shape::Members { name, kind } => {
                    let (rows, loose) = tables::members(table, (name, kind), &mut report);
                    text.extend(loose);
                    tables.add(rows, caption, &mut report);
                }
                _ => text.extend(block.texts()),
            },
        }
    }
    tables.report_unlisted(&mut report);

    let mut wire_types = tables.wire_types;
    let known = |wire_type: &str| {
        events.iter().any(|event| names::letters(&event.name) == names::letters(wire_type))
    };
    let shown = examples.wire_types.iter();
    wire_types.extend(shown.filter(|it| is_wire_type(it) || known(it)).cloned());
    wire_types.extend(rows.iter().filter_map(|row| row.wire_type.clone()));
    wire_types.sort();
    wire_types.dedup();
    let row_words = tables.words.into_iter().map(|(path, words, lost)| RowWords {
        path,
        digest: Digest::of(&words),
        after_null: Digest::of_words(&lost),
    });
    let section = Section {
        heading: heading.to_owned(),
        events: listed,
        matched: raw.found.matched,
        status: raw.found.status,
        members: tables.members,
        wire_types,
        text: Words::new(&text),
        example_digest,
        rows: row_words.collect(),
        example: examples.take(),
    };
    (section, examples)
}

fn report_heading(
    raw: &Raw<'_>,
    listed: &str,
    rows: &[&EventRow],
    report: &mut impl FnMut(ProblemKind, String),
) {
    match raw.found.matched {
        _ if raw.common => {}
        Matched::Nothing => report(ProblemKind::HeadingUnmatched, raw.heading.to_owned()),
        Matched::Name => {}
        _ => report(ProblemKind::HeadingMatchedLoosely, listed.to_owned()),
    }
    if raw.found.partly {
        report(ProblemKind::HeadingUnmatched, format!("only {listed} found"));
    }
    for row in rows {
        if let (Some(heading), Some(table)) = (raw.found.status, row.status) {
            if heading != table {
                let [heading, table] = [heading, table].map(Status::as_str);
                let about = format!("{}: {heading} in its section, {table} in the table", row.name);
                report(ProblemKind::StatusDisagrees, about);
            }
        }
    }
}

/// The member tables of a section, beside its examples.
struct MemberTables<'e> {
    examples: &'e Examples,
    shown: HashMap<&'e str, &'e [Kind]>,
    places: Places,
    /// The members, and where that of each path stands.
    members: Vec<Member>,
    known: HashMap<String, usize>,
    /// The words of each row by its path as it is written, and where they stand.
    words: Vec<(String, String, String)>,
    index: HashMap<String, usize>,
    /// Those that the description of the type member gives.
    wire_types: Vec<String>,
}

impl<'e> MemberTables<'e> {
    fn new(examples: &'e Examples) -> Self {
        let shown = examples.members();
        MemberTables {
            examples,
            shown: shown.iter().map(|it| (it.path.as_str(), it.kinds.as_slice())).collect(),
            places: Places::new(shown),
            members: Vec::new(),
            known: HashMap::new(),
            words: Vec::new(),
            index: HashMap::new(),
            wire_types: Vec::new(),
        }
    }

    fn add(
        &mut self,
        rows: Vec<tables::Row>,
        caption: &str,
        report: &mut impl FnMut(ProblemKind, String),
    ) {
        let parent = self.parent(caption);
        for tables::Row { mut member, text, words, lost } in rows {
            let path = member.path.as_str();
            let at = *self.index.entry(path.to_owned()).or_insert(self.words.len());
            match self.words.get_mut(at) {
                Some((_, known, known_lost)) => {
                    known.push_str(&words);
                    known_lost.push_str(&lost);
                }
                None => self.words.push((path.to_owned(), words, lost)),
            }
            if holds_wire_type(path) && parent.is_none() {
                self.wire_types.extend(wire_types_in(&text));
            }
            member.place = match self.places.find(path, parent) {
                Place::Same => None,
                Place::At(place) => Some(place),
                Place::Several => {
                    report(ProblemKind::PlaceAmbiguous, path.to_owned());
                    None
                }
                Place::Nowhere => {
                    if !self.shown.is_empty() {
                        report(ProblemKind::NotInExample, path.to_owned());
                    }
                    parent.map(|parent| format!("{parent}.{path}"))
                }
            };
            let path = member.effective_path().to_owned();
            let shown = self.shown.get(path.as_str()).into_iter().copied().flatten();
            if let Some(kind) = shown.copied().find(|kind| disagrees(member.kind, *kind)) {
                let [table, example] = [member.kind, kind].map(Kind::as_str);
                let about = format!("{path}: {table} in the table, {example} in the example");
                report(ProblemKind::TypeDisagrees, about);
            }
            match self.known.get(&path).and_then(|&at| self.members.get(at)) {
                Some(first) if first.kind == member.kind && first.nullable == member.nullable => {}
                Some(_) => report(ProblemKind::MemberRepeated, path),
                None => {
                    self.known.insert(path, self.members.len());
                    self.members.push(member);
                }
            }
        }
    }
    /// Reports what the example shows and no table lists.
    fn report_unlisted(&self, report: &mut impl FnMut(ProblemKind, String)) {
        let parents: HashSet<&str> =
            self.members.iter().flat_map(|member| parents(member.effective_path())).collect();
        let shown = self.examples.members().iter().map(|member| member.path.as_str());
        for path in shown.filter(|_| !self.members.is_empty()) {
            let known = self.known.contains_key(path) || parents.contains(path);
            if !known && !path.ends_with("[]") {
                report(ProblemKind::NotInTable, path.to_owned());
            }
        }
    }

    /// The object whose members a table lists, where the caption names one that the
    /// example shows: "The data object", not a sentence that happens to use the word.
    fn parent(&self, caption: &str) -> Option<&'e str> {
        const LONGEST: usize = 80;
        if caption.len() > LONGEST || caption.split_whitespace().count() > 4 {
            return None;
        }
        let mut words = caption.split(|c: char| !(c.is_alphanumeric() || "_.".contains(c)));
        words.find_map(|word| {
            let (path, kinds) = self.shown.get_key_value(word)?;
            kinds.contains(&Kind::Object).then_some(*path)
        })
    }
}

/// The objects and arrays around a member.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(at, _)| path[..at].trim_end_matches("[]"))
}

/// Whether the example shows something that the table's type excludes. Strings
/// are placeholders for anything.
fn disagrees(table: Kind, example: Kind) -> bool {
    match (table, example) {
        (Kind::Unknown, _) | (_, Kind::Unknown | Kind::String | Kind::Null) => false,
        (Kind::Integer, Kind::Number) => false,
        _ => table != example,
    }
}

/// Whether a string is a wire type, and not a placeholder for one.
fn is_wire_type(text: &str) -> bool {
    text.contains(['_', '.']) && names::is_event_name(text)
}

/// The wire types that a description gives as examples.
fn wire_types_in(text: &str) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        let words = regex!(r"[A-Za-z0-9_][A-Za-z0-9_.]*[A-Za-z0-9_]").find_iter(text);
        let names = words.map(|word| word.as_str()).filter(|word| word.contains('_'));
        names.filter(|word| names::is_event_name(word)).map(str::to_owned).collect()
    };
    // Where something is quoted, the words around it are only words.
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

/// Reports events that several sections document.
pub(crate) fn report_repeated(sections: &[Section], problems: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    let events = sections.iter().flat_map(|it| it.events.iter().map(|event| (&it.heading, event)));
    for (heading, event) in events {
        if !seen.insert(event) {
            problems.push(Problem::new(ProblemKind::SectionRepeated, Some(heading), event));
        }
    }
}
