//! Matches headings with the names in the table of events.
//!
//! Headings lose underscores (Markdown takes them for emphasis), carry a status
//! and stand for several events. Invariant: a heading leads only to names that
//! are in the table, and how it did is part of the result.

use std::collections::{BTreeMap, HashMap};

use crate::facts::{Matched, Status};
use crate::words;

/// The names of the table of events, prepared for look-ups.
#[derive(Debug, Default)]
pub(crate) struct Names {
    exact: HashMap<String, usize>,
    letters: BTreeMap<String, Vec<usize>>,
    names: Vec<String>,
}

/// What a heading was found to mean.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Positions in the table of events.
    pub(crate) events: Vec<usize>,
    pub(crate) matched: Matched,
    /// The status that the heading carries.
    pub(crate) status: Option<Status>,
    /// Whether some of the names that it lists were not found.
    pub(crate) partly: bool,
}

/// The letters and digits of a name, in upper case.
pub(crate) fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether this is the name of an event or a wire type: words of one case,
/// joined by underscores, dots or hyphens, or one long word in upper case.
pub(crate) fn is_event_name(text: &str) -> bool {
    if text.len() > 128 || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let joined = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_joint(byte))
        && text.as_bytes().windows(2).all(|pair| !(is_joint(pair[0]) && is_joint(pair[1])))
        && !text.bytes().last().is_some_and(is_joint)
        // A dot before a digit is that of a version, such as `v2.0`.
        && !text.as_bytes().windows(2).any(|pair| pair[0] == b'.' && pair[1].is_ascii_digit());
    let words = text.bytes().filter(|&byte| is_joint(byte)).count() + 1;
    joined && (upper != lower) && (words >= 2 || (upper && text.len() >= 4))
}

const fn is_joint(byte: u8) -> bool {
    matches!(byte, b'_' | b'.' | b'-')
}

/// Whether a heading is written like an event's name, whichever the table has.
pub(crate) fn looks_like_event(heading: &str) -> bool {
    let (name, _) = without_status(heading);
    if name.len() > 200 || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        // Names in lower case are too much like ordinary words and paths, apart
        // from those with an underscore.
        return name.contains('_') && is_event_name(name);
    }
    let mut pieces = alternatives(name).into_iter().peekable();
    pieces.peek().is_some()
        && pieces.all(|piece| {
            piece.contains('_') && is_event_name(&piece)
                || (name.contains(['<', '|', '/']) && is_event_name(&piece))
        })
}

impl Names {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        for (at, name) in names.enumerate() {
            index.exact.entry(name.to_owned()).or_insert(at);
            index.letters.entry(letters(name)).or_default().push(at);
            index.names.push(name.to_owned());
        }
        index
    }

    pub(crate) fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at).map(String::as_str)
    }

    /// Finds the events that a heading names.
    pub(crate) fn heading(&self, heading: &str) -> Heading {
        let (name, status) = without_status(heading);
        let mut found =
            Heading { events: Vec::new(), matched: Matched::Name, status, partly: false };
        for piece in alternatives(name) {
            match self.one(&piece) {
                Some((at, matched)) => {
                    found.matched = found.matched.max(matched);
                    if !found.events.contains(&at) {
                        found.events.push(at);
                    }
                }
                None => found.partly = true,
            }
        }
        if found.events.is_empty() {
            found.partly = false;
            match self.mentioned(name) {
                Some(at) => {
                    found.events.push(at);
                    found.matched = Matched::Mention;
                }
                None => found.matched = Matched::Nothing,
            }
        }
        found
    }

    /// The only event that a heading names among other words.
    fn mentioned(&self, heading: &str) -> Option<usize> {
        let words = heading.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','));
        let mut found = words.filter_map(|word| self.exact.get(words::bare(word)).copied());
        let only = found.next()?;
        found.all(|other| other == only).then_some(only)
    }

    /// Finds the events whose names a heading begins, at the end of a word.
    pub(crate) fn beginning_with(&self, heading: &str) -> Vec<usize> {
        let (name, _) = without_status(heading);
        let begin = letters(name);
        if begin.len() < 4 || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Vec::new();
        }
        let range = self.letters.range(begin.clone()..);
        range
            .take_while(|(letters, _)| letters.starts_with(&begin))
            .flat_map(|(_, at)| at)
            .copied()
            .filter(|&at| self.names.get(at).is_some_and(|name| ends_word(name, begin.len())))
            .collect()
    }

    fn one(&self, name: &str) -> Option<(usize, Matched)> {
        if let Some(&at) = self.exact.get(name) {
            return Some((at, Matched::Name));
        }
        let letters = letters(name);
        let by = |letters: &str| match self.letters.get(letters).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        };
        if let Some(at) = by(&letters) {
            return Some((at, Matched::Letters));
        }
        if letters.len() < 4 {
            return None;
        }
        let mut forms: Vec<usize> = ["D", "ED", "S"]
            .iter()
            .flat_map(|ending| {
                let longer = by(&format!("{letters}{ending}"));
                let shorter = letters.strip_suffix(ending).and_then(by);
                [longer, shorter]
            })
            .flatten()
            .collect();
        forms.dedup();
        match forms.as_slice() {
            [only] => Some((*only, Matched::Inflection)),
            _ => None,
        }
    }
}

/// Whether a word of `name` ends after this many letters.
fn ends_word(name: &str, count: usize) -> bool {
    let mut seen = 0;
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            seen += 1;
        } else if seen == count {
            return true;
        }
    }
    false
}

/// Cuts `(WIP)`, `- deprecated`, `[WIP]` and numbering off a heading.
pub(crate) fn without_status(heading: &str) -> (&str, Option<Status>) {
    const LONGEST: usize = 256;
    if heading.len() > LONGEST {
        return (heading, None);
    }
    if words::is_struck(heading) {
        // What a page strikes out is still there, and about to go.
        let (name, _) = without_status(heading.trim_matches(|c: char| !c.is_alphanumeric()));
        return (name, Some(Status::Deprecated));
    }
    let mut name = heading.trim_matches(|c: char| {
        c.is_whitespace() || is_symbol(c) || matches!(c, '`' | '*' | '#' | ':' | '~')
    });
    if let Some((number, rest)) = name.split_once(' ') {
        let number = number.trim_end_matches([')', '.']);
        if number.starts_with(|c: char| c.is_ascii_digit())
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            name = rest.trim_start();
        }
    }
    for label in ["event:", "webhook:"] {
        if words::starts_with(name, label) {
            name = name[label.len()..].trim_start();
        }
    }
    for (at, _) in name.match_indices(' ') {
        let (before, after) = (name[..at].trim(), name[at..].trim());
        // `Deprecated: NAME`, `[WIP] NAME`
        if before.ends_with([':', ')', ']', '}']) && words::is_status(before) {
            return (trim_joint(after), words::status(before));
        }
        // `NAME WIP`, `NAME (WIP since May)`, `NAME - coming soon`
        if words::is_status(after) || after.starts_with(['(', '[', '{', '-', '–', '—']) {
            if let Some(status) = words::status(after) {
                return (trim_joint(before), Some(status));
            }
        }
    }
    // `NAME(WIP)`
    if let Some(at) = name.rfind(['(', '[', '{']).filter(|&at| at > 0) {
        if let Some(status) = words::status(&name[at..]) {
            return (trim_joint(&name[..at]), Some(status));
        }
    }
    for label in [" event", " webhook", " events", " webhooks"] {
        if let Some(at) = name.len().checked_sub(label.len()) {
            if name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(label)) {
                name = &name[..at];
            }
        }
    }
    (trim_joint(name), None)
}

/// Cuts off a badge such as `New` that stands behind a name in upper case.
pub(crate) fn without_badge(cell: &str) -> &str {
    const MOST_WORDS: usize = 3;
    let mut words = cell.split_whitespace();
    let Some(name) = words.next().map(words::bare) else { return cell };
    let badges: Vec<&str> = words.collect();
    let fits = |word: &&str| {
        word.len() <= 16 && !is_event_name(words::bare(word)) || words::is_status(word)
    };
    let is_name = name.contains('_') && is_event_name(name);
    if is_name && badges.len() <= MOST_WORDS && badges.iter().all(fits) { name } else { cell }
}

/// Whether this is a sign such as an emoji, which no name contains.
fn is_symbol(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric()
}

fn trim_joint(name: &str) -> &str {
    name.trim_matches(|c: char| {
        c.is_whitespace() || is_symbol(c) || matches!(c, '-' | '–' | '—' | ':' | '`' | '*' | '~')
    })
}

/// Spells out the names that a heading stands for: `A_<B|C>`, `A_(B|C)`,
/// `A_{B,C}`, `A_B/C`, `A_B and A_C`.
fn alternatives(name: &str) -> Vec<String> {
    const MOST: usize = 16;
    for (open, close) in [('<', '>'), ('(', ')'), ('[', ']'), ('{', '}')] {
        let Some((before, rest)) = name.split_once(open) else {
            continue;
        };
        let Some((inside, after)) = rest.split_once(close) else {
            continue;
        };
        let pieces = inside.split(['|', '/', ',']).take(MOST);
        let spelled: Vec<String> =
            pieces.map(|piece| format!("{before}{}{after}", piece.trim())).collect();
        if spelled.len() > 1 {
            return spelled;
        }
    }
    let normal = name.replace(" and ", "|").replace(" & ", "|").replace(" or ", "|");
    let mut pieces = normal.split(['|', '/', ',', '+']).map(str::trim).take(MOST);
    let Some(first) = pieces.next() else {
        return Vec::new();
    };
    let stem = first.rfind('_').map_or("", |at| &first[..=at]);
    let rest = pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        // `CUSTOMER_TAG_ADDED/REMOVED` repeats only the last word.
        if piece.contains('_') || piece.contains(' ') {
            piece.to_owned()
        } else {
            format!("{stem}{piece}")
        }
    });
    std::iter::once(first.to_owned()).chain(rest).collect()
}

#[cfg(test)]
mod tests;
