//! Renders examples as code: the text of a JSON value, with names marked apart from values.

use spektr_codegen::Json;

/// A piece of code, with its class in the style sheet if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeToken {
    pub(crate) text: String,
    pub(crate) class: &'static str,
}

/// Splits the text of a JSON value into tokens; joined together they are the text again.
pub(crate) fn json(value: &Json) -> Vec<CodeToken> {
    let text = format!("{value:#}");
    let mut tokens = Vec::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find('"') {
        let (before, string) = rest.split_at(start);
        let (string, after) = string.split_at(end_of_string(string));
        let class = if after.starts_with(':') { "key" } else { "string" };
        tokens.push(CodeToken { text: before.to_owned(), class: "" });
        tokens.push(CodeToken { text: string.to_owned(), class });
        rest = after;
    }
    tokens.push(CodeToken { text: rest.to_owned(), class: "" });
    tokens.retain(|token| !token.text.is_empty());
    tokens
}

/// Returns the length of the string at the start of a text, including its quotation marks.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_strings_and_nothing_is_lost() {
        let value = Json::parse(br#"{"a\":b":["x: \\",1],"c":{"d":null}}"#).expect("JSON");
        let tokens = json(&value);
        let of = |class: &str| -> Vec<&str> {
            tokens.iter().filter(|it| it.class == class).map(|it| it.text.as_str()).collect()
        };
        assert_eq!(of("key"), [r#""a\":b""#, r#""c""#, r#""d""#]);
        assert_eq!(of("string"), [r#""x: \\""#]);
        let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(text, format!("{value:#}"));
    }
}
