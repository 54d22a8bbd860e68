//! An object whose members are at hand, as serde reads it.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

/// The members of an object, each a name and a JSON text; one without a text is not
/// there.
pub(crate) struct Fields<'de, I> {
    members: I,
    /// The text of the member whose name was read.
    text: &'de str,
}

impl<'n, 'de, I: Iterator<Item = (&'n str, &'de str)>> Fields<'de, I> {
    pub(crate) fn new(members: I) -> Self {
        Self { members, text: "" }
    }
}

impl<'n, 'de, I: Iterator<Item = (&'n str, &'de str)>> Deserializer<'de> for Fields<'de, I> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'n, 'de, I: Iterator<Item = (&'n str, &'de str)>> MapAccess<'de> for Fields<'de, I> {
    type Error = serde_json::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        match self.members.find(|(_, text)| !text.is_empty()) {
            Some((name, text)) => {
                self.text = text;
                seed.deserialize(StrDeserializer::new(name)).map(Some)
            }
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.text))
    }
}
