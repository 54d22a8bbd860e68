//! What is read of an entry before it is known which event it is.

/// What a member is to an entry, or to a batch, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key {
    /// The event's id.
    Id,
    /// The id of the end-user whom the event concerns.
    SpektrId,
    /// The id of the workspace.
    WorkspaceId,
    /// The wire type, in the envelope of the events page.
    WireType,
    /// The wire type, in the envelope of the signature guide.
    EventType,
    /// The creation time, in the envelope of the events page.
    CreatedAt,
    /// The creation time, in the envelope of the signature guide.
    Timestamp,
    /// The delivery flag.
    Delivered,
    /// The payload, or the most of it.
    Data,
    /// The list of a batch.
    Results,
    /// Any other member.
    Other,
}

impl Key {
    /// Returns the names of such a member.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let members = crate::generated::ENVELOPE.iter().filter(move |member| member.key == self);
        members.flat_map(EnvelopeMember::names)
    }

    /// Returns the schema's own name for such a member; an empty text for
    /// [`Other`](Self::Other).
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_types::EnvelopeKey;
    ///
    /// assert_eq!(EnvelopeKey::WireType.name(), "type");
    /// ```
    pub fn name(self) -> &'static str {
        self.names().next().unwrap_or_default()
    }

    /// Returns a name for it, an alias perhaps, as the schema's; its own for one that the
    /// schema does not have.
    pub(crate) fn known_name(self, name: &str) -> &'static str {
        self.names().find(|known| *known == name).unwrap_or_else(|| self.name())
    }

    /// Tells whether a member that is null says nothing: the other envelope's member may
    /// say which event it is, or when it was created.
    pub(crate) fn is_absent_as_null(self) -> bool {
        matches!(self, Self::WireType | Self::EventType | Self::CreatedAt | Self::Timestamp)
    }
}

/// A member of the envelopes: it identifies an event, and is no part of its payload.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EnvelopeMember {
    /// What it is.
    pub key: Key,
    /// Its name on the wire.
    pub name: &'static str,
    /// Other names under which it is read.
    pub aliases: &'static [&'static str],
    /// Whether it may hold personal data or a secret.
    pub is_sensitive: bool,
}

impl EnvelopeMember {
    /// Returns its name, then the others.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// Returns the members of both envelopes without `data`, which is the payload.
///
/// # Examples
///
/// ```
/// let names: Vec<_> = spektr_types::envelope().map(|member| member.name).collect();
/// assert!(names.contains(&"type") && names.contains(&"eventType"));
/// ```
pub fn envelope() -> impl Iterator<Item = &'static EnvelopeMember> {
    let is_payload = |key| matches!(key, Key::Data | Key::Results);
    crate::generated::ENVELOPE.iter().filter(move |member| !is_payload(member.key))
}
