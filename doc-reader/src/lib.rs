//! Reads a saved copy of spektr's event documentation and says what it
//! documents.
//!
//! The page exists as Markdown, as HTML that a browser saved and as text that
//! somebody copied, with cells run together or one to a line. Each rendering
//! becomes the same few blocks (headings, paragraphs, code, tables), and one
//! interpretation turns the blocks into a [`Page`].
//!
//! Invariants:
//! - [`read`] is a pure function of its input: no files, no clock, no network.
//! - No input makes it panic, and its work is linear in the size of the input.
//! - Nothing is guessed silently: what was inferred is marked as such in the
//!   facts, and what could not be read is one of the [`Page::problems`].
//! - This crate contains no name of an event or member: they come from the
//!   page itself.
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
//! assert_eq!(page.events[1].status, Some(spektr_doc_reader::Status::Wip));
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
    Batch, EventRow, Example, ExampleMember, ExampleProblem, Fault, Kind, Matched, Member, Page,
    Problem, ProblemKind, Section, holds_wire_type,
};
pub use names::letters;
pub use place::loosen;
pub use terms::{Status, Unit};

/// The largest input that [`read`] accepts, in bytes.
///
/// A saved page has some hundred kilobytes; one with all its images inlined
/// may have some megabytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Reads a saved documentation page, in whichever rendering it is.
///
/// # Errors
///
/// - [`ReadError::Empty`]: there is no text.
/// - [`ReadError::TooLarge`]: the input is larger than [`MAX_BYTES`].
/// - [`ReadError::Binary`], [`ReadError::NotUtf8`], [`ReadError::WebArchive`]:
///   the input is not a text that can be read.
/// - [`ReadError::NoEventTable`]: the page is of another kind.
/// - [`ReadError::CutOff`]: the page ends within a table, an example or an element.
/// - [`ReadError::TooMany`]: the page has more events, members or sections than
///   a documentation page can have.
pub fn read(bytes: &[u8]) -> Result<Page, ReadError> {
    read_part(bytes, &[])
}

/// Reads a part of a page, which need not have the table of events: headings are
/// then those of the events that are `known`.
///
/// # Errors
///
/// As [`read`]; [`ReadError::NoEventTable`] only if no event is known.
pub fn read_part(bytes: &[u8], known: &[&str]) -> Result<Page, ReadError> {
    let text = rendering::decode(bytes)?;
    interpret::page(rendering::document(&text), known)
}
