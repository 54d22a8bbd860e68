//! Headers that the user adds to each post, from a file: for example a bearer token or a tenant.

use std::path::Path;

use axum::http::{HeaderName, HeaderValue};

use crate::failure::Failure;
use crate::secret::secret_file;

const HOW: &str = "a line holds a header, as in `authorization: Bearer …`";

/// Names that a header of the user cannot have, because they belong to the
/// connection, or the tool sets them.
const TAKEN: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The beginnings of the names of our own headers.
const OUR_PREFIXES: [&str; 2] = ["spektr-", "webhook-"];

/// The headers of the user, which every post has.
pub(crate) struct OwnHeaders(Vec<(HeaderName, HeaderValue)>);

impl OwnHeaders {
    /// Reads a file with a header on each line.
    pub(crate) fn of_file(path: &Path) -> Result<Self, Failure> {
        secret_file(path, "headers", HOW, Self::parse)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut headers = Vec::new();
        for (line, text) in text.lines().map(str::trim).enumerate() {
            if !text.is_empty() {
                let header = header(text).map_err(|error| format!("line {}: {error}", line + 1))?;
                headers.push(header);
            }
        }
        if headers.is_empty() { Err("there is no header".to_owned()) } else { Ok(Self(headers)) }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        self.0.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
    }
}

/// Reads a line. The message of an error quotes only the name of a known header.
fn header(line: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = line.split_once(':').ok_or("`name: value` is expected")?;
    let name = HeaderName::try_from(name)
        .map_err(|_| "the text before the colon is not the name of a header")?;
    let own = OUR_PREFIXES.into_iter().find(|prefix| name.as_str().starts_with(prefix));
    if let Some(prefix) = own {
        return Err(format!("headers that begin with {prefix} are set by serve"));
    }
    if TAKEN.contains(&name.as_str()) {
        return Err(format!("{name} is set by serve"));
    }
    let value = value.trim();
    if value.is_empty() {
        return Err("the value is empty".to_owned());
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| "the value has a character that no header can have")?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_header_on_each_line() {
        let text = "Authorization: Bearer a:b==\r\n\n  x-tenant:  7 \n";
        let headers = OwnHeaders::parse(text).expect("headers");
        let pairs: Vec<_> = headers.pairs().collect();
        let expected = [("authorization", "Bearer a:b=="), ("x-tenant", "7")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.into())));
    }

    #[test]
    fn refuses_what_is_no_header_or_is_taken_and_quotes_no_value() {
        for (text, expected) in [
            ("", "there is no header"),
            ("marker", "line 1: `name: value` is expected"),
            ("\nmar ker: 1", "line 2: the text before the colon is not the name of a header"),
            ("a: 1\nb: mar\u{7}ker", "line 2: the value has a character that no header can have"),
            ("a:", "line 1: the value is empty"),
            ("Host: marker", "line 1: host is set by serve"),
            ("Content-Type: marker", "line 1: content-type is set by serve"),
            ("Webhook-Id: marker", "line 1: headers that begin with webhook- are set by serve"),
        ] {
            assert_eq!(OwnHeaders::parse(text).err().as_deref(), Some(expected));
        }
    }
}
