//! Checks every request for a page: the host that it names, the page that it comes from, and
//! whether it needs a session.
//!
//! A page of another site can make a browser send requests here.
//!
//! - It could read the answers if a host name of its own led to this address. A loopback address
//!   therefore answers only to its own names.
//! - It can post a form. A post must therefore come from a page of this origin, with the cookie of
//!   a session and the proof in the forms of that session.
//!
//! The reasons are a decision (ARCHITECTURE.md, C24).

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::access::Session;
use super::form::sign_in;
use super::refused::Refused;
use super::state::Operations;

pub(super) const COOKIE: &str = "spektr_operations";

/// Paths that need no session.
const OPEN: [&str; 4] = ["/sign-in", "/style.css", "/refresh.js", "/icon.svg"];

/// Paths of pages that count the entries of an action. Counting costs the store more than the
/// other pages do.
const COUNTED: [&str; 2] = ["/replay", "/retry"];

/// Headers that a proxy adds to a request. A request with one of them can come from another
/// machine, even at a loopback address.
const OF_PROXIES: [&str; 5] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// Allows only files of this origin, and forbids other pages to frame these pages.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The session of a request, if there is one, and its notice.
#[derive(Clone, Default)]
pub(super) struct Visitor {
    pub(super) session: Option<Session>,
    /// The notice at the top of the page.
    pub(super) notice: Option<String>,
}

pub(super) async fn guard(
    State(operations): State<Operations>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = match operations.admit(&request) {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(Refusal::Plain(status, text)) => (status, format!("{text}\n")).into_response(),
        Err(Refusal::SignIn(path)) => Redirect::to(&path).into_response(),
        Err(Refusal::Shown(refused)) => refused.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer`, browsers would send `Origin: null` with the forms of these pages.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Why a request gets no page.
enum Refusal {
    Plain(StatusCode, &'static str),
    SignIn(String),
    Shown(Refused),
}

impl Operations {
    fn admit(&self, request: &Request) -> Result<Visitor, Refusal> {
        let headers = request.headers();
        let host = only(headers, header::HOST)
            .ok_or(Refusal::Plain(StatusCode::BAD_REQUEST, "a request must name one host"))?;
        if self.is_local() && !is_loopback(host) {
            return Err(Refusal::Plain(
                StatusCode::FORBIDDEN,
                "at a loopback address the pages answer only to the hosts localhost, 127.0.0.1 \
                 and [::1]",
            ));
        }
        let is_change = request.method() == Method::POST;
        if is_change && !is_same_origin(headers, host) {
            return Err(Refusal::Plain(StatusCode::FORBIDDEN, "a form of another page is refused"));
        }
        let path = request.uri().path();
        if COUNTED.contains(&path) && is_of_another_site(headers) {
            return Err(Refusal::Plain(
                StatusCode::FORBIDDEN,
                "this page counts entries, and a link on another site must not start that: open the list of entries, and choose the action there",
            ));
        }
        let session = self.session(headers);
        let is_private = is_change || !self.is_local() || is_passed_on(headers);
        if is_private && session.is_none() && !OPEN.contains(&path) {
            return Err(self.without_session(is_change, request.uri()));
        }
        let is_shown = !is_change && !OPEN.contains(&path) && is_navigation(headers);
        let notice = session.as_ref().filter(|_| is_shown);
        let notice = notice.and_then(|session| self.access().take_notice(session));
        Ok(Visitor { session, notice })
    }

    fn without_session(&self, is_change: bool, uri: &Uri) -> Refusal {
        if !self.access().has_token() {
            return Refusal::Plain(
                StatusCode::FORBIDDEN,
                "start `spektr serve` with --ops-token-file FILE: changes need a token, and so does \
                 reading at an address that is not loopback or through a proxy",
            );
        }
        if is_change {
            return Refusal::Shown(Refused::signed_out());
        }
        let asked = uri.path_and_query().map_or("/", |path| path.as_str());
        Refusal::SignIn(sign_in(asked.to_owned()))
    }

    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let now = Instant::now();
        let cookies = headers.get_all(header::COOKIE).iter();
        let cookies =
            cookies.filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
        let mut ours = cookies.filter_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        ours.find_map(|cookie| self.access().session(cookie, now))
    }
}

/// Returns the value of a header that occurs exactly once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.to_str().ok()
}

/// Whether a host, with or without a port, is a name that always means this machine.
fn is_loopback(host: &str) -> bool {
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether a post comes from a page of the host that receives it. Every browser sends `Origin`
/// with a post.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let origin = only(headers, header::ORIGIN).and_then(|origin| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
    });
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
        && site.is_none_or(|site| site == b"same-origin")
}

fn is_passed_on(headers: &HeaderMap) -> bool {
    OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

/// Whether the browser says that another site has caused the request.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// Whether the answer is shown as a page. The script that refreshes the live parts of a page also
/// requests it, but shows no notice.
fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_none_or(|destination| destination == "document")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_address_has_names_that_no_site_can_have() {
        for host in ["localhost", "LOCALHOST:8788", "127.0.0.1:8788", "127.1.2.3", "[::1]:8788"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "localhost.example.com",
            "127.0.0.1.example.com:80",
            "192.168.0.1",
            "[::2]",
            "0.0.0.0",
            "1",
            "evil@localhost",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn another_site_is_told_from_this_one_and_from_the_address_bar() {
        let is = |site| {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            is_of_another_site(&headers)
        };
        let sites = ["same-origin", "none", "same-site", "cross-site", "else"];
        assert_eq!(sites.map(is), [false, false, true, true, true]);
        assert!(!is_of_another_site(&HeaderMap::new()));
    }

    #[test]
    fn a_post_names_the_origin_that_it_goes_to() {
        let is = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, value);
            }
            is_same_origin(&headers, "localhost:8788")
        };
        let own = ("origin", "http://localhost:8788");
        assert!(is(&[own]));
        assert!(is(&[own, ("sec-fetch-site", "same-origin")]));
        assert!(is(&[("origin", "https://localhost:8788")]));
        for pairs in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[own, own],
            &[own, ("sec-fetch-site", "same-site")],
            &[own, ("sec-fetch-site", "cross-site")],
            &[own, ("sec-fetch-site", "none")],
            &[("origin", "null")],
            &[("origin", "http://localhost:3000")],
            &[("origin", "http://localhost")],
            &[("origin", "http://evil.example")],
            &[("origin", "localhost:8788")],
        ] {
            assert!(!is(pairs), "{pairs:?}");
        }
    }
}
