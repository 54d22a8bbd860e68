//! One section of the page: the heading of an event and the blocks below it.

use std::collections::{HashMap, HashSet};

use lazy_regex::{regex, regex_is_match};

use crate::digest::{Digest, RowWords, Words};
use crate::document::Block;
use crate::example::{self, Examples};
use crate::facts::{EventRow, Matched, Problem, ProblemKind, Section};
use crate::members::MemberTables;
use crate::names::{self, EventHeading, EventNames};
use crate::tables::TableShape;
use crate::terms::EventStatus;
use crate::words;

/// A section whose blocks are not read yet.
#[derive(Debug)]
pub(crate) struct RawSection<'a> {
    pub(crate) level: u8,
    pub(crate) heading: &'a str,
    pub(crate) found: EventHeading,
    /// Whether the section documents the members that all events share.
    pub(crate) common: bool,
    pub(crate) blocks: Vec<&'a Block>,
}

/// Whether a heading opens the description of the members that all events share.
pub(crate) fn is_common(heading: &str) -> bool {
    regex_is_match!("(?i)common|envelope|shared|every event|all events", heading)
}

impl RawSection<'_> {
    /// Whether a heading that names no event ends this section. Headings below the section's level
    /// and statuses never end it. A caption ends it only above the section's level: in text without
    /// levels, captions must not end a section.
    pub(crate) fn ends_at(&self, level: u8, heading: &str) -> bool {
        let below = level > self.level && self.level > 0;
        !below && !words::is_status(heading) && (level < self.level || !words::is_caption(heading))
    }

    /// Returns whether the section has a payload, and whether it has text.
    fn weight(&self) -> (bool, bool) {
        let payload = self.blocks.iter().any(|block| match block {
            Block::Code(code) => example::json_start(code).is_some(),
            Block::Table(table) => matches!(table.shape, TableShape::Members { .. }),
            _ => false,
        });
        (payload, self.blocks.iter().any(|block| matches!(block, Block::Paragraph(_))))
    }
}

/// Whether a sentence calls the event deprecated, and not a part of the event.
fn deprecated_subject(text: &str, names: &[&str]) -> bool {
    let subject = regex!(
        r"(?i)(?:^|\W)(\w+)\W+(?:(?:is|was|are|has|been|will|be|now|marked|as|type)\W+)*deprecated"
    );
    let word = subject.captures(text).and_then(|found| found.get(1)).map_or("", |it| it.as_str());
    names == [word] || regex_is_match!("^(?i:event|webhook)$", word)
}

/// Drops headings that only repeat a section, as in a table of contents. A heading that is the
/// beginning of several names gets their events, if no other section documents them. Headings
/// without an event and without a payload are dropped and reported.
pub(crate) fn settle<'a>(
    mut sections: Vec<RawSection<'a>>,
    names: &EventNames,
    problems: &mut Vec<Problem>,
) -> Vec<RawSection<'a>> {
    let mut best: HashMap<&str, (bool, bool)> = HashMap::new();
    for raw in &sections {
        let known = best.entry(raw.heading).or_default();
        *known = raw.weight().max(*known);
    }
    sections.retain(|raw| {
        let weight = raw.weight();
        let repeats = best.get(raw.heading).is_some_and(|&best| weight < best);
        let unknown = raw.found.events.is_empty() && !weight.0;
        if unknown && !repeats && !raw.common {
            let about = "the section has no payload";
            problems.push(Problem::new(ProblemKind::HeadingUnmatched, Some(raw.heading), about));
        }
        !repeats && !unknown
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

/// Reads one section. Also returns its examples, which may show the wrapper of batches.
pub(crate) fn read(
    raw: RawSection<'_>,
    names: &EventNames,
    events: &[EventRow],
    problems: &mut Vec<Problem>,
) -> (Section, Examples) {
    let RawSection { heading, found, common, blocks, .. } = raw;
    let mut report = |kind, about: String| problems.push(Problem::new(kind, Some(heading), &about));
    let listed: Vec<&str> = found.events.iter().filter_map(|&at| names.name(at)).collect();
    let mut status = found.status;
    for block in &blocks {
        let text = match block {
            Block::Paragraph(text) => text,
            Block::Heading { text, .. } if words::is_status(text) => text,
            _ => continue,
        };
        // Only a statement about the event as a whole changes its status.
        if !common && status.is_none() && words::says_deprecated(text) {
            if words::opens_deprecated(text) || deprecated_subject(text, &listed) {
                status = Some(EventStatus::Deprecated);
            } else {
                report(ProblemKind::DeprecationUnclear, text.clone());
            }
        }
    }
    match found.matched {
        _ if common => {}
        Matched::Nothing => report(ProblemKind::HeadingUnmatched, heading.to_owned()),
        Matched::Name => {}
        _ => report(ProblemKind::HeadingMatchedLoosely, listed.join(", ")),
    }
    if found.partly {
        let about = format!("only {} found", listed.join(", "));
        report(ProblemKind::HeadingUnmatched, about);
    }
    let rows: Vec<&EventRow> = found.events.iter().filter_map(|&at| events.get(at)).collect();
    for EventRow { name, status: table, .. } in &rows {
        if let (Some(here), Some(table)) = (status, table)
            && here != *table
        {
            let [here, table] = [here, *table].map(EventStatus::as_str);
            let about = format!("{name}: {here} in its section, {table} in the table");
            report(ProblemKind::StatusDisagrees, about);
        }
    }

    let codes = blocks.iter().filter_map(|block| match block {
        Block::Code(code) => Some(code.as_str()),
        _ => None,
    });
    let mut examples = Examples::new(codes.clone());
    let example_digest = Digest::of_words(&codes.collect::<String>());
    let mut tables = MemberTables::new(&examples, heading, problems);
    let mut text = Vec::new();
    let mut caption = "";
    for block in blocks {
        match block {
            Block::Table(table) => match table.shape {
                TableShape::Members { name, kind } => {
                    text.extend(tables.read(table, (name, kind), caption));
                }
                _ => text.extend(block.texts()),
            },
            Block::Heading { text: said, .. } | Block::Paragraph(said) => {
                text.extend(block.texts());
                caption = said;
            }
            Block::Code(_) => {}
        }
    }
    tables.report_unlisted();

    let mut wire_types = tables.wire_types;
    let known = |wire_type: &str| {
        events.iter().any(|event| names::letters(&event.name) == names::letters(wire_type))
    };
    let shown = examples.wire_types.iter();
    wire_types.extend(shown.filter(|it| is_wire_type(it) || known(it)).cloned());
    wire_types.extend(rows.iter().filter_map(|row| row.wire_type.clone()));
    wire_types.sort();
    wire_types.dedup();
    let rows = tables.words.into_iter().map(|(path, [words, lost])| {
        let (digest, after_null) = (Digest::of(&words), Digest::of_words(&lost));
        RowWords { path, digest, after_null }
    });
    let section = Section {
        heading: heading.to_owned(),
        events: listed.into_iter().map(str::to_owned).collect(),
        matched: found.matched,
        status,
        members: tables.members.into_values().collect(),
        wire_types,
        text: Words::new(&text),
        example_digest,
        rows: rows.collect(),
        example: examples.take(),
    };
    (section, examples)
}

/// Whether a string is a wire type, not a placeholder for one.
fn is_wire_type(text: &str) -> bool {
    text.contains(['_', '.']) && names::is_event_name(text)
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
