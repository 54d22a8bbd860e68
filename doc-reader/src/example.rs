//! Examples of payloads: JSON with the mistakes of hand-written examples.
//!
//! The parser records each mistake and continues after it. Invariants: the parser always moves
//! forward, so its work is linear; nesting is limited by [`MAX_DEPTH`].

mod parse;

use std::collections::HashSet;

use indexmap::IndexMap;
use lazy_regex::regex;

use crate::facts::{
    Example, ExampleMember, ExampleProblem, JsonType, SyntaxFault, holds_wire_type,
};

/// Levels of nesting that are read; deeper levels are skipped and recorded as a fault.
pub(crate) const MAX_DEPTH: usize = 16;
/// The most values in one example.
pub(crate) const MAX_NODES: usize = 10_000;
/// The longest name of a member, in bytes.
pub(crate) const MAX_NAME: usize = 128;

/// A value of an example.
#[derive(Debug)]
struct ExampleValue {
    /// The path, with `[]` for the elements of an array.
    path: String,
    kind: JsonType,
    /// The text of a string.
    text: Option<String>,
    /// The number of objects and arrays that contain the value.
    depth: usize,
}

/// The examples of one section, read so far.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    /// The JSON types of each member, by path.
    members: IndexMap<String, Vec<JsonType>>,
    problems: Vec<ExampleProblem>,
    /// String values of the members that carry the wire type.
    pub(crate) wire_types: Vec<String>,
    /// The member that wraps the events, if an example shows a batch.
    pub(crate) batch: Option<String>,
    /// Whether an example has more than [`MAX_NODES`] values.
    pub(crate) overflow: bool,
    /// Whether the last example ends before its brackets close.
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

    /// Reads one block of code; code without JSON is ignored.
    pub(crate) fn add(&mut self, code: &str) {
        let Some(start) = json_start(code) else {
            return;
        };
        let skipped = code[..start].matches('\n').count();
        let parsed = parse::parse(&code[start..]);
        self.read = true;
        self.overflow |= parsed.overflow;
        let is_open =
            |fault| matches!(fault, SyntaxFault::UnclosedBrace | SyntaxFault::UnclosedBracket);
        self.open = !parsed.overflow && parsed.faults.iter().any(|(kind, _)| is_open(*kind));
        let mut seen = HashSet::new();
        let faults = parsed.faults.into_iter().filter(|fault| seen.insert(*fault));
        let problems = faults.map(|(kind, line)| ExampleProblem { kind, line: line + skipped });
        self.problems.extend(problems);
        parsed.values.into_iter().for_each(|values| self.events(values));
    }

    /// Takes the members and faults out; `None` if no example was read.
    pub(crate) fn take(&mut self) -> Option<Example> {
        let members = std::mem::take(&mut self.members).into_iter();
        let members = members.map(|(path, kinds)| ExampleMember { path, kinds }).collect();
        let problems = std::mem::take(&mut self.problems);
        self.read.then_some(Example { members, problems })
    }

    pub(crate) fn members(&self) -> &IndexMap<String, Vec<JsonType>> {
        &self.members
    }

    /// Adds the members of one JSON value: an event, a list of events or a batch.
    fn events(&mut self, values: Vec<ExampleValue>) {
        let wrapper = batch(&values).map(str::to_owned);
        let within = wrapper.as_ref().map(|name| format!("{name}[]."));
        self.batch = self.batch.take().or(wrapper);
        for ExampleValue { mut path, kind, text, .. } in values {
            if let Some(within) = &within {
                let Some(inner) = path.strip_prefix(within.as_str()) else { continue };
                path = inner.to_owned();
            }
            if (holds_wire_type(&path) || path == "event")
                && let Some(text) = text
                && self.wire_types.len() < 64
                && !self.wire_types.contains(&text)
            {
                self.wire_types.push(text);
            }
            let kinds = self.members.entry(path).or_default();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
}

/// Finds the wrapper of a batch: the only member of the outermost object, an array whose elements
/// can be objects.
fn batch(values: &[ExampleValue]) -> Option<&str> {
    let mut members = values.iter().filter(|value| value.depth == 1);
    let only = members.next().filter(|member| member.kind == JsonType::Array)?;
    let mut entries = values.iter().filter(|value| value.depth == 2);
    let fits = entries.all(|entry| matches!(entry.kind, JsonType::Object | JsonType::Unknown));
    (fits && members.next().is_none()).then_some(&only.path)
}

/// Returns the position of the first bracket that opens an object or a list of objects at the
/// beginning of a line, or at the end of a line of a program, such as `const event = {`.
pub(crate) fn json_start(code: &str) -> Option<usize> {
    let json = regex!(
        r#"(?xm)^(?: [^\S\n]*(\{[^\S\n]*(?:["'“}/.…]|$) | \[[^\S\n]*(?:\{|$))
            | .*(?:[=(]|return)[^\S\n]*([{\[])[^\S\n]*$ )"#
    );
    let found = json.captures(code)?;
    found.get(1).or(found.get(2)).map(|opened| opened.start())
}

/// Returns the member that an inline `{"results":[…]}` wraps events in.
pub(crate) fn inline_batch(text: &str) -> Option<String> {
    text.match_indices('{').take(8).find_map(|(at, _)| {
        let snippet: String = text[at..].chars().take(400).collect();
        batch(parse::parse(&snippet).values.first()?).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests;
