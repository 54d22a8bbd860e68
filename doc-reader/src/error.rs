//! The errors of reading a page, worded for the person who saved it.

use thiserror::Error;

/// An error after which nothing is known about the page.
///
/// A page that was read in part is a [`Page`](crate::Page) with [problems](crate::Page::problems).
/// After this error nothing is known about the events, so they must not be reported as removed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file has no text.
    #[error("the file is empty")]
    Empty,
    /// The file is larger than any documentation page.
    #[error(
        "the file has {bytes} bytes, and a documentation page has at most {limit}: is it the right file?"
    )]
    TooLarge {
        /// Size of the input.
        bytes: usize,
        /// The largest input that is read: [`MAX_BYTES`](crate::MAX_BYTES).
        limit: usize,
    },
    /// The file is an image, an archive or another kind of binary data.
    #[error("the file is binary data (byte {offset} is not text), not a saved page")]
    Binary {
        /// Position of the first byte that no text contains.
        offset: usize,
    },
    /// The file is text in an encoding other than UTF-8 or marked UTF-16.
    #[error("the file is not UTF-8 text (byte {offset}): save the page again as UTF-8")]
    NotUtf8 {
        /// Position of the first byte that is not UTF-8.
        offset: usize,
    },
    /// The file is a web archive, the browser's format `Web page, single file`.
    #[error("the file is a web archive: save the page again as HTML only, or as text")]
    WebArchive,
    /// The file is a page without a table of events.
    #[error(
        "the page{} has no table of events: is it an error page, a log-in page or another page?",
        titled(title.as_deref())
    )]
    NoEventTable {
        /// The page's title, if it has one.
        title: Option<String>,
    },
    /// The file ends within a table, an example or an element. The missing part must not be
    /// reported as removed.
    #[error(
        "the file ends in the middle of a table, an example or an element: save or copy the whole page again"
    )]
    CutOff,
    /// The page has more events, members or sections than a documentation page can have.
    #[error("the page has more than {limit} {what}: is it the right file?")]
    TooMany {
        /// The counted things, such as `events`.
        what: &'static str,
        /// The largest accepted number.
        limit: usize,
    },
}

fn titled(title: Option<&str>) -> String {
    title.map_or_else(String::new, |title| format!(" titled \"{title}\""))
}
