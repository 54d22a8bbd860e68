//! From the document model to the facts: which table lists the events, which
//! headings open their sections, and what stands in each.

use crate::digest;
use crate::document::{Block, Document, Table};
use crate::error::ReadError;
use crate::example;
use crate::facts::{Batch, EventRow, Page, Problem, ProblemKind, Status};
use crate::names::{Names, looks_like_event};
use crate::section::{self, Raw};
use crate::tables::{self, Shape};
use crate::words;

/// More events than any documentation lists.
const MAX_EVENTS: usize = 1_000;
/// More sections than any documentation has.
const MAX_SECTIONS: usize = 2_000;
/// More members than any documentation lists, tables and examples together.
const MAX_MEMBERS: usize = 20_000;

/// Reads the facts out of a document.
pub(crate) fn page(document: &Document, known: &[&str]) -> Result<Page, ReadError> {
    let mut problems = document.problems.clone();
    let title = title(document);
    let events = events(document, &mut problems)?;
    if events.is_empty() && known.is_empty() {
        return Err(ReadError::NoEventTable { title });
    }
    let listed: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    let names = Names::new(if listed.is_empty() { known } else { &listed }.iter().copied());
    if document.cut_off
        || is_cut_off(document, &names)
        || ends_within_example(document)
        || matches!(document.blocks.last(), Some(Block::Table(table)) if tables::ends_within_type(table))
    {
        return Err(ReadError::CutOff);
    }
    let outline = outline(document, &names, &mut problems)?;
    for table in &outline.loose_tables {
        problems.push(Problem {
            kind: ProblemKind::TableOutsideSection,
            section: None,
            about: tables::clip(&table.header.join(", ")),
        });
    }
    let mut page = Page {
        title,
        batch: None,
        common: None,
        events,
        around: outline.around.finish(),
        sections: Vec::new(),
        ends_in_members: ends_in_members(document),
        problems,
    };
    let sections = section::settle(outline.sections, &names, &mut page.problems);
    let mut left = MAX_MEMBERS;
    let mut wrapper = None;
    for raw in sections {
        let common = raw.common;
        let read = section::read(raw, &names, &page.events, &mut page.problems);
        let size = read.section.members.len()
            + read.section.example.as_ref().map_or(0, |example| example.members.len());
        if read.overflow || size > left {
            return Err(ReadError::TooMany { what: "members", limit: MAX_MEMBERS });
        }
        left -= size;
        wrapper = wrapper.or(read.batch);
        if common {
            page.common.get_or_insert(read.section);
        } else {
            page.sections.push(read.section);
        }
    }
    if let Some(common) = &page.common {
        // What all events share need not stand in every table.
        let shared =
            |path: &str| common.members.iter().any(|member| member.effective_path() == path);
        page.problems
            .retain(|problem| problem.kind != ProblemKind::NotInTable || !shared(&problem.about));
    }
    take_statuses(&mut page);
    section::report_repeated(&page.sections, &mut page.problems);
    page.batch = batch(document, wrapper);
    Ok(page)
}

/// The title that the rendering marks, or else the highest heading.
fn title(document: &Document) -> Option<String> {
    let headings = || {
        document.blocks.iter().filter_map(|block| match block {
            Block::Heading { level, text } => Some((*level, text)),
            _ => None,
        })
    };
    headings()
        .find(|(level, _)| *level == 1)
        .map(|(_, text)| text)
        .or(document.title.as_ref())
        .or_else(|| headings().min_by_key(|(level, _)| *level).map(|(_, text)| text))
        .cloned()
}

/// Gives the events the statuses that only their sections tell. Elsewhere the
/// table decides, except that nothing takes a deprecation back.
fn take_statuses(page: &mut Page) {
    for section in &page.sections {
        let Some(status) = section.status else { continue };
        for row in page.events.iter_mut().filter(|row| section.events.contains(&row.name)) {
            row.deprecated |= status == Status::Deprecated;
            if status == Status::Deprecated || row.status.is_none() {
                row.status = Some(status);
            }
        }
    }
}

fn events(document: &Document, problems: &mut Vec<Problem>) -> Result<Vec<EventRow>, ReadError> {
    let mut events: Vec<EventRow> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    let mut tables = Vec::new();
    let mut deprecated = false;
    for block in &document.blocks {
        match block {
            Block::Heading { text, .. } => deprecated = words::opens_deprecated(text),
            Block::Table(table) => {
                if let Shape::Events(columns) = tables::shape(table) {
                    tables.push((table, columns, deprecated));
                }
            }
            _ => {}
        }
    }
    // Names in upper case are events only where nothing lists events better and
    // the page is about events.
    let sure = tables.iter().any(|(_, columns, _)| columns.sure) || !speaks_of_events(document);
    for (table, columns, deprecated) in tables {
        if sure && !columns.sure {
            continue;
        }
        for mut event in tables::events(table, columns, problems) {
            if deprecated {
                event.deprecated = true;
                event.status = Some(Status::Deprecated);
            }
            let at = *seen.entry(event.name.clone()).or_insert(events.len());
            if at == events.len() {
                events.push(event);
            } else {
                // One list has what is there, another one what is about to go.
                if let Some(first) = events.get_mut(at).filter(|_| event.deprecated) {
                    first.deprecated = true;
                    first.status = Some(Status::Deprecated);
                }
                problems.push(Problem {
                    kind: ProblemKind::EventRepeated,
                    section: None,
                    about: event.name,
                });
            }
        }
        if events.len() > MAX_EVENTS {
            return Err(ReadError::TooMany { what: "events", limit: MAX_EVENTS });
        }
    }
    Ok(events)
}

/// Whether the document ends within its table of events: in a row that lacks the
/// status that all others have, or in one that is no row yet.
fn is_cut_off(document: &Document, names: &Names) -> bool {
    let is_events = |block: &Block| match block {
        Block::Table(table) => matches!(tables::shape(table), Shape::Events(_)),
        _ => false,
    };
    let Some(at) = document.blocks.iter().rposition(is_events) else { return false };
    let (Block::Table(table), rest) = (&document.blocks[at], &document.blocks[at + 1..]) else {
        return false;
    };
    match rest {
        [] => tables::ends_within_row(table),
        [Block::Heading { text, .. }]
        | [Block::Heading { text, .. }, Block::Paragraph(_) | Block::Heading { .. }] => {
            looks_like_event(text) && names.heading(text).events.is_empty()
        }
        _ => false,
    }
}

/// Whether the document ends in an example whose brackets are still open. Further
/// up that is a mistake of the page.
fn ends_within_example(document: &Document) -> bool {
    match document.blocks.last() {
        Some(Block::Code(code)) => example::is_open(code),
        _ => false,
    }
}

fn tables_of(document: &Document) -> impl Iterator<Item = &Table> {
    document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    })
}

fn speaks_of_events(document: &Document) -> bool {
    let headings = document.blocks.iter().filter_map(|block| match block {
        Block::Heading { text, .. } => Some(text),
        _ => None,
    });
    headings.chain(&document.title).any(|text| {
        let text = text.to_ascii_lowercase();
        text.contains("event") || text.contains("webhook")
    })
}

/// The page cut at its headings.
#[derive(Default)]
struct Outline<'a> {
    sections: Vec<Raw<'a>>,
    /// The words of no section.
    around: digest::Text,
    /// Member tables that stand in no section.
    loose_tables: Vec<&'a Table>,
}

fn outline<'a>(
    document: &'a Document,
    names: &Names,
    problems: &mut Vec<Problem>,
) -> Result<Outline<'a>, ReadError> {
    let mut outline = Outline::default();
    let mut current: Option<Raw<'a>> = None;
    let title = title(document);
    let is_title = |block: &Block| matches!(block, Block::Heading { text, .. } if Some(text) == title.as_ref());
    // What stands before the title is the site's.
    let first = document.blocks.iter().position(is_title).map_or(0, |at| at + 1);
    let sure = tables_of(document)
        .any(|table| matches!(tables::shape(table), Shape::Events(columns) if columns.sure));
    for (at, block) in document.blocks.iter().enumerate() {
        let opened = outline.sections.len() + usize::from(current.is_some());
        match block {
            Block::Heading { level, text } => {
                let heading = names.heading(text);
                let event = !heading.events.is_empty()
                    || looks_like_event(text)
                    || !names.beginning_with(text).is_empty();
                if let Some(raw) = current.as_mut().filter(|raw| raw.is_mentioned(&heading)) {
                    raw.caption = Some(text);
                } else if event || section::is_common(text) {
                    outline
                        .sections
                        .extend(current.replace(Raw::new(*level, text, heading, !event)));
                } else if let Some(raw) = current.as_mut().filter(|_| words::is_status(text)) {
                    // The heading of a note.
                    raw.note(text, names, problems);
                } else if current.as_ref().is_some_and(|raw| raw.ends_at(*level, text)) {
                    outline.sections.extend(current.take());
                } else if let Some(raw) = &mut current {
                    raw.caption = Some(text);
                }
            }
            Block::Paragraph(text) => {
                if let Some(raw) = &mut current {
                    raw.has_text = true;
                    raw.note(text, names, problems);
                    raw.caption = Some(text);
                }
            }
            Block::Code(code) => {
                if let Some(raw) = &mut current {
                    raw.codes.push(code);
                }
            }
            Block::Table(table) => {
                let shape = tables::shape(table);
                if matches!(shape, Shape::Events(columns) if columns.sure || !sure) {
                    continue;
                }
                let Shape::Members { name, kind } = shape else {
                    add(&mut outline, &mut current, at >= first, block);
                    continue;
                };
                match &mut current {
                    Some(raw) => raw.tables.push(section::MemberTable {
                        table,
                        columns: (name, kind),
                        caption: raw.caption,
                    }),
                    None if kind.is_some() => outline.loose_tables.push(table),
                    None => {}
                }
            }
        }
        // A heading that opens a section is its name, and no part of it.
        if opened == outline.sections.len() + usize::from(current.is_some())
            || !matches!(block, Block::Heading { .. })
        {
            add(&mut outline, &mut current, at >= first, block);
        }
        if outline.sections.len() > MAX_SECTIONS {
            return Err(ReadError::TooMany { what: "sections", limit: MAX_SECTIONS });
        }
    }
    outline.sections.extend(current);
    Ok(outline)
}

/// Adds the words of a block to its section, or to the text around the sections.
fn add(outline: &mut Outline<'_>, section: &mut Option<Raw<'_>>, counts: bool, block: &Block) {
    match section {
        Some(raw) => raw.words.add(block),
        None if counts => around(&mut outline.around, block),
        None => {}
    }
}

fn around(words: &mut digest::Text, block: &Block) {
    match block {
        Block::Heading { text, .. } | Block::Paragraph(text) => {
            if !words::is_caption(text) && !words::is_site_text(text) {
                words.add(text);
            }
        }
        Block::Code(code) => words.add(code),
        Block::Table(table) => {
            let unsplit = table.unsplit.iter().cloned();
            let rows = std::iter::once(&table.header).chain(&table.rows).map(|row| row.join(" "));
            rows.chain(unsplit).for_each(|row| words.add(&row));
        }
    }
}

/// Whether the last block is a table of members.
fn ends_in_members(document: &Document) -> bool {
    match document.blocks.last() {
        Some(Block::Table(table)) => matches!(tables::shape(table), Shape::Members { .. }),
        _ => false,
    }
}

/// Finds the statement that deliveries are batches: in a sentence, in an example
/// of a delivery, or in an event's example.
fn batch(document: &Document, from_examples: Option<String>) -> Option<Batch> {
    let mut shown = None;
    for block in &document.blocks {
        match block {
            Block::Paragraph(text) if text.contains('{') || speaks_of_batch(text) => {
                let member = example::inline_batch(text).or_else(|| named_list(text));
                if let Some(member) = member {
                    return Some(Batch { member, statement: Some(tables::clip(text)) });
                }
            }
            Block::Code(code) if shown.is_none() => {
                let mut examples = example::Examples::default();
                examples.add(code);
                shown = examples.batch;
            }
            _ => {}
        }
    }
    shown.or(from_examples).map(|member| Batch { member, statement: None })
}

fn speaks_of_batch(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("batch") || text.contains("array of events") || text.contains("list of events")
}

/// The member that a sentence about batches names in quotation marks.
fn named_list(text: &str) -> Option<String> {
    let quoted = text.split(['"', '`', '“', '”']).skip(1).step_by(2);
    let mut names = quoted.map(words::bare).filter(|name| {
        (2..=32).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    names.next().map(str::to_owned).or_else(|| {
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.find(|word| *word == "results").map(str::to_owned)
    })
}
