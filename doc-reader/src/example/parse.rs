//! The tolerant JSON parser.

use std::collections::HashSet;
use std::mem::replace;

use lazy_regex::{regex, regex_captures, regex_find};

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
    let (rest, text, out) = (text.trim_end(), String::new(), Parsed::default());
    let mut parser = Parser { rest, here: END, text, line: 1, nodes: 0, elided: false, out };
    parser.next();
    loop {
        match parser.here {
            END => return parser.out,
            '{' | '[' => {
                let value = parser.value(0);
                parser.out.values.extend(value);
            }
            _ => parser.stray(),
        }
    }
}

/// What comes next, if it is no mark.
const STRING: char = '"';
const WORD: char = 'a';
const END: char = '\0';

struct Parser<'a> {
    /// The text behind what comes next.
    rest: &'a str,
    /// A mark, a string or a word that comes next, its text and its line.
    here: char,
    text: String,
    line: usize,
    nodes: usize,
    /// Whether dots stood here since the last comma.
    elided: bool,
    out: Parsed,
}

impl Parser<'_> {
    /// Moves on by what was found here; says whether anything was.
    fn take(&mut self, found: Option<&str>) -> bool {
        let Some(found) = found else { return false };
        self.line += found.matches('\n').count();
        self.rest = &self.rest[found.len()..];
        true
    }

    /// Moves on, past white space, comments and dots that stand for what was left out;
    /// returns the text of what was here.
    fn next(&mut self) -> String {
        loop {
            self.take(regex_find!(r"^\s+", self.rest));
            let comment = regex_find!(r"^(?:(?://|#).*|/\*(?s:.*?(?:\*/|$)))", self.rest);
            let dots = regex_find!(r"^(?:\.{3}|…)[.…]*", self.rest);
            if comment.is_some() {
                self.fault(Fault::Comment);
            } else if dots.is_some() {
                self.fault(Fault::Ellipsis);
                self.elided = true;
            }
            if !self.take(comment.or(dots)) {
                break;
            }
        }
        let mark = regex_find!(r"^(?:[{}\[\],:|]|or )", self.rest);
        let (here, text) = match self.rest.chars().next() {
            None => (END, String::new()),
            Some('o') if mark.is_some() => ('|', String::new()),
            Some(c) if mark.is_some() => (c, String::new()),
            Some('"' | '\'' | '“' | '”' | '‘' | '’') => (STRING, self.string()),
            Some(_) => (WORD, self.word()),
        };
        self.take(mark);
        self.here = here;
        replace(&mut self.text, text)
    }

    /// Reads a string, which its line ends at the latest.
    fn string(&mut self) -> String {
        if !self.rest.starts_with('"') {
            self.fault(Fault::OtherQuotes);
        }
        let closed = regex_captures!(
            r#"(?x)^(?: "((?:[^"\\\n]|\\.)*)" | '((?:[^'\\\n]|\\.)*)'
                | [“”]((?:[^“”\\\n]|\\.)*)[“”] | [‘’]((?:[^‘’\\\n]|\\.)*)[‘’])"#,
            self.rest
        );
        if let Some((all, a, b, c, d)) = closed {
            self.take(Some(all));
            return unescaped(&[a, b, c, d].concat());
        }
        self.fault(Fault::UnclosedString);
        let line = self.rest.lines().next().unwrap_or_default().trim_end();
        // A comma at the end of the line belongs to the object.
        let text = line.strip_suffix(',').unwrap_or(line);
        self.take(Some(text));
        unescaped(text.char_indices().nth(1).map_or("", |(at, _)| &text[at..]))
    }

    /// Reads up to the next mark, or a comment on the same line.
    fn word(&mut self) -> String {
        let rest = self.rest;
        let word = regex_find!(r"^(?:<[^>\n]*>?|.[^,:}\]\n|{\[]*)", rest).unwrap_or(rest);
        let comment = regex!(r"//|/\*| #").find(word).filter(|comment| comment.start() > 0);
        let word = comment.map_or(word, |comment| &word[..comment.start()]);
        self.take(Some(word));
        unescaped(word.trim_end())
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = self.here == mark;
        if found {
            self.next();
        }
        found
    }

    fn stray(&mut self) {
        self.fault(Fault::StrayText);
        self.next();
    }

    fn fault(&mut self, fault: Fault) {
        self.fault_at(fault, self.line);
    }

    fn fault_at(&mut self, fault: Fault, line: usize) {
        // Faults come in the order of lines, so a repeated one stands near the end.
        let mut near = self.out.faults.iter().rev().take_while(|(_, known)| *known >= line);
        if !near.any(|known| *known == (fault, line)) {
            self.out.faults.push((fault, line));
        }
    }

    /// Reads a value with its alternatives; `None` where none begins here.
    fn value(&mut self, depth: usize) -> Option<Node> {
        let mut values = vec![self.single(depth)?];
        while self.here == '|' {
            self.fault(Fault::Alternatives);
            self.next();
            values.extend(self.single(depth));
        }
        if values.len() == 1 { values.pop() } else { Some(Node::Any(values)) }
    }

    fn single(&mut self, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.out.overflow = true;
            (self.rest, self.here) = ("", END);
        }
        match self.here {
            '{' | '[' if depth >= MAX_DEPTH => {
                self.fault(Fault::TooDeep);
                self.skip_nested();
                Some(Node::Scalar(Kind::Unknown))
            }
            '{' => Some(Node::Object(self.container('}', depth))),
            '[' => {
                let elements = self.container(']', depth).into_iter();
                Some(Node::Array(elements.map(|(_, value)| value).collect()))
            }
            STRING => Some(Node::String(self.next())),
            WORD => {
                let kind = self.kind();
                self.next();
                Some(Node::Scalar(kind))
            }
            _ => None,
        }
    }

    /// The kind of the word or the number that comes next; anything else is a placeholder.
    fn kind(&mut self) -> Kind {
        match self.text.as_str() {
            "null" => Kind::Null,
            "true" | "false" => Kind::Boolean,
            word if word.parse::<f64>().is_ok_and(f64::is_finite) => Kind::Number,
            word => {
                let expr = crate::types::cell(word.trim_matches(['<', '>']));
                self.fault(Fault::UnquotedValue);
                expr.map_or(Kind::Unknown, |expr| expr.kind)
            }
        }
    }

    /// Reads an object or an array; the elements of an array have no name.
    fn container(&mut self, close: char, depth: usize) -> Vec<(String, Node)> {
        self.next();
        let is_object = close == '}';
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut names = HashSet::new();
        let mut comma = true;
        let mut trailing = None;
        loop {
            match self.here {
                here if here == close => {
                    // Dots in the place of the last value need their comma.
                    if let Some(line) = trailing.filter(|_| !self.elided) {
                        self.fault_at(Fault::TrailingComma, line);
                    }
                    self.next();
                    return entries;
                }
                // It closes something further out.
                END | '}' | ']' => {
                    self.fault(match is_object {
                        true => Fault::UnclosedBrace,
                        false => Fault::UnclosedBracket,
                    });
                    return entries;
                }
                ',' => {
                    if comma && trailing.is_some() {
                        self.fault(Fault::MissingValue);
                    }
                    (comma, trailing, self.elided) = (true, Some(self.line), false);
                    self.next();
                }
                _ => {
                    if !comma {
                        self.fault(Fault::MissingComma);
                    }
                    (comma, trailing) = (false, None);
                    let line = self.line;
                    let entry = if is_object { self.member(depth) } else { self.element(depth) };
                    let Some((name, value)) = entry else { continue };
                    if is_object && !names.insert(name.clone()) {
                        self.fault_at(Fault::DuplicateName, line);
                    }
                    entries.push((name, value));
                }
            }
        }
    }

    fn element(&mut self, depth: usize) -> Option<(String, Node)> {
        let value = self.value(depth + 1);
        if value.is_none() {
            self.stray();
        }
        Some((String::new(), value?))
    }

    fn member(&mut self, depth: usize) -> Option<(String, Node)> {
        match self.here {
            STRING => {}
            WORD => self.fault(Fault::UnquotedName),
            // A value without a name: read past it.
            '{' | '[' => {
                self.fault(Fault::StrayText);
                self.skip_nested();
                return None;
            }
            _ => {
                self.stray();
                return None;
            }
        }
        let line = self.line;
        let name = self.next();
        if !self.eat(':') {
            self.fault(Fault::MissingColon);
            if matches!(self.here, END | ',' | '}' | ']') {
                return None;
            }
        }
        // An ellipsis in place of the value says that there is one.
        let value = self.value(depth + 1).unwrap_or(Node::Scalar(Kind::Unknown));
        if name.len() > MAX_NAME {
            self.fault_at(Fault::TooDeep, line);
            return None;
        }
        Some((name, value))
    }

    /// Skips an object or array without reading it.
    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.here {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                END => return,
                _ => {}
            }
            self.next();
            if depth == 0 {
                return;
            }
        }
    }
}

/// Takes the backslashes from underscores: JSON has no such escape, Markdown has.
fn unescaped(text: &str) -> String {
    text.replace("\\_", "_")
}
