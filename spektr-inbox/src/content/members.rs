//! The members of a JSON object, as slices of its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A member: its name and its value.
pub(super) type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// Returns the members of an object in their order, duplicates included. Returns `None` if the
/// text is not an object, or has a key with a lone surrogate.
pub(super) fn members_of(raw: &str) -> Option<Vec<Member<'_>>> {
    serde_json::from_str::<Members<'_>>(raw).ok().map(|members| members.0)
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Key(key), raw)) = access.next_entry()? {
            members.push((key, raw));
        }
        Ok(Members(members))
    }
}

/// A key that borrows if it has no escapes. A plain `Cow` always copies.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
