//! Parses JSON texts.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::Json;

impl Json {
    /// Parses a text. An object in it may have several members of one name.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or has a number out of range or more than 127 levels.
    pub fn parse(text: &[u8]) -> Result<Json, serde_json::Error> {
        JsonSeed { is_unique: false }.read(text)
    }

    /// Parses a text in which the member names of each object are unique.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`parse`](Self::parse), and a repeated member of an object.
    pub fn parse_unique(text: &[u8]) -> Result<Json, serde_json::Error> {
        JsonSeed { is_unique: true }.read(text)
    }
}

impl<'de> Deserialize<'de> for Json {
    /// Reads a value as [`parse`](Self::parse) does.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JsonSeed { is_unique: false }.deserialize(deserializer)
    }
}

/// Reads a value, with or without repeated members.
#[derive(Clone, Copy)]
struct JsonSeed {
    /// Whether repeated members of an object are an error.
    is_unique: bool,
}

impl JsonSeed {
    fn read(self, text: &[u8]) -> Result<Json, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let json = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(json)
    }
}

impl<'de> DeserializeSeed<'de> for JsonSeed {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonSeed {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(self)? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(self)?;
            if self.is_unique && !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("repeated member `{name}`")));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_stands_twice_is_kept_or_refused() {
        let text = br#"[{"a":{"b":1,"a":2}},{"a":1,"a":2}]"#;
        let json = Json::parse(text).expect("valid JSON");
        assert_eq!(json.pointer("/1").map(|json| json.members().len()), Some(2));
        let error = Json::parse_unique(text).expect_err("duplicate");
        assert_eq!(error.to_string(), "repeated member `a` at line 1 column 34");
        let error = Json::parse_unique(&text[..21]).expect_err("it has no end");
        assert!(error.is_eof(), "{error}");
        assert!(Json::parse_unique(br#"[{"a":{"a":1}},{"a":1}]"#).is_ok());
    }

    #[test]
    fn a_text_is_one_value() {
        for (text, said) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("1 2", "trailing characters at line 1 column 3"),
            ("{}{}", "trailing characters at line 1 column 3"),
            ("1e999", "number out of range at line 1 column 5"),
        ] {
            let error = Json::parse(text.as_bytes()).expect_err(text);
            assert_eq!(error.to_string(), said, "{text}");
        }
        assert_eq!(Json::parse(b" [ 1 ] ").ok(), Some(Json::Array(vec![1.into()])));
    }
}
