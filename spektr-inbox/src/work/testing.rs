//! Makes a [`Received`] for tests of handlers.

use std::error::Error;

use bytes::Bytes;
use spektr_types::{Entry, Event, Timestamp};

use super::Received;
use super::handler::{DestinationReport, EntryJson, Malformed};
use crate::store::{Completion, Lease};
use crate::testing::start;

impl<E: TryFrom<Event>> Received<E> {
    /// Makes a [`Received`] from the JSON of an entry (feature `testing`): the first attempt of
    /// entry 1 of the source `test`, with the time of arrival [`start`].
    ///
    /// # Errors
    ///
    /// The JSON cannot be decoded, or is another event than `E`.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_inbox::Received;
    /// use spektr_types::AlertResolved;
    /// use spektr_types::fixtures::Fixture;
    ///
    /// let json = Fixture::of::<AlertResolved>().set("/data/alertId", "a9").json()?;
    /// let received = Received::<AlertResolved>::for_test(&json)?.with_attempt(2);
    /// assert_eq!(received.event().data.alert_id, "a9");
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn for_test(json: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let event = Entry::from_json(json)?.decode()?;
        let event = E::try_from(event).map_err(|_| "the JSON is another event")?;
        Ok(made(event, json))
    }
}

impl Received<Malformed> {
    /// Makes the argument of a function of
    /// [`Workers::with_malformed`](crate::Workers::with_malformed) from the JSON of an entry,
    /// as [`for_test`](Received::for_test) does.
    ///
    /// # Errors
    ///
    /// The JSON is not an object, or can be decoded.
    pub fn malformed_for_test(json: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let entry = Entry::from_json(json)?;
        let Err(error) = entry.decode() else { return Err("the JSON can be decoded".into()) };
        let text = |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| text.into_owned());
        let malformed = Malformed {
            reason: error.to_string(),
            event_id: text(entry.id()),
            wire_type: text(entry.wire_type()),
        };
        Ok(made(malformed, json))
    }
}

fn made<E>(event: E, json: &str) -> Received<E> {
    Received {
        event,
        number: 1,
        source: "test".to_owned(),
        attempt: 1,
        received_at: start(),
        conflict: false,
        completion: Completion::new(Lease { number: 1, owner: 1, token: 1, attempt: 1 }),
        status: DestinationReport::default(),
        raw: EntryJson(Bytes::copy_from_slice(json.as_bytes())),
    }
}

/// Settings for tests (feature `testing`).
impl<E> Received<E> {
    /// Sets the number of the attempt, from 1.
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        let lease = Lease { attempt, ..self.completion.lease() };
        self.completion = Completion::new(lease);
        self
    }

    /// Sets the number of the entry.
    #[must_use]
    pub fn with_number(mut self, number: i64) -> Self {
        self.number = number;
        let lease = Lease { number, ..self.completion.lease() };
        self.completion = Completion::new(lease);
        self
    }

    /// Sets the source.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// Sets when the entry arrived.
    #[must_use]
    pub fn with_received_at(mut self, received_at: Timestamp) -> Self {
        self.received_at = received_at;
        self
    }

    /// Sets whether the event's id was in the store with another content.
    #[must_use]
    pub fn with_conflict(mut self, is_conflict: bool) -> Self {
        self.conflict = is_conflict;
        self
    }

    /// Returns the status that the handler has set by [`set_status`](Self::set_status) on this
    /// value or on a clone.
    #[must_use]
    pub fn told_status(&self) -> Option<u16> {
        self.status.told()
    }
}
