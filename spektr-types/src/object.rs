//! serde for derived code, which reads a struct only from an object.
//!
//! Generated structs name this module by `#[serde(crate = …)]`. The module replaces two
//! functions that derived code calls to read a struct, and re-exports the rest of serde.
//! serde's own functions would also read a struct from an array, member by member.
//!
//! The reasons are a decision (ARCHITECTURE.md, T7).

pub(crate) use ::serde::*;

/// The functions that derived code calls on a deserializer.
///
/// All deserializers implement the trait, so it restricts no caller. If derived code called
/// another function, the code would not compile.
pub(crate) trait Deserializer<'de>: ::serde::Deserializer<'de> {
    /// Reads a struct as a map, which it is in JSON.
    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_map(visitor)
    }

    /// Reads a member's name as bytes, so that it need not fit a `String`. A name with half of
    /// a surrogate pair is not in the schema, and is no reason to refuse the other members.
    fn deserialize_identifier<V: de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_bytes(visitor)
    }
}

impl<'de, D: ::serde::Deserializer<'de>> Deserializer<'de> for D {}
