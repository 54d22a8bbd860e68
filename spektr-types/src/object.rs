//! serde as derived code sees it: a struct is read from an object, and from nothing
//! else.
//!
//! Generated structs name this module by `#[serde(crate = …)]`. It is serde, but for
//! the two functions that derived code calls to read a struct: serde's own would
//! read an array too, member by member.

pub(crate) use ::serde::*;

/// What derived code asks of a deserializer.
///
/// The trait is implemented for all of them, so that it is no bound that anybody
/// has to meet. If derived code called another function, it would not compile.
pub(crate) trait Deserializer<'de>: ::serde::Deserializer<'de> {
    /// Reads a struct as the map that it is in JSON.
    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_map(visitor)
    }

    /// Reads a member's name. As bytes it need not be one that a `String` can hold:
    /// half of a surrogate pair is in no name that the schema has, and no reason to
    /// refuse what the other members say.
    fn deserialize_identifier<V: de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_bytes(visitor)
    }
}

impl<'de, D: ::serde::Deserializer<'de>> Deserializer<'de> for D {}
