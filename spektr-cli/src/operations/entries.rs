//! The list of entries with its filter, the dead letters, and one entry with its history.

use askama::Template;
use axum::extract::{Path, RawQuery, State as Given};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Extension, http::StatusCode};
use spektr_inbox::store::{Attempt, Filter, Page, State, Summary};
use spektr_inbox::{Clock as _, SystemClock};
use spektr_types::catalogue;

use super::form::{Fields, link};
use super::guard::Visitor;
use super::numbers::{When, bytes};
use super::page::{Frame, shown};
use super::refused::Refused;
use super::state::Operations;
use super::words;
use crate::terminal::safe;

/// The number of entries on a page.
const ON_A_PAGE: usize = 50;

/// An entry as pages show it, without its payload.
pub(super) struct EntryRow {
    pub(super) number: i64,
    pub(super) state: State,
    pub(super) sign: &'static str,
    pub(super) meaning: &'static str,
    pub(super) wire_type: String,
    pub(super) id: String,
    pub(super) spektr_id: String,
    /// The link to the entries of the same customer.
    pub(super) of_customer: Option<String>,
    pub(super) source: String,
    pub(super) received: When,
    pub(super) created: Option<When>,
    /// When the next attempt is due, or the lease ends.
    pub(super) due: Option<When>,
    pub(super) is_leased: bool,
    pub(super) is_conflict: bool,
    pub(super) attempts: u32,
    pub(super) reason: Option<String>,
    pub(super) size: String,
}

impl EntryRow {
    pub(super) fn new(entry: &Summary) -> Self {
        let text = |text: &Option<String>, none: &str| {
            text.as_deref().map_or_else(|| none.to_owned(), |text| safe(text).into_owned())
        };
        let customer = Filter { spektr_id: entry.spektr_id.clone(), ..Filter::all() };
        Self {
            number: entry.number,
            state: entry.state,
            sign: words::sign(entry.state),
            meaning: words::state(entry.state),
            wire_type: text(&entry.wire_type, "no type"),
            id: text(&entry.id, "no id"),
            spektr_id: text(&entry.spektr_id, "no customer"),
            of_customer: entry.spektr_id.as_ref().map(|_| link("/entries", &customer, &[])),
            source: safe(&entry.source).into_owned(),
            received: When::new(entry.received_at),
            created: entry.created_at.map(When::new),
            due: (entry.state == State::Pending).then(|| When::new(entry.due_at)),
            is_leased: entry.is_leased,
            is_conflict: entry.conflict,
            attempts: entry.attempts,
            reason: entry.reason.as_deref().map(|reason| safe(reason).into_owned()),
            size: bytes(entry.bytes),
        }
    }
}

#[derive(Template)]
#[template(path = "operations/entries.html")]
struct EntriesPage {
    frame: Frame,
    heading: &'static str,
    /// The filter as the form shows it.
    state: Option<State>,
    states: [State; 8],
    wire_type: String,
    source: String,
    customer: String,
    id: String,
    types: Vec<&'static str>,
    rows: Vec<EntryRow>,
    is_first: bool,
    newest: String,
    older: Option<String>,
    /// The number of examined entries, if the page is short because that number is limited.
    looked_at: Option<usize>,
    again: Option<OfferedAction>,
}

/// An action on all entries that match the filter.
struct OfferedAction {
    link: String,
    text: &'static str,
}

impl EntriesPage {
    fn is_state(&self, state: &State) -> bool {
        self.state.as_ref() == Some(state)
    }
}

/// Returns the page of the entries in a state, or in the state that the query names.
pub(super) fn list(
    heading: &'static str,
    path: &'static str,
    state: Option<State>,
) -> MethodRouter<Operations> {
    get(move |operations, visitor, query| entries(heading, path, state, operations, visitor, query))
}

async fn entries(
    heading: &'static str,
    path: &'static str,
    state: Option<State>,
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let mut filter = fields.filter()?;
    filter.state = state.or(filter.state);
    let before = fields.number("before")?;
    let page = operations.store().page(filter.clone(), before, ON_A_PAGE).await?;
    let is_short = page.next.is_some() && page.entries.len() < ON_A_PAGE;
    let older = page.next.map(|next| link(path, &filter, &[("before", next.to_string())]));
    let mut types: Vec<_> = catalogue().flat_map(|event| event.wire_types().iter()).collect();
    types.sort_unstable();
    types.dedup();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    shown(&EntriesPage {
        frame: Frame::new(&operations, visitor, heading, path),
        heading,
        state: filter.state,
        states: State::ALL,
        wire_type: text(&filter.wire_type),
        source: text(&filter.source),
        customer: text(&filter.spektr_id),
        id: text(&filter.id),
        types,
        rows: page.entries.iter().map(EntryRow::new).collect(),
        is_first: before.is_none(),
        newest: link(path, &filter, &[]),
        older,
        looked_at: is_short.then_some(Page::LOOKED_AT),
        again: again(&filter),
    })
}

/// Returns the action that is offered for the state of the filter.
fn again(filter: &Filter) -> Option<OfferedAction> {
    let of = |path, text| Some(OfferedAction { link: link(path, filter, &[]), text });
    match filter.state? {
        State::Pending => of("/retry", "Make waiting entries due…"),
        State::Dead | State::Malformed | State::Unknown | State::Conflict | State::Resolved => {
            of("/replay", "Handle these again…")
        }
        _ => None,
    }
}

#[derive(Template)]
#[template(path = "operations/entry.html")]
struct EntryPage {
    frame: Frame,
    row: EntryRow,
    attempts: Vec<AttemptRow>,
    can_replay: bool,
    can_retry: bool,
    can_resolve: bool,
}

/// An attempt that has ended.
struct AttemptRow {
    attempt: u32,
    began: Option<When>,
    ended: When,
    result: String,
    status: String,
}

impl AttemptRow {
    fn new(attempt: &Attempt) -> Self {
        Self {
            attempt: attempt.attempt,
            began: attempt.began_at.map(When::new),
            ended: When::new(attempt.ended_at),
            result: safe(&attempt.result).replace('_', " "),
            status: attempt.status.map_or_else(|| "–".to_owned(), |status| status.to_string()),
        }
    }
}

pub(super) async fn entry(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    Path(number): Path<String>,
) -> Result<Response, Refused> {
    let entry = find(&operations, &number).await?;
    let attempts = operations.store().attempts(entry.number).await?;
    let title = format!("Entry {}", entry.number);
    let state = entry.state;
    shown(&EntryPage {
        frame: Frame::new(&operations, visitor, title, "/entries"),
        row: EntryRow::new(&entry),
        attempts: attempts.iter().map(AttemptRow::new).collect(),
        can_replay: !matches!(state, State::Pending | State::Unreadable),
        can_retry: entry.is_waiting(SystemClock::new().now()),
        can_resolve: !matches!(state, State::Done | State::Resolved),
    })
}

/// Finds the entry that a path names.
pub(super) async fn find(operations: &Operations, number: &str) -> Result<Summary, Refused> {
    let Ok(number) = number.parse::<i64>() else {
        return Err(Refused {
            status: StatusCode::NOT_FOUND,
            heading: "There is no such entry",
            text: "An entry is named by its number.".to_owned(),
        });
    };
    let page = operations.store().page(Filter::number(number), None, 1).await?;
    page.entries.into_iter().next().ok_or_else(|| Refused::no_entry(number))
}
