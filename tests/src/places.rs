//! The places of a JSON value: to list them, to compare two values by them, and
//! to change one of them.

use std::collections::BTreeSet;

use serde_json::Value;

/// Returns the JSON pointers of all values within a value, itself included.
pub fn pointers(json: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let children: Vec<(String, &Value)> = match json {
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        Value::Object(members) => {
            members.iter().map(|(name, value)| (escaped(name), value)).collect()
        }
        _ => Vec::new(),
    };
    for (token, value) in children {
        found.extend(pointers(value).into_iter().map(|rest| format!("/{token}{rest}")));
    }
    found
}

/// Returns what stands in one value and not so in the other, a line a place:
/// `-` what is gone, `+` what is new, `~` what has changed.
pub fn differences(from: &Value, to: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", Some(from), Some(to), &mut lines);
    lines
}

fn compare(place: &str, from: Option<&Value>, to: Option<&Value>, lines: &mut Vec<String>) {
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        (Some(Value::Object(from)), Some(Value::Object(to))) => {
            let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
            for name in names {
                let place = format!("{place}/{}", escaped(name));
                compare(&place, from.get(name), to.get(name), lines);
            }
        }
        (Some(Value::Array(from)), Some(Value::Array(to))) => {
            for index in 0..from.len().max(to.len()) {
                compare(&format!("{place}/{index}"), from.get(index), to.get(index), lines);
            }
        }
        (Some(from), Some(to)) => lines.push(format!("~ {place}: {} -> {to}", shortened(from))),
        (Some(_), None) => lines.push(format!("- {place}")),
        (None, Some(to)) => lines.push(format!("+ {place}: {to}")),
        (None, None) => {}
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Shows a scalar; of a list or an object only what it is.
fn shortened(json: &Value) -> String {
    match json {
        Value::Array(_) => "[…]".to_owned(),
        Value::Object(_) => "{…}".to_owned(),
        scalar => scalar.to_string(),
    }
}

/// Returns a value with another one in a place that exists.
pub fn replaced(json: &Value, pointer: &str, value: Value) -> Value {
    let mut json = json.clone();
    *json.pointer_mut(pointer).expect("the place exists") = value;
    json
}

/// Returns a value without one of its members.
pub fn without(json: &Value, pointer: &str) -> Value {
    let mut json = json.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("the place is within the value");
    let name = name.replace("~1", "/").replace("~0", "~");
    let parent = json.pointer_mut(parent).expect("the place exists");
    parent.as_object_mut().expect("an object has members").remove(&name).expect("it is there");
    json
}
