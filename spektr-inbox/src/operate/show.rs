//! Outlines of entries: the structure of the JSON without its values.

use serde_json::{Map, Value};
use spektr_types::envelope;

/// Returns whether a member belongs to the envelope, which identifies an event and is not
/// sensitive.
fn is_shown(name: &str) -> bool {
    let mut shown = envelope().filter(|member| !member.is_sensitive);
    shown.any(|member| member.names().any(|known| known == name))
}

/// Returns the JSON of an entry with the values of its payload replaced by their JSON types,
/// for people who look at events and must not see personal data.
///
/// Names of members are shown. Bytes that are not JSON are replaced by their length.
///
/// # Examples
///
/// ```
/// let raw = br#"{"id":"e1","type":"customer_status_changed","data":{"customerName":"Ada","n":[1]}}"#;
/// assert_eq!(
///     spektr_inbox::operate::outline(raw),
///     r#"{"data":{"customerName":"<string>","n":["<number>"]},"id":"e1","type":"customer_status_changed"}"#,
/// );
/// assert_eq!(spektr_inbox::operate::outline(b"Ada"), r#""<3 bytes>""#);
/// ```
#[must_use]
pub fn outline(raw: &[u8]) -> String {
    let shown = match serde_json::from_slice(raw) {
        Ok(Value::Object(members)) => {
            let member = |(key, value): (String, Value)| {
                let is_plain = !matches!(value, Value::Object(_) | Value::Array(_));
                let value = if is_plain && is_shown(&key) { value } else { hidden(value) };
                (key, value)
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Ok(value) => hidden(value),
        Err(_) => Value::String(format!("<{} bytes>", raw.len())),
    };
    shown.to_string()
}

fn hidden(value: Value) -> Value {
    let word = match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, value)| (key, hidden(value)));
            return Value::Object(members.collect::<Map<_, _>>());
        }
        Value::Array(elements) => return elements.into_iter().map(hidden).collect(),
        Value::String(_) => "<string>",
        Value::Number(_) => "<number>",
        Value::Bool(_) => "<boolean>",
        Value::Null => return Value::Null,
    };
    Value::String(word.to_owned())
}
