//! Why a page could not be read, in sentences for the person who saved it.

use thiserror::Error;

/// A page that gives no facts at all.
///
/// A page that gives some facts is a [`Page`](crate::Page) with
/// [problems](crate::Page::problems); this error means that nothing can be said
/// about the events, least of all that they are gone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file has no text in it.
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
    /// The file is a web archive, as `Web page, single file` gives it.
    #[error("the file is a web archive: save the page again as HTML only, or as text")]
    WebArchive,
    /// The page is a page, but not one that lists events.
    #[error(
        "the page{} has no table of events: is it an error page, a log-in page or another page?",
        titled(title.as_deref())
    )]
    NoEventTable {
        /// The page's title, where it has one.
        title: Option<String>,
    },
    /// The file ends within a table, an example or an element. What is missing is
    /// not gone.
    #[error(
        "the file ends in the middle of a table, an example or an element: save or copy the whole page again"
    )]
    CutOff,
    /// The page has more of something than a documentation page can have.
    #[error("the page has more than {limit} {what}: is it the right file?")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },
}

fn titled(title: Option<&str>) -> String {
    title.map_or_else(String::new, |title| format!(" titled \"{title}\""))
}
