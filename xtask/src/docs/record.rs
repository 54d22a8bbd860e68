//! Records in the schema files which text of a page somebody has read.
//!
//! Invariants: the function is pure. It changes nothing outside `x-source`. Inside `x-source` it
//! changes only the version, the day of capture, and the readings of parts that the page has. It
//! keeps the readings of earlier versions.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use spektr_codegen::{Json, SchemaSet, scaffold};
use spektr_doc_reader::{Digest, Page, RowWords, Words};

use super::pairs::EventPairs;
use super::readings::{self, Editions};
use super::scope::Scope;

/// Returns the new texts of the files that change.
pub(super) fn record(
    page: &Page,
    set: &SchemaSet,
    texts: &BTreeMap<String, String>,
    scope: &Scope,
    (version, captured): (&str, &str),
) -> Result<BTreeMap<String, String>> {
    let editions = Editions::new(page, set);
    let pairs = EventPairs::new(page, set, &editions);
    // Members without a value are left out.
    let reading = |part: &str, said: Vec<(&str, Option<Json>)>| {
        let head = [("part", part), ("version", version), ("captured", captured)];
        let head = head.into_iter().map(|(name, text)| (name, Some(Json::from(text))));
        let members = head.chain(said);
        Json::Object(members.filter_map(|(name, it)| Some((name.to_owned(), it?))).collect())
    };
    let mut changed = BTreeMap::new();
    for event in set.model().events.iter().filter(|event| scope.has_event(&event.name)) {
        let name = pairs.name_of(event).unwrap_or(&event.name);
        let row = page.events.iter().enumerate().find(|(_, row)| row.name == name);
        let row = row.map(|(at, row)| {
            let status = row.status.map_or(event.status.as_str(), |status| status.as_str());
            let place = ("place", Some(Json::Number((at + 1).into())));
            let status = ("status", Some(Json::from(status)));
            reading("row", vec![place, status, ("digest", digest(row.digest.as_ref()))])
        });
        let own = page.sections_of(name).filter(|_| *scope != Scope::Table).map(|section| {
            let [all, blocks] = words(&section.text);
            let example = ("example", digest(section.example_digest.as_ref()));
            reading("section", vec![all, blocks, example, ("rows", rows(&section.rows))])
        });
        update(texts, &event.file, row.into_iter().chain(own).collect(), &mut changed)?;
    }
    if let (Scope::Page, Some(around)) = (scope, readings::around(set)) {
        let reading = reading("around", words(&page.around).into());
        update(texts, &around.file, vec![reading], &mut changed)?;
    }
    Ok(changed)
}

fn digest(digest: Option<&Digest>) -> Option<Json> {
    digest.map(|digest| Json::from(digest.as_str()))
}

/// Returns the digests of a text and of its paragraphs. A single paragraph has only the digest of
/// the text.
fn words(words: &Words) -> [(&'static str, Option<Json>); 2] {
    let blocks = words.blocks.iter().map(|block| Json::from(block.digest.as_str())).collect();
    let blocks = (words.blocks.len() > 1).then_some(Json::Array(blocks));
    [("digest", digest(words.digest.as_ref())), ("blocks", blocks)]
}

/// Returns the digests of rows by path. The digest of words that some renderings lose follows a
/// slash.
fn rows(rows: &[RowWords]) -> Option<Json> {
    let rows = rows.iter().map(|RowWords { path, digest, after_null }| {
        let after = after_null.as_ref().map(|digest| format!("/{}", digest.as_str()));
        (path.clone(), Json::String(format!("{}{}", digest.as_str(), after.unwrap_or_default())))
    });
    let rows: Vec<(String, Json)> = rows.collect();
    (!rows.is_empty()).then_some(Json::Object(rows))
}

fn update(
    texts: &BTreeMap<String, String>,
    file: &str,
    readings: Vec<Json>,
    changed: &mut BTreeMap<String, String>,
) -> Result<()> {
    if readings.is_empty() {
        return Ok(());
    }
    let text = texts.get(file).with_context(|| format!("schema/{file} is missing"))?;
    let mut json: Json = serde_json::from_str(text)?;
    let Some(Json::Object(source)) = json.child_mut("x-source") else {
        anyhow::bail!("schema/{file} does not say where its facts come from");
    };
    readings.into_iter().for_each(|reading| put(source, reading));
    let new = scaffold::text(&json);
    if new != *text {
        changed.insert(file.to_owned(), new);
    }
    Ok(())
}

/// Replaces the reading of the same part and version, or appends the reading. A reading of
/// unchanged text keeps its day.
fn put(source: &mut Vec<(String, Json)>, reading: Json) {
    let text = |name: &str| reading.get(name).and_then(Json::as_str).unwrap_or_default();
    let known = source.iter().find(|(name, _)| name == "version").and_then(|(_, it)| it.as_str());
    // `x-source` names the version of the section, because the members of an event come from it.
    let names: &[&str] = match (text("part"), known) {
        ("section", known) if known != Some(text("version")) => &["version", "captured"],
        ("row", None) => &["version"],
        _ => &[],
    };
    for name in names {
        // `version` is placed before `section`.
        *member(source, name, 1) = Json::from(text(name));
    }
    let all = member(source, "readings", usize::MAX);
    if let Json::Null = all {
        *all = Json::Array(Vec::new());
    }
    let Json::Array(all) = all else { return };
    let same = |known: &Json, name: &str| known.get(name) == reading.get(name);
    match all.iter_mut().find(|known| same(known, "part") && same(known, "version")) {
        Some(known) if without_day(known) == without_day(&reading) => {}
        Some(known) => *known = reading,
        None => all.push(reading),
    }
}

/// Returns a member; inserts it as null at `place` if it is missing.
fn member<'s>(members: &'s mut Vec<(String, Json)>, name: &str, place: usize) -> &'s mut Json {
    let known = members.iter().position(|(known, _)| known == name);
    let at = known.unwrap_or_else(|| {
        let at = place.min(members.len());
        members.insert(at, (name.to_owned(), Json::Null));
        at
    });
    &mut members[at].1
}

fn without_day(reading: &Json) -> Vec<&(String, Json)> {
    reading.members().iter().filter(|(name, _)| name != "captured").collect()
}
