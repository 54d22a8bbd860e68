//! The tolerant JSON parser.

use std::collections::HashSet;

use crate::example::{MAX_DEPTH, MAX_NAME, MAX_NODES, Node};
use crate::facts::{Fault, Kind};

/// What came out of one block of code.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) values: Vec<Node>,
    /// Faults with their lines, counted from one; one of a kind per line.
    pub(super) faults: Vec<(Fault, usize)>,
    /// Whether there were more than [`MAX_NODES`] values.
    pub(super) overflow: bool,
}

pub(super) fn parse(text: &str) -> Parsed {
    let mut parser = Parser {
        text: text.trim_end(),
        at: 0,
        line: 1,
        nodes: 0,
        elided: false,
        out: Parsed::default(),
    };
    loop {
        parser.space();
        match parser.peek() {
            None => break,
            Some('{' | '[') => {
                let value = parser.value(0);
                parser.out.values.extend(value);
            }
            Some(_) => {
                parser.fault(Fault::StrayText);
                parser.bump();
            }
        }
    }
    parser.out
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    nodes: usize,
    /// Whether dots stood here since the last comma.
    elided: bool,
    out: Parsed,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn bump(&mut self) {
        if let Some(c) = self.peek() {
            self.line += usize::from(c == '\n');
            self.at += c.len_utf8();
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.bump();
        }
        found
    }

    fn fault(&mut self, fault: Fault) {
        let entry = (fault, self.line);
        // Faults come in the order of lines, so a repeated one stands near the end.
        let near = self.out.faults.iter().rev().take_while(|(_, line)| *line == self.line);
        if !near.into_iter().any(|known| *known == entry) {
            self.out.faults.push(entry);
        }
    }

    /// Skips white space, comments and dots that stand for what was left out.
    fn space(&mut self) {
        loop {
            self.skip_while(|c| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}');
            let rest = self.rest();
            if rest.starts_with("//") || rest.starts_with('#') {
                self.fault(Fault::Comment);
                self.skip_while(|c| c != '\n');
            } else if rest.starts_with("/*") {
                self.fault(Fault::Comment);
                let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
                let target = self.at + end;
                while self.at < target {
                    self.bump();
                }
            } else if rest.starts_with("...") || rest.starts_with('…') {
                self.fault(Fault::Ellipsis);
                self.elided = true;
                self.skip_while(|c| c == '.' || c == '…');
            } else {
                return;
            }
        }
    }

    /// Reads a value with its alternatives; `None` where none begins here.
    fn value(&mut self, depth: usize) -> Option<Node> {
        let first = self.single(depth)?;
        let mut values = vec![first];
        loop {
            self.space();
            let or = self.rest().starts_with("or ");
            if !or && self.peek() != Some('|') {
                break;
            }
            self.fault(Fault::Alternatives);
            if or {
                self.bump();
            }
            self.bump();
            self.space();
            values.extend(self.single(depth));
        }
        if values.len() == 1 {
            return values.pop();
        }
        Some(Node::Any(values))
    }

    fn single(&mut self, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.out.overflow = true;
            self.at = self.text.len();
            return None;
        }
        match self.peek()? {
            '{' | '[' if depth >= MAX_DEPTH => {
                self.fault(Fault::TooDeep);
                self.skip_nested();
                Some(Node::Scalar(Kind::Unknown))
            }
            '{' => Some(Node::Object(self.container(depth))),
            '[' => {
                let elements = self.container(depth).into_iter();
                Some(Node::Array(elements.map(|(_, value)| value).collect()))
            }
            c if is_quote(c) => Some(Node::String(self.string())),
            '}' | ']' | ',' | ':' | '|' => None,
            _ => Some(Node::Scalar(self.word())),
        }
    }

    /// Reads an object or an array; the elements of an array have no name.
    fn container(&mut self, depth: usize) -> Vec<(String, Node)> {
        let is_object = self.eat('{');
        let (close, unclosed) =
            if is_object { ('}', Fault::UnclosedBrace) } else { (']', Fault::UnclosedBracket) };
        if !is_object {
            self.bump();
        }
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut names = HashSet::new();
        let mut comma = true;
        let mut trailing = None;
        loop {
            self.space();
            match self.peek() {
                Some(c) if c == close => {
                    // Dots in the place of the last value need their comma.
                    self.trailing_comma(trailing.filter(|_| !self.elided));
                    self.bump();
                    break;
                }
                // It closes something further out.
                None | Some('}' | ']') => {
                    self.fault(unclosed);
                    break;
                }
                Some(',') => {
                    if comma && trailing.is_some() {
                        self.fault(Fault::MissingValue);
                    }
                    trailing = Some(self.line);
                    self.elided = false;
                    comma = true;
                    self.bump();
                }
                Some(_) => {
                    if !comma {
                        self.fault(Fault::MissingComma);
                    }
                    comma = false;
                    trailing = None;
                    let entry = if is_object { self.member(depth) } else { self.element(depth) };
                    if is_object
                        && entry.as_ref().is_some_and(|(name, _)| !names.insert(name.clone()))
                    {
                        self.fault(Fault::DuplicateName);
                    }
                    entries.extend(entry);
                }
            }
        }
        entries
    }

    fn element(&mut self, depth: usize) -> Option<(String, Node)> {
        let value = self.value(depth + 1);
        if value.is_none() {
            self.fault(Fault::StrayText);
            self.bump();
        }
        value.map(|value| (String::new(), value))
    }

    fn member(&mut self, depth: usize) -> Option<(String, Node)> {
        let name = self.name()?;
        self.space();
        if !self.eat(':') {
            self.fault(Fault::MissingColon);
            if matches!(self.peek(), None | Some(',' | '}' | ']')) {
                return None;
            }
        }
        self.space();
        let value = match self.value(depth + 1) {
            Some(value) => value,
            // An ellipsis in place of the value says that there is one.
            None => Node::Scalar(Kind::Unknown),
        };
        if name.len() > MAX_NAME {
            self.fault(Fault::TooDeep);
            return None;
        }
        Some((name, value))
    }

    fn name(&mut self) -> Option<String> {
        match self.peek()? {
            c if is_quote(c) => Some(self.string()),
            c if c.is_alphanumeric() || c == '_' || c == '$' || c == '<' => {
                self.fault(Fault::UnquotedName);
                let start = self.at;
                self.skip_while(|c| {
                    !c.is_whitespace() && !matches!(c, ':' | ',' | '}' | ']' | '{')
                });
                self.text.get(start..self.at).map(unescaped)
            }
            '{' | '[' => {
                // A value without a name: read past it.
                self.fault(Fault::StrayText);
                self.skip_nested();
                None
            }
            _ => {
                self.fault(Fault::StrayText);
                self.bump();
                None
            }
        }
    }

    /// Notes a comma before a closing brace, on the comma's own line.
    fn trailing_comma(&mut self, line: Option<usize>) {
        if let Some(line) = line {
            let here = std::mem::replace(&mut self.line, line);
            self.fault(Fault::TrailingComma);
            self.line = here;
        }
    }

    /// Reads a string, which its line ends at the latest.
    fn string(&mut self) -> String {
        let close: &[char] = match self.peek() {
            Some('"') => &['"'],
            Some('\'') => &['\''],
            Some('“' | '”') => &['”', '“'],
            _ => &['’', '‘'],
        };
        if close != ['"'] {
            self.fault(Fault::OtherQuotes);
        }
        self.bump();
        let start = self.at;
        let mut escaped = false;
        while let Some(c) = self.peek() {
            if c == '\n' {
                break;
            }
            if !escaped && close.contains(&c) {
                let text = unescaped(&self.text[start..self.at]);
                self.bump();
                return text;
            }
            escaped = !escaped && c == '\\';
            self.bump();
        }
        self.fault(Fault::UnclosedString);
        let text = self.text[start..self.at].trim_end();
        // A comma at the end of the line belongs to the object.
        let text = text.strip_suffix(',').unwrap_or(text);
        self.at = start + text.len();
        unescaped(text)
    }

    /// Reads a word or a number; anything else is a placeholder.
    fn word(&mut self) -> Kind {
        let start = self.at;
        if self.eat('<') {
            self.skip_while(|c| c != '>' && c != '\n');
            self.eat('>');
        } else {
            self.bump();
            self.skip_while(|c| !matches!(c, ',' | '}' | ']' | '\n' | '|' | '{' | '['));
            // A comment may follow on the same line.
            let word = &self.text[start..self.at];
            let comments = ["//", "/*", " #"].iter().filter_map(|mark| word.find(mark));
            if let Some(comment) = comments.min().filter(|&comment| comment > 0) {
                self.at = start + comment;
            }
        }
        match self.text[start..self.at].trim() {
            "null" => Kind::Null,
            "true" | "false" => Kind::Boolean,
            word if word.parse::<f64>().is_ok_and(f64::is_finite) => Kind::Number,
            word => {
                self.fault(Fault::UnquotedValue);
                crate::types::cell(word.trim_matches(['<', '>']))
                    .map_or(Kind::Unknown, |expr| expr.kind)
            }
        }
    }

    /// Skips an object or array without reading it.
    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.string();
                    continue;
                }
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’')
}

/// Takes the backslashes from underscores: JSON has no such escape, Markdown has.
fn unescaped(text: &str) -> String {
    text.replace("\\_", "_")
}
