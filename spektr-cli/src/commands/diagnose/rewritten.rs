//! Forms that a body may have had before a program on its way rewrote it.
//!
//! An editor, a proxy, or a framework that parses JSON and writes it again can keep the meaning of
//! a body and change its bytes. The signature covers the bytes.

use std::io;

use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use spektr_json::Json;

/// Returns the forms in which the sender may have sent the body, except the form of `body`: each in
/// words, and the body in that form.
pub(super) fn forms(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![
        ("without white space at its end", body.trim_ascii_end().to_vec()),
        ("with a line feed at its end", [body, b"\n"].concat()),
        ("with line feeds alone, without carriage returns", without_returns(body)),
        ("without a byte order mark", body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).to_vec()),
    ];
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(json) = Json::parse(text) {
        forms.extend([
            ("as compact JSON", written(&json, CompactFormatter)),
            ("as compact JSON in ASCII", written(&json, Ascii(CompactFormatter))),
            ("as JSON with spaces", written(&json, Spaced)),
            ("as JSON with spaces in ASCII", written(&json, Ascii(Spaced))),
            ("as JSON indented by 2", written(&json, PrettyFormatter::with_indent(b"  "))),
            ("as JSON indented by 4", written(&json, PrettyFormatter::with_indent(b"    "))),
        ]);
    }
    let mut known = vec![body.to_vec()];
    forms.retain(|(_, form)| {
        let is_new = !known.contains(form);
        known.push(form.clone());
        is_new
    });
    forms
}

fn without_returns(body: &[u8]) -> Vec<u8> {
    let mut rest = body.iter().copied().peekable();
    let mut kept = Vec::with_capacity(body.len());
    while let Some(byte) = rest.next() {
        if !(byte == b'\r' && rest.peek() == Some(&b'\n')) {
            kept.push(byte);
        }
    }
    kept
}

fn written(json: &Json, formatter: impl Formatter) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _written = json.serialize(&mut Serializer::with_formatter(&mut text, formatter));
    text
}

/// Writes a space after each comma and colon, like Python's `json.dumps`.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.begin_array_value(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// Escapes all characters outside ASCII, as Python and PHP do by default.
struct Ascii<F>(F);

impl<F: Formatter> Formatter for Ascii<F> {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for character in fragment.chars() {
            if character.is_ascii() {
                writer.write_all(&[character as u8])?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_was_printed_again_is_found_in_the_form_that_was_sent() {
        let sent = [
            ("as compact JSON", r#"{"b":[1,{"a":"Zoë 😀"}],"a":null}"#),
            ("as compact JSON in ASCII", r#"{"b":[1,{"a":"Zo\u00eb \ud83d\ude00"}],"a":null}"#),
            ("as JSON with spaces", r#"{"b": [1, {"a": "Zoë 😀"}], "a": null}"#),
            (
                "as JSON with spaces in ASCII",
                r#"{"b": [1, {"a": "Zo\u00eb \ud83d\ude00"}], "a": null}"#,
            ),
            (
                "as JSON indented by 2",
                "{\n  \"b\": [\n    1,\n    {\n      \"a\": \"Zoë 😀\"\n    }\n  ],\n  \"a\": null\n}",
            ),
        ];
        for (words, original) in sent {
            for (_, captured) in sent {
                let found = forms(captured.as_bytes());
                let form = found.iter().find(|(_, form)| form == original.as_bytes());
                let expected = (captured != original).then_some(words);
                assert_eq!(form.map(|(words, _)| *words), expected, "{captured}");
            }
        }
    }

    #[test]
    fn what_an_editor_adds_is_taken_away() {
        let has = |captured: &[u8], original: &[u8]| {
            forms(captured).iter().any(|(_, form)| form == original)
        };
        assert!(has(b"not JSON\r\n", b"not JSON\n"));
        assert!(has(b"not JSON \n", b"not JSON"));
        assert!(has(b"not JSON", b"not JSON\n"));
        assert!(has(b"\xef\xbb\xbf{}", b"{}"));
    }
}
