//! Changes one value of a schema file and no other byte.

use spektr_codegen::Json;

/// Replaces an event's status and keeps all other bytes; `None` if the text has another form than
/// expected.
pub(super) fn status(text: &str, was: &str, now: &str) -> Option<String> {
    let before: Json = serde_json::from_str(text).ok()?;
    if before.pointer("/x-event/status").and_then(Json::as_str) != Some(was) {
        return None;
    }
    // The place is found by searching the text. Parsing the result proves that it was the right
    // place.
    let event = text.find("\"x-event\"")?;
    let key = event + text[event..].find("\"status\"")?;
    let colon = key + text[key..].find(':')?;
    let open = colon + text[colon..].find('"')? + 1;
    let close = open + text[open..].find('"')?;
    let edited = format!("{}{now}{}", &text[..open], &text[close..]);
    let after: Json = serde_json::from_str(&edited).ok()?;
    (replaced(&before, now)? == after).then_some(edited)
}

fn replaced(json: &Json, now: &str) -> Option<Json> {
    let mut json = json.clone();
    *json.child_mut("x-event")?.child_mut("status")? = Json::String(now.to_owned());
    Some(json)
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn changes_the_status_and_keeps_the_formatting() {
        let text = "{ \"status\": \"wip\",\n\t\"x-event\":   {\"name\":\"A_B\" ,\"status\" :\"wip\"},\n \"x\":1 }";
        let edited = "{ \"status\": \"wip\",\n\t\"x-event\":   {\"name\":\"A_B\" ,\"status\" :\"available\"},\n \"x\":1 }";
        assert_eq!(status(text, "wip", "available").as_deref(), Some(edited));
    }

    #[test]
    fn refuses_what_it_would_change_in_the_wrong_place() {
        let elsewhere = r#"{"x-event": {"x": {"status": "wip"}, "status": "wip"}}"#;
        assert_eq!(status(elsewhere, "wip", "available"), None);
        assert_eq!(status("{}", "wip", "available"), None);
        assert_eq!(status("", "wip", "available"), None);
    }
}
