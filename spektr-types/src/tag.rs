//! The discriminator of an event's struct.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::KnownEvent;

/// The wire type of an event, given by its Rust type. It takes no space, accepts any wire type
/// of the event, and writes the canonical one.
pub(crate) struct Tag<E>(PhantomData<fn() -> E>);

impl<E> Clone for Tag<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Tag<E> {}

impl<E> PartialEq for Tag<E> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<E: KnownEvent> fmt::Debug for Tag<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(E::EVENT_TYPE.as_str(), f)
    }
}

impl<E: KnownEvent> Serialize for Tag<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(E::EVENT_TYPE.as_str())
    }
}

impl<'de, E: KnownEvent> Deserialize<'de> for Tag<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TagVisitor(PhantomData))
    }
}

struct TagVisitor<E>(PhantomData<fn() -> E>);

impl<E: KnownEvent> Visitor<'_> for TagVisitor<E> {
    type Value = Tag<E>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("string with the event's wire type")
    }

    fn visit_str<Err: Error>(self, text: &str) -> Result<Tag<E>, Err> {
        match E::EVENT_TYPE.info() {
            Some(info) if info.has_wire_type(text) => Ok(Tag(PhantomData)),
            _ => Err(Err::invalid_value(Unexpected::Other("another wire type"), &self)),
        }
    }
}

#[cfg(feature = "schemars-1")]
impl<E: KnownEvent> schemars::JsonSchema for Tag<E> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        E::EVENT_TYPE.as_str().to_owned().into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let info = E::EVENT_TYPE.info();
        let wire_types: Vec<_> = info.into_iter().flat_map(|it| it.wire_types().iter()).collect();
        schemars::json_schema!({ "enum": wire_types })
    }
}
