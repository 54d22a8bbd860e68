//! Knowledge for splitting rows: the names in headings and examples, and the words of the page.

use std::collections::{HashMap, HashSet};

use lazy_regex::{regex_find, regex_is_match};

use crate::example::Examples;
use crate::names::{is_event_name, without_status};
use crate::place;

/// The longest name of a member in a line, in bytes.
pub(super) const LONGEST_NAME: usize = 128;

/// The names and words of a page.
#[derive(Debug, Default)]
pub(super) struct Knowledge<'a> {
    /// All runs of letters and digits on the page.
    pub(super) words: HashSet<&'a str>,
    /// The names of events that have a line for themselves.
    pub(super) events: HashSet<&'a str>,
    /// The members that examples show, each with the last section that shows it. A member has three
    /// keys: its path, its path in the form of [`place::loosen`], and its last name.
    members: HashMap<String, usize>,
    /// The last names in lower case, with their sections: tables use these names for types.
    types: HashMap<String, usize>,
    section: usize,
}

impl<'a> Knowledge<'a> {
    pub(super) fn new(lines: &[&'a str]) -> Self {
        let mut knowledge = Self::default();
        let words = |text: &'a str| text.split(|c: char| !c.is_alphanumeric());
        for line in lines {
            let (name, _) = without_status(line.trim());
            if is_event_name(name) {
                knowledge.events.insert(name);
            }
            knowledge.words.extend(words(line).filter(|word| word.len() <= LONGEST_NAME));
        }
        // The first words of descriptions after names that have a heading.
        for line in lines.iter().map(|line| line.trim_start()) {
            if let Some(end) = knowledge.event_end(line) {
                knowledge.words.extend(words(&line[end..]).next());
            }
        }
        knowledge
    }

    /// Begins another section. The members of earlier sections get a worse rank, and their names no
    /// longer count as types.
    pub(super) fn leave(&mut self) {
        self.section += 1;
    }

    /// Adds the members of an example of this section.
    pub(super) fn learn(&mut self, examples: &Examples) {
        for path in examples.members().keys() {
            let last = path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]");
            self.types.insert(last.to_ascii_lowercase(), self.section);
            for name in [path.clone(), place::loosen(path), last.to_owned()] {
                self.members.insert(name, self.section);
            }
        }
    }

    /// Ranks a text as the name of a member: 0 if the section's example shows it, 1 if an earlier
    /// example shows it, and 2 otherwise.
    pub(super) fn rank(&self, name: &str) -> usize {
        let last = name.rsplit('.').next().unwrap_or(name);
        let names = [name, &place::loosen(name), last];
        match names.iter().filter_map(|name| self.members.get(*name)).max() {
            Some(section) => usize::from(*section < self.section),
            None => 2,
        }
    }

    pub(super) fn is_type_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let known = |name: &str| self.types.get(name) == Some(&self.section);
        known(&name) || known(&format!("{name}s"))
    }

    /// Whether a line begins a row about a member of the section's example.
    pub(super) fn begins_member(&self, line: &str) -> bool {
        let shown = self.members.iter().filter(|(_, section)| **section == self.section);
        let begins =
            |name: &str| name.starts_with(line) || name.len() > 3 && line.starts_with(name);
        !line.contains(char::is_whitespace) && shown.into_iter().any(|(name, _)| begins(name))
    }

    /// Returns the end of a name at the beginning of the line, if the same name has a line for
    /// itself. A description must be able to follow: the end is not inside a word in upper case.
    pub(super) fn event_end(&self, line: &str) -> Option<usize> {
        const MOST_ENDS: usize = 48;
        let text = |text: &str| regex_is_match!(r"^(?:.?$|[^\sA-Z_]|[A-Z][^A-Z_])", text);
        let mut ends = (1..=event_run(line).len()).rev().take(MOST_ENDS);
        ends.find(|&end| self.events.contains(&line[..end]) && text(&line[end..]))
    }
}

/// Returns the letters, digits and joints (`_`, `.`, `-`) at the beginning of a line.
pub(super) fn event_run(line: &str) -> &str {
    let run = regex_find!("^(?:[A-Z][A-Z0-9_.-]*|[a-z][a-z0-9_.-]*)", line).unwrap_or_default();
    run[..run.len().min(LONGEST_NAME)].trim_end_matches(['_', '.', '-'])
}
