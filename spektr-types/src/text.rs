//! A serde deserializer for texts that are known to be JSON.
//!
//! Splitting has passed over every entry, so nothing is checked again here. Rare values are
//! left to serde_json: escapes, numbers that are not whole, raw JSON. The error has no details,
//! because the module `locate` decodes a malformed entry again for them.
//!
//! The reasons are a decision (ARCHITECTURE.md, T8).

use std::fmt;

use serde::de::value::BytesDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::json::JsonText;

/// The error for a text that does not fit the type.
#[derive(Debug)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entry is malformed")
    }
}

impl std::error::Error for Malformed {}

impl Error for Malformed {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A JSON value at an offset of a text. The offset moves as the value is read.
#[derive(Clone, Copy)]
pub(crate) struct Text<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Text<'de> {
    /// Returns the value at an offset of a text, which must have valid JSON there.
    pub(crate) fn new(text: &'de str, at: usize) -> Self {
        Self { text, at }
    }

    fn json(&self) -> JsonText<'de> {
        JsonText::new(self.text)
    }

    /// Passes over white space, and returns the byte after it.
    #[inline]
    fn next(&mut self) -> Result<u8, Malformed> {
        let (byte, at) = self.json().next(self.at).ok_or(Malformed)?;
        self.at = at;
        Ok(byte)
    }

    /// Passes over one byte, which must be this one.
    #[inline]
    fn take(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.next()? != byte {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// Passes over a value, and returns its text.
    fn value(&mut self) -> Result<&'de str, Malformed> {
        self.next()?;
        let end = self.json().value(self.at).ok_or(Malformed)?;
        let value = self.text.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(value)
    }

    /// Passes over a string, and returns the text between its quotes, and whether the text has
    /// escapes.
    #[inline]
    fn string(&mut self) -> Result<(&'de str, bool), Malformed> {
        if self.next()? != b'"' {
            return Err(Malformed);
        }
        let (end, has_escapes) = self.json().string(self.at).ok_or(Malformed)?;
        let inner = self.text.get(self.at + 1..end - 1).ok_or(Malformed)?;
        self.at = end;
        Ok((inner, has_escapes))
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Malformed> {
        if let Some((number, end)) = self.digits() {
            self.at = end;
            return visitor.visit_u64(number);
        }
        free(self.value()?).deserialize_any(visitor).map_err(|_| Malformed)
    }

    /// Reads a number of at most 19 digits and no other characters, so that it fits a `u64`.
    /// Returns the number and the offset after it.
    #[inline]
    fn digits(&self) -> Option<(u64, usize)> {
        const MAX: usize = 19;
        let bytes = self.text.as_bytes();
        let (mut number, mut end) = (0, self.at);
        while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
            if end - self.at == MAX {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
            end += 1;
        }
        let is_whole = !matches!(bytes.get(end), Some(b'.' | b'e' | b'E'));
        if end > self.at && is_whole { Some((number, end)) } else { None }
    }
}

/// Returns the text of a string, given the characters between its quotes.
#[cold]
fn unescaped(inner: &str) -> Result<String, Malformed> {
    serde_json::from_str(&format!("\"{inner}\"")).map_err(|_| Malformed)
}

/// Passes a value to serde_json.
fn free(value: &str) -> serde_json::Deserializer<serde_json::de::StrRead<'_>> {
    serde_json::Deserializer::from_str(value)
}

impl<'de> Deserializer<'de> for &mut Text<'de> {
    type Error = Malformed;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        match self.next()? {
            b'"' => self.deserialize_str(visitor),
            b'{' => self.deserialize_map(visitor),
            b'[' => self.deserialize_seq(visitor),
            b'n' => self.deserialize_unit(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            _ => self.number(visitor),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if self.next()? == b'n' {
            self.value()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        let (inner, has_escapes) = self.string()?;
        if has_escapes {
            return visitor.visit_string(unescaped(inner)?);
        }
        visitor.visit_borrowed_str(inner)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_str(visitor)
    }

    /// A member's name need not fit a `String`. A name that does not is not in the schema.
    #[inline]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        let (inner, has_escapes) = self.string()?;
        match has_escapes.then(|| unescaped(inner)) {
            Some(Ok(name)) => visitor.visit_bytes(name.as_bytes()),
            Some(Err(_)) | None => visitor.visit_borrowed_bytes(inner.as_bytes()),
        }
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.take(b'{')?;
        let value = visitor.visit_map(TextElements { text: &mut *self, is_first: true })?;
        self.take(b'}')?;
        Ok(value)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.take(b'[')?;
        let value = visitor.visit_seq(TextElements { text: &mut *self, is_first: true })?;
        self.take(b']')?;
        Ok(value)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        match self.value()? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Malformed),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if self.value()? == "null" { visitor.visit_unit() } else { Err(Malformed) }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if matches!(self.next()?, b'-' | b'0'..=b'9') {
            self.number(visitor)
        } else {
            Err(Malformed)
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_i64(visitor)
    }

    /// Raw JSON is requested by the name of a newtype struct.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Malformed> {
        free(self.value()?).deserialize_newtype_struct(name, visitor).map_err(|_| Malformed)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.value()?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char byte_buf unit_struct tuple tuple_struct
        struct enum identifier
    }
}

/// The members of an object, or the elements of a list, during reading.
struct TextElements<'t, 'de> {
    text: &'t mut Text<'de>,
    is_first: bool,
}

impl<'de> TextElements<'_, 'de> {
    /// Passes over the comma before the next member or element. Returns whether there is a next
    /// one.
    #[inline]
    fn has_next(&mut self, end: u8) -> Result<bool, Malformed> {
        let next = self.text.next()?;
        if next == end {
            return Ok(false);
        }
        if !std::mem::replace(&mut self.is_first, false) {
            self.text.take(b',')?;
        }
        Ok(true)
    }
}

impl<'de> MapAccess<'de> for TextElements<'_, 'de> {
    type Error = Malformed;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Malformed> {
        if self.has_next(b'}')? { seed.deserialize(&mut *self.text).map(Some) } else { Ok(None) }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Malformed> {
        self.text.take(b':')?;
        seed.deserialize(&mut *self.text)
    }
}

impl<'de> SeqAccess<'de> for TextElements<'_, 'de> {
    type Error = Malformed;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Malformed> {
        if self.has_next(b']')? { seed.deserialize(&mut *self.text).map(Some) } else { Ok(None) }
    }
}

/// The members of an object with known places: each with its name.
pub(crate) struct Fields<'de, I> {
    members: I,
    /// The value of the member whose name was read last.
    value: Option<Text<'de>>,
}

impl<'n, 'de, I: Iterator<Item = (&'n str, Text<'de>)>> Fields<'de, I> {
    pub(crate) fn new(members: I) -> Self {
        Self { members, value: None }
    }
}

impl<'n, 'de, I: Iterator<Item = (&'n str, Text<'de>)>> Deserializer<'de> for Fields<'de, I> {
    type Error = Malformed;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'n, 'de, I: Iterator<Item = (&'n str, Text<'de>)>> MapAccess<'de> for Fields<'de, I> {
    type Error = Malformed;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Malformed> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(BytesDeserializer::new(name.as_bytes())).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Malformed> {
        let mut value = self.value.take().ok_or(Malformed)?;
        seed.deserialize(&mut value)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::test_runner::{Config, TestRunner};
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;
    use crate::{RawJson, Timestamp};

    /// A struct with every kind of member that generated structs have.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Kinds {
        text: Option<String>,
        list: Option<Vec<bool>>,
        number: Option<f64>,
        whole: Option<i64>,
        time: Option<Timestamp>,
        raw: Option<RawJson>,
        inner: Option<Box<Kinds>>,
    }

    /// Asserts that a text is read as by serde_json, and returns whether it can be read.
    fn assert_same<T: DeserializeOwned + PartialEq + fmt::Debug>(text: &str) -> bool {
        let expected = serde_json::from_str::<T>(text).ok();
        let found = T::deserialize(&mut Text::new(text, 0)).ok();
        assert_eq!(found, expected, "{text}");
        found.is_some()
    }

    #[test]
    fn reads_what_serde_json_reads() {
        let names = ["text", "list", "number", "whole", "time", "raw", "inner", "other", "\\u0061"];
        let scalar = select(vec![
            "null",
            "true",
            "false",
            "0",
            "-0",
            "7",
            "-7",
            "1672531199000",
            "9999999999999999999",
            "18446744073709551615",
            "99999999999999999999",
            "-1",
            "1.5",
            "2e3",
            "1e999",
            "\"\"",
            "\"plain text, long\"",
            "\"a\\n\\u00e9\"",
            "\"é😀\"",
            "\"\\ud800\"",
            "[]",
            "{}",
            "[true,false]",
            "[true,1]",
            " [ null ] ",
        ]);
        let json = scalar.prop_map(str::to_owned).prop_recursive(4, 24, 6, move |inner| {
            let member = (select(names.to_vec()), select(vec!["", " ", "\n\t"]), inner.clone());
            let member = member.prop_map(|(name, space, value)| {
                format!("{space}\"{name}\"{space}:{space}{value}{space}")
            });
            prop_oneof![
                prop::collection::vec(member, 0..6).prop_map(|it| format!("{{{}}}", it.join(","))),
                prop::collection::vec(inner, 0..4).prop_map(|it| format!("[{}]", it.join(","))),
            ]
        });
        let (values, kinds) = (Cell::new(0), Cell::new(0));
        let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
        let run = TestRunner::new(config).run(&json, |text| {
            if serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok() {
                values.set(values.get() + usize::from(assert_same::<Value>(&text)));
                kinds.set(kinds.get() + usize::from(assert_same::<Kinds>(&text)));
            }
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{error}"));
        assert!(values.get() > 1000 && kinds.get() > 100, "{values:?} {kinds:?}");
    }

    #[test]
    fn a_value_is_read_from_where_it_begins() {
        let text = r#"{"a":"b","c":[1,2]}"#;
        assert_eq!(String::deserialize(&mut Text::new(text, 5)).ok().as_deref(), Some("b"));
        assert_eq!(Vec::deserialize(&mut Text::new(text, 13)).ok(), Some(vec![1_i64, 2]));
    }
}
