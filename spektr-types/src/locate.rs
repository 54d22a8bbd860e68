//! Decodes an entry a second time, to find the place and the kind of its fault.
//!
//! The errors of serde_json are texts, which quote values that arrived, but this crate needs a
//! path and a kind. So an entry that could not be decoded is decoded again by the deserializer
//! of this module, whose error has both. The deserializer supports generated types and valid
//! JSON only, and need not be quick.
//!
//! The reasons are a decision (ARCHITECTURE.md, T9).

use std::borrow::Cow;
use std::fmt::Display;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, Expected, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde_json::Number;
use serde_json::value::RawValue;

use crate::error::{EntryErrorKind, JsonType};
use crate::members::{Members, string};
use crate::with_raw;

/// The names of each member that has aliases. The member's own name is the first.
pub(crate) type Names = &'static [&'static [&'static str]];

/// Decodes an object from its members: pairs of a name and a JSON text.
pub(crate) fn decode<'de, T: Deserialize<'de>>(
    members: Vec<(Cow<'de, str>, &'de str)>,
    names: Names,
) -> Result<T, PathFault> {
    T::deserialize(RootDeserializer(ObjectAccess { members, names, next: 0, has_free_keys: false }))
}

/// The kind of a fault, and its path.
#[derive(Debug)]
pub(crate) struct PathFault {
    kind: FaultKind,
    /// Reference tokens, the innermost first.
    path: Vec<String>,
}

#[derive(Debug)]
enum FaultKind {
    Entry(EntryErrorKind),
    /// A value of a type that the visitor did not expect.
    Type(JsonType),
    /// A value of the right type that the visitor refused.
    Value,
    /// A member that occurs a second time, with the schema's name for it.
    Duplicate(&'static str),
}

impl PathFault {
    fn new(kind: FaultKind) -> Self {
        Self { kind, path: Vec::new() }
    }

    fn entry(kind: EntryErrorKind) -> Self {
        Self::new(FaultKind::Entry(kind))
    }

    fn at(mut self, token: impl Into<String>) -> Self {
        self.path.push(token.into());
        self
    }

    /// Turns the failure of a visitor into the fault of a value of the expected type.
    fn expecting(mut self, expected: JsonType) -> Self {
        self.kind = match self.kind {
            FaultKind::Type(found) => {
                FaultKind::Entry(EntryErrorKind::WrongType { expected, found })
            }
            // Among the visitors of numbers, only that of a point in time refuses a value.
            FaultKind::Value if expected == JsonType::Number => {
                FaultKind::Entry(EntryErrorKind::TimestampOutOfRange)
            }
            kind => kind,
        };
        self
    }

    /// Returns the reference tokens from the root, and the kind of the fault.
    pub(crate) fn into_parts(mut self) -> (Vec<String>, EntryErrorKind) {
        self.path.reverse();
        let kind = match self.kind {
            FaultKind::Entry(kind) => kind,
            FaultKind::Duplicate(_) => EntryErrorKind::Duplicate,
            FaultKind::Type(_) | FaultKind::Value => EntryErrorKind::Unrepresentable,
        };
        (self.path, kind)
    }
}

impl Display for PathFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the entry is malformed")
    }
}

impl std::error::Error for PathFault {}

impl Error for PathFault {
    fn custom<T: Display>(_: T) -> Self {
        Self::entry(EntryErrorKind::Unrepresentable)
    }

    fn invalid_type(unexpected: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(FaultKind::Type(match unexpected {
            Unexpected::Bool(_) => JsonType::Boolean,
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => JsonType::Integer,
            Unexpected::Float(_) => JsonType::Number,
            Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => JsonType::String,
            Unexpected::Unit | Unexpected::Option => JsonType::Null,
            Unexpected::Seq => JsonType::Array,
            _ => JsonType::Object,
        }))
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(FaultKind::Value)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::entry(EntryErrorKind::Missing).at(name)
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(FaultKind::Duplicate(name)).at(name)
    }
}

/// The JSON text of a value.
#[derive(Clone, Copy)]
struct ValueDeserializer<'de> {
    text: &'de str,
    names: Names,
}

impl<'de> ValueDeserializer<'de> {
    fn expect(self, expected: JsonType) -> Result<(), PathFault> {
        let found = JsonType::of(self.text);
        let is_number = expected == JsonType::Number && found == JsonType::Integer;
        // The visitor decides whether it accepts a number with a fraction.
        let may_be_whole = expected == JsonType::Integer && found == JsonType::Number;
        if found == expected || is_number || may_be_whole {
            return Ok(());
        }
        Err(PathFault::entry(EntryErrorKind::WrongType { expected, found }))
    }

    fn number<V: Visitor<'de>>(
        self,
        expected: JsonType,
        visitor: V,
    ) -> Result<V::Value, PathFault> {
        self.expect(expected)?;
        let number: Number = serde_json::from_str(self.text).map_err(PathFault::custom)?;
        let result = match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => visitor.visit_u64(number),
            (_, Some(number), _) => visitor.visit_i64(number),
            (_, _, Some(number)) => visitor.visit_f64(number),
            _ => Err(PathFault::entry(EntryErrorKind::Unrepresentable)),
        };
        result.map_err(|failure| failure.expecting(expected))
    }

    /// Passes the value to serde_json, which builds raw and free JSON.
    fn free(self) -> serde_json::Deserializer<serde_json::de::StrRead<'de>> {
        serde_json::Deserializer::from_str(self.text)
    }
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = PathFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.free().deserialize_any(visitor).map_err(PathFault::custom)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathFault> {
        if name == with_raw::TWICE {
            return visitor.visit_seq(Twice { value: self, left: 2 });
        }
        self.free().deserialize_newtype_struct(name, visitor).map_err(PathFault::custom)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        match JsonType::of(self.text) {
            JsonType::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.expect(JsonType::Boolean)?;
        visitor.visit_bool(self.text == "true")
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.number(JsonType::Integer, visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.number(JsonType::Number, visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.expect(JsonType::String)?;
        match string(self.text) {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => Err(PathFault::entry(EntryErrorKind::Unrepresentable)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.expect(JsonType::Array)?;
        let elements: Vec<&RawValue> =
            serde_json::from_str(self.text).map_err(PathFault::custom)?;
        let names = self.names;
        visitor.visit_seq(ListAccess { elements: elements.into_iter().enumerate(), names })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.expect(JsonType::Object)?;
        let members = Members::of(self.text).0.into_iter();
        let members = members.map(|(name, value)| (name, value.get())).collect();
        ObjectAccess { members, names: self.names, next: 0, has_free_keys: false }.visit(visitor)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple
        tuple_struct struct enum identifier
    }
}

/// A sequence that gives one value twice.
struct Twice<'de> {
    value: ValueDeserializer<'de>,
    left: u8,
}

impl<'de> SeqAccess<'de> for Twice<'de> {
    type Error = PathFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, PathFault> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.value).map(Some)
    }
}

struct ListAccess<'de> {
    elements: std::iter::Enumerate<std::vec::IntoIter<&'de RawValue>>,
    names: Names,
}

impl<'de> SeqAccess<'de> for ListAccess<'de> {
    type Error = PathFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, PathFault> {
        let Some((index, element)) = self.elements.next() else { return Ok(None) };
        let value = ValueDeserializer { text: element.get(), names: self.names };
        seed.deserialize(value).map(Some).map_err(|failure| failure.at(index.to_string()))
    }
}

/// The members of an object, and the number of members that have been read.
struct ObjectAccess<'de> {
    members: Vec<(Cow<'de, str>, &'de str)>,
    names: Names,
    next: usize,
    /// Whether the keys are free, not names of the schema. Free keys are values that arrived,
    /// so no path contains them.
    has_free_keys: bool,
}

impl<'de> ObjectAccess<'de> {
    fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, PathFault> {
        visitor.visit_map(&mut self).map_err(|failure| match failure.kind {
            FaultKind::Duplicate(name) => self.duplicate(name),
            _ => failure,
        })
    }

    /// Returns the fault of a member that occurs twice, with the names that it has in the
    /// object. The second occurrence is the member read last; `name` is the schema's name for
    /// it.
    fn duplicate(&self, name: &'static str) -> PathFault {
        let given = self.members.get(..self.next).unwrap_or_default();
        let Some(((last, _), before)) = given.split_last() else {
            return PathFault::entry(EntryErrorKind::Duplicate).at(name);
        };
        let all = self.names.iter().filter(|all| all.first() == Some(&name));
        let known = |given: &str| all.clone().flat_map(|all| all.iter()).find(|it| **it == given);
        let earlier = before.iter().find_map(|(given, _)| known(given));
        let kind = match (earlier, known(last)) {
            (Some(one), Some(other)) if !before.iter().any(|(given, _)| given == last) => {
                EntryErrorKind::DuplicateAlias { names: [one, other] }
            }
            _ => EntryErrorKind::Duplicate,
        };
        PathFault::entry(kind).at(last.as_ref())
    }
}

impl<'de> MapAccess<'de> for &mut ObjectAccess<'de> {
    type Error = PathFault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, PathFault> {
        let Some((name, _)) = self.members.get(self.next) else { return Ok(None) };
        self.next += 1;
        let key = KeyDeserializer { name, is_free: &mut self.has_free_keys };
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, PathFault> {
        let read = self.next.checked_sub(1).and_then(|at| self.members.get(at));
        let Some((name, text)) = read else { return Err(PathFault::custom("no key was read")) };
        seed.deserialize(ValueDeserializer { text, names: self.names }).map_err(|failure| {
            if self.has_free_keys {
                PathFault { path: Vec::new(), ..failure }
            } else {
                failure.at(name.as_ref())
            }
        })
    }
}

/// A member's name. A struct asks for an identifier, which the module `object` turns into
/// bytes. A map of free keys asks for a string.
struct KeyDeserializer<'k> {
    name: &'k Cow<'k, str>,
    is_free: &'k mut bool,
}

impl<'de> Deserializer<'de> for KeyDeserializer<'_> {
    type Error = PathFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        visitor.visit_str(self.name)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        *self.is_free = true;
        // A decoded name is borrowed only if it has no escapes, and then it cannot begin with a
        // quote. So this is the escaped form of a name that no `String` can hold.
        if matches!(self.name, Cow::Borrowed(name) if name.starts_with('"')) {
            return Err(PathFault::entry(EntryErrorKind::Unrepresentable));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.deserialize_str(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The object of an event.
struct RootDeserializer<'de>(ObjectAccess<'de>);

impl<'de> Deserializer<'de> for RootDeserializer<'de> {
    type Error = PathFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathFault> {
        self.0.visit(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}
