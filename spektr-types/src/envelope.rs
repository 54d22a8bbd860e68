//! The envelope: the members that are read before the event is known.

/// The meaning of a member of an entry, or of a batch, whichever name it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key {
    /// The event's id.
    Id,
    /// The spektr id: the id of the customer whom the event concerns.
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
    /// The payload, or most of it.
    Data,
    /// The list of a batch.
    Results,
    /// Any other member.
    Other,
}

impl Key {
    /// Returns the names of members with this meaning.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let members = crate::generated::ENVELOPE.iter().filter(move |member| member.key == self);
        members.flat_map(EnvelopeMember::names)
    }

    /// Returns the schema's own name for members with this meaning; an empty text for
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

    /// Returns the schema's text of `name`, which may be an alias; if the schema does not have
    /// `name`, the schema's own name for this meaning.
    pub(crate) fn known_name(self, name: &str) -> &'static str {
        self.names().find(|known| *known == name).unwrap_or_else(|| self.name())
    }

    /// Returns whether a null counts as absent, so that the member of the other envelope gives
    /// the wire type or the creation time.
    pub(crate) fn is_absent_as_null(self) -> bool {
        matches!(self, Self::WireType | Self::EventType | Self::CreatedAt | Self::Timestamp)
    }
}

/// A member of the envelopes, which identifies an event and is not part of its payload.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EnvelopeMember {
    /// The meaning of the member.
    pub key: Key,
    /// The member's name on the wire.
    pub name: &'static str,
    /// Other names by which the member is read.
    pub aliases: &'static [&'static str],
    /// Whether the member may hold personal data or a secret.
    pub is_sensitive: bool,
}

impl EnvelopeMember {
    /// Returns the member's name, then its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// Returns the members of both envelopes, without the payload `data`.
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
