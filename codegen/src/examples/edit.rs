//! Edits a JSON value at a place, given as the tokens of a JSON pointer.

use spektr_json::Json;

/// Returns the value with another value at a place. A new member is added last.
pub(super) fn set(json: &Json, tokens: &[String], value: Json) -> Json {
    edit(
        json,
        tokens,
        |members, name| match members.iter_mut().find(|(key, _)| key == name) {
            Some((_, place)) => *place = value.clone(),
            None => members.push((name.to_owned(), value.clone())),
        },
        |element| *element = value.clone(),
    )
}

/// Returns the value without one of its members.
pub(super) fn without(json: &Json, tokens: &[String]) -> Json {
    edit(json, tokens, |members, name| members.retain(|(key, _)| key != name), |_| {})
}

/// Returns the value with one member renamed.
pub(super) fn renamed(json: &Json, tokens: &[String], name: &str) -> Json {
    let rename = |members: &mut Vec<(String, Json)>, old: &str| {
        if let Some((key, _)) = members.iter_mut().find(|(key, _)| key == old) {
            *key = name.to_owned();
        }
    };
    edit(json, tokens, rename, |_| {})
}

/// Copies a value, and edits the object or list that holds the last token's member or element.
fn edit(
    json: &Json,
    tokens: &[String],
    of_object: impl FnOnce(&mut Vec<(String, Json)>, &str),
    of_list: impl FnOnce(&mut Json),
) -> Json {
    let mut json = json.clone();
    let Some((last, path)) = tokens.split_last() else {
        return json;
    };
    let parent = path.iter().try_fold(&mut json, |at, token| at.child_mut(token));
    match parent {
        Some(Json::Object(members)) => of_object(members, last),
        Some(list) => {
            if let Some(element) = list.child_mut(last) {
                of_list(element);
            }
        }
        None => {}
    }
    json
}
