//! Decodes bytes to text, detects the rendering of the text, and reads it into the document model.

use lazy_regex::regex_is_match;

use crate::document::Document;
use crate::error::ReadError;
use crate::{MAX_BYTES, html, markdown, plain, words};

/// Decodes the input to text with uniform white space.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge { bytes: bytes.len(), limit: MAX_BYTES });
    }
    if bytes.starts_with(b"%PDF-") {
        return Err(ReadError::Binary { offset: 0 });
    }
    let text = match bytes {
        [0xff, 0xfe, ..] => utf16(bytes, 2, u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => utf16(bytes, 2, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest, 3)?,
        // Without a byte order mark, the zeros beside the first two ASCII characters show that it
        // is UTF-16.
        [1..=u8::MAX, 0, 1..=u8::MAX, 0, ..] => utf16(bytes, 0, u16::from_le_bytes)?,
        [0, 1..=u8::MAX, 0, 1..=u8::MAX, ..] => utf16(bytes, 0, u16::from_be_bytes)?,
        _ => utf8(bytes, 0)?,
    };
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    // The headers of `Web page, single file`.
    if regex_is_match!(r"^(?i:\s*(?:from: <saved by|(?:\S.*\r?\n){0,15}mime-version:))", &text) {
        return Err(ReadError::WebArchive);
    }
    Ok(words::plainly_spaced(&text))
}

fn utf8(bytes: &[u8], skipped: usize) -> Result<String, ReadError> {
    if let Some(at) = bytes.iter().position(|&byte| is_binary(u32::from(byte))) {
        return Err(ReadError::Binary { offset: at + skipped });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(ReadError::NotUtf8 { offset: error.valid_up_to() + skipped }),
    }
}

fn utf16(bytes: &[u8], mark: usize, unit: fn([u8; 2]) -> u16) -> Result<String, ReadError> {
    let units = bytes[mark..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text = char::decode_utf16(units).enumerate().map(|(at, c)| match c {
        Ok(c) if !is_binary(u32::from(c)) => Ok(c),
        _ => Err(ReadError::Binary { offset: 2 * at + mark }),
    });
    text.collect()
}

/// Whether a character is a control character that no saved page contains.
const fn is_binary(c: u32) -> bool {
    matches!(c, 0..=8 | 14..=26 | 28..=31)
}

/// Reads the text in its detected rendering.
pub(crate) fn document(text: &str) -> Document {
    match sniff(text) {
        Rendering::Html => html::document(text, true),
        Rendering::Markdown => markdown::document(text),
        Rendering::Plain => plain::document(text),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Rendering {
    Html,
    Markdown,
    Plain,
}

fn sniff(text: &str) -> Rendering {
    let html = regex_is_match!(
        r"(?xis)^\s*(?:<!--.*?-->\s*)*
            <(?:!doctype|html|head|body|div|main|article|section|h1|h2|p>|meta|table|\?xml)",
        text
    );
    // The second line of a table, such as `| --- | :-: |`, a table in HTML, or a block.
    let table = regex_is_match!(
        r"(?xim)^[\ \t]*(?:<table|\[block:|[-|:\ \t]*(?:\|[-|:\ \t]*--|--[-|:\ \t]*\|)[-|:\ \t]*$)",
        text
    );
    let heading = || regex_is_match!(r"(?m)^[ \t]*#{1,6} ", text);
    let fence = || regex_is_match!(r"(?m)^[ \t]*(?:```|~~~)", text);
    if html {
        Rendering::Html
    } else if table || (heading() && fence()) {
        Rendering::Markdown
    } else {
        Rendering::Plain
    }
}

#[cfg(test)]
mod tests;
