//! Replay and retry: the two actions that give entries another attempt.

use spektr_inbox::operate;
use spektr_inbox::store::{Filter, Operator, Store, StoreError};
use spektr_types::Timestamp;

/// An action of an operator that gives entries another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reattempt {
    Replay,
    Retry,
}

impl Reattempt {
    /// Returns the name of the command of `spektr inbox`.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Retry => "retry",
        }
    }

    /// Returns the state of the entries after the action, in words.
    pub(crate) fn outcome(self) -> &'static str {
        match self {
            Self::Replay => "pending again",
            Self::Retry => "due now",
        }
    }

    /// Does the action, and returns the number of changed entries.
    pub(crate) async fn run(
        self,
        store: &dyn Store,
        operator: &Operator,
        filter: &Filter,
        now: Timestamp,
        progress: impl FnMut(u64),
    ) -> Result<u64, StoreError> {
        match self {
            Self::Replay => operate::replay(store, operator, filter, now, progress).await,
            Self::Retry => operate::retry(store, operator, filter, now, progress).await,
        }
    }
}
