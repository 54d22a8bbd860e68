//! The words that any documentation page uses around its own names: column
//! headings, statuses, captions.
//!
//! Invariant: no name of an event or of a member stands here.

use std::borrow::Cow;

use crate::facts::{Status, Unit};

/// What a table's column holds, by its heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Event,
    Name,
    Type,
    Status,
    Flag,
    Text,
    Other,
}

/// Column headings in lower case, by what they head.
const COLUMNS: &[(Column, &[&str])] = &[
    (Column::Event, &["webhook", "webhooks", "event", "events", "topic", "trigger"]),
    (Column::Event, &["webhook event", "webhook name", "webhook type", "event name", "event type"]),
    (Column::Name, &["field", "fields", "property", "attribute", "parameter", "member", "path"]),
    (Column::Name, &["key", "name", "field name"]),
    (Column::Type, &["type", "data type", "datatype", "value type"]),
    (Column::Status, &["status", "release status", "availability", "stage"]),
    (Column::Flag, &["required", "mandatory", "nullable", "optional"]),
    (Column::Text, &["description", "details", "meaning", "notes", "note", "comments", "comment"]),
    (Column::Text, &["summary", "purpose", "possible values", "example", "default"]),
];

/// Statuses in lower case.
const STATUSES: &[(Status, &[&str])] = &[
    (Status::Available, &["available", "generally available", "released", "stable", "active"]),
    (Status::Available, &["live", "ga"]),
    (Status::Wip, &["wip", "work in progress", "in development", "in progress", "draft"]),
    (Status::Wip, &["not available", "not yet available", "unavailable", "available soon"]),
    (Status::Wip, &["coming soon", "planned", "upcoming"]),
    (Status::Deprecated, &["deprecated", "obsolete", "retired", "discontinued", "sunset"]),
    (Status::Deprecated, &["legacy"]),
];

/// Words of headings and captions that stand inside an event's section.
const CAPTIONS: &[&[&str]] = &[
    &["json", "copy", "copied", "example", "examples", "sample", "schema", "structure", "format"],
    &["payload", "body", "data", "request", "response", "event", "webhook", "description"],
    &["field", "fields", "attribute", "attributes", "property", "properties", "parameter"],
    &["parameters", "member", "members", "object", "objects", "array"],
    &["note", "notes", "info", "warning", "important", "tip", "caution"],
    &["the", "of", "for", "and", "an", "a"],
];

/// Every word of a table, with what it means.
fn meanings<T: Copy>(
    table: &'static [(T, &'static [&'static str])],
) -> impl Iterator<Item = (&'static str, T)> + Clone {
    table.iter().flat_map(|(meaning, words)| words.iter().map(|word| (*word, *meaning)))
}

/// The longest word of a table of which this is true.
fn longest<T: Copy>(
    table: &'static [(T, &'static [&'static str])],
    fits: impl Fn(&str) -> bool,
) -> Option<(&'static str, T)> {
    meanings(table).filter(|(word, _)| fits(word)).max_by_key(|(word, _)| word.len())
}

/// Collapses white space and drops invisible characters.
pub(crate) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        match c {
            c if is_invisible(c) => {}
            // An escape that was not needed, as in code: `A\_B`.
            '_' if out.ends_with('\\') => {
                out.pop();
                out.push('_');
            }
            c if c.is_whitespace() => gap = true,
            c => {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                out.push(c);
            }
        }
    }
    out
}

/// Shortens what the page says to what a report needs.
pub(crate) fn clip(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

/// Characters that a page has for the browser, not for the reader.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// What encloses text that the page strikes out, in every rendering.
pub(crate) const STRUCK: &str = "~~";

/// The text without what is struck out; all of it where nothing else is there.
pub(crate) fn unstruck(text: &str) -> Cow<'_, str> {
    if !text.contains(STRUCK) {
        return Cow::Borrowed(text);
    }
    let kept: String = text.split(STRUCK).step_by(2).collect::<Vec<_>>().join(" ");
    if kept.contains(char::is_alphanumeric) {
        Cow::Owned(squeeze(&kept))
    } else {
        Cow::Owned(text.replace(STRUCK, ""))
    }
}

/// Whether a text is struck out as a whole.
pub(crate) fn is_struck(text: &str) -> bool {
    text.contains(STRUCK)
        && !text.split(STRUCK).step_by(2).any(|kept| kept.contains(char::is_alphanumeric))
}

/// Says what a column holds, by its heading.
pub(crate) fn column(heading: &str) -> Column {
    let heading = bare(heading).to_ascii_lowercase();
    longest(COLUMNS, |word| word == heading).map_or(Column::Other, |(_, column)| column)
}

/// Splits a table's heading row whose cells run together, such as
/// `NameTypeDescription`; `None` unless the whole line is column headings.
pub(crate) fn split_header(line: &str) -> Option<Vec<String>> {
    if line.len() > 120 || !line.is_ascii() {
        return None;
    }
    let mut rest = line.trim();
    let mut cells = Vec::new();
    while !rest.is_empty() {
        let (word, _) = longest(COLUMNS, |word| {
            starts_with(rest, word)
                && rest.as_bytes()[0].is_ascii_uppercase()
                && !rest[word.len()..].starts_with(|c: char| c.is_ascii_lowercase())
        })?;
        cells.push(rest[..word.len()].to_owned());
        rest = rest[word.len()..].trim_start();
    }
    is_header(&cells).then_some(cells)
}

/// The cells between bars; `framed` where bars also stand around the row.
pub(crate) fn barred_cells(line: &str, framed: bool) -> impl Iterator<Item = String> {
    // A bar that is escaped is a part of its cell.
    const ESCAPED: &str = "\u{0}";
    let line = line.trim().replace("\\|", ESCAPED);
    let inner = line.strip_prefix('|').filter(|_| framed).unwrap_or(&line);
    let inner = inner.strip_suffix('|').filter(|_| framed).unwrap_or(inner);
    let cells: Vec<_> = inner.split('|').map(|cell| squeeze(&cell.replace(ESCAPED, "|"))).collect();
    cells.into_iter()
}

/// Whether a line is nothing but the frame of a table, such as `+----+----+`.
pub(crate) fn is_frame(line: &str) -> bool {
    line.contains(['-', '=', '─', '━'])
        && line.chars().all(|c| matches!(c, '+' | '-' | '=' | '|' | ':' | ' ' | '─' | '━' | '┼'))
}

/// Whether these cells can head a table of events or of members.
pub(crate) fn is_header(cells: &[String]) -> bool {
    let columns: Vec<Column> = cells.iter().map(|cell| column(cell)).collect();
    let has = |wanted: Column| columns.contains(&wanted);
    columns.len() >= 2
        && !has(Column::Other)
        && (has(Column::Event) || has(Column::Name))
        && (has(Column::Type) || has(Column::Text) || has(Column::Status))
}

/// Whether a table with these columns lists members. Events have types too,
/// those of the wire.
pub(crate) fn lists_members(columns: &[Column]) -> bool {
    columns.contains(&Column::Type)
        && !(columns.contains(&Column::Event) && columns.contains(&Column::Status))
}

/// Whether a column is one of a list of changes, not of a list of what there is.
pub(crate) fn is_change(heading: &str) -> bool {
    let heading = bare(heading).to_ascii_lowercase();
    ["change", "changes", "changed", "date", "release date"].contains(&heading.as_str())
}

/// Reads a cell of the status column.
pub(crate) fn status(cell: &str) -> Option<Status> {
    let cell = unstruck(cell);
    let cell = cell.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    // "Available (beta)", "Deprecated since May": the first word decides.
    let begins = |word: &str| {
        starts_with(&cell, word) && !cell[word.len()..].starts_with(char::is_alphanumeric)
    };
    longest(STATUSES, begins).map(|(_, status)| status)
}

/// Whether a text is the beginning of a status and not the whole of one.
pub(crate) fn begins_status(text: &str) -> bool {
    let text = bare(text).to_ascii_lowercase();
    status(&text).is_none() && meanings(STATUSES).any(|(word, _)| word.starts_with(&text))
}

/// Whether a text is a status and nothing else.
pub(crate) fn is_status(text: &str) -> bool {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    meanings(STATUSES).any(|(word, _)| text.eq_ignore_ascii_case(word))
}

/// Finds a status at the end of a line whose cells run together; returns where
/// it begins.
pub(crate) fn status_suffix(line: &str) -> Option<usize> {
    let tail = |word: &str| line.len().checked_sub(word.len()).and_then(|at| line.get(at..));
    let (word, _) = longest(STATUSES, |word| {
        tail(word).is_some_and(|tail| {
            tail.starts_with(|c: char| c.is_ascii_uppercase()) && tail.eq_ignore_ascii_case(word)
        })
    })?;
    Some(line.len() - word.len())
}

/// Finds a status at the beginning of a line whose cells run together; returns
/// where it ends.
pub(crate) fn status_prefix(line: &str) -> Option<usize> {
    let fits = |word: &str| {
        starts_with(line, word) && !line[word.len()..].starts_with(|c: char| c.is_ascii_lowercase())
    };
    longest(STATUSES, fits).map(|(word, _)| word.len())
}

/// Reads a yes-or-no cell.
pub(crate) fn flag(cell: &str) -> Option<bool> {
    match bare(cell).to_ascii_lowercase().as_str() {
        "yes" | "true" | "required" | "mandatory" | "always" | "✓" | "✅" | "x" => Some(true),
        "no" | "false" | "optional" | "✗" | "❌" | "-" => Some(false),
        _ => None,
    }
}

/// Whether a description calls what it describes optional.
pub(crate) fn says_optional(description: &str) -> bool {
    let text = description.to_ascii_lowercase();
    text.match_indices("optional").any(|(at, word)| {
        let before = text[..at].trim_end_matches([' ', '-']);
        let after = &text[at + word.len()..];
        let whole = !text[..at].ends_with(char::is_alphanumeric)
            && !after.starts_with(|c: char| c.is_alphanumeric() && !after.starts_with("ly"));
        whole && !before.ends_with("not") && !before.ends_with("non")
    }) || text.contains("may be absent")
        || text.contains("may be missing")
        || text.contains("if present")
}

/// Whether a description calls what it describes deprecated; the deprecated
/// thing that it speaks of may be another one.
pub(crate) fn says_deprecated(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.match_indices("deprecated").any(|(at, _)| {
        let before = text[..at].trim_end_matches(|c: char| !c.is_alphanumeric());
        let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        !matches!(word, "the" | "a" | "an" | "not" | "non" | "no" | "of" | "all" | "any" | "other")
    })
}

/// Whether a text begins by saying that something is deprecated.
pub(crate) fn opens_deprecated(text: &str) -> bool {
    starts_with(text.trim_start_matches(|c: char| !c.is_alphanumeric()), "deprecated")
}

/// Whether a heading is a caption inside a section, such as `Example payload`.
pub(crate) fn is_caption(heading: &str) -> bool {
    let mut words =
        heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some()
        && words.all(|word| {
            CAPTIONS.iter().copied().flatten().any(|caption| word.eq_ignore_ascii_case(caption))
        })
}

/// Whether a title is that of a page about events.
pub(crate) fn speaks_of_events(title: &str) -> bool {
    let title = title.to_ascii_lowercase();
    title.contains("webhook") || title.contains("event")
}

/// Phrases that a site puts around any of its pages, in lower case.
const SITE: &[&str] = &[
    "did this page help you",
    "was this page helpful",
    "on this page",
    "table of contents",
    "suggest edits",
    "copy page",
    "ask ai",
    "powered by",
    "log in",
    "sign in",
    "yes",
    "no",
    "previous",
    "next",
];

/// Whether a text is the site's and not the page's: it comes and goes with the
/// rendering.
pub(crate) fn is_site_text(text: &str) -> bool {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    let updated = text.starts_with("updated ") && text.ends_with(" ago") && text.len() < 40;
    updated || SITE.contains(&text.as_str())
}

/// The values that a description quotes, such as `'add' or 'remove'`. A single
/// quoted word can be anything, unless it is called an example.
pub(crate) fn quoted_values(description: &str) -> Vec<String> {
    let (lead, values) = quoted(description);
    let called = ["such as", "e.g.", "i.e.", "one of", "for example", "like"]
        .iter()
        .any(|words| lead.trim_end_matches([' ', ',', ':']).ends_with(words));
    if called || values.len() > 1 { values } else { Vec::new() }
}

/// Every value that a description quotes, behind what leads to the first.
pub(crate) fn quoted(description: &str) -> (String, Vec<String>) {
    const QUOTES: &[char] = &['\'', '’', '‘', '“', '”', '"', '`'];
    let mut parts = description.split(QUOTES);
    let lead = parts.next().unwrap_or_default().to_ascii_lowercase();
    let value = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    (lead, parts.step_by(2).filter(value).map(str::to_owned).collect())
}

/// For how long a description calls a value valid, in seconds.
pub(crate) fn validity(description: &str) -> Option<u64> {
    let text = description.to_ascii_lowercase();
    let after =
        ["valid for", "expires after", "expire after", "expires in", "expire in", "good for"]
            .iter()
            .find_map(|words| text.split_once(words))?
            .1;
    let mut words =
        after.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let count: u64 = match words.next()? {
        "a" | "an" | "one" => 1,
        number => number.parse().ok()?,
    };
    let unit = match words.next()?.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 604_800,
        _ => return None,
    };
    count.checked_mul(unit)
}

/// The unit of time that a text names.
pub(crate) fn unit(text: &str) -> Option<Unit> {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| match word.to_ascii_lowercase().as_str() {
        "seconds" | "secs" => Some(Unit::Seconds),
        "milliseconds" | "millis" | "ms" => Some(Unit::Milliseconds),
        _ => None,
    })
}

/// Removes what mark-up leaves around a word: quotation marks, stars, brackets.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '`' | '*' | '~' | '"' | '\'' | ':' | '(' | ')' | '[' | ']' | '?')
    })
}

/// Whether `text` begins with `word`, which is in lower case.
pub(crate) fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
