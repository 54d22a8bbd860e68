//! Matches headings with the names in the table of events.
//!
//! Headings lose underscores (Markdown reads them as emphasis), carry a status or list several
//! events. Invariants: a heading matches only names in the table, and the result says how it
//! matched.

use std::collections::{BTreeMap, HashMap};

use lazy_regex::{regex, regex_captures, regex_find, regex_is_match};

use crate::facts::Matched;
use crate::terms::EventStatus;
use crate::words;

/// The names in the table of events, indexed for look-ups.
#[derive(Debug, Default)]
pub(crate) struct EventNames {
    names: Vec<String>,
    exact: HashMap<String, usize>,
    letters: BTreeMap<String, Vec<usize>>,
    /// By their stems, the letters without the ending of a verb: `REMOV` for `REMOVED` and
    /// `REMOVE`.
    stems: HashMap<String, Vec<usize>>,
}

/// The events and the status that a heading names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EventHeading {
    /// Positions in the table of events.
    pub(crate) events: Vec<usize>,
    pub(crate) matched: Matched,
    /// The status in the heading.
    pub(crate) status: Option<EventStatus>,
    /// Whether some of the listed names were not found.
    pub(crate) partly: bool,
}

/// Returns the letters and digits of a name, in upper case.
#[must_use]
pub fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a text has the form of an event's name or of a wire type: words of one case, joined by
/// underscores, dots or hyphens, or one long word in upper case. A dot before a digit belongs to a
/// version, such as `v2.0`, and not to a name.
pub(crate) fn is_event_name(text: &str) -> bool {
    const LONGEST: usize = 128;
    text.len() <= LONGEST
        && regex_is_match!(
            r"(?x)^(?:
                [A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+|\.[A-Z][A-Z0-9]*)+ | [A-Z][A-Z0-9]{3,} |
                [a-z][a-z0-9]*(?:[_-][a-z0-9]+|\.[a-z][a-z0-9]*)+)$",
            text
        )
}

/// Whether a text has the form of a wire type: a name in lower case.
pub(crate) fn is_wire_type(text: &str) -> bool {
    is_event_name(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether a heading has the form of an event's name, in the table or not.
pub(crate) fn looks_like_event(heading: &str) -> bool {
    if !heading.contains(['_', '<', '|', '/']) {
        return false;
    }
    let (name, _) = without_status(heading);
    if name.len() > 200 || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        // Without an underscore, a name in lower case looks like an ordinary word or a path.
        return name.contains('_') && is_event_name(name);
    }
    let listed = name.contains(['<', '|', '/']);
    let pieces = alternatives(name);
    let fits = |piece: &String| is_event_name(piece) && (listed || piece.contains('_'));
    !pieces.is_empty() && pieces.iter().all(fits)
}

impl EventNames {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        for (at, name) in names.enumerate() {
            index.exact.entry(name.to_owned()).or_insert(at);
            let letters = letters(name);
            index.stems.entry(stem(&letters).to_owned()).or_default().push(at);
            index.letters.entry(letters).or_default().push(at);
            index.names.push(name.to_owned());
        }
        index
    }

    pub(crate) fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at).map(String::as_str)
    }

    /// Finds the events that a heading names.
    pub(crate) fn heading(&self, heading: &str) -> EventHeading {
        let (name, status) = without_status(heading);
        let mut found =
            EventHeading { events: Vec::new(), matched: Matched::Name, status, partly: false };
        for piece in alternatives(name) {
            let Some((at, matched)) = self.one(&piece) else {
                found.partly = true;
                continue;
            };
            found.matched = found.matched.max(matched);
            if !found.events.contains(&at) {
                found.events.push(at);
            }
        }
        if found.events.is_empty() {
            found.partly = false;
            found.events.extend(self.mentioned(name));
            let mentioned = !found.events.is_empty();
            found.matched = if mentioned { Matched::Mention } else { Matched::Nothing };
        }
        found
    }

    /// Returns the event that a heading names among other words, if it names only one.
    fn mentioned(&self, heading: &str) -> Option<usize> {
        let words = heading.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','));
        let mut found = words.filter_map(|word| self.exact.get(words::bare(word)).copied());
        let only = found.next()?;
        found.all(|other| other == only).then_some(only)
    }

    /// Finds the events whose names begin with the words of a heading and continue with another
    /// word.
    pub(crate) fn beginning_with(&self, heading: &str) -> Vec<usize> {
        let (name, _) = without_status(heading);
        let begin = letters(name);
        if begin.len() < 4 || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Vec::new();
        }
        let begins = |&at: &usize| self.names.get(at).is_some_and(|name| ends_word(name, &begin));
        let range = self.letters.range(begin.clone()..);
        let range = range.take_while(|(letters, _)| letters.starts_with(&begin));
        range.flat_map(|(_, at)| at).copied().filter(begins).collect()
    }

    fn one(&self, name: &str) -> Option<(usize, Matched)> {
        let letters = letters(name);
        let only = |found: Option<&Vec<usize>>| match found?.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let exact = self.exact.get(name).copied().map(|at| (at, Matched::Name));
        let spelt = || Some((only(self.letters.get(&letters))?, Matched::Letters));
        let stem = self.stems.get(stem(&letters)).filter(|_| letters.len() >= 4);
        exact.or_else(spelt).or_else(|| Some((only(stem)?, Matched::Inflection)))
    }
}

fn stem(letters: &str) -> &str {
    ["ED", "ES", "E", "S"].iter().find_map(|it| letters.strip_suffix(it)).unwrap_or(letters)
}

/// Whether `begin`, compared by letters only, is the beginning of `name` and ends between two
/// words.
fn ends_word(name: &str, begin: &str) -> bool {
    let joints = name.match_indices(|c: char| !c.is_ascii_alphanumeric());
    joints.into_iter().any(|(at, _)| letters(&name[..at]) == begin)
}

/// Cuts numbering and a status such as `(WIP)`, `- deprecated` or `[WIP]` off a heading; returns
/// the name and the status.
pub(crate) fn without_status(heading: &str) -> (&str, Option<EventStatus>) {
    const LONGEST: usize = 256;
    if heading.len() > LONGEST {
        return (heading, None);
    }
    if words::is_struck(heading) {
        // A struck-out event still exists and will be removed.
        let (name, _) = without_status(heading.trim_matches(|c: char| !c.is_alphanumeric()));
        return (name, Some(EventStatus::Deprecated));
    }
    let dressing = |c: char| c.is_whitespace() || is_symbol(c) || "`*#:~".contains(c);
    let name = heading.trim_matches(dressing);
    let label = regex_find!(r"^(?:\d[\d.]*[).]* +)?(?i:(?:event|webhook):\s*)*", name);
    let name = &name[label.map_or(0, str::len)..];
    for (at, _) in name.match_indices([' ', '(', '[', '{']) {
        let (before, after) = (name[..at].trim(), name[at..].trim());
        // `Deprecated: NAME`, `[WIP] NAME`
        if before.ends_with([':', ')', ']', '}']) && words::is_status(before) {
            return (trim_joint(after), words::status(before));
        }
        // `NAME WIP`, `NAME (WIP since May)`, `NAME(WIP)`, `NAME - coming soon`
        let set_off = after.starts_with(['(', '[', '{', '-', '–', '—']) && !before.is_empty();
        if (set_off || words::is_status(after))
            && let Some(status) = words::status(after)
        {
            return (trim_joint(before), Some(status));
        }
    }
    let kind = regex!("(?i) (?:event|webhook)s?$").find(name);
    (trim_joint(kind.map_or(name, |kind| &name[..kind.start()])), None)
}

/// Cuts off a badge such as `New` after an event's name.
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

/// Whether a character is a sign, such as an emoji, that names do not contain.
fn is_symbol(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric()
}

fn trim_joint(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || is_symbol(c) || "-–—:`*~".contains(c))
}

/// Returns the names that a heading lists: `A_<B|C>`, `A_(B|C)`, `A_{B,C}`, `A_B/C`, `A_B and A_C`.
fn alternatives(name: &str) -> Vec<String> {
    const MOST: usize = 16;
    let listed =
        regex_captures!(r"(?x)^(.*?)(?: <(.*?)> | \((.*?)\) | \[(.*?)\] | \{(.*?)\})(.*)$", name);
    if let Some((_, before, a, b, c, d, after)) = listed {
        let inside = [a, b, c, d].concat();
        let pieces = inside.split(['|', '/', ',']).take(MOST);
        if pieces.clone().count() > 1 {
            return pieces.map(|piece| format!("{before}{}{after}", piece.trim())).collect();
        }
    }
    let mut pieces = regex!(r" and | & | or |[|/,+]").split(name).map(str::trim).take(MOST);
    let Some(first) = pieces.next() else { return Vec::new() };
    let stem = first.rfind('_').map_or("", |at| &first[..=at]);
    let rest = pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        // `CUSTOMER_TAG_ADDED/REMOVED` repeats only the last word.
        if piece.contains(['_', ' ']) { piece.to_owned() } else { format!("{stem}{piece}") }
    });
    std::iter::once(first.to_owned()).chain(rest).collect()
}

#[cfg(test)]
mod tests;
