//! Replay, retry, pause and resume: counted first, confirmed with that count, and then done as
//! `spektr inbox` does it.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Given};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use spektr_inbox::store::{Filter, Operator, State, StoreError};
use spektr_inbox::{Clock as _, SystemClock, operate};
use tokio::time::timeout;

use super::access::Session;
use super::form::{Fields, fields_of, link};
use super::guard::Visitor;
use super::numbers::whole;
use super::page::{Frame, shown};
use super::refused::Refused;
use super::state::Operations;
use super::words;
use crate::terminal::safe;

/// How many entries are counted at a time, so that others can ask the store in between.
const STEP: usize = 1000;

/// How many entries an action of a page takes at most.
const MOST: u64 = 100_000;

/// How many steps a count takes at most.
const MOST_STEPS: usize = 200;

/// How long a count takes at most.
const COUNT_LIMIT: Duration = Duration::from_secs(10);

/// How many kinds of entries a page lists; the rest is one more.
const MOST_KINDS: usize = 50;

/// An action on entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Replay,
    Retry,
}

impl Again {
    fn path(self) -> &'static str {
        match self {
            Self::Replay => "/replay",
            Self::Retry => "/retry",
        }
    }

    /// The state of the entries after the action.
    fn outcome(self) -> &'static str {
        match self {
            Self::Replay => "pending again",
            Self::Retry => "due now",
        }
    }

    fn explanation(self) -> &'static str {
        match self {
            Self::Replay => {
                "They are handled at least once more, under the same event ids, with their \
                 attempts counted from zero. Later events of a customer may have been handled \
                 already: the endpoint must not take an older state for the newer one."
            }
            Self::Retry => {
                "They are tried now instead of later, and their attempts stay counted. What is \
                 being handled is left alone. While the endpoint is down, one event at a time is \
                 tried all the same."
            }
        }
    }
}

/// The entries that an action would change.
struct Count {
    /// By state and wire type.
    tallies: BTreeMap<(State, Option<String>), u64>,
    total: u64,
    /// The newest that was counted.
    up_to: i64,
    /// Whether there may be more.
    is_cut: bool,
}

impl Count {
    /// Counts the entries that an action would change now: for one page at a time, and for a bounded time.
    async fn of(operations: &Operations, again: Again, filter: &Filter) -> Result<Self, Refused> {
        const BUSY: &str = "Entries are being counted for another page. Try again in some seconds.";
        const LATE: &str =
            "The store took too long. `spektr inbox` has the same commands, and no limit of time.";
        let Ok(_turn) = operations.0.counting.try_lock() else {
            return Err(Refused::not_counted(BUSY));
        };
        let count = timeout(COUNT_LIMIT, Self::step_by_step(operations, again, filter)).await;
        count.unwrap_or(Err(Refused::not_counted(LATE)))
    }

    async fn step_by_step(
        operations: &Operations,
        again: Again,
        filter: &Filter,
    ) -> Result<Self, Refused> {
        let now = SystemClock::new().now();
        let mut count = Self { tallies: BTreeMap::new(), total: 0, up_to: 0, is_cut: false };
        let mut before = None;
        for _ in 0..MOST_STEPS {
            let page = operations.store().page(filter.clone(), before, STEP).await?;
            for entry in page.entries {
                let is_taken = match again {
                    Again::Replay => !matches!(entry.state, State::Pending | State::Unreadable),
                    Again::Retry => entry.is_waiting(now),
                };
                if is_taken {
                    count.up_to = count.up_to.max(entry.number);
                    count.total += 1;
                    *count.tallies.entry((entry.state, entry.wire_type)).or_default() += 1;
                }
            }
            before = page.next;
            if before.is_none() {
                return Ok(count);
            }
            if count.total > MOST {
                break;
            }
        }
        count.is_cut = true;
        Ok(count)
    }
}

#[derive(Template)]
#[template(path = "operations/again.html")]
struct Asked {
    frame: Frame,
    action: &'static str,
    total: u64,
    total_shown: String,
    outcome: &'static str,
    explanation: &'static str,
    tallies: Vec<Tally>,
    /// How many entries are of kinds that are not listed, if there are any.
    others: Option<String>,
    fields: Vec<(&'static str, String)>,
    /// How many there were when the form was made, if there are more by now.
    grown_from: Option<u64>,
    /// The command of the tool, if there are too many for a page.
    command: Option<&'static str>,
    back: String,
    sign_in: String,
}

struct Tally {
    sign: &'static str,
    state: State,
    wire_type: String,
    count: String,
}

impl Asked {
    fn new(frame: Frame, again: Again, filter: &Filter, count: &Count, grown: Option<u64>) -> Self {
        let tally = |((state, wire_type), count): (&(State, Option<String>), &u64)| Tally {
            sign: words::sign(*state),
            state: *state,
            wire_type: wire_type.as_deref().map_or("no type".into(), safe).into_owned(),
            count: whole(*count),
        };
        let others: u64 = count.tallies.values().skip(MOST_KINDS).sum();
        // Entries that arrive later are not meant.
        let up_to = filter.up_to.unwrap_or(count.up_to);
        let confirmed = Filter { up_to: Some(up_to), ..filter.clone() };
        let command = match again {
            Again::Replay => "spektr inbox replay",
            Again::Retry => "spektr inbox retry",
        };
        Self {
            frame,
            action: again.path(),
            total: count.total,
            total_shown: whole(count.total),
            outcome: again.outcome(),
            explanation: again.explanation(),
            tallies: count.tallies.iter().take(MOST_KINDS).map(tally).collect(),
            others: (others > 0).then(|| whole(others)),
            fields: fields_of(&confirmed),
            grown_from: grown,
            command: count.is_cut.then_some(command),
            back: back(filter),
            sign_in: sign_in(link(again.path(), filter, &[])),
        }
    }
}

/// Where the entries are that an action is about.
fn back(filter: &Filter) -> String {
    match filter.number {
        Some(number) => format!("/entries/{number}"),
        None => link("/entries", &Filter { up_to: None, ..filter.clone() }, &[]),
    }
}

fn sign_in(next: String) -> String {
    link("/sign-in", &Filter::all(), &[("next", next)])
}

pub(super) async fn ask_replay(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    ask(&operations, visitor, Again::Replay, &query.unwrap_or_default()).await
}

pub(super) async fn ask_retry(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    ask(&operations, visitor, Again::Retry, &query.unwrap_or_default()).await
}

async fn ask(
    operations: &Operations,
    visitor: Visitor,
    again: Again,
    query: &str,
) -> Result<Response, Refused> {
    let filter = meant(again, Fields::parse(query.as_bytes()).filter()?)?;
    let count = Count::of(operations, again, &filter).await?;
    let frame = Frame::new(operations, visitor, "Confirm", "");
    shown(&Asked::new(frame, again, &filter, &count, None))
}

/// Refuses an action that is too large for a page: on all entries that were ever handled.
fn meant(again: Again, filter: Filter) -> Result<Filter, Refused> {
    if again == Again::Retry {
        return Ok(Filter { state: Some(State::Pending), ..filter });
    }
    let is_narrow = filter.number.is_some() || filter.id.is_some() || filter.spektr_id.is_some();
    if is_narrow || !matches!(filter.state, None | Some(State::Done)) {
        return Ok(filter);
    }
    Err(Refused::asked(
        "Choose a state other than done, a customer, or an event. What was handled already is \
         handled again by `spektr inbox replay`.",
    ))
}

pub(super) async fn replay(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Refused> {
    run(&operations, visitor, Again::Replay, &body).await
}

pub(super) async fn retry(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Refused> {
    run(&operations, visitor, Again::Retry, &body).await
}

async fn run(
    operations: &Operations,
    visitor: Visitor,
    again: Again,
    body: &[u8],
) -> Result<Response, Refused> {
    let fields = Fields::parse(body);
    let session = proven(&visitor, &fields)?;
    let filter = meant(again, fields.filter()?)?;
    let (Some(confirmed), Some(_)) = (fields.number("count")?, filter.up_to) else {
        return Err(Refused::asked("The form lacks the count that it confirms. Load it again."));
    };
    let confirmed = confirmed.unsigned_abs();
    let count = Count::of(operations, again, &filter).await?;
    if count.total > confirmed || count.is_cut {
        let frame = Frame::new(operations, visitor, "Confirm", "");
        let page = shown(&Asked::new(frame, again, &filter, &count, Some(confirmed)))?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let operator = Operator::new(session.name.clone());
    let (store, meant) = (operations.store().clone(), filter.clone());
    let done = finish(async move {
        let now = SystemClock::new().now();
        match again {
            Again::Replay => operate::replay(&*store, &operator, &meant, now, |_| {}).await,
            Again::Retry => operate::retry(&*store, &operator, &meant, now, |_| {}).await,
        }
    });
    let done = done.await?;
    let outcome = again.outcome();
    let notice = match done {
        0 => "Nothing was left to do: the entries had changed meanwhile.".to_owned(),
        1 => format!("1 entry is {outcome}."),
        _ => format!("{} entries are {outcome}.", whole(done)),
    };
    operations.access().notify(&session, notice);
    Ok(Redirect::to(&back(&filter)).into_response())
}

/// Does something to its end, also if the browser goes away meanwhile.
async fn finish<T: Send + 'static>(
    doing: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(doing).await.unwrap_or(Err(StoreError::Closed))
}

/// The session that a form belongs to.
pub(super) fn proven(visitor: &Visitor, fields: &Fields) -> Result<Session, Refused> {
    let session = visitor.session.clone().ok_or_else(Refused::signed_out)?;
    match session.is_proven_by(fields.text("proof")) {
        true => Ok(session),
        false => Err(Refused::not_of_the_page()),
    }
}

#[derive(Template)]
#[template(path = "operations/handling.html")]
struct Handling {
    frame: Frame,
    /// Whether it is asked to stop handing out entries.
    pauses: bool,
    is_paused: bool,
    pending: String,
    sign_in: String,
}

pub(super) async fn ask_pause(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refused> {
    ask_handling(&operations, visitor, true).await
}

pub(super) async fn ask_resume(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refused> {
    ask_handling(&operations, visitor, false).await
}

async fn ask_handling(
    operations: &Operations,
    visitor: Visitor,
    pauses: bool,
) -> Result<Response, Refused> {
    let stats = operations.store().stats().await?;
    shown(&Handling {
        frame: Frame::new(operations, visitor, "Confirm", ""),
        pauses,
        is_paused: stats.paused_since.is_some(),
        pending: whole(stats.pending),
        sign_in: sign_in((if pauses { "/pause" } else { "/resume" }).to_owned()),
    })
}

pub(super) async fn pause(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Refused> {
    set_paused(&operations, &visitor, &body, true).await
}

pub(super) async fn resume(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Refused> {
    set_paused(&operations, &visitor, &body, false).await
}

async fn set_paused(
    operations: &Operations,
    visitor: &Visitor,
    body: &[u8],
    pauses: bool,
) -> Result<Response, Refused> {
    let session = proven(visitor, &Fields::parse(body))?;
    let operator = Operator::new(session.name.clone());
    let now = SystemClock::new().now();
    let (is_change, text) = match pauses {
        true => {
            let is_change = operate::pause(&**operations.store(), &operator, now).await?;
            (is_change, "Handling is paused. Deliveries are accepted.")
        }
        false => {
            let is_change = operate::resume(&**operations.store(), &operator, now).await?;
            (is_change, "Events are handled again.")
        }
    };
    let text = if is_change { text } else { "Nothing has changed: it was so already." };
    operations.access().notify(&session, text.to_owned());
    Ok(Redirect::to("/").into_response())
}
