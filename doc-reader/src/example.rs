//! Examples of payloads: JSON with the mistakes that hand-written examples have.
//!
//! The parser reads on past every mistake and notes it. Invariants: it always
//! moves forward, so its work is linear; nesting is bounded by [`MAX_DEPTH`].

mod parse;

use std::collections::HashMap;

use lazy_regex::regex;

use crate::facts::{Example, ExampleMember, ExampleProblem, Fault, Kind, holds_wire_type};

/// Levels that are read; deeper ones are skipped with a fault.
pub(crate) const MAX_DEPTH: usize = 16;
/// Values that one example may have.
pub(crate) const MAX_NODES: usize = 10_000;
/// Bytes that a member's name may have.
pub(crate) const MAX_NAME: usize = 128;

/// A value of an example.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    String(String),
    Scalar(Kind),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// `"a" | "b"`.
    Any(Vec<Node>),
}

/// The examples of one section as they are read.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    members: Vec<ExampleMember>,
    index: HashMap<String, usize>,
    problems: Vec<ExampleProblem>,
    /// String values of the members that carry the wire type.
    pub(crate) wire_types: Vec<String>,
    /// The member that wraps the events, where an example shows a batch.
    pub(crate) batch: Option<String>,
    /// Whether something was too large to be read.
    pub(crate) overflow: bool,
    /// Whether the last one ends before its brackets close.
    pub(crate) open: bool,
    read: bool,
}

impl Examples {
    /// Reads blocks of code.
    pub(crate) fn new<'c>(codes: impl IntoIterator<Item = &'c str>) -> Self {
        let mut examples = Self::default();
        codes.into_iter().for_each(|code| examples.add(code));
        examples
    }

    /// Reads one block of code; code that isn't JSON is left alone.
    pub(crate) fn add(&mut self, code: &str) {
        let Some(start) = json_start(code) else {
            return;
        };
        let skipped = code[..start].matches('\n').count();
        let parsed = parse::parse(&code[start..]);
        self.read = true;
        self.overflow |= parsed.overflow;
        let is_open = |fault| matches!(fault, Fault::UnclosedBrace | Fault::UnclosedBracket);
        self.open = !parsed.overflow && parsed.faults.iter().any(|(kind, _)| is_open(*kind));
        let problems = parsed.faults.into_iter();
        self.problems
            .extend(problems.map(|(kind, line)| ExampleProblem { kind, line: line + skipped }));
        for node in &parsed.values {
            self.entry(node);
        }
    }

    /// Takes the facts out, or `None` where there was no example.
    pub(crate) fn take(&mut self) -> Option<Example> {
        let members = std::mem::take(&mut self.members);
        let problems = std::mem::take(&mut self.problems);
        self.read.then_some(Example { members, problems })
    }

    pub(crate) fn members(&self) -> &[ExampleMember] {
        &self.members
    }

    /// Reads one top-level value: an event, a batch or a list of events.
    fn entry(&mut self, node: &Node) {
        match node {
            Node::Object(members) => {
                if let Some((name, entries)) = batch(members) {
                    self.batch.get_or_insert_with(|| name.to_owned());
                    entries.iter().for_each(|entry| self.event(entry));
                } else {
                    self.event(node);
                }
            }
            Node::Array(entries) => entries.iter().for_each(|entry| self.event(entry)),
            Node::Any(_) | Node::String(_) | Node::Scalar(_) => {}
        }
    }

    fn event(&mut self, node: &Node) {
        let Node::Object(members) = node else { return };
        for (name, value) in members {
            if holds_wire_type(name) || name == "event" {
                self.wire_type(value);
            }
            self.walk(name.clone(), value);
        }
    }

    fn wire_type(&mut self, value: &Node) {
        match value {
            Node::String(text) if self.wire_types.len() < 64 && !self.wire_types.contains(text) => {
                self.wire_types.push(text.clone());
            }
            Node::Any(values) => values.iter().for_each(|value| self.wire_type(value)),
            _ => {}
        }
    }

    fn walk(&mut self, path: String, node: &Node) {
        match node {
            Node::String(_) => self.member(path, Kind::String),
            Node::Scalar(kind) => self.member(path, *kind),
            Node::Any(values) => values.iter().for_each(|value| self.walk(path.clone(), value)),
            Node::Array(values) => {
                let element = format!("{path}[]");
                self.member(path, Kind::Array);
                values.iter().for_each(|value| self.walk(element.clone(), value));
            }
            Node::Object(members) => {
                let children: Vec<String> =
                    members.iter().map(|(name, _)| format!("{path}.{name}")).collect();
                self.member(path, Kind::Object);
                for (child, (_, value)) in children.into_iter().zip(members) {
                    self.walk(child, value);
                }
            }
        }
    }

    fn member(&mut self, path: String, kind: Kind) {
        let at = *self.index.entry(path.clone()).or_insert_with(|| {
            self.members.push(ExampleMember { path, kinds: Vec::new() });
            self.members.len() - 1
        });
        if let Some(member) = self.members.get_mut(at) {
            if !member.kinds.contains(&kind) {
                member.kinds.push(kind);
            }
        }
    }
}

/// Finds the wrapper of a batch: the only member, an array.
fn batch(members: &[(String, Node)]) -> Option<(&str, &[Node])> {
    let [(name, Node::Array(entries))] = members else {
        return None;
    };
    entries
        .iter()
        .all(|entry| matches!(entry, Node::Object(_) | Node::Scalar(Kind::Unknown)))
        .then_some((name, entries))
}

/// Finds where JSON begins in a block of code: at the beginning of a line, or
/// where a line of a program opens an object: `const event = {`.
pub(crate) fn json_start(code: &str) -> Option<usize> {
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        if let Some(start) = opens_json(line) {
            return Some(at + start);
        }
        at += line.len();
    }
    None
}

/// Where a line opens an object or a list of objects, which a program may assign or pass on.
pub(crate) fn opens_json(line: &str) -> Option<usize> {
    let opens = ['{', '['];
    if !line.trim_start().starts_with(opens) && !line.trim_end().ends_with(opens) {
        return None;
    }
    let json = regex!(
        r#"(?x)^\s* (?:(?P<json> \{\s*(?:["'“}/.…]|$) | \[\s*(?:\{|$)) | .*(?:[=(]|return)\s* (?P<code>[{\[])\s*$)"#
    );
    let found = json.captures(line)?;
    found.name("json").or(found.name("code")).map(|opened| opened.start())
}

/// Returns the member that an inline `{"results":[…]}` wraps events in.
pub(crate) fn inline_batch(text: &str) -> Option<String> {
    text.match_indices('{').take(8).find_map(|(at, _)| {
        let snippet: String = text[at..].chars().take(400).collect();
        match parse::parse(&snippet).values.first()? {
            Node::Object(members) => batch(members).map(|(name, _)| name.to_owned()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests;
