//! The depth of nesting in a JSON text.

/// The deepest nesting of an entry that is decoded, which is the limit of serde_json. The
/// documented events have five levels.
pub const MAX_DEPTH: usize = 127;

/// Returns whether a valid JSON text is nested deeper than `limit` levels.
///
/// serde_json limits the depth of the values that it builds, but not of those that it skips.
pub(crate) fn exceeds(text: &str, limit: usize) -> bool {
    let bytes = text.as_bytes();
    // A text with at most `limit` opening brackets cannot be deeper. Counting them is quick,
    // and almost every entry needs no more than the count.
    let mut openers = count_openers(bytes);
    let mut depth = 0_usize;
    let mut at = 0;
    while depth + openers > limit {
        match bytes.get(at) {
            Some(b'[' | b'{') => {
                depth += 1;
                openers -= 1;
                if depth > limit {
                    return true;
                }
            }
            Some(b']' | b'}') => depth = depth.saturating_sub(1),
            Some(b'"') => {
                let end = string_end(bytes, at + 1);
                openers -= bytes.get(at..end).map_or(0, count_openers);
                at = end;
                continue;
            }
            Some(_) => {}
            None => return false,
        }
        at += 1;
    }
    false
}

/// Counts the opening brackets and braces, including those in strings.
fn count_openers(bytes: &[u8]) -> usize {
    // The count of a chunk fits a byte, so the compiler can count many bytes at once. The
    // opening bracket and brace differ in the bit 0x20 only.
    let count = |chunk: &[u8]| chunk.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum::<u8>();
    bytes.chunks(255).map(|chunk| usize::from(count(chunk))).sum()
}

/// Returns the offset after the quote that ends a string. `at` is the offset of the string's
/// first character.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_levels_outside_of_strings_only() {
        assert!(exceeds("[[[]]]", 2));
        assert!(!exceeds("[[[]]]", 3));
        assert!(!exceeds(r#"["[[[[", "\"[[[", "\\", []]"#, 2));
        assert!(exceeds(r#"["\\", [[]]]"#, 2));
        assert!(exceeds(r#"["[[", "]]]]", [[]]]"#, 2));
        assert!(!exceeds("[[],[],[],[]]", 2));
    }

    #[test]
    fn counts_more_openers_than_a_byte_holds() {
        assert_eq!(count_openers("[{".repeat(1000).as_bytes()), 2000);
    }
}
