//! Objects are read from objects only.
//!
//! serde's derived code also takes the fields of a struct from a JSON array, by
//! their order, which no schema allows.

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A type whose structs are read from objects only.
pub(crate) trait Object<'de>: Sized {
    fn deserialize_object<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Reads a member whose type is, or holds, a generated struct.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Object<'de>,
{
    T::deserialize_object(deserializer)
}

/// Reads a struct without the way through an array.
pub(crate) fn map_only<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(MapOnly(deserializer))
}

impl<'de, T: Object<'de>> Object<'de> for Option<T> {
    fn deserialize_object<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value: Option<Element<T>> = Option::deserialize(deserializer)?;
        Ok(value.map(|element| element.0))
    }
}

impl<'de, T: Object<'de>> Object<'de> for Vec<T> {
    fn deserialize_object<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values: Vec<Element<T>> = Vec::deserialize(deserializer)?;
        Ok(values.into_iter().map(|element| element.0).collect())
    }
}

struct Element<T>(T);

impl<'de, T: Object<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize_object(deserializer).map(Element)
    }
}

struct MapOnly<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for MapOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
