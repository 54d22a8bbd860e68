//! How deep a JSON text is nested.

/// Tells whether a valid JSON text is nested deeper than `limit` levels.
pub(super) fn exceeds(text: &str, limit: usize) -> bool {
    let bytes = text.as_bytes();
    // Without enough openers there is no depth: a count that the compiler turns
    // into vector instructions spares most entries the walk below.
    let openers = bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    openers > limit && walk(bytes) > limit
}

fn walk(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
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
        assert!(!exceeds("[[],[],[],[]]", 2));
    }
}
