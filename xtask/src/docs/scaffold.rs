//! Starts the schema files of a page's new events, takes over changed statuses, and
//! types a payload that the page documents now.
//!
//! Invariants: a pure function; it plans new files and changed statuses only, and no
//! other change of an event unless that event is named; what a person has to look at is a decision with
//! the state `unreviewed`, or a line of [`Plan::left`].

mod edit;
mod event;
mod examples;
mod tree;
mod types;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use spektr_codegen::SchemaSet;
use spektr_codegen::model::{Event, Ty};
use spektr_doc_reader::Page;

use super::compare::compare;
use super::drift::Kind;
use super::known::Shape;
use super::pairs::same_name;
use super::payload::Payload;
use super::scope::Scope;

/// What to write.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Paths below the schema folder, and texts.
    pub(super) new_files: BTreeMap<String, String>,
    /// Files of the named event that change, and their whole new texts.
    pub(super) typed: BTreeMap<String, String>,
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
    only: Option<&str>,
) -> Result<Plan> {
    let mut plan = Plan::default();
    if let Some(event) = only.and_then(|name| set.model().event(name)) {
        plan.retype(page, set, texts, event)?;
        return Ok(plan);
    }
    let mut drift = compare(page, set, &Scope::Page).drift;
    drift.retain(|drift| only.is_none_or(|only| drift.event == only));
    if let (Some(only), true) = (only, drift.is_empty()) {
        anyhow::bail!("neither the page nor the schema has an event {only}");
    }
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
    for event in set.model().events.iter().filter(|event| is_raw(event)) {
        if only.is_none() && Payload::new(set, page, &event.name).is_some() {
            let name = &event.name;
            plan.left.push(format!(
                "left to you: {name}: its payload is documented now: `cargo xtask docs scaffold PAGE --event {name}` types it"
            ));
        }
    }
    Ok(plan)
}

/// Whether the schema keeps an event's payload as it comes.
fn is_raw(event: &Event) -> bool {
    event.members.iter().any(|member| member.name == "data" && member.ty == Ty::Raw)
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
        let mut payload = Payload::new(set, page, name);
        self.leave_out(name, payload.as_mut());
        let fits = |files: &BTreeMap<String, String>| {
            let schemas = |files: &BTreeMap<String, String>| {
                let schemas = files.iter().filter(|(file, _)| !file.starts_with("examples/"));
                schemas.map(|(file, text)| (file.clone(), text.clone())).collect::<Vec<_>>()
            };
            // Together with the events that were planned before this one.
            let all = [schemas(texts), schemas(&self.new_files), schemas(files)].concat();
            SchemaSet::parse(all).map(drop)
        };
        let mut sources = event::Sources { page, row, payload: payload.as_ref(), set };
        let typed = sources.files(&raw);
        match fits(&typed) {
            Ok(()) => self.new_files.extend(typed),
            Err(problems) => match fits(&raw) {
                Ok(()) => {
                    self.left.push(format!(
                        "left to you: {name}: its payload stays raw, since the schema would be refused: {problems}"
                    ));
                    sources.payload = None;
                    self.new_files.extend(sources.files(&raw));
                }
                Err(problems) => {
                    self.left.push(format!("left to you: {name}: no file was written: {problems}"));
                }
            },
        }
    }

    /// Types the payload of an event that the schema keeps raw.
    fn retype(
        &mut self,
        page: &Page,
        set: &SchemaSet,
        texts: &BTreeMap<String, String>,
        event: &Event,
    ) -> Result<()> {
        let name = &event.name;
        let row = page.events.iter().find(|row| same_name(event, row));
        let mut payload = row.and_then(|row| Payload::new(set, page, &row.name));
        let (Some(row), Some(_), true) = (row, &payload, is_raw(event)) else {
            anyhow::bail!(
                "{name}: nothing to type: the schema has its payload, or the page does not"
            );
        };
        self.leave_out(name, payload.as_mut());
        let file = &event.file;
        let text = texts.get(file).with_context(|| format!("schema/{file} is missing"))?;
        let known = BTreeMap::from([(file.clone(), text.clone())]);
        let sources = event::Sources { page, row, payload: payload.as_ref(), set };
        let typed = sources.files(&known);
        let mut all = texts.clone();
        all.extend(
            typed
                .iter()
                .filter(|(file, _)| !file.starts_with("examples/"))
                .map(|(file, text)| (file.clone(), text.clone())),
        );
        SchemaSet::parse(all).with_context(|| format!("{name}: the schema would be refused"))?;
        self.typed = typed;
        Ok(())
    }

    /// Takes members without a name in Rust out of a payload.
    fn leave_out(&mut self, name: &str, payload: Option<&mut Payload>) {
        for path in payload.into_iter().flat_map(remove_unnameable) {
            self.left.push(format!(
                "left to you: {name}: the schema leaves out {path}, which has no name in Rust"
            ));
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

/// Takes out the members whose names cannot become names in Rust, or not two
/// of them beside each other; returns their paths.
fn remove_unnameable(payload: &mut Payload) -> Vec<String> {
    let mut spellings: BTreeMap<String, String> = BTreeMap::new();
    let mut nameable = |path: &str| {
        let names = path.split('.').map(|name| name.trim_end_matches("[]"));
        let plain = names.clone().all(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        let path = names.collect::<Vec<_>>().join(".");
        let loose = path.replace('_', "").to_ascii_lowercase();
        plain && *spellings.entry(loose).or_insert_with(|| path.clone()) == path
    };
    let (kept, removed) =
        std::mem::take(&mut payload.members).into_iter().partition(|m| nameable(&m.path));
    payload.members = kept;
    let removed: Vec<Shape> = removed;
    removed.into_iter().map(|member| member.path).collect()
}
