//! A JSON value that keeps the order of members, and duplicate ones.
//!
//! Deliveries are to look as the sender's do, and a capture's repeated headers
//! must not be merged: `serde_json::Value` sorts the members and drops all but
//! the last of a name.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one JSON value; its position alone says what is wrong, because
    /// serde's messages quote values.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| {
            format!("not JSON at line {}, column {}", error.line(), error.column())
        })
    }

    /// Returns the first member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value)
    }

    pub(crate) fn members(&self) -> &[(String, Json)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// Puts a value in the place of a member, or after the others if there is none.
    pub(crate) fn put(&mut self, name: &str, value: Json) {
        if let Self::Object(members) = self {
            match members.iter_mut().find(|(candidate, _)| candidate == name) {
                Some((_, old)) => *old = value,
                None => members.push((name.to_owned(), value)),
            }
        }
    }

    /// Puts a value at a path; the last member need not exist yet.
    pub(crate) fn put_at(&mut self, path: &[&str], value: Json) -> Result<(), String> {
        let Some((last, above)) = path.split_last() else {
            return Err("the path is empty".to_owned());
        };
        let mut place = self;
        for name in above {
            let kind = place.kind();
            place = match place {
                Self::Object(members) => members
                    .iter_mut()
                    .find_map(|(candidate, value)| (candidate == name).then_some(value))
                    .ok_or_else(|| format!("there is no `{name}` on the way"))?,
                Self::Array(elements) => name
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| elements.get_mut(index))
                    .ok_or_else(|| format!("there is no element {name} on the way"))?,
                _ => return Err(format!("`{name}` would be a member of {kind}")),
            };
        }
        let kind = place.kind();
        match place {
            Self::Object(_) => place.put(last, value),
            Self::Array(elements) => {
                let element = last.parse::<usize>().ok().and_then(|index| elements.get_mut(index));
                *element.ok_or_else(|| format!("there is no element {last}"))? = value;
            }
            _ => return Err(format!("`{last}` would be a member of {kind}")),
        }
        Ok(())
    }

    /// Returns the JSON name of the value's type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    pub(crate) fn to_text(&self) -> String {
        // No value of this type fails to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn to_pretty_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
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
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => elements.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes()).expect("valid JSON")
    }

    #[test]
    fn keeps_the_order_of_members_and_those_that_stand_twice() {
        let text = r#"{"b":1,"a":[null,true,"x",-2,0.5],"b":2}"#;
        assert_eq!(json(text).to_text(), text);
    }

    #[test]
    fn puts_values_at_paths_through_members_and_elements() {
        let mut value = json(r#"{"a":[{"b":1}],"c":{}}"#);
        assert_eq!(value.put_at(&["a", "0", "b"], Json::Null), Ok(()));
        assert_eq!(value.put_at(&["c", "new"], 2.into()), Ok(()));
        assert_eq!(value.put_at(&["d"], "x".into()), Ok(()));
        assert_eq!(value.to_text(), r#"{"a":[{"b":null}],"c":{"new":2},"d":"x"}"#);
    }

    #[test]
    fn says_where_a_path_leads_nowhere() {
        let mut value = json(r#"{"a":[1]}"#);
        let mut put = |path: &[&str]| value.put_at(path, Json::Null);
        assert_eq!(put(&["b", "c"]), Err("there is no `b` on the way".to_owned()));
        assert_eq!(put(&["a", "7"]), Err("there is no element 7".to_owned()));
        assert_eq!(put(&["a", "0", "b"]), Err("`b` would be a member of number".to_owned()));
    }

    #[test]
    fn an_error_is_a_position_and_no_value() {
        assert_eq!(
            Json::parse(b"{\"name\": marker}"),
            Err("not JSON at line 1, column 10".to_owned()),
        );
    }
}
