//! Rows of the table of events whose cells run together.
//!
//! `DOOR_OPENEDEvent` could end one letter later. Where the name has a heading
//! of its own, that decides; otherwise the words that the page uses do.

use std::collections::HashSet;

use crate::names::is_event_name;
use crate::plain::rows::{Knowledge, LONGEST_NAME, put, spread};
use crate::words::{self, Column};

/// Splits a row of a table of events: the name in front, the status wherever
/// its column stands.
pub(super) fn split_event(
    line: &str,
    columns: &[Column],
    knowledge: &Knowledge<'_>,
    cells: &mut [String],
) -> Option<bool> {
    let name_at = columns.iter().position(|c| matches!(c, Column::Event | Column::Name))?;
    let status_at = columns.iter().position(|c| *c == Column::Status);
    let last = columns.len() == status_at.map_or(0, |at| at + 1);
    let mut rest = line.trim();
    // The status goes first, since `WIP` could be taken for a part of the name.
    let status = match status_at {
        Some(at) if at < name_at => Some((0, words::status_prefix(rest)?)),
        Some(at) if at > name_at + 1 || last => {
            words::status_suffix(rest).map(|start| (start, rest.len()))
        }
        Some(_) => status_after_name(rest, knowledge),
        None => None,
    };
    let mut after = "";
    if let (Some(at), Some((start, end))) = (status_at, status) {
        put(cells, columns, at, &rest[start..end]);
        (rest, after) =
            if start == 0 { (&rest[end..], "") } else { (&rest[..start], &rest[end..]) };
    }
    let rest = rest.trim();
    let type_at = columns.iter().position(|c| *c == Column::Type).filter(|&at| at > name_at);
    let run = event_run(rest);
    let typed = type_at.is_some()
        && is_event_name(run)
        && is_event_name(event_run(&rest[run.len()..]))
        && rest[run.len()..].starts_with(|c: char| c.is_ascii_lowercase());
    let (name, ambiguous) = if typed { (run, false) } else { event_prefix(rest, knowledge)? };
    put(cells, columns, name_at, name);
    let mut rest = rest[name.len()..].trim_start();
    // A wire type ends where a description begins with a capital letter.
    if let Some(at) = type_at {
        let wire_type = event_run(rest);
        if rest.starts_with(|c: char| c.is_ascii_lowercase()) && is_event_name(wire_type) {
            put(cells, columns, at, wire_type);
            rest = &rest[wire_type.len()..];
        }
    }
    spread(&format!("{rest} {after}"), columns, name_at + 1, cells);
    Some(ambiguous)
}

/// Finds the status that follows the name at once: after a name with a heading
/// of its own, or else where the name is longest.
fn status_after_name(line: &str, knowledge: &Knowledge<'_>) -> Option<(usize, usize)> {
    let run = event_run(line);
    let status = |end: usize| {
        let rest = line.get(end..)?;
        let gap = rest.len() - rest.trim_start().len();
        let length = words::status_prefix(rest.trim_start())?;
        is_event_name(&run[..end]).then_some((end + gap, end + gap + length))
    };
    let ends = || (1..=run.len()).rev();
    let known = ends().filter(|&end| knowledge.events.contains(&run[..end])).find_map(status);
    known.or_else(|| ends().find_map(status))
}

/// The event's name that a line begins with. `DOOR_OPENEDEvent` could be read
/// with one more letter: headings and words of the page decide.
fn event_prefix<'t>(line: &'t str, knowledge: &Knowledge<'_>) -> Option<(&'t str, bool)> {
    let upper = line.starts_with(|c: char| c.is_ascii_uppercase());
    let run = event_run(line);
    let rest = &line[run.len()..];
    // What the description begins with if the name ends `back` bytes earlier.
    let plausible = |back: usize| {
        let name = &run[..run.len() - back];
        let tail = &line[name.len()..];
        is_event_name(name) && !tail.starts_with(char::is_whitespace)
    };
    if let Some(name) = known_event(line, run, &knowledge.events) {
        return Some((name, false));
    }
    if !upper || rest.is_empty() {
        return is_event_name(run).then_some((run, false));
    }
    // Without a heading: a letter of the run belongs to the description where
    // it makes a word that the page uses, or a lone `A`.
    let word = |back: usize| {
        let tail = &line[run.len() - back..];
        tail.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("")
    };
    let used = |back: usize| {
        let word = word(back);
        // `Event` may stand elsewhere as `event`; the letters `IT` are not `it`.
        let capitalised = word.bytes().skip(1).all(|byte| !byte.is_ascii_uppercase());
        let small = || knowledge.words.contains(word.to_ascii_lowercase().as_str());
        !word.is_empty() && (knowledge.words.contains(word) || (capitalised && small()))
    };
    let most = run.len().saturating_sub(4).min(4);
    let fitting: Vec<usize> = (0..=most).filter(|&back| plausible(back)).collect();
    let by_words: Vec<usize> = fitting.iter().copied().filter(|&back| used(back)).collect();
    match (by_words.as_slice(), fitting.as_slice()) {
        ([only], _) => Some((&run[..run.len() - only], false)),
        // A space ends the name, unless it ends the article: `DOOR_OPENEDA door`.
        _ if rest.starts_with(char::is_whitespace) => {
            let small = rest.trim_start().starts_with(|c: char| c.is_ascii_lowercase());
            let article = run.ends_with('A') && small && plausible(1);
            Some((&run[..run.len() - usize::from(article)], false))
        }
        (_, [only]) => Some((&run[..run.len() - only], false)),
        // `STARTEvent`: descriptions begin with a capital letter.
        _ if rest.starts_with(|c: char| c.is_ascii_lowercase()) && plausible(1) => {
            Some((&run[..run.len() - 1], !used(1)))
        }
        ([], []) => None,
        (some, _) => {
            let back = some.first().or(fitting.first())?;
            Some((&run[..run.len() - back], true))
        }
    }
}

/// The longest beginning of a run of letters that is the name of an event with
/// a heading of its own, if a description can begin after it.
pub(super) fn known_event<'t>(
    line: &'t str,
    run: &'t str,
    events: &HashSet<&str>,
) -> Option<&'t str> {
    const MOST_ENDS: usize = 48;
    (1..=run.len())
        .rev()
        .take(MOST_ENDS)
        .find(|&end| {
            events.contains(&run[..end])
                && !line[end..].starts_with(char::is_whitespace)
                && begins_text(&line[end..])
        })
        .map(|end| &run[..end])
}

/// The letters, digits and joints that a line begins with.
pub(super) fn event_run(line: &str) -> &str {
    let joint = |byte: u8| matches!(byte, b'_' | b'.' | b'-');
    let upper = line.starts_with(|c: char| c.is_ascii_uppercase());
    let end = line
        .bytes()
        .position(|byte| {
            let letter = if upper { byte.is_ascii_uppercase() } else { byte.is_ascii_lowercase() };
            !(letter || byte.is_ascii_digit() || joint(byte))
        })
        .unwrap_or(line.len())
        .min(LONGEST_NAME);
    line[..end].trim_end_matches(['_', '.', '-'])
}

/// Whether a text can begin a description: not in the middle of a word in upper
/// case.
fn begins_text(text: &str) -> bool {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) => {
            !(first.is_ascii_uppercase() && (second.is_ascii_uppercase() || second == '_'))
                && first != '_'
        }
        _ => true,
    }
}
