//! The words that any documentation page uses around its own names: column
//! headings, statuses, captions.
//!
//! Invariant: this file contains no name of an event or of a member.

use lazy_regex::{Regex, regex, regex_captures, regex_is_match};

use crate::terms::{EventStatus, TimeUnit};

/// The kind of a table's column, by its heading.
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

/// Column headings in lower case, by kind of column.
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
const STATUSES: &[(EventStatus, &[&str])] = &[
    (EventStatus::Available, &["available", "generally available", "released", "stable", "active"]),
    (EventStatus::Available, &["live", "ga"]),
    (EventStatus::Wip, &["wip", "work in progress", "in development", "in progress", "draft"]),
    (EventStatus::Wip, &["not available", "not yet available", "unavailable", "available soon"]),
    (EventStatus::Wip, &["coming soon", "planned", "upcoming"]),
    (EventStatus::Deprecated, &["deprecated", "obsolete", "retired", "discontinued", "sunset"]),
    (EventStatus::Deprecated, &["legacy"]),
];

/// Returns the longest word in the table that fits, with its meaning.
fn longest<T: Copy>(
    table: &'static [(T, &'static [&'static str])],
    fits: impl Fn(&str) -> bool,
) -> Option<(&'static str, T)> {
    let words = table.iter().flat_map(|(meaning, words)| words.iter().map(|it| (*it, *meaning)));
    words.filter(|(word, _)| fits(word)).max_by_key(|(word, _)| word.len())
}

/// Collapses white space, and removes unneeded escapes such as `A\_B` in code.
pub(crate) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("\\_", "_")
}

/// Shortens a text of the page for a report.
pub(crate) fn clip(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

/// Normalises line ends and spaces, and removes invisible characters, so that no other function has
/// to handle variants.
pub(crate) fn plainly_spaced(text: &str) -> String {
    let lines = regex!(r"\r\n?|[\x0b\x0c\u{85}\u{2028}\u{2029}]").replace_all(text, "\n");
    let spaced = regex!(r"[^\S\n\t]").replace_all(&lines, " ");
    regex!(r"[\u{200b}-\u{200d}\u{2060}\u{feff}\u{ad}]").replace_all(&spaced, "").into_owned()
}

/// The mark before and after struck-out text, in every rendering.
pub(crate) const STRUCK: &str = "~~";

/// Removes struck-out text; keeps the words if all text is struck out.
pub(crate) fn unstruck(text: &str) -> String {
    if is_struck(text) {
        return text.replace(STRUCK, "");
    }
    squeeze(&text.split(STRUCK).step_by(2).collect::<Vec<_>>().join(" "))
}

/// Whether the whole text is struck out.
pub(crate) fn is_struck(text: &str) -> bool {
    text.contains(STRUCK)
        && !text.split(STRUCK).step_by(2).any(|kept| kept.contains(char::is_alphanumeric))
}

/// Returns the kind of a column, by its heading.
pub(crate) fn column(heading: &str) -> Column {
    let heading = bare(heading);
    longest(COLUMNS, |word| heading.eq_ignore_ascii_case(word))
        .map_or(Column::Other, |(_, column)| column)
}

/// Splits a heading row whose cells run together, such as `NameTypeDescription`; `None` unless the
/// whole line consists of column headings.
pub(crate) fn split_header(line: &str) -> Option<Vec<String>> {
    const LONGEST: usize = 120;
    let mut rest = if line.len() <= LONGEST { line.trim() } else { "" };
    let mut cells = Vec::new();
    while rest.starts_with(|c: char| c.is_ascii_uppercase()) {
        let (word, _) = longest(COLUMNS, |word| begins_with(rest, word))?;
        cells.push(rest[..word.len()].to_owned());
        rest = rest[word.len()..].trim_start();
    }
    (rest.is_empty() && is_header(&cells)).then_some(cells)
}

/// Splits a row at its bars. If `framed`, the row also begins and ends with bars. An escaped bar is
/// a part of its cell.
pub(crate) fn barred_cells(line: &str, framed: bool) -> Vec<String> {
    const ESCAPED: &str = "\u{0}";
    let line = line.trim().replace("\\|", ESCAPED);
    let inner = line.strip_prefix('|').filter(|_| framed).unwrap_or(&line);
    let inner = inner.strip_suffix('|').filter(|_| framed).unwrap_or(inner);
    inner.split('|').map(|cell| squeeze(&cell.replace(ESCAPED, "|"))).collect()
}

/// Whether a line is only the frame of a table, such as `+----+----+`.
pub(crate) fn is_frame(line: &str) -> bool {
    regex_is_match!(r"^[+|: ┼]*[-=─━][-=─━+|: ┼]*$", line)
}

/// Whether these cells can head a table of events or of members.
pub(crate) fn is_header(cells: &[String]) -> bool {
    let columns: Vec<Column> = cells.iter().map(|cell| column(cell)).collect();
    let has = |wanted: &[Column]| columns.iter().any(|column| wanted.contains(column));
    columns.len() >= 2
        && !has(&[Column::Other])
        && has(&[Column::Event, Column::Name])
        && has(&[Column::Type, Column::Text, Column::Status])
}

/// Whether a table with these columns lists members. A table of events may have a type column too,
/// for wire types.
pub(crate) fn lists_members(columns: &[Column]) -> bool {
    columns.contains(&Column::Type)
        && !(columns.contains(&Column::Event) && columns.contains(&Column::Status))
}

/// Whether a column belongs to a list of changes, not to a list of events or members.
pub(crate) fn is_change(heading: &str) -> bool {
    regex_is_match!(r"^(?i:changes?|changed|(release )?date)$", bare(heading))
}

/// Reads a cell of the status column. The first words decide: `Available (beta)`, `Deprecated since
/// May`.
pub(crate) fn status(cell: &str) -> Option<EventStatus> {
    let cell = unstruck(cell);
    let cell = cell.trim_matches(|c: char| !c.is_alphanumeric());
    let begins = |word: &str| {
        starts_with(cell, word) && !cell[word.len()..].starts_with(char::is_alphanumeric)
    };
    longest(STATUSES, begins).map(|(_, status)| status)
}

/// Whether a text is an incomplete status.
pub(crate) fn begins_status(text: &str) -> bool {
    let text = bare(text).to_ascii_lowercase();
    status(&text).is_none() && longest(STATUSES, |word| word.starts_with(&text)).is_some()
}

/// Whether a text is a status and nothing else.
pub(crate) fn is_status(text: &str) -> bool {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    longest(STATUSES, |word| text.eq_ignore_ascii_case(word)).is_some()
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
    longest(STATUSES, |word| begins_with(line, word)).map(|(word, _)| word.len())
}

/// Reads a yes-or-no cell.
pub(crate) fn flag(cell: &str) -> Option<bool> {
    match bare(cell).to_ascii_lowercase().as_str() {
        "yes" | "true" | "required" | "mandatory" | "always" | "✓" | "✅" | "x" => Some(true),
        "no" | "false" | "optional" | "✗" | "❌" | "-" => Some(false),
        _ => None,
    }
}

/// Whether a description calls its subject optional.
pub(crate) fn says_optional(text: &str) -> bool {
    says(
        regex!(r"(?i)(no[nt][ -]*)?\boptional(?:ly)?\b|may be (?:absent|missing)|if present"),
        text,
    )
}

/// Whether a description calls its subject deprecated. `Replaces the deprecated event` is about
/// another event.
pub(crate) fn says_deprecated(text: &str) -> bool {
    says(regex!(r"(?i)(\b(?:the|an?|not|non|no|of|all|any|other)[^\pL\pN]+)?deprecated"), text)
}

/// Whether `words` matches at least once without its first group, which is a negation.
fn says(words: &Regex, text: &str) -> bool {
    words.captures_iter(text).any(|found| found.get(1).is_none())
}

/// Whether a text begins with the word `deprecated`.
pub(crate) fn opens_deprecated(text: &str) -> bool {
    regex_is_match!(r"^(?i:[^\pL\pN]*deprecated)", text)
}

/// Whether a heading is a caption inside a section, such as `Example payload`.
pub(crate) fn is_caption(heading: &str) -> bool {
    regex_is_match!(
        r"(?xi)^[^\pL\pN]*(?:(?:
            json|copy|copied|examples?|sample|schema|structure|format|payload|body|data|request|
            response|event|webhook|description|fields?|attributes?|property|properties|
            parameters?|members?|objects?|array|notes?|info|warning|important|tip|caution|
            the|of|for|and|an|a)(?:[^\pL\pN]+|$))+$",
        heading
    )
}

/// Whether a title mentions events.
pub(crate) fn speaks_of_events(title: &str) -> bool {
    regex_is_match!("(?i)webhook|event", title)
}

/// Whether a text belongs to the site, not to the page. Only some renderings have such texts.
pub(crate) fn is_site_text(text: &str) -> bool {
    regex_is_match!(
        r"(?xi)^[^\pL\pN]*(?:did\ this\ page\ help\ you|was\ this\ page\ helpful|on\ this\ page|
            table\ of\ contents|suggest\ edits|copy\ page|ask\ ai|powered\ by|log\ in|sign\ in|
            yes|no|previous|next|updated\ .{1,26}\ ago)[^\pL\pN]*$",
        text
    )
}

/// Returns the values that a description quotes, such as `'add' or 'remove'`. A single quoted word
/// counts only after words such as `one of`, because it can have another meaning.
pub(crate) fn quoted_values(description: &str) -> Vec<String> {
    let (lead, values) = quoted(description);
    let called =
        regex_is_match!(r"(?i)(?:such as|e\.g\.|i\.e\.|one of|for example|like)[ ,:]*$", lead);
    if called || values.len() > 1 { values } else { Vec::new() }
}

/// Returns the text before the first quoted value, and all quoted values.
pub(crate) fn quoted(description: &str) -> (&str, Vec<String>) {
    let mut parts = description.split(['\'', '’', '‘', '“', '”', '"', '`']);
    let lead = parts.next().unwrap_or_default();
    let value = |text: &&str| regex_is_match!("^[A-Za-z][A-Za-z0-9_-]{0,63}$", text);
    (lead, parts.step_by(2).filter(value).map(str::to_owned).collect())
}

/// Returns the validity of a value that a description states, in seconds.
pub(crate) fn validity(description: &str) -> Option<u64> {
    let (_, count, unit) = regex_captures!(
        r"(?i)(?:valid for|expires? (?:after|in)|good for)\W+(an?|one|\d+)\W+(second|minute|hour|day|week)s?\b",
        description
    )?;
    let one = count.starts_with(char::is_alphabetic);
    let count: u64 = if one { 1 } else { count.parse().ok()? };
    count.checked_mul(match unit.to_ascii_lowercase().as_str() {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => 604_800,
    })
}

/// Returns the unit of time that a text names.
pub(crate) fn unit(text: &str) -> Option<TimeUnit> {
    let (_, milli) = regex_captures!(r"(?i)\b(?:seconds|secs|(milliseconds|millis|ms))\b", text)?;
    Some(if milli.is_empty() { TimeUnit::Seconds } else { TimeUnit::Milliseconds })
}

/// Removes the remains of mark-up around a word: quotation marks, stars, brackets.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || "`*~\"':()[]?".contains(c))
}

/// Whether `text` begins with `word`, which is in lower case.
pub(crate) fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Whether `text` begins with `word` and does not continue with a lower-case letter.
pub(crate) fn begins_with(text: &str, word: &str) -> bool {
    starts_with(text, word) && !text[word.len()..].starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests;
