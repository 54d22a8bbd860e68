//! Finds out which new event is probably an old one under another name.

use std::collections::BTreeSet;

use super::known::Known;
use super::members::Resolved;
use super::payload::Payload;

/// How alike two names have to be if nothing else speaks for it.
const SAME_NAME: f64 = 0.75;
/// How alike two payloads have to be.
const SAME_MEMBERS: f64 = 0.6;
/// How alike two payloads have to be, and of how many members, if the names
/// have nothing in common.
const EQUAL_MEMBERS: f64 = 0.8;
const MANY_MEMBERS: usize = 4;
/// How alike two names have to be if the payloads are alike.
const NEAR_NAME: f64 = 0.3;

/// Says how probable it is that a new event is this old one; `None` if it is
/// not.
pub(super) fn likeness(
    old: &Known<'_>,
    new: &str,
    payload: Option<&Payload>,
    foreign: &BTreeSet<&str>,
) -> Option<f64> {
    let by_name = names(&old.event.name, new);
    let Some(payload) = payload else {
        return (by_name >= SAME_NAME).then_some(by_name);
    };
    // A wire type that other events have too says nothing.
    let same_wire_type = payload.wire_types.iter().any(|wire_type| {
        let known = |other: &String| other.eq_ignore_ascii_case(wire_type);
        old.event.wire_types.iter().any(known) && !foreign.contains(wire_type.as_str())
    });
    if same_wire_type {
        return Some(2.0 + by_name);
    }
    // An event in progress has no payload to compare.
    let vague = old.own().iter().all(|path| *path == "data");
    if vague || payload.own().is_empty() {
        return (by_name >= SAME_NAME).then_some(by_name);
    }
    let (by_members, shared) = Resolved::new(old, payload).likeness();
    let same = by_members >= EQUAL_MEMBERS && shared >= MANY_MEMBERS;
    let alike = by_members >= SAME_MEMBERS && by_name >= NEAR_NAME;
    (same || alike).then_some(by_members + by_name)
}

/// How alike two names are: the words that they share, in any form.
fn names(a: &str, b: &str) -> f64 {
    let words = |name: &str| -> Vec<String> {
        let words = name.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).map(str::to_ascii_uppercase).collect()
    };
    let (a, b) = (words(a), words(b));
    let shared: f64 = a
        .iter()
        .map(|word| b.iter().map(|other| word_likeness(word, other)).fold(0.0, f64::max))
        .sum();
    let longest = a.len().max(b.len());
    if longest == 0 { 0.0 } else { shared / f64::from(u32::try_from(longest).unwrap_or(u32::MAX)) }
}

/// Equal words count fully, forms of one word (`INIT`, `INITIATED`) nearly.
fn word_likeness(a: &str, b: &str) -> f64 {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let shorter = a.len().min(b.len());
    if a == b {
        1.0
    } else if common >= 3 && common + 1 >= shorter {
        0.8
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn forms_of_a_word_are_alike_and_other_words_are_not() {
        assert!(names("STEP_INIT", "STEP_INITIATED") > 0.8);
        assert!(names("PROCESS_RUN_END", "PROCESS_RUN_ENDED") > 0.9);
        assert!(names("ALERT_CREATED", "ALERT_RESOLVED") < 0.6);
        assert!(names("STEP_INIT", "STEP_SUBMIT") < 0.6);
        assert!(names("SERVICE_RUN", "LAMP_LIT") < 0.1);
    }
}
