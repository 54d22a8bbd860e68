//! The pass over a body that finds its entries and their heads.
//!
//! [`JsonText`] goes over the text once. It stops if a name is written with an escape, a value is
//! nested too deep, or the text is not a delivery. Then serde_json reads the text again, slice
//! by slice, and finds the fault. If the one pass succeeds, the slices would give the same
//! entries.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::head::Span;
use super::{Entries, Entry, MAX_BYTES, MAX_ENTRIES};
use crate::envelope::Key;
use crate::error::{BodyError, JsonType};
use crate::json::JsonText;
use crate::members::Members;

/// The typical size of a small event, and the largest number of entries for which memory is
/// reserved in advance.
const TYPICAL_BYTES: usize = 256;
const MAX_GUESS: usize = 4096;

/// Splits a body into its entries.
pub(super) fn body(body: &[u8]) -> Result<Entries<'_>, BodyError> {
    if body.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| BodyError::NotUtf8 { offset: error.valid_up_to() })?;
    after_mark(text, |text| in_one_pass(text).map_or_else(|| slice_by_slice(text), Ok))
}

/// Reads a text without the byte order mark that may precede it. The column of an error counts
/// the bytes of the mark.
fn after_mark<'a, T>(
    text: &'a str,
    read: impl FnOnce(&'a str) -> Result<T, BodyError>,
) -> Result<T, BodyError> {
    const MARK: char = '\u{feff}';
    let Some(rest) = text.strip_prefix(MARK) else {
        return read(text);
    };
    read(rest).map_err(|error| match error {
        BodyError::NotJson { line: 1, column } => {
            BodyError::NotJson { line: 1, column: column + MARK.len_utf8() }
        }
        other => other,
    })
}

/// Splits any body into its entries, or returns why it has none.
fn slice_by_slice(text: &str) -> Result<Entries<'_>, BodyError> {
    let raw: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    let found = JsonType::of(raw.get());
    if found != JsonType::Object {
        return Err(BodyError::NotAnObject { found });
    }
    let single = whole(text, raw);
    let mut results = Members::of(raw.get()).0.into_iter().filter_map(|(name, value)| {
        let key = Key::of(name.as_bytes());
        if key == Key::Results { Some((key.known_name(&name), value)) } else { None }
    });
    let Some((name, list)) = results.next() else {
        return Ok(Entries::single(single));
    };
    if single.head.names_event() {
        return Ok(Entries::single(single));
    }
    if let Some((other, _)) = results.next() {
        return Err(BodyError::DuplicateResults { names: [name, other] });
    }
    let found = JsonType::of(list.get());
    if found != JsonType::Array {
        return Err(BodyError::ResultsNotAnArray { name, found });
    }
    let elements: ElementSlices<'_> = serde_json::from_str(list.get()).map_err(|error| {
        if error.is_data() { BodyError::TooManyEntries } else { not_json(error) }
    })?;
    let entries = elements.0.into_iter().map(|raw| whole(text, raw)).collect();
    Ok(Entries { entries, batch: Some(raw.get()) })
}

/// Reads the text of one entry.
pub(super) fn entry(text: &str) -> Result<Entry<'_>, BodyError> {
    if text.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    after_mark(text, entry_without_mark)
}

fn entry_without_mark(text: &str) -> Result<Entry<'_>, BodyError> {
    let json = JsonText::new(text);
    let mut entry = Entry::new(text);
    let end = json.next(0).and_then(|(_, start)| element(&mut entry, start));
    if end.is_some_and(|end| json.next(end).is_none()) {
        return Ok(entry);
    }
    serde_json::from_str(text).map(|raw| whole(text, raw)).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> BodyError {
    BodyError::NotJson { line: error.line(), column: error.column() }
}

/// Returns the entry of a slice, with the members of its head.
fn whole<'a>(text: &'a str, raw: &'a RawValue) -> Entry<'a> {
    let mut entry = Entry::new(text);
    entry.raw = Span::find(text, raw.get());
    for (key, value) in Members::of(raw.get()).0 {
        entry.head.add(Key::of(key.as_bytes()), text, Span::find(text, value.get()));
    }
    entry
}

/// Reads a body in one pass. Returns `None` if the body is not JSON or not a delivery, or has a
/// name that is written with an escape.
fn in_one_pass(text: &str) -> Option<Entries<'_>> {
    let json = JsonText::new(text);
    let mut single = Entry::new(text);
    let mut batch = None;
    let (_, start) = json.next(0)?;
    let end = json.object(start, |name, at| {
        let key = plain(name)?;
        if key == Key::Results {
            let (entries, end) = list(text, at)?;
            return if batch.replace(entries).is_none() { Some(end) } else { None };
        }
        let end = json.member(at)?;
        single.head.add(key, text, Span::new(at..end));
        Some(end)
    })?;
    if json.next(end).is_some() {
        return None;
    }
    single.raw = Span::new(start..end);
    single.is_shallow = true;
    match batch {
        Some(entries) if !single.head.names_event() => {
            Some(Entries { entries, batch: text.get(start..end) })
        }
        _ => Some(Entries::single(single)),
    }
}

/// Reads the elements of a list as entries, and returns the entries and the offset after the
/// list.
fn list(text: &str, at: usize) -> Option<(Vec<Entry<'_>>, usize)> {
    // Reserves memory for a guessed number of entries, so that fewer of them are moved.
    let mut entries = Vec::with_capacity((text.len() / TYPICAL_BYTES).min(MAX_GUESS));
    let end = JsonText::new(text).array(at, |at| {
        if entries.len() == MAX_ENTRIES {
            return None;
        }
        // The entry is filled in place, because moving it would take most of the time.
        entries.push(Entry::new(text));
        element(entries.last_mut()?, at)
    })?;
    Some((entries, end))
}

/// Reads any value as an entry, and returns the offset after the value.
fn element(entry: &mut Entry<'_>, at: usize) -> Option<usize> {
    let json = JsonText::new(entry.text);
    let end = if json.next(at)?.0 == b'{' {
        json.object(at, |name, at| {
            let key = plain(name)?;
            let end = json.member(at)?;
            entry.head.add(key, entry.text, Span::new(at..end));
            Some(end)
        })?
    } else {
        json.value(at)?
    };
    entry.raw = Span::new(at..end);
    entry.is_shallow = true;
    Some(end)
}

/// Returns the key of a member's name as written; `None` for an unknown name with escapes.
fn plain(written: &[u8]) -> Option<Key> {
    let key = Key::of(written);
    if key == Key::Other && written.contains(&b'\\') { None } else { Some(key) }
}

/// The elements of a list as slices, at most [`MAX_ENTRIES`] of them.
struct ElementSlices<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for ElementSlices<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementSlicesVisitor)
    }
}

struct ElementSlicesVisitor;

impl<'de> Visitor<'de> for ElementSlicesVisitor {
    type Value = ElementSlices<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element::<&RawValue>()? {
            if elements.len() == MAX_ENTRIES {
                return Err(A::Error::custom("too many entries"));
            }
            elements.push(element);
        }
        Ok(ElementSlices(elements))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::head::Head;
    use super::*;

    /// Returns the places of an entry and of its members.
    fn places<'e>(entry: &'e Entry<'_>) -> (Span, &'e Head) {
        (entry.raw, &entry.head)
    }

    fn assert_agrees(text: &str) -> bool {
        let Some(quick) = in_one_pass(text) else { return false };
        let other = match slice_by_slice(text) {
            Ok(other) => other,
            Err(error) => panic!("{error}: {text}"),
        };
        assert_eq!(quick.batch, other.batch, "{text}");
        let quick: Vec<_> = quick.iter().map(places).collect();
        let other: Vec<_> = other.iter().map(places).collect();
        assert_eq!(quick, other, "{text}");
        true
    }

    #[test]
    fn one_pass_is_enough_for_whatever_a_sender_sends() {
        for text in [
            r#"{"results":[{"id":"a","type":"t","data":{"x":[1,{"y":null}]}},{}, 1 ,"x",[],null]}"#,
            r#" { "results" : [ ] , "next" : "\ud800 \" é" } "#,
            r#"{"results":[{"id":"a"}],"type":"t"}"#,
            r#"{"eventType":"t","results":[]}"#,
            r#"{"id":"a","eventType":"t","type":null,"id":"b","data":{"a\nb":1}}"#,
            "{}",
        ] {
            assert!(assert_agrees(text), "{text}");
        }
    }

    #[test]
    fn what_one_pass_does_not_read_is_left_to_the_slices() {
        for text in [
            r#"{"\u0069d":"a"}"#,
            r#"{"results":[{"\u0069d":"a"}]}"#,
            r#"{"results":[],"results":[]}"#,
            r#"{"type":"t","results":{}}"#,
            "[]",
            "{}{}",
            "",
        ] {
            assert!(in_one_pass(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_one_pass_finds_the_slices_have(
            words in prop::collection::vec(
                select(vec![
                    "{", "}", "[", "]", ",", ":", " ", "\n", "\"id\"", "\"type\":", "\"results\":[",
                    "\"createdAt\":", "{\"data\":", "null", "true", "-0.5e1", "1", "\"", "\\", "é",
                    "},{", "]}", "\"x\":1,",
                ]),
                0..12,
            ),
        ) {
            assert_agrees(&words.concat());
            assert_agrees(&format!(r#"{{"results":[{{{}}}]}}"#, words.concat()));
        }
    }
}
