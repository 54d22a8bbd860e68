//! The signed content: the bytes that the sender feeds to the MAC.
//!
//! The vendor's guide names the headers and the algorithm. The copy that this project works
//! from does not say which bytes are signed. So there is no default: the constructor of a
//! verifier takes the signed content, and [`diagnose`](crate::diagnose) finds it from one
//! captured delivery.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::mac::Mac;

/// The signed content of a signature, as a template over the parts of a delivery.
///
/// The placeholders are `{timestamp}` (the text of `x-signature-timestamp`, byte for byte),
/// `{key_id}` (the text of `x-signature-key-id`) and `{body}` (the raw bytes of the body). The
/// text between them is literal printable ASCII; `\n` is a line feed. `{body}` must occur
/// exactly once.
///
/// # Examples
///
/// ```
/// use spektr_verify::SignedContent;
///
/// let assumed = SignedContent::TIMESTAMP_DOT_BODY;
/// assert_eq!(assumed.to_string(), "{timestamp}.{body}");
///
/// // In the form of a configuration file:
/// let found: SignedContent = "{key_id}:{timestamp}:{body}".parse()?;
/// assert!(found.covers_timestamp());
/// # Ok::<(), spektr_verify::SignedContentError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SignedContent {
    parts: Cow<'static, [ContentPart]>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum ContentPart {
    Timestamp,
    KeyId,
    Body,
    Literal(Cow<'static, str>),
}

/// The reason why a text is not a template of signed content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedContentError {
    /// `{body}` does not occur exactly once. Without the body, the signature would prove
    /// nothing about the events.
    Body,
    /// A `{…}` that is not one of the three placeholders, or a single brace.
    Placeholder {
        /// The byte offset in the template.
        at: usize,
    },
    /// A literal character outside printable ASCII, or a `\` that does not start `\n`.
    Literal {
        /// The byte offset in the template.
        at: usize,
    },
}

impl fmt::Display for SignedContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => write!(f, "signed content must contain {{body}} exactly once"),
            Self::Placeholder { at } => {
                write!(f, "signed content has an unknown placeholder at byte {at}")
            }
            Self::Literal { at } => {
                write!(f, "signed content has a character that is not allowed at byte {at}")
            }
        }
    }
}

impl std::error::Error for SignedContentError {}

impl SignedContent {
    /// `{timestamp}.{body}`: the convention that this project *assumes*.
    ///
    /// It is inferred from most senders with such headers, and is not taken from the vendor's
    /// documentation. Before you rely on it, capture one real delivery and let
    /// [`diagnose`](crate::diagnose) confirm it.
    pub const TIMESTAMP_DOT_BODY: Self = Self {
        parts: Cow::Borrowed(&[
            ContentPart::Timestamp,
            ContentPart::Literal(Cow::Borrowed(".")),
            ContentPart::Body,
        ]),
    };

    /// `{body}`: the body alone.
    ///
    /// Such a signature does not cover the time of signing: anybody who has captured a delivery
    /// can send it again with a fresh `x-signature-timestamp`, at any time. Only deduplication
    /// by event id protects against such a replay.
    pub const BODY: Self = Self { parts: Cow::Borrowed(&[ContentPart::Body]) };

    /// Returns whether the signature covers the time of signing. If it does not, the tolerance
    /// does not protect against replays.
    #[must_use]
    pub fn covers_timestamp(&self) -> bool {
        self.parts.contains(&ContentPart::Timestamp)
    }

    /// Returns whether the signature covers the key id.
    #[must_use]
    pub fn covers_key_id(&self) -> bool {
        self.parts.contains(&ContentPart::KeyId)
    }

    #[inline]
    pub(crate) fn feed(&self, mac: &mut Mac, timestamp: &[u8], key_id: &[u8], body: &[u8]) {
        for part in self.parts.iter() {
            mac.update(match part {
                ContentPart::Timestamp => timestamp,
                ContentPart::KeyId => key_id,
                ContentPart::Body => body,
                ContentPart::Literal(text) => text.as_bytes(),
            });
        }
    }
}

impl FromStr for SignedContent {
    type Err = SignedContentError;

    /// Parses a template.
    ///
    /// # Errors
    ///
    /// - [`SignedContentError::Body`] unless `{body}` occurs exactly once
    /// - [`SignedContentError::Placeholder`] for anything else in braces
    /// - [`SignedContentError::Literal`] for characters outside printable ASCII
    fn from_str(template: &str) -> Result<Self, Self::Err> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = template;
        loop {
            let mut characters = rest.chars();
            let Some(next) = characters.next() else { break };
            let at = template.len() - rest.len();
            let placeholder = PLACEHOLDERS
                .into_iter()
                .find_map(|(name, part)| Some((rest.strip_prefix(name)?, part)));
            if let Some((behind, part)) = placeholder {
                if !literal.is_empty() {
                    parts.push(ContentPart::Literal(std::mem::take(&mut literal).into()));
                }
                parts.push(part);
                rest = behind;
            } else if let Some(behind) = rest.strip_prefix(r"\n") {
                literal.push('\n');
                rest = behind;
            } else if matches!(next, '{' | '}') {
                return Err(SignedContentError::Placeholder { at });
            } else if next == '\\' || !matches!(next, ' '..='~') {
                return Err(SignedContentError::Literal { at });
            } else {
                literal.push(next);
                rest = characters.as_str();
            }
        }
        if !literal.is_empty() {
            parts.push(ContentPart::Literal(literal.into()));
        }
        if parts.iter().filter(|part| **part == ContentPart::Body).count() != 1 {
            return Err(SignedContentError::Body);
        }
        Ok(Self { parts: parts.into() })
    }
}

impl fmt::Display for SignedContent {
    /// Writes the template in the form that [`FromStr`] parses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts.iter() {
            match part {
                ContentPart::Timestamp => f.write_str(TIMESTAMP)?,
                ContentPart::KeyId => f.write_str(KEY_ID)?,
                ContentPart::Body => f.write_str(BODY)?,
                ContentPart::Literal(text) => f.write_str(&text.replace('\n', r"\n"))?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SignedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedContent(\"{self}\")")
    }
}

const TIMESTAMP: &str = "{timestamp}";
const KEY_ID: &str = "{key_id}";
const BODY: &str = "{body}";
const PLACEHOLDERS: [(&str, ContentPart); 3] =
    [(TIMESTAMP, ContentPart::Timestamp), (KEY_ID, ContentPart::KeyId), (BODY, ContentPart::Body)];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(template: &str) -> Result<SignedContent, SignedContentError> {
        template.parse()
    }

    #[test]
    fn the_constants_are_what_their_templates_say() {
        assert_eq!(parse("{timestamp}.{body}"), Ok(SignedContent::TIMESTAMP_DOT_BODY));
        assert_eq!(parse("{body}"), Ok(SignedContent::BODY));
    }

    #[test]
    fn a_template_survives_being_written_and_read_again() {
        for template in
            [r"{timestamp}\n{body}", "v0:{key_id}-{timestamp}{body}!", "{body} {timestamp}"]
        {
            assert_eq!(parse(template).map(|content| content.to_string()), Ok(template.to_owned()));
        }
    }

    #[test]
    fn refuses_a_template_that_does_not_cover_the_body_once() {
        for template in ["", "{timestamp}", "{body}{body}"] {
            assert_eq!(parse(template), Err(SignedContentError::Body));
        }
    }

    #[test]
    fn refuses_unknown_placeholders_and_lone_braces() {
        for (template, at) in [("{time}.{body}", 0), ("{body}}", 6), ("{body}{", 6)] {
            assert_eq!(parse(template), Err(SignedContentError::Placeholder { at }));
        }
    }

    #[test]
    fn refuses_literals_that_are_not_printable_ascii() {
        for (template, at) in [("{body}é", 6), ("{body}\n", 6), (r"{body}\t", 6), (r"{body}\", 6)]
        {
            assert_eq!(parse(template), Err(SignedContentError::Literal { at }));
        }
    }
}
