//! Starts the schema files of a page's new events and takes over changed
//! statuses.
//!
//! Invariants: a pure function; it plans new files and changed statuses only,
//! so that nothing is deleted; what a person has to look at is a decision with
//! the state `unreviewed`, or a line of [`Plan::left`].

mod event;
mod examples;
mod tree;

use std::collections::BTreeMap;

use anyhow::Result;
use spektr_codegen::SchemaSet;
use spektr_doc_reader::Page;

use super::compare::{Scope, compare};
use super::drift::Kind;
use super::edit;
use super::payload::Payload;

/// What to write.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Paths below the schema folder, and texts.
    pub(super) new_files: BTreeMap<String, String>,
    pub(super) edits: Vec<Edit>,
    /// What a person has to do.
    pub(super) left: Vec<String>,
}

/// A status to change in an existing file.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) file: String,
    /// The whole new text.
    pub(super) text: String,
    pub(super) was: String,
    pub(super) now: String,
}

/// Plans what the page asks for; `texts` are the schema files as they stand.
pub(super) fn plan(
    page: &Page,
    set: &SchemaSet,
    texts: &BTreeMap<String, String>,
    today: &str,
) -> Result<Plan> {
    let mut plan = Plan::default();
    let drift = compare(page, set, &Scope::Page).drift;
    let renamed: Vec<String> = drift
        .iter()
        .filter(|drift| drift.kind == Kind::EventRenamed)
        .map(|drift| drift.event.clone())
        .collect();
    for drift in drift {
        match drift.kind {
            Kind::EventAdded => plan.event(page, set, texts, &drift.event, today),
            // Whether it is the same event is for a person to say.
            Kind::StatusChanged if !renamed.contains(&drift.event) => {
                let (was, now) = (drift.was.unwrap_or_default(), drift.now.unwrap_or_default());
                plan.status(set, texts, &drift.event, (&was, &now));
            }
            _ => plan.left.push(format!("left to you: {}: {drift}", drift.event)),
        }
    }
    Ok(plan)
}

impl Plan {
    fn event(
        &mut self,
        page: &Page,
        set: &SchemaSet,
        texts: &BTreeMap<String, String>,
        name: &str,
        today: &str,
    ) {
        let Some(row) = page.events.iter().find(|row| row.name == name) else {
            return;
        };
        // Schema files spell an event as the documentation's table does today.
        let spelled = name.replace(['.', '-'], "_").to_ascii_uppercase();
        let raw = match spektr_codegen::scaffold::event(&spelled, today) {
            Ok(files) => files,
            Err(error) => {
                self.left.push(format!("left to you: {error}"));
                return;
            }
        };
        let fits = |files: &BTreeMap<String, String>| {
            let schemas = |files: &BTreeMap<String, String>| {
                let schemas = files.iter().filter(|(file, _)| !file.starts_with("examples/"));
                schemas.map(|(file, text)| (file.clone(), text.clone())).collect::<Vec<_>>()
            };
            // Together with the events that were planned before this one.
            let all = [schemas(texts), schemas(&self.new_files), schemas(files)].concat();
            SchemaSet::parse(all).map(drop)
        };
        let mut payload = Payload::new(page, name);
        for path in payload.iter_mut().flat_map(Payload::remove_unnameable) {
            self.left.push(format!(
                "left to you: {name}: the schema leaves out {path}, which has no name in Rust"
            ));
        }
        let typed = event::files(page, row, payload.as_ref(), set, &raw);
        match fits(&typed) {
            Ok(()) => self.new_files.extend(typed),
            Err(problems) => match fits(&raw) {
                Ok(()) => {
                    self.left.push(format!(
                        "left to you: {name}: its payload stays raw, since the schema would be refused: {problems}"
                    ));
                    self.new_files.extend(event::files(page, row, None, set, &raw));
                }
                Err(problems) => {
                    self.left.push(format!("left to you: {name}: no file was written: {problems}"));
                }
            },
        }
    }

    fn status(
        &mut self,
        set: &SchemaSet,
        texts: &BTreeMap<String, String>,
        name: &str,
        (was, now): (&str, &str),
    ) {
        let Some(event) = set.model().event(name) else { return };
        let edited = texts.get(&event.file).and_then(|text| edit::status(text, was, now));
        match edited {
            Some(text) => self.edits.push(Edit {
                file: event.file.clone(),
                text,
                was: was.to_owned(),
                now: now.to_owned(),
            }),
            None => self.left.push(format!("left to you: {name}: the status is {now}, was {was}")),
        }
    }
}
