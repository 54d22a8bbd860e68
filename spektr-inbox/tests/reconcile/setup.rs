//! A store, a list on a socket, and the reconciler between them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::Backoff;
use spektr_inbox::reconcile::{
    ApiKey, BaseUrl, Client, ReconcileError, Reconciler, Summary, TimeUnit,
};
use spektr_inbox::testing::tag_added;
use spektr_types::Timestamp;

use super::list::{Behaviour, KEY, List};
use crate::support::Inbox;

/// The time of every run, unless the test advances the clock.
pub(crate) const NOW: i64 = 1_700_000_000_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// How far back a first run goes.
pub(crate) const REACH: Duration = Duration::from_secs(2 * 3600);
pub(crate) const SINCE: i64 = NOW - 2 * HOUR;

pub(crate) fn event(id: usize, at: i64) -> String {
    tag_added(&format!("e{id}"), "s1", at)
}

/// Returns the same event in the other envelope.
pub(crate) fn other_envelope(id: usize, at: i64) -> String {
    format!(
        r#"{{"id":"e{id}","workspaceId":"w","eventType":"customer_tag_add","timestamp":{},"spektrId":"s1","data":{{"tagId":"t","action":"add","userId":null,"processId":null}}}}"#,
        at / 1000
    )
}

/// A store, a list on a socket, and the reconciler between them.
pub(crate) struct Setup {
    pub(crate) inbox: Inbox,
    pub(crate) list: List,
    pub(crate) address: SocketAddr,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with(Behaviour::unit(TimeUnit::Milliseconds)).await
    }

    pub(crate) async fn with(behaviour: Behaviour) -> Self {
        let list = List::new(behaviour);
        let address = list.serve().await;
        Self { inbox: Inbox::new(), list, address }
    }

    pub(crate) fn fill(&self, times: impl IntoIterator<Item = i64>) {
        for (id, at) in times.into_iter().enumerate() {
            self.list.add(at, event(id, at));
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(KEY)
    }

    pub(crate) fn client_with(&self, key: &str) -> Client {
        let base = BaseUrl::parse(&format!("http://{}", self.address)).unwrap();
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
        Client::new(base, ApiKey::new(key).unwrap()).unwrap().with_attempts(4, backoff)
    }

    pub(crate) fn reconciler(&self) -> Reconciler {
        self.reconciler_with(self.client())
    }

    pub(crate) fn reconciler_with(&self, client: Client) -> Reconciler {
        Reconciler::new(Arc::clone(&self.inbox.store), client)
            .with_clock(self.inbox.clock.clone())
            .with_first_reach(REACH)
    }

    pub(crate) async fn run(&self) -> Result<Summary, ReconcileError> {
        self.reconciler().run_once(|_| {}).await
    }

    /// Returns the stored ids, and asserts that none is stored twice.
    pub(crate) async fn ids(&self) -> BTreeSet<usize> {
        let all = self.inbox.all().await;
        let id = |id: &str| id.trim_start_matches('e').parse().unwrap();
        let ids: BTreeSet<_> = all.iter().map(|entry| id(entry.id.as_deref().unwrap())).collect();
        assert_eq!(ids.len(), all.len(), "an event is stored twice");
        ids
    }

    pub(crate) async fn watermark(&self) -> Option<i64> {
        self.reconciler().watermark().await.unwrap().map(Timestamp::as_millis)
    }
}

pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

pub(crate) fn text(error: &ReconcileError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let text = format!("{error} {source} {error:?}");
    assert!(!text.contains("marker"), "{text}");
    text
}
