//! The tolerant JSON parser.

use std::collections::HashSet;
use std::mem::replace;

use lazy_regex::{regex, regex_captures, regex_find};

use crate::example::{ExampleValue, MAX_DEPTH, MAX_NAME, MAX_NODES};
use crate::facts::{JsonType, SyntaxFault};

/// The result of parsing one block of code.
#[derive(Debug, Default)]
pub(super) struct ParsedExamples {
    /// For each outermost object or array, the values inside it.
    pub(super) values: Vec<Vec<ExampleValue>>,
    /// Faults with their lines, counted from one.
    pub(super) faults: Vec<(SyntaxFault, usize)>,
    /// Whether there were more than [`MAX_NODES`] values.
    pub(super) overflow: bool,
}

pub(super) fn parse(text: &str) -> ParsedExamples {
    let (rest, text, out) = (text.trim_end(), String::new(), ParsedExamples::default());
    let mut parser = ExampleParser { rest, here: END, text, line: 1, nodes: 0, elided: false, out };
    parser.next();
    loop {
        match parser.here {
            END => return parser.out,
            '{' | '[' => {
                parser.out.values.push(Vec::new());
                parser.value("", 0);
            }
            _ => parser.stray(),
        }
    }
}

/// Tokens other than marks; `ExampleParser::here` holds one of these or the mark itself.
const STRING: char = '"';
const WORD: char = 'a';
const END: char = '\0';

struct ExampleParser<'a> {
    /// The text after the current token.
    rest: &'a str,
    /// The current token: a mark, [`STRING`], [`WORD`] or [`END`].
    here: char,
    text: String,
    line: usize,
    nodes: usize,
    /// Whether an ellipsis followed the last comma.
    elided: bool,
    out: ParsedExamples,
}

impl ExampleParser<'_> {
    /// Moves past a matched text and counts its lines.
    fn take(&mut self, found: &str) {
        self.line += found.matches('\n').count();
        self.rest = &self.rest[found.len()..];
    }

    /// Reads the next token after white space, comments and ellipses; returns the text of the
    /// former token.
    fn next(&mut self) -> String {
        loop {
            self.take(regex_find!(r"^\s*", self.rest).unwrap_or_default());
            let comment = regex_find!(r"^(?:(?://|#).*|/\*(?s:.*?(?:\*/|$)))", self.rest);
            let dots = regex_find!(r"^(?:\.{3}|…)[.…]*", self.rest);
            let Some(skipped) = comment.or(dots) else { break };
            self.fault(if dots.is_some() { SyntaxFault::Ellipsis } else { SyntaxFault::Comment });
            self.elided |= dots.is_some();
            self.take(skipped);
        }
        let mark = regex_find!(r"^(?:[{}\[\],:|]|or )", self.rest).unwrap_or_default();
        self.here = match (mark, self.rest.chars().next()) {
            (_, None) => END,
            ("or ", _) => '|',
            ("", Some('"' | '\'' | '“' | '”' | '‘' | '’')) => STRING,
            ("", _) => WORD,
            (_, Some(mark)) => mark,
        };
        self.take(mark);
        let text = match self.here {
            STRING => self.string(),
            WORD => self.word(),
            _ => String::new(),
        };
        replace(&mut self.text, text)
    }

    /// Reads a string; the end of its line closes it at the latest.
    fn string(&mut self) -> String {
        if !self.rest.starts_with('"') {
            self.fault(SyntaxFault::OtherQuotes);
        }
        let closed = regex_captures!(
            r#"(?x)^(?: "((?:[^"\\\n]|\\.)*)" | '((?:[^'\\\n]|\\.)*)'
                | [“”]((?:[^“”\\\n]|\\.)*)[“”] | [‘’]((?:[^‘’\\\n]|\\.)*)[‘’])"#,
            self.rest
        );
        if let Some((all, a, b, c, d)) = closed {
            self.take(all);
            return unescaped(&[a, b, c, d].concat());
        }
        self.fault(SyntaxFault::UnclosedString);
        // A comma at the end of the line separates members: it is not part of the string.
        let (_, all, text) =
            regex_captures!(r"^(.(.*?)),?\s*?(?:\n|$)", self.rest).unwrap_or_default();
        self.take(all);
        unescaped(text)
    }

    /// Reads up to the next mark, or a comment on the same line.
    fn word(&mut self) -> String {
        let rest = self.rest;
        let word = regex_find!(r"^(?:<[^>\n]*>?|.[^,:}\]\n|{\[]*)", rest).unwrap_or(rest);
        let comment = regex!(r"//|/\*| #").find(word).filter(|comment| comment.start() > 0);
        let word = comment.map_or(word, |comment| &word[..comment.start()]);
        self.take(word);
        unescaped(word.trim_end())
    }

    fn stray(&mut self) {
        self.fault(SyntaxFault::StrayText);
        self.next();
    }

    fn fault(&mut self, fault: SyntaxFault) {
        self.fault_at(fault, self.line);
    }

    fn fault_at(&mut self, fault: SyntaxFault, line: usize) {
        self.out.faults.push((fault, line));
    }

    /// Reads a value with its alternatives; returns whether the current token begins a value.
    fn value(&mut self, path: &str, depth: usize) -> bool {
        let found = self.single(path, depth);
        while found && self.here == '|' {
            self.fault(SyntaxFault::Alternatives);
            self.next();
            self.single(path, depth);
        }
        found
    }

    fn single(&mut self, path: &str, depth: usize) -> bool {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.out.overflow = true;
            (self.rest, self.here) = ("", END);
        }
        let opened = self.here;
        let mut text = None;
        let kind = match opened {
            '{' | '[' if depth >= MAX_DEPTH => {
                self.fault(SyntaxFault::TooDeep);
                self.skip_nested();
                JsonType::Unknown
            }
            '{' => JsonType::Object,
            '[' => JsonType::Array,
            STRING => {
                text = Some(self.next());
                JsonType::String
            }
            WORD => self.word_kind(),
            _ => return false,
        };
        self.found(path, depth, kind, text);
        match (opened, kind) {
            ('{', JsonType::Object) => self.container(path, depth, '}'),
            ('[', JsonType::Array) => self.container(path, depth, ']'),
            _ => {}
        }
        true
    }

    /// Records a value. A value without a path is an event or a list of events, and is not
    /// recorded.
    fn found(&mut self, path: &str, depth: usize, kind: JsonType, text: Option<String>) {
        if let Some(values) = self.out.values.last_mut().filter(|_| !path.is_empty()) {
            values.push(ExampleValue { path: path.to_owned(), kind, text, depth });
        }
    }

    /// Reads null, a Boolean or a number; any other word is a placeholder.
    fn word_kind(&mut self) -> JsonType {
        let line = self.line;
        match self.next().as_str() {
            "null" => JsonType::Null,
            "true" | "false" => JsonType::Boolean,
            word if word.parse::<f64>().is_ok_and(f64::is_finite) => JsonType::Number,
            word => {
                self.fault_at(SyntaxFault::UnquotedValue, line);
                let expr = crate::types::cell(word.trim_matches(['<', '>']));
                expr.map_or(JsonType::Unknown, |expr| expr.kind)
            }
        }
    }

    /// Reads the contents of an object or an array.
    fn container(&mut self, path: &str, depth: usize, close: char) {
        self.next();
        let mut names = HashSet::new();
        let mut comma = true;
        let mut trailing = None;
        loop {
            match self.here {
                here if here == close => {
                    // An ellipsis replaces a value, so the comma before it is correct.
                    if let Some(line) = trailing.filter(|_| !self.elided) {
                        self.fault_at(SyntaxFault::TrailingComma, line);
                    }
                    self.next();
                    return;
                }
                // The bracket closes an outer object or array.
                END | '}' | ']' => {
                    let is_object = close == '}';
                    let unclosed = if is_object {
                        SyntaxFault::UnclosedBrace
                    } else {
                        SyntaxFault::UnclosedBracket
                    };
                    self.fault(unclosed);
                    return;
                }
                ',' => {
                    if comma && trailing.is_some() {
                        self.fault(SyntaxFault::MissingValue);
                    }
                    (comma, trailing, self.elided) = (true, Some(self.line), false);
                    self.next();
                }
                _ => {
                    if !comma {
                        self.fault(SyntaxFault::MissingComma);
                    }
                    (comma, trailing) = (false, None);
                    if close == '}' {
                        self.member(path, depth + 1, &mut names);
                    } else {
                        let list = if path.is_empty() { "" } else { "[]" };
                        if !self.value(&format!("{path}{list}"), depth + 1) {
                            self.stray();
                        }
                    }
                }
            }
        }
    }

    fn member(&mut self, object: &str, depth: usize, names: &mut HashSet<String>) {
        match self.here {
            STRING => {}
            WORD => self.fault(SyntaxFault::UnquotedName),
            // A value without a name is skipped.
            '{' | '[' => {
                self.fault(SyntaxFault::StrayText);
                return self.skip_nested();
            }
            _ => return self.stray(),
        }
        let line = self.line;
        let name = self.next();
        if self.here == ':' {
            self.next();
        } else {
            self.fault(SyntaxFault::MissingColon);
            if matches!(self.here, END | ',' | '}' | ']') {
                return;
            }
        }
        let known = self.out.values.last().map_or(0, Vec::len);
        let path = if object.is_empty() { name.clone() } else { format!("{object}.{name}") };
        // An ellipsis in place of the value: the member exists, and its type is unknown.
        if !self.value(&path, depth) {
            self.found(&path, depth, JsonType::Unknown, None);
        }
        if name.len() > MAX_NAME {
            self.fault_at(SyntaxFault::TooDeep, line);
            self.out.values.last_mut().into_iter().for_each(|values| values.truncate(known));
        } else if !names.insert(name) {
            self.fault_at(SyntaxFault::DuplicateName, line);
        }
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

/// Removes the backslashes before underscores: they are escapes of Markdown, not of JSON.
fn unescaped(text: &str) -> String {
    text.replace("\\_", "_")
}
