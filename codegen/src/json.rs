//! A JSON value that keeps the order of members and refuses duplicate ones.
//!
//! The order of members in a schema file is the order of the fields in the
//! generated struct. `serde_json::Value` would sort them; its `preserve_order`
//! feature would reach every crate of a workspace build, the generated types
//! among them, and change what they do.

use std::collections::HashSet;
use std::fmt::{self, Write};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A JSON value whose objects are lists of members in the order of the text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Any number.
    Number(serde_json::Number),
    /// A string.
    String(String),
    /// A list of values.
    Array(Vec<Json>),
    /// Members in the order of the text, each name once.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a file; the error says what is wrong and where.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Json, String> {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err("a byte order mark stands before it".to_owned());
        }
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// Makes an object of members.
    pub fn object<'n>(members: impl IntoIterator<Item = (&'n str, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Returns the member `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns the members of an object, none for any other value.
    pub fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// Returns the elements of an array, none for any other value.
    pub fn elements(&self) -> &[Json] {
        match self {
            Json::Array(elements) => elements,
            _ => &[],
        }
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the value at a JSON pointer (RFC 6901), as `/properties/data`.
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        tokens(pointer)?.iter().try_fold(self, |at, token| match at {
            Json::Array(elements) => elements.get(index(token)?),
            _ => at.get(token),
        })
    }

    /// Returns the member or the element that a token of a JSON pointer, not
    /// escaped, names.
    pub fn child_mut(&mut self, token: &str) -> Option<&mut Json> {
        match self {
            Json::Array(elements) => elements.get_mut(index(token)?),
            Json::Object(members) => {
                members.iter_mut().find(|(key, _)| key == token).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Returns the JSON name of this value's type.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        }
    }
}

/// Returns the index that a token is: it has no sign and no leading zero.
fn index(token: &str) -> Option<usize> {
    token.parse::<usize>().ok().filter(|at| at.to_string() == token)
}

impl fmt::Display for Json {
    /// Writes JSON text: on one line, and with `{:#}` as the schema folder has it, a line
    /// for each member and element, indented by two spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Json {
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(number) => write!(f, "{number}"),
            Json::String(text) => write_text(f, text),
            Json::Array(elements) => {
                write_list(f, ('[', ']'), elements, depth, |f, element| element.write(f, depth + 1))
            }
            Json::Object(members) => {
                write_list(f, ('{', '}'), members, depth, |f, (name, value)| {
                    write_text(f, name)?;
                    f.write_str(if f.alternate() { ": " } else { ":" })?;
                    value.write(f, depth + 1)
                })
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "{}", serde_json::Value::from(text))
}

fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    (open, close): (char, char),
    items: &[T],
    depth: usize,
    mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let line = |f: &mut fmt::Formatter<'_>, depth: usize| match f.alternate() && !items.is_empty() {
        true => write!(f, "\n{:1$}", "", 2 * depth),
        false => Ok(()),
    };
    f.write_char(open)?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        line(f, depth + 1)?;
        write(f, item)?;
    }
    line(f, depth)?;
    f.write_char(close)
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::String(text.to_owned())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Json::Number(number.into())
    }
}

/// Returns the reference tokens of a JSON pointer, not escaped; `None` if it is no pointer.
pub(crate) fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let tokens = pointer.strip_prefix('/')?.split('/');
    Some(tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}

/// Appends one reference token to a JSON pointer, escaped.
pub(crate) fn push_token(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
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
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = HashSet::new();
        while let Some((name, value)) = access.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("member `{name}` stands here twice")));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => number.serialize(serializer),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(elements) => elements.serialize(serializer),
            Json::Object(members) => {
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

    #[test]
    fn keeps_the_order_of_members() {
        let text = r#"{"b":1,"a":[null,true,"x",-2,0.5]}"#;
        let json: Json = serde_json::from_str(text).expect("valid JSON");
        assert_eq!(serde_json::to_string(&json).expect("serializes"), text);
        assert_eq!(json.to_string(), text);
    }

    #[test]
    fn is_written_as_serde_json_writes_it() {
        let text =
            r#"{"a\n\u0001\"":[[],{},[{"b":-0.5e-7}],1e300],"":{"\\/":"\u2028\ud83d\ude00"}}"#;
        let json: Json = serde_json::from_str(text).expect("valid JSON");
        assert_eq!(json.to_string(), serde_json::to_string(&json).expect("serializes"));
        let pretty = serde_json::to_string_pretty(&json).expect("serializes");
        assert_eq!(format!("{json:#}"), pretty);
    }

    #[test]
    fn refuses_a_member_that_stands_twice() {
        let error = serde_json::from_str::<Json>(r#"{"a":1,"a":2}"#).expect_err("duplicate");
        assert_eq!(error.to_string(), "member `a` stands here twice at line 1 column 13");
    }

    #[test]
    fn pointers_reach_members_elements_and_escaped_names() {
        let json: Json = serde_json::from_str(r#"{"a/b":[{"~":1}]}"#).expect("valid JSON");
        assert_eq!(json.pointer("/a~1b/0/~0"), Some(&Json::Number(1.into())));
        assert_eq!(json.pointer("/a~1b/1"), None);
        assert_eq!(json.pointer("/a~1b/+0"), None);
        assert_eq!(json.pointer("/a~1b/00"), None);
        assert_eq!(json.pointer("a"), None);
    }
}
