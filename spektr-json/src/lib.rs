//! A JSON value that keeps the order of members, and repeated members of an object.
//!
//! Three uses need this. The order of members in a schema file is the order of the fields in
//! the generated struct. A delivery that a tool makes should look like the sender's. The
//! repeated headers of a capture must not be merged. `serde_json::Value` sorts members and
//! keeps only the last one of a name. Its feature `preserve_order` would apply to every crate
//! of a workspace build, including the generated types, and change their behaviour.

// Library code must not panic: an exception to these lints says why its case cannot happen.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

pub mod pointer;
mod read;

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A JSON value whose objects are lists of members in the order of the text.
///
/// `Display` writes JSON on one line; with `{:#}` it writes one line for each member and
/// element, indented by two spaces.
///
/// # Examples
///
/// ```
/// use spektr_json::Json;
///
/// let json = Json::parse(br#"{"b":1,"a":[true],"b":2}"#)?;
/// assert_eq!(json.get("b"), Some(&Json::from(1)));
/// assert_eq!(json.pointer("/a/0"), Some(&Json::Bool(true)));
/// assert_eq!(json.to_string(), r#"{"b":1,"a":[true],"b":2}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "JSON has no other values")]
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
    /// Members in the order of the text.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Makes an object of members.
    pub fn object<'n>(members: impl IntoIterator<Item = (&'n str, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Returns the first member of an object with that name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns whether this value, or a value within it at any depth, is an object with a
    /// member of that name.
    pub fn has_member(&self, name: &str) -> bool {
        let is_in = |(own, value): &(String, Json)| own == name || value.has_member(name);
        self.members().iter().any(is_in) || self.elements().iter().any(|one| one.has_member(name))
    }

    /// Returns the members of an object; for any other value, an empty slice.
    pub fn members(&self) -> &[(String, Json)] {
        if let Json::Object(members) = self { members } else { &[] }
    }

    /// Returns the elements of an array; for any other value, an empty slice.
    pub fn elements(&self) -> &[Json] {
        if let Json::Array(elements) = self { elements } else { &[] }
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// Returns the value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Json::Bool(value) = self { Some(*value) } else { None }
    }

    /// Returns a number if it is whole and fits.
    pub fn as_i64(&self) -> Option<i64> {
        if let Json::Number(number) = self { number.as_i64() } else { None }
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

    /// Returns the value at a JSON pointer (RFC 6901) such as `/properties/data`.
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        pointer::tokens(pointer)?.iter().try_fold(self, |at, token| match at {
            Json::Array(elements) => elements.get(index(token)?),
            _ => at.get(token),
        })
    }

    /// Returns the member or the element that an unescaped token of a JSON pointer names.
    pub fn child_mut(&mut self, token: &str) -> Option<&mut Json> {
        match self {
            Json::Array(elements) => elements.get_mut(index(token)?),
            Json::Object(members) => {
                members.iter_mut().find(|(key, _)| key == token).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Replaces a member of an object, or appends it if the object has none of that name. Does
    /// nothing for any other value.
    pub fn put(&mut self, name: &str, value: Json) {
        if let Json::Object(members) = self {
            match members.iter_mut().find(|(key, _)| key == name) {
                Some((_, old)) => *old = value,
                None => members.push((name.to_owned(), value)),
            }
        }
    }
}

/// Returns the index that a token spells: without a sign or a leading zero.
fn index(token: &str) -> Option<usize> {
    token.parse::<usize>().ok().filter(|at| at.to_string() == token)
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match f.alternate() {
            true => serde_json::to_string_pretty(self),
            false => serde_json::to_string(self),
        };
        // Writing a value of this type never fails.
        f.write_str(&text.map_err(|_| fmt::Error)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes()).expect("valid JSON")
    }

    #[test]
    fn is_written_as_it_was_read() {
        let text = r#"{"b":1,"a":[null,true,"x",-2,0.5],"b":{},"é\n":"\\/"}"#;
        assert_eq!(json(text).to_string(), text);
        let pretty = "{\n  \"b\": [\n    1,\n    []\n  ],\n  \"a\": {}\n}";
        assert_eq!(format!("{:#}", json(pretty)), pretty);
    }

    #[test]
    fn pointers_reach_members_elements_and_escaped_names() {
        let json = json(r#"{"a/b":[{"~":1}]}"#);
        assert_eq!(json.pointer("/a~1b/0/~0"), Some(&Json::from(1)));
        assert_eq!(json.pointer(""), Some(&json));
        assert_eq!(json.pointer("/a~1b/1"), None);
        assert_eq!(json.pointer("/a~1b/+0"), None);
        assert_eq!(json.pointer("/a~1b/00"), None);
        assert_eq!(json.pointer("a"), None);
    }

    #[test]
    fn a_child_to_change_is_what_a_pointer_reaches() {
        let mut json = json(r#"{"a":[{"b":1}],"a":2}"#);
        for (token, is_there) in [("a", true), ("0", true), ("1", false), ("00", false)] {
            let mut list = json.clone();
            let list = if token == "a" { &mut list } else { list.child_mut("a").expect("it is") };
            assert_eq!(list.child_mut(token).is_some(), is_there, "{token}");
        }
        json.child_mut("a").expect("it is there").put("b", Json::Null);
        assert_eq!(json.to_string(), r#"{"a":[{"b":1}],"a":2}"#, "a list has no members");
        json.put("a", Json::Null);
        json.put("c", "x".into());
        assert_eq!(json.to_string(), r#"{"a":null,"a":2,"c":"x"}"#);
    }
}
