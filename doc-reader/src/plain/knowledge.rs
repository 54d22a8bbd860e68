//! What is known of a page while its rows are split: the names that headings and examples
//! show, and the words that the page uses.

use std::collections::HashSet;

use crate::example::Examples;
use crate::names::{is_event_name, without_status};
use crate::place;

/// What is known about the page while a row is split.
#[derive(Debug, Default)]
pub(super) struct Knowledge<'a> {
    /// Words that stand alone somewhere on the page.
    pub(super) words: HashSet<&'a str>,
    /// Names of events that stand on a line of their own.
    pub(super) events: HashSet<&'a str>,
    /// Paths of the section's example, and their last names.
    members: HashSet<String>,
    /// Last names of all examples so far.
    seen: HashSet<String>,
    types: HashSet<String>,
    /// How many members of the section's examples are in it.
    entered: usize,
}

/// Bytes that a member's name may take of a line.
pub(super) const LONGEST_NAME: usize = 128;

impl<'a> Knowledge<'a> {
    pub(super) fn new(lines: &[&'a str]) -> Self {
        let mut knowledge = Self::default();
        for line in lines {
            let (name, _) = without_status(line.trim());
            if is_event_name(name) {
                knowledge.events.insert(name);
            }
            let words = line.split(|c: char| !c.is_alphanumeric());
            knowledge.words.extend(words.filter(|word| word.len() <= LONGEST_NAME));
        }
        // How the descriptions begin whose names are known from a heading.
        for line in lines {
            let line = line.trim_start();
            if let Some(name) = known_event(line, event_run(line), &knowledge.events) {
                let mut words = line[name.len()..].split(|c: char| !c.is_alphanumeric());
                knowledge.words.extend(words.next());
            }
        }
        knowledge
    }

    /// Forgets what the examples of a section show, but for the names.
    pub(super) fn leave(&mut self) {
        self.members.clear();
        self.types.clear();
        self.entered = 0;
    }

    /// Takes over what the section's examples show and did not show before.
    pub(super) fn enter(&mut self, examples: &Examples) {
        let new = examples.members().get(self.entered..).unwrap_or_default();
        self.entered += new.len();
        for member in new {
            let loose = place::loosen(&member.path);
            if let Some(last) = member.path.rsplit('.').next() {
                let last = last.trim_end_matches("[]");
                self.members.insert(last.to_owned());
                self.seen.insert(last.to_owned());
                self.types.insert(last.to_ascii_lowercase());
            }
            self.members.insert(loose);
        }
    }

    /// How well a piece of text serves as a member's name: lower is better.
    pub(super) fn rank(&self, name: &str) -> usize {
        let last = name.rsplit('.').next().unwrap_or(name);
        if self.members.contains(name) || self.members.contains(&place::loosen(name)) {
            0
        } else if self.members.contains(last) {
            1
        } else if self.seen.contains(last) {
            2
        } else {
            3
        }
    }

    pub(super) fn is_type_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.types.contains(&name) || self.types.contains(&format!("{name}s"))
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
