//! What is known of a page while its rows are split: the names that headings and examples
//! show, and the words that the page uses.

use std::collections::{HashMap, HashSet};

use lazy_regex::{regex_find, regex_is_match};

use crate::example::Examples;
use crate::names::{is_event_name, without_status};
use crate::place;

/// Bytes that a member's name may take of a line.
pub(super) const LONGEST_NAME: usize = 128;

/// What is known about the page while a row is split.
#[derive(Debug, Default)]
pub(super) struct Knowledge<'a> {
    /// Words that stand alone somewhere on the page.
    pub(super) words: HashSet<&'a str>,
    /// Names of events that stand on a line of their own.
    pub(super) events: HashSet<&'a str>,
    /// The paths of examples as they stand and without brackets, and their last names, each
    /// with the last section that shows it.
    members: HashMap<String, usize>,
    /// The same in small letters: tables name types by them.
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
        // How the descriptions begin whose names are known from a heading.
        for line in lines.iter().map(|line| line.trim_start()) {
            if let Some(end) = knowledge.event_end(line) {
                knowledge.words.extend(words(&line[end..]).next());
            }
        }
        knowledge
    }

    /// Begins another section: only the names that were shown are still known.
    pub(super) fn leave(&mut self) {
        self.section += 1;
    }

    /// Takes over what an example of the section shows.
    pub(super) fn learn(&mut self, examples: &Examples) {
        for path in examples.members().keys() {
            let last = path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]");
            self.types.insert(last.to_ascii_lowercase(), self.section);
            for name in [path.clone(), place::loosen(path), last.to_owned()] {
                self.members.insert(name, self.section);
            }
        }
    }

    /// How well a piece of text serves as a member's name: 0 where the section's example shows
    /// it, 1 where an earlier one does, and else 2.
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

    /// Whether a line is the beginning of a row whose member the example shows.
    pub(super) fn begins_member(&self, line: &str) -> bool {
        let shown = self.members.iter().filter(|(_, section)| **section == self.section);
        let begins =
            |name: &str| name.starts_with(line) || name.len() > 3 && line.starts_with(name);
        !line.contains(char::is_whitespace) && shown.into_iter().any(|(name, _)| begins(name))
    }

    /// Where the name of an event with a heading of its own ends that a line begins with, if a
    /// description can begin after it: not in the middle of a word in upper case.
    pub(super) fn event_end(&self, line: &str) -> Option<usize> {
        const MOST_ENDS: usize = 48;
        let text = |text: &str| regex_is_match!(r"^(?:.?$|[^\sA-Z_]|[A-Z][^A-Z_])", text);
        let mut ends = (1..=event_run(line).len()).rev().take(MOST_ENDS);
        ends.find(|&end| self.events.contains(&line[..end]) && text(&line[end..]))
    }
}

/// The letters, digits and joints that a line begins with.
pub(super) fn event_run(line: &str) -> &str {
    let run = regex_find!("^(?:[A-Z][A-Z0-9_.-]*|[a-z][a-z0-9_.-]*)", line).unwrap_or_default();
    run[..run.len().min(LONGEST_NAME)].trim_end_matches(['_', '.', '-'])
}
