//! The places of a JSON value: listing them, comparing two values by them, and changing one of
//! them.

use std::collections::BTreeSet;

use serde_json::Value;
use spektr_types::pointer;

/// Returns the JSON pointers of all values within a value, including itself.
pub fn pointers(json: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let children: Vec<(String, &Value)> = match json {
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (token, value) in children {
        let place = below("", &token);
        found.extend(pointers(value).into_iter().map(|rest| format!("{place}{rest}")));
    }
    found
}

/// Returns the differences between two values, one place a line: `-` for removed, `+` for added,
/// `~` for changed.
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
                compare(&below(place, name), from.get(name), to.get(name), lines);
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

/// Returns the pointer of a member of the value at another pointer.
fn below(place: &str, name: &str) -> String {
    let mut place = place.to_owned();
    pointer::push(&mut place, name);
    place
}

/// Shows a scalar in full, but only the type of a list or an object.
fn shortened(json: &Value) -> String {
    match json {
        Value::Array(_) => "[…]".to_owned(),
        Value::Object(_) => "{…}".to_owned(),
        scalar => scalar.to_string(),
    }
}

/// Returns a copy of a value in which the value at an existing place is replaced.
pub fn replaced(json: &Value, pointer: &str, value: Value) -> Value {
    let mut json = json.clone();
    *json.pointer_mut(pointer).expect("the place exists") = value;
    json
}

/// Returns a copy of a value without one of its members.
pub fn without(json: &Value, pointer: &str) -> Value {
    let mut json = json.clone();
    let (parent, _) = pointer.rsplit_once('/').expect("the place is within the value");
    let name = pointer::tokens(pointer).and_then(|mut tokens| tokens.pop()).expect("a pointer");
    let parent = json.pointer_mut(parent).expect("the place exists");
    parent.as_object_mut().expect("an object has members").remove(&name).expect("it is there");
    json
}
