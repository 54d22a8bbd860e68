//! Resolves an entry that an operator has handled by hand, with a reason.

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State as Given};
use axum::response::{IntoResponse as _, Redirect, Response};
use spektr_inbox::store::{Operator, State};
use spektr_inbox::{Clock as _, SystemClock, operate};

use super::actions::proven;
use super::entries::{EntryRow, find};
use super::form::{Fields, sign_in};
use super::guard::Visitor;
use super::page::{Frame, shown};
use super::refused::Refused;
use super::state::Operations;
use crate::operator::LONGEST_REASON;

#[derive(Template)]
#[template(path = "operations/resolve.html")]
struct ResolvePage {
    frame: Frame,
    row: EntryRow,
    is_open: bool,
    longest: usize,
    sign_in: String,
}

pub(super) async fn ask(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    Path(number): Path<String>,
) -> Result<Response, Refused> {
    let entry = find(&operations, &number).await?;
    shown(&ResolvePage {
        frame: Frame::new(&operations, visitor, "Confirm", ""),
        row: EntryRow::new(&entry),
        is_open: !matches!(entry.state, State::Done | State::Resolved),
        longest: LONGEST_REASON,
        sign_in: sign_in(format!("/entries/{}/resolve", entry.number)),
    })
}

pub(super) async fn resolve(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    Path(number): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = Fields::parse(&body);
    let session = proven(&visitor, &fields)?;
    let entry = find(&operations, &number).await?;
    let reason = match fields.text("reason") {
        Some(reason) if reason.chars().count() <= LONGEST_REASON => reason,
        _ => {
            return Err(Refused::asked(format!(
                "Enter how the entry was dealt with, in {LONGEST_REASON} characters at most."
            )));
        }
    };
    let (operator, now) = (Operator::new(session.name.clone()), SystemClock::new().now());
    let store = &**operations.store();
    let text = match operate::resolve(store, &operator, entry.number, reason, now).await? {
        true => format!("Entry {} is resolved.", entry.number),
        false => format!("Entry {} was done meanwhile.", entry.number),
    };
    operations.access().notify(&session, text);
    Ok(Redirect::to(&format!("/entries/{}", entry.number)).into_response())
}
