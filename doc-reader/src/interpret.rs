//! From the document model to the facts: which table lists the events, which
//! headings open their sections, and the contents of each.

use indexmap::IndexMap;

use crate::digest::Words;
use crate::document::{Block, Document};
use crate::error::ReadError;
use crate::example::{self, Examples};
use crate::facts::{Batch, EventRow, Matched, Page, Problem, ProblemKind};
use crate::names::{Names, looks_like_event};
use crate::section::{self, Raw};
use crate::tables::{self, Shape};
use crate::terms::Status;
use crate::words;

/// More events than any documentation lists.
const MAX_EVENTS: usize = 1_000;
/// More sections than any documentation has.
const MAX_SECTIONS: usize = 2_000;
/// More members than any documentation lists, tables and examples together.
const MAX_MEMBERS: usize = 20_000;

/// Reads the facts out of a document.
pub(crate) fn page(mut document: Document, known: &[&str]) -> Result<Page, ReadError> {
    leave_other_names(&mut document);
    let document = &document;
    let mut problems = document.problems.clone();
    let title = title(document);
    let events = events(document, &mut problems)?;
    if events.is_empty() && known.is_empty() {
        return Err(ReadError::NoEventTable { title });
    }
    let listed: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    let names = Names::new(if listed.is_empty() { known } else { &listed }.iter().copied());
    if document.cut_off || is_cut_off(document, &names) {
        return Err(ReadError::CutOff);
    }
    let (sections, around) = outline(document, title.as_deref(), &names, &mut problems)?;
    let ends_in_members = match document.blocks.last() {
        Some(Block::Table(table)) => matches!(table.shape, Shape::Members { .. }),
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
    let first = document.headings().find(|(level, _)| *level == 1);
    let marked = first.map(|(_, text)| text).or(document.title.as_deref());
    let highest = || document.headings().min_by_key(|(level, _)| *level).map(|(_, text)| text);
    marked.or_else(highest).map(str::to_owned)
}

/// Gives the events the statuses that only their sections tell. Elsewhere the
/// table decides, except that nothing takes a deprecation back.
fn take_statuses(page: &mut Page) {
    for section in &page.sections {
        for row in page.events.iter_mut().filter(|row| section.events.contains(&row.name)) {
            if section.status == Some(Status::Deprecated) || row.status.is_none() {
                row.status = section.status.or(row.status);
            }
        }
    }
}

/// Names in upper case list events only where nothing lists events better and the page
/// is about events.
fn leave_other_names(document: &mut Document) {
    let is_sure = |shape: &Shape| matches!(shape, Shape::Events(columns) if columns.sure);
    let speaks = document.headings().any(|(_, text)| words::speaks_of_events(text))
        || document.title.as_deref().is_some_and(words::speaks_of_events);
    if speaks && !document.tables().any(|table| is_sure(&table.shape)) {
        return;
    }
    for block in &mut document.blocks {
        if let Block::Table(table) = block
            && matches!(table.shape, Shape::Events(columns) if !columns.sure)
        {
            table.shape = Shape::Other;
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
                Shape::Events(columns) => tables::events(table, columns, problems),
                _ => continue,
            },
            Block::Paragraph(_) | Block::Code(_) => continue,
        };
        for mut event in rows {
            event.status = if deprecated { Some(Status::Deprecated) } else { event.status };
            let Some(first) = events.get_mut(&event.name) else {
                events.insert(event.name.clone(), event);
                continue;
            };
            // One list has the available events, another the deprecated ones.
            if event.status == Some(Status::Deprecated) {
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

/// Whether the document ends within a row, in what is to become one, or in an example
/// whose brackets are still open. Further up that is a mistake of the page.
fn is_cut_off(document: &Document, names: &Names) -> bool {
    let unknown = |text: &str| looks_like_event(text) && names.heading(text).events.is_empty();
    match document.blocks.as_slice() {
        [.., Block::Code(code)] => Examples::new([code.as_str()]).open,
        [.., Block::Table(table)] => tables::ends_within_row(table),
        [.., Block::Table(table), Block::Heading { text, .. }]
        | [.., Block::Table(table), Block::Heading { text, .. }, _] => {
            matches!(table.shape, Shape::Events(_)) && unknown(text)
        }
        _ => false,
    }
}

/// Cuts the page at its headings; also returns the words of no section.
fn outline<'a>(
    document: &'a Document,
    title: Option<&str>,
    names: &Names,
    problems: &mut Vec<Problem>,
) -> Result<(Vec<Raw<'a>>, Vec<String>), ReadError> {
    let (mut sections, mut around) = (Vec::<Raw<'_>>::new(), Vec::new());
    // Whether the last section goes on.
    let mut open = false;
    // What stands before the title is the site's.
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
                // A heading may mention the event that the section is about.
                let says_more = found.matched == Matched::Mention;
                let own = |raw: &&mut Raw<'_>| raw.found.events == found.events;
                let mentioned = says_more && current.as_ref().is_some_and(own);
                if !mentioned && (event || section::is_common(text)) {
                    if sections.len() == MAX_SECTIONS {
                        return Err(ReadError::TooMany { what: "sections", limit: MAX_SECTIONS });
                    }
                    // A heading is the name of the section, and no part of it, unless it
                    // has other words beside, as `(Beta)`.
                    let blocks = if says_more { vec![block] } else { Vec::new() };
                    let (level, heading, common) = (*level, text.as_str(), !event);
                    sections.push(Raw { level, heading, found, common, blocks });
                    open = true;
                    continue;
                }
                open &= mentioned || current.is_some_and(|raw| !raw.ends_at(*level, text));
            }
            Block::Table(table) => match table.shape {
                Shape::Events(_) => continue,
                Shape::Members { kind: Some(_), .. } if !open => {
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

/// Finds the statement that deliveries are batches: as JSON in a sentence, in an example
/// of a delivery, or in an event's example.
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
