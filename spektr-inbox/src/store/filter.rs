//! Filters of entries, and what each of their conditions means.

use spektr_types::Timestamp;

use super::{State, StoredEntry};
use crate::content::key_of_id;

/// Selects entries: those that match every condition that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Filter {
    /// The number.
    pub number: Option<i64>,
    /// The greatest number.
    pub up_to: Option<i64>,
    /// The source.
    pub source: Option<String>,
    /// The event's id.
    pub id: Option<String>,
    /// The customer's spektr id.
    pub spektr_id: Option<String>,
    /// The wire type as it arrived, without regard to ASCII case.
    pub wire_type: Option<String>,
    /// The state.
    pub state: Option<State>,
    /// Entries that arrived before this time.
    pub received_before: Option<Timestamp>,
    /// Entries that arrived at this time or later.
    pub received_since: Option<Timestamp>,
    /// Entries that may contain this text: their bytes contain the text itself, or a backslash,
    /// which can begin an escape of the text.
    pub names: Option<String>,
}

impl Filter {
    /// Selects every entry.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Selects the entries in a state.
    #[must_use]
    pub fn state(state: State) -> Self {
        Self { state: Some(state), ..Self::default() }
    }

    /// Selects one entry.
    #[must_use]
    pub fn number(number: i64) -> Self {
        Self { number: Some(number), ..Self::default() }
    }

    /// Returns whether an entry matches every condition that is set. For stores without SQL.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_inbox::spektr_types::Timestamp;
    /// use spektr_inbox::store::{Filter, State, StoredEntry};
    /// use spektr_inbox::testing::entries;
    ///
    /// let new = entries("live", r#"{"id":"e1","type":"alert_created"}"#, Timestamp::from_millis(1)?);
    /// let stored = StoredEntry::new(7, &new[0], false);
    /// let alerts = Filter { wire_type: Some("ALERT_CREATED".to_owned()), ..Filter::all() };
    /// assert!(alerts.matches(&stored));
    /// assert!(!Filter::state(State::Done).matches(&stored));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn matches(&self, entry: &StoredEntry) -> bool {
        self.terms().all(|term| term.holds(entry))
    }

    /// Returns the conditions that are set, each with its value.
    pub(super) fn terms(&self) -> impl Iterator<Item = Term<'_>> {
        let Self {
            number,
            up_to,
            source,
            id,
            spektr_id,
            wire_type,
            state,
            received_before,
            received_since,
            names,
        } = self;
        let id = id.as_deref().map(|id| key_of_id(id).map_or(Term::LongId(id), Term::Key));
        let terms = [
            number.map(Term::Number),
            up_to.map(Term::UpTo),
            id,
            source.as_deref().map(Term::Source),
            spektr_id.as_deref().map(Term::SpektrId),
            wire_type.as_deref().map(Term::WireType),
            state.map(Term::State),
            received_before.map(Term::ReceivedBefore),
            received_since.map(Term::ReceivedSince),
            names.as_deref().map(Term::Names),
        ];
        terms.into_iter().flatten()
    }
}

/// One condition of a [`Filter`]. Each database has its own SQL for it.
#[derive(Clone, Debug)]
pub(super) enum Term<'f> {
    Number(i64),
    UpTo(i64),
    /// The key of the entries with a short id. It has an index.
    Key(String),
    /// An id that is too long to be a key.
    LongId(&'f str),
    Source(&'f str),
    SpektrId(&'f str),
    WireType(&'f str),
    State(State),
    ReceivedBefore(Timestamp),
    ReceivedSince(Timestamp),
    Names(&'f str),
}

impl Term<'_> {
    fn holds(&self, entry: &StoredEntry) -> bool {
        let is = |found: &Option<String>, wanted: &str| found.as_deref() == Some(wanted);
        match self {
            Self::Number(number) => entry.number == *number,
            Self::UpTo(number) => entry.number <= *number,
            Self::Key(key) => entry.id.as_deref().and_then(key_of_id).as_ref() == Some(key),
            Self::LongId(id) => is(&entry.id, id),
            Self::Source(source) => entry.source == *source,
            Self::SpektrId(spektr_id) => is(&entry.spektr_id, spektr_id),
            Self::WireType(wanted) => {
                entry.wire_type.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
            }
            Self::State(state) => entry.state == *state,
            Self::ReceivedBefore(time) => entry.received_at < *time,
            Self::ReceivedSince(time) => entry.received_at >= *time,
            Self::Names(text) => {
                entry.raw.contains(&b'\\')
                    || text.is_empty()
                    || entry.raw.windows(text.len()).any(|found| found == text.as_bytes())
            }
        }
    }
}
