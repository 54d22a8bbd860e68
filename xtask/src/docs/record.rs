//! Records in the schema files which words of a page somebody has read.
//!
//! Invariants: a pure function; only `x-source` changes, and in it only what the page
//! says something of; readings of earlier versions stay.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use spektr_codegen::{Json, SchemaSet};
use spektr_doc_reader::{Digest, EventRow, Page, Paragraph, Section, Words};

use super::compare::Scope;
use super::pairs::Pairs;
use super::readings::{self, Editions};

/// Returns the new texts of the files in which something changes.
pub(super) fn record(
    page: &Page,
    set: &SchemaSet,
    texts: &BTreeMap<String, String>,
    scope: &Scope,
    (version, today): (&str, &str),
) -> Result<BTreeMap<String, String>> {
    let editions = Editions::new(page, set);
    let pairs = Pairs::new(page, set, &editions);
    let mut changed = BTreeMap::new();
    for event in &set.model().events {
        if !scope.has_event(&event.name) {
            continue;
        }
        let name = pairs.name_of(event).unwrap_or(&event.name);
        let mut readings = Vec::new();
        let place = page.events.iter().position(|row| row.name == name);
        if let Some((at, row)) = place.and_then(|at| Some((at, page.events.get(at)?))) {
            readings.push(of_row(row, at + 1, event.status.as_str(), version, today));
        }
        let own = page.sections.iter().filter(|it| it.events.iter().any(|event| event == name));
        if *scope != Scope::Table {
            readings.extend(own.map(|section| of_section(section, version, today)));
        }
        let section = readings.iter().any(|reading| is(reading, "part", "section"));
        update(texts, &event.file, readings, section.then_some(version), &mut changed)?;
    }
    if let (Scope::Page, Some(around)) = (scope, readings::around(set)) {
        let mut reading = start("around", version, today);
        add_words(&mut reading, &page.around);
        update(texts, &around.file, vec![Json::Object(reading)], None, &mut changed)?;
    }
    Ok(changed)
}

fn update(
    texts: &BTreeMap<String, String>,
    file: &str,
    readings: Vec<Json>,
    section: Option<&str>,
    changed: &mut BTreeMap<String, String>,
) -> Result<()> {
    if readings.is_empty() {
        return Ok(());
    }
    let text = texts.get(file).with_context(|| format!("schema/{file} is missing"))?;
    let mut json: Json = serde_json::from_str(text)?;
    let source = member(&mut json, "x-source")
        .with_context(|| format!("schema/{file} does not say where its facts come from"))?;
    for reading in readings {
        put(source, reading, section);
    }
    let new = super::text(&json);
    if new != *text {
        changed.insert(file.to_owned(), new);
    }
    Ok(())
}

/// Puts a reading in the place of that of the same part and version, or behind the
/// others. The same words in the same version keep their day.
fn put(source: &mut Json, reading: Json, section: Option<&str>) {
    let Json::Object(members) = source else { return };
    // The members of an event come from its section.
    if let (Some(version), true) = (section, is(&reading, "part", "section")) {
        let captured = text(&reading, "captured");
        let fields = [("version", version.to_owned()), ("captured", captured)];
        let same = |(name, value): &(&str, String)| {
            members.iter().any(|(known, old)| known == name && old.as_str() == Some(value))
        };
        if !same(&fields[0]) {
            for (name, value) in fields {
                set(members, name, Json::String(value));
            }
        }
    }
    if !members.iter().any(|(name, _)| name == "version") && is(&reading, "part", "row") {
        set(members, "version", Json::String(text(&reading, "version")));
    }
    if !members.iter().any(|(name, _)| name == "readings") {
        members.push(("readings".to_owned(), Json::Array(Vec::new())));
    }
    let Some((_, Json::Array(all))) = members.iter_mut().find(|(name, _)| name == "readings")
    else {
        return;
    };
    let same = |known: &Json| {
        ["part", "version"].iter().all(|name| is(known, name, &text(&reading, name)))
    };
    match all.iter_mut().find(|known| same(known)) {
        Some(known) if without_day(known) == without_day(&reading) => {}
        Some(known) => *known = reading,
        None => all.push(reading),
    }
}

/// Sets a member; `version` comes before `section`.
fn set(members: &mut Vec<(String, Json)>, name: &str, value: Json) {
    match members.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => members.insert(1.min(members.len()), (name.to_owned(), value)),
    }
}

fn without_day(reading: &Json) -> Vec<&(String, Json)> {
    match reading {
        Json::Object(members) => members.iter().filter(|(name, _)| name != "captured").collect(),
        _ => Vec::new(),
    }
}

pub(super) fn of_row(
    row: &EventRow,
    place: usize,
    status: &str,
    version: &str,
    today: &str,
) -> Json {
    let mut reading = start("row", version, today);
    let place = u64::try_from(place).unwrap_or(u64::MAX);
    reading.push(("place".to_owned(), Json::Number(place.into())));
    let status = row.status.map_or(status, |status| status.as_str());
    reading.push(("status".to_owned(), Json::String(status.to_owned())));
    add_digest(&mut reading, "digest", row.digest.as_ref());
    Json::Object(reading)
}

pub(super) fn of_section(section: &Section, version: &str, today: &str) -> Json {
    let mut reading = start("section", version, today);
    add_words(&mut reading, &section.text);
    add_digest(&mut reading, "example", section.example_digest.as_ref());
    let rows: Vec<(String, Json)> = section
        .rows
        .iter()
        .map(|row| {
            let after = row.after_null.as_ref().map(|digest| format!("/{}", digest.as_str()));
            let digests = format!("{}{}", row.digest.as_str(), after.unwrap_or_default());
            (row.path.clone(), Json::String(digests))
        })
        .collect();
    if !rows.is_empty() {
        reading.push(("rows".to_owned(), Json::Object(rows)));
    }
    Json::Object(reading)
}

fn start(part: &str, version: &str, today: &str) -> Vec<(String, Json)> {
    [("part", part), ("version", version), ("captured", today)]
        .map(|(name, value)| (name.to_owned(), Json::String(value.to_owned())))
        .to_vec()
}

fn add_words(reading: &mut Vec<(String, Json)>, words: &Words) {
    add_digest(reading, "digest", words.digest.as_ref());
    // One paragraph has the digest of the whole.
    if words.blocks.len() > 1 {
        let digest = |block: &Paragraph| Json::String(block.digest.as_str().to_owned());
        let blocks = words.blocks.iter().map(digest).collect();
        reading.push(("blocks".to_owned(), Json::Array(blocks)));
    }
}

fn add_digest(reading: &mut Vec<(String, Json)>, name: &str, digest: Option<&Digest>) {
    if let Some(digest) = digest {
        reading.push((name.to_owned(), Json::String(digest.as_str().to_owned())));
    }
}

fn member<'j>(json: &'j mut Json, name: &str) -> Option<&'j mut Json> {
    match json {
        Json::Object(members) => {
            members.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
        }
        _ => None,
    }
}

fn is(reading: &Json, name: &str, value: &str) -> bool {
    reading.get(name).and_then(Json::as_str) == Some(value)
}

fn text(reading: &Json, name: &str) -> String {
    reading.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}
