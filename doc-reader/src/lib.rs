//! Reads a saved copy of spektr's event documentation into a [`Page`]: events, sections, members
//! and examples.
//!
//! The page exists in three renderings: Markdown, HTML saved by a browser, and text copied from a
//! browser. In copied text, the cells of a table run together or have one line each. Each rendering
//! becomes the same few blocks (headings, paragraphs, code, tables), and one interpretation turns
//! the blocks into a [`Page`].
//!
//! Invariants:
//! - [`read`] is a pure function of its input: no files, no clock, no network.
//! - No input makes it panic, and its work is linear in the size of the input.
//! - It guesses nothing silently: the facts mark inferred values as inferred, and each unreadable
//!   part is one of the [`Page::problems`].
//! - The names of events and members come from the page. This crate contains none of them.
//!
//! # Examples
//!
//! ```
//! let page = spektr_doc_reader::read(b"# Events
//!
//! | Event | Description | Status |
//! | --- | --- | --- |
//! | DOOR_OPENED | Somebody opened a door | Available |
//! | DOOR_LOCKED | Somebody locked a door | WIP |
//! ")?;
//! assert_eq!(page.title.as_deref(), Some("Events"));
//! assert_eq!(page.events[1].name, "DOOR_LOCKED");
//! assert_eq!(page.events[1].status, Some(spektr_doc_reader::EventStatus::Wip));
//! # Ok::<(), spektr_doc_reader::ReadError>(())
//! ```

mod digest;
mod document;
mod error;
mod example;
mod facts;
mod html;
mod interpret;
mod markdown;
mod members;
mod names;
mod place;
mod plain;
mod rendering;
mod section;
mod tables;
mod terms;
mod types;
mod words;

pub use digest::{Digest, Paragraph, RowWords, Words};
pub use error::ReadError;
pub use facts::{
    Batch, EventRow, Example, ExampleMember, ExampleProblem, JsonType, Matched, MemberRow, Page,
    Problem, ProblemKind, Section, SyntaxFault, holds_wire_type,
};
pub use names::letters;
pub use place::loosen;
pub use terms::{EventStatus, TimeUnit};

/// The largest input that [`read`] accepts, in bytes.
///
/// A saved page has a few hundred kilobytes, and a few megabytes with all images inlined.
pub const MAX_BYTES: usize = 16 << 20;

/// Reads a saved documentation page in any of the three renderings.
///
/// # Errors
///
/// - [`ReadError::Empty`]: the input has no text.
/// - [`ReadError::TooLarge`]: the input is larger than [`MAX_BYTES`].
/// - [`ReadError::Binary`], [`ReadError::NotUtf8`], [`ReadError::WebArchive`]: the input is not
///   readable text.
/// - [`ReadError::NoEventTable`]: the page has no table of events.
/// - [`ReadError::CutOff`]: the page ends within a table, an example or an element.
/// - [`ReadError::TooMany`]: the page has more events, members or sections than
///   a documentation page can have.
pub fn read(bytes: &[u8]) -> Result<Page, ReadError> {
    read_part(bytes, &[])
}

/// Reads a part of a page. If the part has no table of events, the names of events come from
/// `known`.
///
/// # Errors
///
/// As [`read`]; [`ReadError::NoEventTable`] only if no event is known.
pub fn read_part(bytes: &[u8], known: &[&str]) -> Result<Page, ReadError> {
    let text = rendering::decode(bytes)?;
    interpret::page(rendering::document(&text), known)
}
