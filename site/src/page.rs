//! Data for the layout of each page: title, path and navigation.

use spektr_codegen::model::{Event, EventStatus};

use crate::link;

/// An event in the navigation of each page.
pub(crate) struct NavEntry<'m> {
    pub(crate) name: &'m str,
    pub(crate) href: String,
    pub(crate) status: EventStatus,
}

impl<'m> NavEntry<'m> {
    pub(crate) fn new(event: &'m Event) -> Self {
        Self { name: &event.name, href: link::event(event), status: event.status }
    }

    /// Returns the word for a status that the navigation shows.
    pub(crate) fn remark(&self) -> Option<&'static str> {
        (self.status != EventStatus::Available).then(|| status_in_words(self.status))
    }
}

/// A page that is not about one event.
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    pub(crate) href: &'static str,
}

const CHAPTERS: [Chapter; 5] = [
    Chapter { title: "All events", href: "index.html" },
    Chapter { title: "Deliveries", href: "deliveries.html" },
    Chapter { title: "Signature", href: "signature.html" },
    Chapter { title: "Types", href: "types.html" },
    Chapter { title: "Changes", href: "changes.html" },
];

/// The layout's view of a page.
pub(crate) struct Page<'m> {
    pub(crate) title: String,
    pub(crate) path: String,
    /// The path from the page to the root of the site, as a prefix of addresses.
    pub(crate) root: String,
    pub(crate) events: &'m [NavEntry<'m>],
    pub(crate) chapters: &'static [Chapter],
}

impl<'m> Page<'m> {
    pub(crate) fn new(path: &str, title: &str, events: &'m [NavEntry<'m>]) -> Self {
        Self {
            title: title.to_owned(),
            path: path.to_owned(),
            root: "../".repeat(path.matches('/').count()),
            events,
            chapters: &CHAPTERS,
        }
    }

    /// Returns an address as a link from this page: `#` leads within the page, other addresses
    /// start at the root.
    pub(crate) fn to(&self, href: &str) -> String {
        if href.starts_with('#') { href.to_owned() } else { format!("{}{href}", self.root) }
    }
}

/// Returns the words for a status.
pub(crate) fn status_in_words(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Wip => "in progress",
        status => status.as_str(),
    }
}
