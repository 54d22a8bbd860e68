//! Replay, retry, pause and resume. A page shows how many entries an action concerns, the operator
//! confirms it, and the action runs as in `spektr inbox`.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Given};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{MethodRouter, get};
use spektr_inbox::store::{Filter, Operator, State, StoreError};
use spektr_inbox::{Clock as _, SystemClock, operate};
use tokio::time::timeout;

use super::access::Session;
use super::form::{Fields, fields_of, link, sign_in};
use super::guard::Visitor;
use super::numbers::whole;
use super::page::{Frame, shown};
use super::refused::Refused;
use super::state::Operations;
use super::words;
use crate::reattempt::Reattempt;
use crate::terminal::safe;

/// The number of entries that one step counts. Between steps, other requests reach the store.
const STEP: usize = 1000;

/// The largest number of entries for an action of a page.
const MOST: u64 = 100_000;

/// The largest number of steps of a count.
const MOST_STEPS: usize = 200;

/// The time limit of a count.
const COUNT_LIMIT: Duration = Duration::from_secs(10);

/// The number of kinds of entries that a page lists. All other kinds share one more row.
const MOST_KINDS: usize = 50;

impl Reattempt {
    fn path(self) -> String {
        format!("/{}", self.verb())
    }

    fn explanation(self) -> &'static str {
        match self {
            Self::Replay => {
                "They are handled at least once more, under the same event ids, with their \
                 attempts counted from zero. Later events of a customer may have been handled \
                 already: the endpoint must not take an older state for the newer one."
            }
            Self::Retry => {
                "They are tried now instead of later, and their attempts stay counted. Entries that \
                 are being handled stay as they are. While the endpoint is down, still only one \
                 event at a time is tried."
            }
        }
    }
}

/// The count of the entries that an action would change.
struct ActionCount {
    /// By state and wire type.
    tallies: BTreeMap<(State, Option<String>), u64>,
    total: u64,
    /// The number of the newest counted entry.
    up_to: i64,
    /// Whether the count stopped early, so that there may be more entries.
    is_cut: bool,
}

impl ActionCount {
    /// Counts the entries that an action would change now. The time is limited, and only one page
    /// at a time may count.
    async fn of(
        operations: &Operations,
        again: Reattempt,
        filter: &Filter,
    ) -> Result<Self, Refused> {
        const BUSY: &str = "Entries are being counted for another page. Try again in some seconds.";
        const LATE: &str =
            "The store took too long. `spektr inbox` has the same commands without a time limit.";
        let Ok(_turn) = operations.0.counting.try_lock() else {
            return Err(Refused::not_counted(BUSY));
        };
        let count = timeout(COUNT_LIMIT, Self::step_by_step(operations, again, filter)).await;
        count.unwrap_or(Err(Refused::not_counted(LATE)))
    }

    async fn step_by_step(
        operations: &Operations,
        again: Reattempt,
        filter: &Filter,
    ) -> Result<Self, Refused> {
        let now = SystemClock::new().now();
        let mut count = Self { tallies: BTreeMap::new(), total: 0, up_to: 0, is_cut: false };
        let mut before = None;
        for _ in 0..MOST_STEPS {
            let page = operations.store().page(filter.clone(), before, STEP).await?;
            for entry in page.entries {
                let is_taken = match again {
                    Reattempt::Replay => !matches!(entry.state, State::Pending | State::Unreadable),
                    Reattempt::Retry => entry.is_waiting(now),
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
struct ConfirmPage {
    frame: Frame,
    action: String,
    total: u64,
    total_shown: String,
    outcome: &'static str,
    explanation: &'static str,
    tallies: Vec<TallyRow>,
    /// The number of entries of unlisted kinds, if there are any.
    others: Option<String>,
    fields: Vec<(&'static str, String)>,
    /// The confirmed number of entries, if there are more entries now.
    grown_from: Option<u64>,
    /// The command of the tool, if there are too many entries for a page.
    command: Option<String>,
    back: String,
    sign_in: String,
}

struct TallyRow {
    sign: &'static str,
    state: State,
    wire_type: String,
    count: String,
}

impl ConfirmPage {
    fn new(
        frame: Frame,
        again: Reattempt,
        filter: &Filter,
        count: &ActionCount,
        grown: Option<u64>,
    ) -> Self {
        let tally = |((state, wire_type), count): (&(State, Option<String>), &u64)| TallyRow {
            sign: words::sign(*state),
            state: *state,
            wire_type: wire_type.as_deref().map_or("no type".into(), safe).into_owned(),
            count: whole(*count),
        };
        let others: u64 = count.tallies.values().skip(MOST_KINDS).sum();
        // The confirmation does not cover entries that arrive later.
        let up_to = filter.up_to.unwrap_or(count.up_to);
        let confirmed = Filter { up_to: Some(up_to), ..filter.clone() };
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
            command: count.is_cut.then(|| format!("spektr inbox {}", again.verb())),
            back: back(filter),
            sign_in: sign_in(link(&again.path(), filter, &[])),
        }
    }
}

/// Returns the path of the page that shows the entries of an action.
fn back(filter: &Filter) -> String {
    match filter.number {
        Some(number) => format!("/entries/{number}"),
        None => link("/entries", &Filter { up_to: None, ..filter.clone() }, &[]),
    }
}

/// Returns the page that asks for an action, and that does it.
pub(super) fn action(again: Reattempt) -> MethodRouter<Operations> {
    get(move |operations, visitor, query| ask(again, operations, visitor, query))
        .post(move |operations, visitor, body| run(again, operations, visitor, body))
}

async fn ask(
    again: Reattempt,
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let filter = meant(again, fields.filter()?)?;
    let count = ActionCount::of(&operations, again, &filter).await?;
    let frame = Frame::new(&operations, visitor, "Confirm", "");
    shown(&ConfirmPage::new(frame, again, &filter, &count, None))
}

/// Refuses a replay of all entries that were ever handled, which is too large for a page.
fn meant(again: Reattempt, filter: Filter) -> Result<Filter, Refused> {
    if again == Reattempt::Retry {
        return Ok(Filter { state: Some(State::Pending), ..filter });
    }
    let is_narrow = filter.number.is_some() || filter.id.is_some() || filter.spektr_id.is_some();
    if is_narrow || !matches!(filter.state, None | Some(State::Done)) {
        return Ok(filter);
    }
    Err(Refused::asked(
        "Choose a state other than done, a customer, or an event. To handle done entries again, \
         use `spektr inbox replay`.",
    ))
}

async fn run(
    again: Reattempt,
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = Fields::parse(&body);
    let session = proven(&visitor, &fields)?;
    let filter = meant(again, fields.filter()?)?;
    let (Some(confirmed), Some(_)) = (fields.number("count")?, filter.up_to) else {
        return Err(Refused::asked("The form lacks the count that it confirms. Load it again."));
    };
    let confirmed = confirmed.unsigned_abs();
    let count = ActionCount::of(&operations, again, &filter).await?;
    if count.total > confirmed || count.is_cut {
        let frame = Frame::new(&operations, visitor, "Confirm", "");
        let page = shown(&ConfirmPage::new(frame, again, &filter, &count, Some(confirmed)))?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let operator = Operator::new(session.name.clone());
    let (store, meant) = (operations.store().clone(), filter.clone());
    let done = finish(async move {
        again.run(&*store, &operator, &meant, SystemClock::new().now(), |_| {}).await
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

/// Runs an action to its end, even if the browser disconnects.
async fn finish<T: Send + 'static>(
    doing: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(doing).await.unwrap_or(Err(StoreError::Closed))
}

/// Returns the session of the visitor if the form contains its proof.
pub(super) fn proven(visitor: &Visitor, fields: &Fields) -> Result<Session, Refused> {
    let session = visitor.session.clone().ok_or_else(Refused::signed_out)?;
    match session.is_proven_by(fields.text("proof")) {
        true => Ok(session),
        false => Err(Refused::not_of_the_page()),
    }
}

#[derive(Template)]
#[template(path = "operations/handling.html")]
struct PausePage {
    frame: Frame,
    /// Whether the page asks to pause handling. Otherwise it asks to resume.
    pauses: bool,
    is_paused: bool,
    pending: String,
    sign_in: String,
}

/// Returns the page that asks whether to pause or to resume handling, and that does it.
pub(super) fn handling(pauses: bool) -> MethodRouter<Operations> {
    get(move |operations, visitor| ask_handling(pauses, operations, visitor))
        .post(move |operations, visitor, body| set_paused(pauses, operations, visitor, body))
}

async fn ask_handling(
    pauses: bool,
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refused> {
    let stats = operations.store().stats().await?;
    shown(&PausePage {
        frame: Frame::new(&operations, visitor, "Confirm", ""),
        pauses,
        is_paused: stats.paused_since.is_some(),
        pending: whole(stats.pending),
        sign_in: sign_in((if pauses { "/pause" } else { "/resume" }).to_owned()),
    })
}

async fn set_paused(
    pauses: bool,
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Refused> {
    let session = proven(&visitor, &Fields::parse(&body))?;
    let operator = Operator::new(session.name.clone());
    let now = SystemClock::new().now();
    let store = &**operations.store();
    let (is_change, text) = if pauses {
        let is_change = operate::pause(store, &operator, now).await?;
        (is_change, "Handling is paused. Deliveries are accepted.")
    } else {
        (operate::resume(store, &operator, now).await?, "Events are handled again.")
    };
    let text = if is_change { text } else { "There was nothing to change." };
    operations.access().notify(&session, text.to_owned());
    Ok(Redirect::to("/").into_response())
}
