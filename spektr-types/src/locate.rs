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
) -> Result<T, Failure> {
    T::deserialize(Root(Object { members, names, next: 0, has_free_keys: false }))
}

/// The kind of a fault, and its path.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    /// Reference tokens, the innermost first.
    path: Vec<String>,
}

#[derive(Debug)]
enum Kind {
    Entry(EntryErrorKind),
    /// A value of a type that the visitor did not expect.
    Type(JsonType),
    /// A value of the right type that the visitor refused.
    Value,
    /// A member that occurs a second time, with the schema's name for it.
    Duplicate(&'static str),
}

impl Failure {
    fn new(kind: Kind) -> Self {
        Self { kind, path: Vec::new() }
    }

    fn entry(kind: EntryErrorKind) -> Self {
        Self::new(Kind::Entry(kind))
    }

    fn at(mut self, token: impl Into<String>) -> Self {
        self.path.push(token.into());
        self
    }

    /// Turns the failure of a visitor into the fault of a value of the expected type.
    fn expecting(mut self, expected: JsonType) -> Self {
        self.kind = match self.kind {
            Kind::Type(found) => Kind::Entry(EntryErrorKind::WrongType { expected, found }),
            // Among the visitors of numbers, only that of a point in time refuses a value.
            Kind::Value if expected == JsonType::Number => {
                Kind::Entry(EntryErrorKind::TimestampOutOfRange)
            }
            kind => kind,
        };
        self
    }

    /// Returns the reference tokens from the root, and the kind of the fault.
    pub(crate) fn into_parts(mut self) -> (Vec<String>, EntryErrorKind) {
        self.path.reverse();
        let kind = match self.kind {
            Kind::Entry(kind) => kind,
            Kind::Duplicate(_) => EntryErrorKind::Duplicate,
            Kind::Type(_) | Kind::Value => EntryErrorKind::Unrepresentable,
        };
        (self.path, kind)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the entry is malformed")
    }
}

impl std::error::Error for Failure {}

impl Error for Failure {
    fn custom<T: Display>(_: T) -> Self {
        Self::entry(EntryErrorKind::Unrepresentable)
    }

    fn invalid_type(unexpected: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(Kind::Type(match unexpected {
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
        Self::new(Kind::Value)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::entry(EntryErrorKind::Missing).at(name)
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(Kind::Duplicate(name)).at(name)
    }
}

/// The JSON text of a value.
#[derive(Clone, Copy)]
struct Value<'de> {
    text: &'de str,
    names: Names,
}

impl<'de> Value<'de> {
    fn expect(self, expected: JsonType) -> Result<(), Failure> {
        let found = JsonType::of(self.text);
        let is_number = expected == JsonType::Number && found == JsonType::Integer;
        // The visitor decides whether it accepts a number with a fraction.
        let may_be_whole = expected == JsonType::Integer && found == JsonType::Number;
        if found == expected || is_number || may_be_whole {
            return Ok(());
        }
        Err(Failure::entry(EntryErrorKind::WrongType { expected, found }))
    }

    fn number<V: Visitor<'de>>(self, expected: JsonType, visitor: V) -> Result<V::Value, Failure> {
        self.expect(expected)?;
        let number: Number = serde_json::from_str(self.text).map_err(Failure::custom)?;
        let result = match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => visitor.visit_u64(number),
            (_, Some(number), _) => visitor.visit_i64(number),
            (_, _, Some(number)) => visitor.visit_f64(number),
            _ => Err(Failure::entry(EntryErrorKind::Unrepresentable)),
        };
        result.map_err(|failure| failure.expecting(expected))
    }

    /// Passes the value to serde_json, which builds raw and free JSON.
    fn free(self) -> serde_json::Deserializer<serde_json::de::StrRead<'de>> {
        serde_json::Deserializer::from_str(self.text)
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.free().deserialize_any(visitor).map_err(Failure::custom)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if name == with_raw::TWICE {
            return visitor.visit_seq(Twice { value: self, left: 2 });
        }
        self.free().deserialize_newtype_struct(name, visitor).map_err(Failure::custom)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match JsonType::of(self.text) {
            JsonType::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.expect(JsonType::Boolean)?;
        visitor.visit_bool(self.text == "true")
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.number(JsonType::Integer, visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.number(JsonType::Number, visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.expect(JsonType::String)?;
        match string(self.text) {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => Err(Failure::entry(EntryErrorKind::Unrepresentable)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.expect(JsonType::Array)?;
        let elements: Vec<&RawValue> = serde_json::from_str(self.text).map_err(Failure::custom)?;
        let names = self.names;
        visitor.visit_seq(List { elements: elements.into_iter().enumerate(), names })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.expect(JsonType::Object)?;
        let members = Members::of(self.text).0.into_iter();
        let members = members.map(|(name, value)| (name, value.get())).collect();
        Object { members, names: self.names, next: 0, has_free_keys: false }.visit(visitor)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple
        tuple_struct struct enum identifier
    }
}

/// A sequence that gives one value twice.
struct Twice<'de> {
    value: Value<'de>,
    left: u8,
}

impl<'de> SeqAccess<'de> for Twice<'de> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.value).map(Some)
    }
}

struct List<'de> {
    elements: std::iter::Enumerate<std::vec::IntoIter<&'de RawValue>>,
    names: Names,
}

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        let Some((index, element)) = self.elements.next() else { return Ok(None) };
        let value = Value { text: element.get(), names: self.names };
        seed.deserialize(value).map(Some).map_err(|failure| failure.at(index.to_string()))
    }
}

/// The members of an object, and the number of members that have been read.
struct Object<'de> {
    members: Vec<(Cow<'de, str>, &'de str)>,
    names: Names,
    next: usize,
    /// Whether the keys are free, not names of the schema. Free keys are values that arrived,
    /// so no path contains them.
    has_free_keys: bool,
}

impl<'de> Object<'de> {
    fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(&mut self).map_err(|failure| match failure.kind {
            Kind::Duplicate(name) => self.duplicate(name),
            _ => failure,
        })
    }

    /// Returns the fault of a member that occurs twice, with the names that it has in the
    /// object. The second occurrence is the member read last; `name` is the schema's name for
    /// it.
    fn duplicate(&self, name: &'static str) -> Failure {
        let given = self.members.get(..self.next).unwrap_or_default();
        let Some(((last, _), before)) = given.split_last() else {
            return Failure::entry(EntryErrorKind::Duplicate).at(name);
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
        Failure::entry(kind).at(last.as_ref())
    }
}

impl<'de> MapAccess<'de> for &mut Object<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some((name, _)) = self.members.get(self.next) else { return Ok(None) };
        self.next += 1;
        let key = Key { name, is_free: &mut self.has_free_keys };
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let read = self.next.checked_sub(1).and_then(|at| self.members.get(at));
        let Some((name, text)) = read else { return Err(Failure::custom("no key was read")) };
        seed.deserialize(Value { text, names: self.names }).map_err(|failure| {
            if self.has_free_keys {
                Failure { path: Vec::new(), ..failure }
            } else {
                failure.at(name.as_ref())
            }
        })
    }
}

/// A member's name. A struct asks for an identifier, which the module `object` turns into
/// bytes. A map of free keys asks for a string.
struct Key<'k> {
    name: &'k Cow<'k, str>,
    is_free: &'k mut bool,
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_str(self.name)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        *self.is_free = true;
        // A decoded name is borrowed only if it has no escapes, and then it cannot begin with a
        // quote. So this is the escaped form of a name that no `String` can hold.
        if matches!(self.name, Cow::Borrowed(name) if name.starts_with('"')) {
            return Err(Failure::entry(EntryErrorKind::Unrepresentable));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The object of an event.
struct Root<'de>(Object<'de>);

impl<'de> Deserializer<'de> for Root<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.0.visit(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}
