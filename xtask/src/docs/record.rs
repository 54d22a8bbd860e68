//! Records in the schema files which words of a page somebody has read.
//!
//! Invariants: a pure function; only `x-source` changes, and in it only what the page
//! says something of; readings of earlier versions stay.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Serialize, Serializer};
use spektr_codegen::{Json, SchemaSet};
use spektr_doc_reader::{Digest, Page, RowWords, Words};

use super::compare::Scope;
use super::pairs::Pairs;
use super::readings::{self, Editions};

/// A reading as the schema files have it.
#[derive(Default, Serialize)]
struct Record<'p> {
    part: &'static str,
    version: &'p str,
    captured: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'p Digest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<&'p Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'p Digest>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "by_path")]
    rows: &'p [RowWords],
}

/// Writes the digests of rows by path, those that some renderings lose behind a slash.
fn by_path<S: Serializer>(rows: &&[RowWords], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(rows.iter().map(|row| {
        let after = row.after_null.as_ref().map(|digest| format!("/{}", digest.as_str()));
        (&row.path, format!("{}{}", row.digest.as_str(), after.unwrap_or_default()))
    }))
}

/// Returns the new texts of the files in which something changes.
pub(super) fn record(
    page: &Page,
    set: &SchemaSet,
    texts: &BTreeMap<String, String>,
    scope: &Scope,
    (version, captured): (&str, &str),
) -> Result<BTreeMap<String, String>> {
    let editions = Editions::new(page, set);
    let pairs = Pairs::new(page, set, &editions);
    let start = |part| Record { part, version, captured, ..Record::default() };
    let mut changed = BTreeMap::new();
    for event in set.model().events.iter().filter(|event| scope.has_event(&event.name)) {
        let name = pairs.name_of(event).unwrap_or(&event.name);
        let row = page.events.iter().enumerate().find(|(_, row)| row.name == name);
        let own = page.sections.iter().filter(|it| it.events.iter().any(|event| event == name));
        let own = own.filter(|_| *scope != Scope::Table).map(|section| Record {
            example: section.example_digest.as_ref(),
            rows: &section.rows,
            ..of_words(start("section"), &section.text)
        });
        let row = row.map(|(at, row)| Record {
            place: Some(at + 1),
            status: Some(row.status.map_or(event.status.as_str(), |status| status.as_str())),
            digest: row.digest.as_ref(),
            ..start("row")
        });
        update(texts, &event.file, row.into_iter().chain(own).collect(), &mut changed)?;
    }
    if let (Scope::Page, Some(around)) = (scope, readings::around(set)) {
        let record = of_words(start("around"), &page.around);
        update(texts, &around.file, vec![record], &mut changed)?;
    }
    Ok(changed)
}

fn of_words<'p>(record: Record<'p>, words: &'p Words) -> Record<'p> {
    // One paragraph has the digest of the whole.
    let several = words.blocks.iter().filter(|_| words.blocks.len() > 1);
    let blocks = several.map(|block| &block.digest).collect();
    Record { digest: words.digest.as_ref(), blocks, ..record }
}

fn update(
    texts: &BTreeMap<String, String>,
    file: &str,
    records: Vec<Record<'_>>,
    changed: &mut BTreeMap<String, String>,
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let text = texts.get(file).with_context(|| format!("schema/{file} is missing"))?;
    let mut json: Json = serde_json::from_str(text)?;
    let Some(Json::Object(source)) = json.child_mut("x-source") else {
        anyhow::bail!("schema/{file} does not say where its facts come from");
    };
    for record in &records {
        put(source, record)?;
    }
    let new = super::text(&json);
    if new != *text {
        changed.insert(file.to_owned(), new);
    }
    Ok(())
}

/// Puts a reading in the place of that of the same part and version, or behind the
/// others. The same words in the same version keep their day.
fn put(source: &mut Vec<(String, Json)>, record: &Record<'_>) -> Result<()> {
    let known = source.iter().find(|(name, _)| name == "version").and_then(|(_, it)| it.as_str());
    let other = known != Some(record.version);
    // The members of an event come from its section.
    if record.part == "section" && other {
        set(source, "version", record.version);
        set(source, "captured", record.captured);
    } else if record.part == "row" && known.is_none() {
        set(source, "version", record.version);
    }
    if !source.iter().any(|(name, _)| name == "readings") {
        source.push(("readings".to_owned(), Json::Array(Vec::new())));
    }
    let readings = source.iter_mut().find(|(name, _)| name == "readings");
    let Some((_, Json::Array(all))) = readings else { return Ok(()) };
    let reading: Json = serde_json::from_str(&serde_json::to_string(record)?)?;
    let same = |known: &Json, name: &str| known.get(name) == reading.get(name);
    match all.iter_mut().find(|known| same(known, "part") && same(known, "version")) {
        Some(known) if without_day(known) == without_day(&reading) => {}
        Some(known) => *known = reading,
        None => all.push(reading),
    }
    Ok(())
}

/// Sets a member; `version` comes before `section`.
fn set(members: &mut Vec<(String, Json)>, name: &str, value: &str) {
    let value = Json::String(value.to_owned());
    match members.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => members.insert(1.min(members.len()), (name.to_owned(), value)),
    }
}

fn without_day(reading: &Json) -> Vec<&(String, Json)> {
    reading.members().iter().filter(|(name, _)| name != "captured").collect()
}
