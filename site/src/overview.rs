//! Renders the first page: all events.

use askama::Template;
use spektr_codegen::model::EventStatus;

use crate::event::EventView;
use crate::page::Page;

#[derive(Template)]
#[template(path = "index.html", whitespace = "minimize")]
pub(crate) struct Overview<'p, 'm> {
    page: Page<'p>,
    events: &'p [EventView<'m>],
    /// Number of events of each status, without statuses that no event has.
    counts: Vec<(usize, &'static str)>,
}

pub(crate) fn page<'p, 'm>(page: Page<'p>, events: &'p [EventView<'m>]) -> Overview<'p, 'm> {
    let counts =
        [EventStatus::Available, EventStatus::Wip, EventStatus::Deprecated].map(|status| {
            let count = events.iter().filter(|view| view.event.status == status).count();
            (count, crate::page::status_in_words(status))
        });
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).collect();
    Overview { page, events, counts }
}
