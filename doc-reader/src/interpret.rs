//! From the document model to the facts: which table lists the events, which
//! headings open their sections, and what stands in each.

use crate::document::{Block, Document, Table};
use crate::error::ReadError;
use crate::example;
use crate::facts::{Batch, EventRow, Page, Problem, ProblemKind};
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
pub(crate) fn page(document: &Document) -> Result<Page, ReadError> {
    let mut problems = document.problems.clone();
    let title = title(document);
    let events = events(document, &mut problems)?;
    if events.is_empty() {
        return Err(ReadError::NoEventTable { title });
    }
    let names = Names::new(events.iter().map(|event| event.name.as_str()));
    let outline = outline(document, &names)?;
    for table in &outline.loose_tables {
        problems.push(Problem {
            kind: ProblemKind::TableOutsideSection,
            section: None,
            about: tables::clip(&table.header.join(", ")),
        });
    }
    let mut page =
        Page { title, batch: None, common: None, events, sections: Vec::new(), problems };
    let sections = section::settle(outline.sections, &names, &mut page.problems);
    let mut left = MAX_MEMBERS;
    let mut wrapper = None;
    for raw in sections {
        let read = section::read(&raw, &page.events, &mut page.problems);
        let size = read.section.members.len()
            + read.section.example.as_ref().map_or(0, |example| example.members.len());
        if read.overflow || size > left {
            return Err(ReadError::TooMany { what: "members", limit: MAX_MEMBERS });
        }
        left -= size;
        wrapper = wrapper.or(read.batch);
        if raw.common {
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

fn events(document: &Document, problems: &mut Vec<Problem>) -> Result<Vec<EventRow>, ReadError> {
    let mut events: Vec<EventRow> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for block in &document.blocks {
        let Block::Table(table) = block else { continue };
        let Shape::Events { name, status, wire_type } = tables::shape(table) else {
            continue;
        };
        for event in tables::events(table, (name, status, wire_type), problems) {
            if seen.insert(event.name.clone()) {
                events.push(event);
            } else {
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

/// The page cut at its headings.
#[derive(Default)]
struct Outline<'a> {
    sections: Vec<Raw<'a>>,
    /// Member tables that stand in no section.
    loose_tables: Vec<&'a Table>,
}

fn outline<'a>(document: &'a Document, names: &Names) -> Result<Outline<'a>, ReadError> {
    let mut outline = Outline::default();
    let mut current: Option<Raw<'a>> = None;
    for block in &document.blocks {
        match block {
            Block::Heading { level, text } => {
                let heading = names.heading(text);
                let event = !heading.events.is_empty() || looks_like_event(text);
                if event || section::is_common(text) {
                    outline
                        .sections
                        .extend(current.replace(Raw::new(*level, text, heading, !event)));
                } else if current.as_ref().is_some_and(|raw| raw.ends_at(*level, text)) {
                    outline.sections.extend(current.take());
                } else if let Some(raw) = &mut current {
                    raw.caption = Some(text);
                }
            }
            Block::Paragraph(text) => {
                if let Some(raw) = &mut current {
                    raw.has_text = true;
                    raw.caption = Some(text);
                }
            }
            Block::Code(code) => {
                if let Some(raw) = &mut current {
                    raw.codes.push(code);
                }
            }
            Block::Table(table) => {
                let Shape::Members { name, kind } = tables::shape(table) else {
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
        if outline.sections.len() > MAX_SECTIONS {
            return Err(ReadError::TooMany { what: "sections", limit: MAX_SECTIONS });
        }
    }
    outline.sections.extend(current);
    Ok(outline)
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
