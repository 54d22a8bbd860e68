//! Interprets the document model: finds the table of events, the headings that open sections, and
//! the contents of each section.

use indexmap::IndexMap;

use crate::digest::Words;
use crate::document::{Block, Document};
use crate::error::ReadError;
use crate::example::{self, Examples};
use crate::facts::{Batch, EventRow, Matched, Page, Problem, ProblemKind};
use crate::names::{EventNames, looks_like_event};
use crate::section::{self, RawSection};
use crate::tables::{self, TableShape};
use crate::terms::EventStatus;
use crate::words;

/// The most events on one page.
const MAX_EVENTS: usize = 1_000;
/// The most sections on one page.
const MAX_SECTIONS: usize = 2_000;
/// The most members on one page, in tables and examples together.
const MAX_MEMBERS: usize = 20_000;

/// Returns the facts of a document.
pub(crate) fn page(mut document: Document, known: &[&str]) -> Result<Page, ReadError> {
    drop_unsure_event_tables(&mut document);
    let document = &document;
    let mut problems = document.problems.clone();
    let title = title(document);
    let events = events(document, &mut problems)?;
    if events.is_empty() && known.is_empty() {
        return Err(ReadError::NoEventTable { title });
    }
    let listed: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    let names = EventNames::new(if listed.is_empty() { known } else { &listed }.iter().copied());
    if document.cut_off || is_cut_off(document, &names) {
        return Err(ReadError::CutOff);
    }
    let (sections, around) = outline(document, title.as_deref(), &names, &mut problems)?;
    let ends_in_members = match document.blocks.last() {
        Some(Block::Table(table)) => matches!(table.shape, TableShape::Members { .. }),
        _ => false,
    };
    let mut page = Page {
        title,
        batch: None,
        common: None,
        events,
        around: Words::new(&around),
        sections: Vec::new(),
        ends_in_members,
        problems,
    };
    let mut left = MAX_MEMBERS;
    let mut wrapper = None;
    for raw in section::settle(sections, &names, &mut page.problems) {
        let common = raw.common;
        let (section, examples) = section::read(raw, &names, &page.events, &mut page.problems);
        let shown = section.example.as_ref().map_or(0, |example| example.members.len());
        let size = section.members.len() + shown;
        if examples.overflow || size > left {
            return Err(ReadError::TooMany { what: "members", limit: MAX_MEMBERS });
        }
        left -= size;
        wrapper = wrapper.or(examples.batch);
        if common {
            page.common.get_or_insert(section);
        } else {
            page.sections.push(section);
        }
    }
    if let Some(common) = &page.common {
        // The other tables need not list the members that all events share.
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

/// Returns the first heading of level 1, the title that the rendering marks, or the highest
/// heading.
fn title(document: &Document) -> Option<String> {
    let first = document.headings().find(|(level, _)| *level == 1);
    let marked = first.map(|(_, text)| text).or(document.title.as_deref());
    let highest = || document.headings().min_by_key(|(level, _)| *level).map(|(_, text)| text);
    marked.or_else(highest).map(str::to_owned)
}

/// Copies the statuses of sections to events without a status. Otherwise the status in the table is
/// kept, except that a deprecation in either place decides.
fn take_statuses(page: &mut Page) {
    for section in &page.sections {
        for row in page.events.iter_mut().filter(|row| section.events.contains(&row.name)) {
            if section.status == Some(EventStatus::Deprecated) || row.status.is_none() {
                row.status = section.status.or(row.status);
            }
        }
    }
}

/// Drops tables of events that have no other sign of events than upper-case names. Such a table
/// counts only if the page is about events and has no surer table of events.
fn drop_unsure_event_tables(document: &mut Document) {
    let is_sure = |shape: &TableShape| matches!(shape, TableShape::Events(columns) if columns.sure);
    let speaks = document.headings().any(|(_, text)| words::speaks_of_events(text))
        || document.title.as_deref().is_some_and(words::speaks_of_events);
    if speaks && !document.tables().any(|table| is_sure(&table.shape)) {
        return;
    }
    for block in &mut document.blocks {
        if let Block::Table(table) = block
            && matches!(table.shape, TableShape::Events(columns) if !columns.sure)
        {
            table.shape = TableShape::Other;
        }
    }
}

fn events(document: &Document, problems: &mut Vec<Problem>) -> Result<Vec<EventRow>, ReadError> {
    let mut events: IndexMap<String, EventRow> = IndexMap::new();
    let mut deprecated = false;
    for block in &document.blocks {
        let rows = match block {
            Block::Heading { text, .. } => {
                deprecated = words::opens_deprecated(text);
                continue;
            }
            Block::Table(table) => match table.shape {
                TableShape::Events(columns) => tables::events(table, columns, problems),
                _ => continue,
            },
            Block::Paragraph(_) | Block::Code(_) => continue,
        };
        for mut event in rows {
            event.status = if deprecated { Some(EventStatus::Deprecated) } else { event.status };
            let Some(first) = events.get_mut(&event.name) else {
                events.insert(event.name.clone(), event);
                continue;
            };
            // A page may list its deprecated events in a second table.
            if event.status == Some(EventStatus::Deprecated) {
                first.status = event.status;
            }
            problems.push(Problem::new(ProblemKind::EventRepeated, None, &event.name));
        }
        if events.len() > MAX_EVENTS {
            return Err(ReadError::TooMany { what: "events", limit: MAX_EVENTS });
        }
    }
    Ok(events.into_values().collect())
}

/// Whether the document ends within a row, within the beginning of a row, or within an example
/// whose brackets are open. Before the end of the page, an open bracket is a mistake of the page.
fn is_cut_off(document: &Document, names: &EventNames) -> bool {
    let unknown = |text: &str| looks_like_event(text) && names.heading(text).events.is_empty();
    match document.blocks.as_slice() {
        [.., Block::Code(code)] => Examples::new([code.as_str()]).open,
        [.., Block::Table(table)] => tables::ends_within_row(table),
        [.., Block::Table(table), Block::Heading { text, .. }]
        | [.., Block::Table(table), Block::Heading { text, .. }, _] => {
            matches!(table.shape, TableShape::Events(_)) && unknown(text)
        }
        _ => false,
    }
}

/// Cuts the page into sections at its headings; also returns the texts outside the sections.
fn outline<'a>(
    document: &'a Document,
    title: Option<&str>,
    names: &EventNames,
    problems: &mut Vec<Problem>,
) -> Result<(Vec<RawSection<'a>>, Vec<String>), ReadError> {
    let (mut sections, mut around) = (Vec::<RawSection<'_>>::new(), Vec::new());
    // Whether the last section continues.
    let mut open = false;
    // Text before the title belongs to the site.
    let is_title = |block: &Block| matches!(block, Block::Heading { text, .. } if Some(text.as_str()) == title);
    let start = document.blocks.iter().position(is_title).map_or(0, |at| at + 1);
    for (at, block) in document.blocks.iter().enumerate() {
        let current = sections.last_mut().filter(|_| open);
        match block {
            Block::Heading { level, text } => {
                let found = names.heading(text);
                let event = !found.events.is_empty()
                    || looks_like_event(text)
                    || !names.beginning_with(text).is_empty();
                // A heading inside a section may mention the event of the section.
                let says_more = found.matched == Matched::Mention;
                let own = |raw: &&mut RawSection<'_>| raw.found.events == found.events;
                let mentioned = says_more && current.as_ref().is_some_and(own);
                if !mentioned && (event || section::is_common(text)) {
                    if sections.len() == MAX_SECTIONS {
                        return Err(ReadError::TooMany { what: "sections", limit: MAX_SECTIONS });
                    }
                    // The heading names the section and is not part of its text, unless it has
                    // other words besides the name, such as `(Beta)`.
                    let blocks = if says_more { vec![block] } else { Vec::new() };
                    let (level, heading, common) = (*level, text.as_str(), !event);
                    sections.push(RawSection { level, heading, found, common, blocks });
                    open = true;
                    continue;
                }
                open &= mentioned || current.is_some_and(|raw| !raw.ends_at(*level, text));
            }
            Block::Table(table) => match table.shape {
                TableShape::Events(_) => continue,
                TableShape::Members { kind: Some(_), .. } if !open => {
                    let heads = table.header.join(", ");
                    problems.push(Problem::new(ProblemKind::TableOutsideSection, None, &heads));
                }
                _ => {}
            },
            Block::Paragraph(_) | Block::Code(_) => {}
        }
        match sections.last_mut().filter(|_| open) {
            Some(raw) => raw.blocks.push(block),
            None if at >= start => around.extend(block.texts()),
            None => {}
        }
    }
    Ok((sections, around))
}

/// Finds the wrapper of batches: in JSON within a sentence, in an example of a delivery, or in an
/// event's example.
fn batch(document: &Document, from_examples: Option<String>) -> Option<Batch> {
    let mut blocks = document.blocks.iter();
    let stated = blocks.find_map(|block| match block {
        Block::Paragraph(text) => Some((example::inline_batch(text)?, words::clip(text, 120))),
        _ => None,
    });
    if let Some((member, statement)) = stated {
        return Some(Batch { member, statement: Some(statement) });
    }
    let shown = document.blocks.iter().find_map(|block| match block {
        Block::Code(code) => Examples::new([code.as_str()]).batch,
        _ => None,
    });
    shown.or(from_examples).map(|member| Batch { member, statement: None })
}
