//! Searches bytes for a person's id: the exact id, and not a longer one that contains it.

/// Returns whether JSON has a string that equals a text, in whatever escapes.
///
/// Every quotation mark may begin a string, so the search works also on bytes that are not
/// JSON.
pub(super) fn has_string(bytes: &[u8], text: &str) -> bool {
    let mut rest = bytes.iter();
    while rest.any(|byte| *byte == b'"') {
        if is_string(rest.as_slice(), text) {
            return true;
        }
    }
    false
}

/// Returns whether bytes contain a text as a word, not as a part of a longer id.
pub(super) fn has_word(bytes: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    if text.is_empty() {
        return false;
    }
    let is_of_an_id = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let places = bytes.windows(text.len()).enumerate().filter(|(_, window)| *window == text);
    places.into_iter().any(|(place, _)| {
        let before = place.checked_sub(1).and_then(|place| bytes.get(place));
        let after = bytes.get(place + text.len());
        !before.is_some_and(is_of_an_id) && !after.is_some_and(is_of_an_id)
    })
}

/// Returns whether bytes, which begin after the opening quotation mark of a string, spell a
/// text up to the closing one.
fn is_string(bytes: &[u8], text: &str) -> bool {
    let (mut bytes, mut text) = (bytes, text);
    loop {
        let (one, rest) = match bytes {
            [b'"', ..] => return text.is_empty(),
            [b'\\', b'u', rest @ ..] => {
                let Some((one, rest)) = unicode(rest) else { return false };
                (one, rest)
            }
            [b'\\', escaped, rest @ ..] => {
                let one = match escaped {
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    b'"' | b'\\' | b'/' => char::from(*escaped),
                    _ => return false,
                };
                (one, rest)
            }
            _ => {
                // A character without an escape.
                let Some(one) = text.chars().next() else { return false };
                let mut spelled = [0; 4];
                let spelled = one.encode_utf8(&mut spelled).as_bytes();
                let Some(rest) = bytes.strip_prefix(spelled) else { return false };
                (one, rest)
            }
        };
        let Some(left) = text.strip_prefix(one) else { return false };
        (bytes, text) = (rest, left);
    }
}

/// Reads the digits of a `\u` escape, and a second escape if the first is a surrogate.
fn unicode(bytes: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = digits(bytes)?;
    if let Some(one) = char::from_u32(first) {
        return Some((one, rest));
    }
    let (second, rest) = digits(rest.strip_prefix(b"\\u")?)?;
    let high = first.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + (high << 10) + low)?, rest))
}

fn digits(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    let value = |value: u32, digit: &u8| Some(value * 16 + char::from(*digit).to_digit(16)?);
    Some((digits.iter().try_fold(0, value)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_the_whole_text_however_it_is_spelled() {
        for json in [
            r#"{"a":"spk_1"}"#,
            r#"["spk_1"]"#,
            r#"{"a":"spk\u005f1"}"#,
            r#"{"a":"\u0073\u0070\u006B\u005F\u0031"}"#,
            r#"{"a": broken "spk_1""#,
            r#"odd " quote "spk_1" "#,
        ] {
            assert!(has_string(json.as_bytes(), "spk_1"), "{json}");
        }
        for json in [
            r#"{"a":"spk_10"}"#,
            r#"{"a":"xspk_1"}"#,
            r#"{"a":"see spk_1"}"#,
            r#"{"a":"say \"spk_1\" now"}"#,
            r#"{"a":"spk_1"#,
            r#"{"a":"spk\u005f10"}"#,
            r#"{"a":"spk\u00"#,
            r#"{"a":"spk\x1"}"#,
            "",
        ] {
            assert!(!has_string(json.as_bytes(), "spk_1"), "{json}");
        }
        assert!(has_string(r#"["\ud83d\ude00/é\/\n\""]"#.as_bytes(), "\u{1f600}/é/\n\""));
        assert!(has_string("[\"\u{1f600}\"]".as_bytes(), "\u{1f600}"));
        assert!(!has_string(br#"["\ud83d"]"#, "\u{1f600}"));
        assert!(!has_string(br#"["\ud83d\u0041"]"#, "\u{1f600}"));
    }

    #[test]
    fn a_word_is_not_a_part_of_a_longer_id() {
        for text in ["spk_1", "{ spk_1", "spektrId=spk_1&a=b", "spk_10 spk_1."] {
            assert!(has_word(text.as_bytes(), "spk_1"), "{text}");
        }
        for text in ["spk_10", "xspk_1", "spk_1-2", "_spk_1", "spk_", ""] {
            assert!(!has_word(text.as_bytes(), "spk_1"), "{text}");
        }
        assert!(!has_word(b"anything", ""));
    }
}
