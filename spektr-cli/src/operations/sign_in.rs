//! Signing in with the token, and signing out.

use std::time::{Duration, Instant};

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Given};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use tokio::time::sleep;

use super::access::LASTS;
use super::actions::proven;
use super::form::Fields;
use super::guard::{COOKIE, Visitor};
use super::page::{Frame, shown};
use super::refused::Refused;
use super::state::Operations;
use crate::terminal::safe;

/// The delay of the answer to a wrong token. Meanwhile no other token is checked.
const GUESS_PAUSE: Duration = Duration::from_millis(500);

/// The longest name of an operator, in characters.
const LONGEST_NAME: usize = 60;

#[derive(Template)]
#[template(path = "operations/sign_in.html")]
struct SignInPage {
    frame: Frame,
    next: String,
    name: String,
    longest_name: usize,
    minutes: u64,
    is_wrong: bool,
}

impl SignInPage {
    fn new(frame: Frame, next: &str, name: &str, is_wrong: bool) -> Self {
        Self {
            frame,
            next: local(next).to_owned(),
            name: safe(name).into_owned(),
            longest_name: LONGEST_NAME,
            minutes: LASTS.as_secs() / 60,
            is_wrong,
        }
    }
}

/// Returns a path of these pages unchanged, and `/` for any other text.
fn local(path: &str) -> &str {
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local { path } else { "/" }
}

pub(super) async fn ask(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let next = fields.text("next").unwrap_or("/");
    shown(&SignInPage::new(Frame::new(&operations, visitor, "Sign in", ""), next, "", false))
}

pub(super) async fn sign_in(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = Fields::parse(&body);
    let next = local(fields.text("next").unwrap_or("/"));
    let name = fields.text("name").unwrap_or_default();
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) {
        return Err(Refused::asked(format!(
            "Enter a name of 1 to {LONGEST_NAME} characters: it is recorded with each action."
        )));
    }
    let token = fields.text("token").unwrap_or_default();
    // One token is checked at a time, over all connections.
    let turn = operations.0.sign_ins.lock().await;
    let Some(cookie) = operations.access().open(name, token, Instant::now()) else {
        operations.0.refused.add(1);
        sleep(GUESS_PAUSE).await;
        let frame = Frame::new(&operations, visitor, "Sign in", "");
        let page = shown(&SignInPage::new(frame, next, name, true))?;
        return Ok((StatusCode::FORBIDDEN, page).into_response());
    };
    drop(turn);
    tracing::info!(by = &*safe(name), "signed in at the pages of operations");
    let seconds = LASTS.as_secs();
    let secure = if is_over_tls(&headers) { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

/// Whether the browser loaded the form over TLS. TLS then ends at a proxy in front of these pages.
fn is_over_tls(headers: &HeaderMap) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

pub(super) async fn sign_out(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Refused> {
    let session = proven(&visitor, &Fields::parse(&body))?;
    operations.access().close(&session);
    let cookie = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_is_sent_elsewhere() {
        for path in ["/", "/entries?state=dead", "/retry?type=a%20b"] {
            assert_eq!(local(path), path);
        }
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:x",
            "/a\r\nb",
        ] {
            assert_eq!(local(path), "/", "{path}");
        }
    }
}
