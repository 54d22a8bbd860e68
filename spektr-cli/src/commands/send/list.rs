//! Imitates the sender's list of events on this machine, so that reconciliation can be tried.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use spektr_json::Json;

use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::http;
use crate::runtime::Signals;
use crate::terminal::{count, faint, strong};

/// Events with their times, the oldest first.
type ListedEvents = Vec<(i64, Json)>;

#[derive(Serialize)]
struct Listing {
    listing: String,
    events: usize,
}

/// Lists events until a signal comes.
pub(super) async fn serve(
    global: &Global,
    address: SocketAddr,
    mut events: ListedEvents,
) -> Result<Answer, Failure> {
    events.sort_by_key(|(created, _)| *created);
    let mut signals = Signals::catch()?;
    let listener = http::bind(address, "choose another port; port 0 takes a free one").await?;
    announce(global, &format!("http://{}", http::address_of(&listener)?), events.len())?;
    let router = Router::new().route("/v1/events", get(page)).with_state(Arc::new(events));
    let served = axum::serve(listener, router).with_graceful_shutdown(async move {
        signals.next().await;
    });
    served.await.map_err(|error| Failure::caused_by("cannot go on listening", &error))?;
    Ok(Answer::Yes)
}

fn announce(global: &Global, url: &str, events: usize) -> Result<(), Failure> {
    global.format.print(&Listing { listing: url.to_owned(), events }, || {
        let try_it = format!("try it: SPEKTR_API_KEY=any spektr reconcile --from {url} --since 1h");
        let events = count(events, "event", "events");
        format!("{} {events} on {url}\n{}\n", strong("listing"), faint(&try_it))
    })
}

async fn page(
    State(events): State<Arc<ListedEvents>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if !headers.contains_key("x-api-key") {
        return refused(StatusCode::UNAUTHORIZED, "the header x-api-key is missing");
    }
    match ListQuery::parse(query.as_deref().unwrap_or_default()) {
        Ok(query) => json(StatusCode::OK, query.page(&events).to_string()),
        Err(message) => refused(StatusCode::BAD_REQUEST, message),
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    json(status, Json::Object(vec![("message".to_owned(), message.into())]).to_string())
}

fn json(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The query, with the sender's defaults.
struct ListQuery {
    page: usize,
    limit: usize,
    after: i64,
    before: i64,
    descending: bool,
}

impl ListQuery {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut query =
            Self { page: 1, limit: 10, after: i64::MIN, before: i64::MAX, descending: true };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = || value.parse().map_err(|_| "a number is expected");
            match (name, value) {
                ("page", _) => query.page = value.parse().map_err(|_| "page is not a number")?,
                ("limit", _) => query.limit = value.parse().map_err(|_| "limit is not a number")?,
                ("createdAfter", _) => query.after = number()?,
                ("createdBefore", _) => query.before = number()?,
                ("sortOrder", "asc") => query.descending = false,
                ("sortOrder", "desc") | ("sortBy", "createdAt") => {}
                _ => return Err("the query has a member that the sender does not know"),
            }
        }
        match query {
            Self { page: 1.., limit: 1..=50, .. } => Ok(query),
            _ => Err("page begins with 1, and limit is 1 to 50"),
        }
    }

    /// Returns a page in the form of the sender's answer.
    fn page(&self, events: &ListedEvents) -> Json {
        // `after` is exclusive, and `before` is inclusive.
        let is_meant = |created: i64| created > self.after && created <= self.before;
        let mut meant: Vec<_> = events.iter().filter(|(created, _)| is_meant(*created)).collect();
        if self.descending {
            meant.reverse();
        }
        let total = meant.len();
        let begin = (self.page - 1).saturating_mul(self.limit);
        let results: Vec<_> =
            meant.into_iter().skip(begin).take(self.limit).map(|(_, json)| json.clone()).collect();
        let has_next = begin.saturating_add(self.limit) < total;
        let number = |number: usize| Json::from(i64::try_from(number).unwrap_or(i64::MAX));
        let members = [
            ("results", Json::Array(results)),
            ("totalResults", number(total)),
            ("limit", number(self.limit)),
            ("page", number(self.page)),
            ("totalPages", number(total.div_ceil(self.limit))),
            ("hasPrevPage", Json::Bool(self.page > 1)),
            ("hasNextPage", Json::Bool(has_next)),
        ];
        Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<String, &'static str> {
        let events = (1..=5).map(|number| (number * 10, Json::from(number))).collect();
        ListQuery::parse(query).map(|query| query.page(&events).to_string())
    }

    #[test]
    fn answers_as_the_sender_does() {
        let all = r#"{"results":[5,4,3,2,1],"totalResults":5,"limit":10,"page":1,"totalPages":1,"hasPrevPage":false,"hasNextPage":false}"#;
        assert_eq!(page("").as_deref(), Ok(all));
        let part = r#"{"results":[4],"totalResults":3,"limit":2,"page":2,"totalPages":2,"hasPrevPage":true,"hasNextPage":false}"#;
        let query =
            "page=2&limit=2&sortBy=createdAt&sortOrder=asc&createdAfter=10&createdBefore=40";
        assert_eq!(page(query).as_deref(), Ok(part));
    }

    #[test]
    fn refuses_what_the_sender_refuses() {
        const RANGE: &str = "page begins with 1, and limit is 1 to 50";
        for (query, said) in [
            ("page=0", RANGE),
            ("limit=51", RANGE),
            ("limit=0", RANGE),
            ("page=x", "page is not a number"),
            ("createdAfter=1.5", "a number is expected"),
            ("sort=asc", "the query has a member that the sender does not know"),
        ] {
            assert_eq!(page(query), Err(said), "{query}");
        }
    }
}
