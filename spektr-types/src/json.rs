//! Passes over JSON values without building them.
//!
//! Every function takes the offset at which something begins, and returns the offset after its
//! end. The functions accept exactly the JSON that serde_json accepts, except for values nested
//! deeper than [`MAX_DEPTH`]. At anything else they stop and return `None`. They do not say
//! why: the caller lets serde_json read the same text again, for the error.
//!
//! A batch is mostly short strings, so offsets are passed by value, and short strings are
//! scanned inline.
//!
//! The reasons are a decision (ARCHITECTURE.md, T1).

use crate::depth::MAX_DEPTH;

/// A UTF-8 text, which may be JSON.
#[derive(Clone, Copy)]
pub(crate) struct JsonText<'a>(&'a [u8]);

impl<'a> JsonText<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    /// Passes over white space, and returns the byte after it with its offset.
    #[inline(always)]
    pub(crate) fn next(self, mut at: usize) -> Option<(u8, usize)> {
        loop {
            match *self.0.get(at)? {
                b' ' | b'\n' | b'\t' | b'\r' => at += 1,
                byte => return Some((byte, at)),
            }
        }
    }

    /// Passes over a value that begins at `at`.
    #[inline]
    pub(crate) fn value(self, at: usize) -> Option<usize> {
        self.nested(at, MAX_DEPTH)
    }

    /// Passes over a member's value inside an entry. The entry itself is one level of nesting.
    #[inline]
    pub(crate) fn member(self, at: usize) -> Option<usize> {
        self.nested(at, MAX_DEPTH - 1)
    }

    /// Passes over an object. `member` is called for each member, with the key as written,
    /// without its quotes, and the offset of the value. It passes over the value.
    #[inline(always)]
    pub(crate) fn object(
        self,
        at: usize,
        mut member: impl FnMut(&'a [u8], usize) -> Option<usize>,
    ) -> Option<usize> {
        let (b'{', at) = self.next(at)? else { return None };
        let (mut next, mut at) = self.next(at + 1)?;
        if next == b'}' {
            return Some(at + 1);
        }
        loop {
            if next != b'"' {
                return None;
            }
            let (end, _) = self.string(at)?;
            let key = self.0.get(at + 1..end - 1)?;
            let (b':', colon) = self.next(end)? else { return None };
            let (_, value) = self.next(colon + 1)?;
            let end = member(key, value)?;
            match self.next(end)? {
                (b',', comma) => (next, at) = self.next(comma + 1)?,
                (b'}', brace) => return Some(brace + 1),
                _ => return None,
            }
        }
    }

    /// Passes over a list. `element` is called with the offset of each element, and passes over
    /// the element.
    #[inline(always)]
    pub(crate) fn array(
        self,
        at: usize,
        mut element: impl FnMut(usize) -> Option<usize>,
    ) -> Option<usize> {
        let (b'[', at) = self.next(at)? else { return None };
        let (next, mut at) = self.next(at + 1)?;
        if next == b']' {
            return Some(at + 1);
        }
        loop {
            let end = element(at)?;
            match self.next(end)? {
                (b',', comma) => (_, at) = self.next(comma + 1)?,
                (b']', bracket) => return Some(bracket + 1),
                _ => return None,
            }
        }
    }

    /// Passes over a value with at most `levels` levels of nesting.
    fn nested(self, at: usize, levels: usize) -> Option<usize> {
        match *self.0.get(at)? {
            b'"' => self.string(at).map(|(end, _)| end),
            b'{' => {
                let levels = levels.checked_sub(1)?;
                self.object(at, |_, at| self.nested(at, levels))
            }
            b'[' => {
                let levels = levels.checked_sub(1)?;
                self.array(at, |at| self.nested(at, levels))
            }
            b'n' => self.word(at, b"null"),
            b't' => self.word(at, b"true"),
            b'f' => self.word(at, b"false"),
            _ => self.number(at),
        }
    }

    #[inline(always)]
    fn word(self, at: usize, word: &[u8]) -> Option<usize> {
        let end = at + word.len();
        if self.0.get(at..end)? == word { Some(end) } else { None }
    }

    fn number(self, at: usize) -> Option<usize> {
        let at = if self.is_one(at, b"-") { at + 1 } else { at };
        // No digit follows a leading zero.
        let mut at = if self.is_one(at, b"0") { at + 1 } else { self.digits(at)? };
        if self.is_one(at, b".") {
            at = self.digits(at + 1)?;
        }
        if self.is_one(at, b"eE") {
            at += if self.is_one(at + 1, b"+-") { 2 } else { 1 };
            at = self.digits(at)?;
        }
        Some(at)
    }

    #[inline(always)]
    fn is_one(self, at: usize, of: &[u8]) -> bool {
        self.0.get(at).is_some_and(|byte| of.contains(byte))
    }

    /// Passes over one digit or more.
    #[inline(always)]
    fn digits(self, start: usize) -> Option<usize> {
        let mut at = start;
        while self.0.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at > start { Some(at) } else { None }
    }

    /// Passes over a string from its opening quote, and returns whether the string has escapes.
    #[inline(always)]
    pub(crate) fn string(self, at: usize) -> Option<(usize, bool)> {
        // Eight bytes at a time; the end of the text has fewer.
        let mut rest = self.0.get(at + 1..)?;
        while let Some((next, after)) = rest.split_first_chunk() {
            let special = special_bytes(u64::from_le_bytes(*next));
            if special == 0 {
                rest = after;
                continue;
            }
            let at = self.0.len() - rest.len() + special.trailing_zeros() as usize / 8;
            if self.0.get(at) == Some(&b'"') {
                return Some((at + 1, false));
            }
            break;
        }
        self.string_slowly(self.0.len() - rest.len())
    }

    /// Passes over the rest of a string, byte by byte, if the quick scan did not find its end.
    #[cold]
    fn string_slowly(self, mut at: usize) -> Option<(usize, bool)> {
        let mut has_escapes = false;
        loop {
            at = match *self.0.get(at)? {
                b'"' => return Some((at + 1, has_escapes)),
                b'\\' => {
                    has_escapes = true;
                    self.escape(at)?
                }
                // A control character must be escaped.
                0..0x20 => return None,
                _ => at + 1,
            };
        }
    }

    /// Passes over an escape. Surrogate pairs of `\u` escapes are checked when the text is read.
    fn escape(self, at: usize) -> Option<usize> {
        match self.0.get(at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
            b'u' => {
                let digits = self.0.get(at + 2..at + 6)?;
                if digits.iter().all(u8::is_ascii_hexdigit) { Some(at + 6) } else { None }
            }
            _ => None,
        }
    }
}

/// Finds the first of eight bytes that is special in a string: a quote, a backslash or a
/// control character. The lowest set bit of the result is the highest bit of that byte. The
/// result is 0 if no byte is special.
#[inline(always)]
fn special_bytes(bytes: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    // Subtraction borrows for a byte below the limit, which sets the byte's highest bit. A byte
    // with the highest bit set before is not special. A borrow carries into the next byte only
    // after a hit, so the lowest hit is right.
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(ONES * limit);
    // Flipping this bit maps the quote to 0x20, next to the control characters, and no other
    // byte below 0x21.
    let quote_or_control = below(bytes ^ (ONES * 0x02), 0x21);
    let backslash = below(bytes ^ (ONES * 0x5c), 1);
    (quote_or_control | backslash) & !bytes & (ONES * 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::value::RawValue;

    use super::*;
    use crate::depth::exceeds;

    /// Returns the end of the value according to serde_json, if the text is JSON and not too
    /// deep.
    fn expected(text: &str) -> Option<usize> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let start = text.find(raw.get())?;
        if exceeds(raw.get(), MAX_DEPTH) { None } else { Some(start + raw.get().len()) }
    }

    fn found(text: &str) -> Option<usize> {
        let json = JsonText::new(text);
        let end = json.value(json.next(0)?.1)?;
        if json.next(end).is_none() { Some(end) } else { None }
    }

    /// Calls `check` with every text of at most `length` of these characters.
    fn every_text(of: &[char], length: usize, text: &mut String, check: &mut impl FnMut(&str)) {
        check(text);
        if length > 0 {
            for next in of {
                text.push(*next);
                every_text(of, length - 1, text, check);
                text.pop();
            }
        }
    }

    #[test]
    fn accepts_what_serde_json_accepts_of_all_short_texts() {
        for (alphabet, length) in
            [("{}[]:,\"a1 ", 5), ("-+.eE019", 6), ("\"\\u0aF/nx\t\u{7f}é", 5), ("truefalsn", 5)]
        {
            let alphabet: Vec<char> = alphabet.chars().collect();
            every_text(&alphabet, length, &mut String::new(), &mut |text| {
                assert_eq!(found(text), expected(text), "{text:?}");
                // The same text inside a string, beyond its first eight bytes.
                let longer = format!("\"1234567{text}\"");
                assert_eq!(found(&longer), expected(&longer), "{longer:?}");
            });
        }
    }

    #[test]
    fn follows_values_as_deep_as_an_entry_may_be() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested =
                |levels: usize| format!("{}{}{}", open.repeat(levels), "1", close.repeat(levels));
            let deepest = nested(MAX_DEPTH);
            assert_eq!(found(&deepest), Some(deepest.len()));
            assert_eq!(found(&nested(MAX_DEPTH + 1)), None);
        }
    }

    proptest! {
        #[test]
        fn accepts_what_serde_json_accepts(
            words in prop::collection::vec(
                select(vec![
                    "{", "}", "[", "]", ",", ":", "\"", "\"\"", "\"key\":", "\\\"", "\\u00e9", "\\u12",
                    "\\", " \r\n\t", "\u{b}", "\u{a0}", "\u{feff}", "null", "true", "false", "0", "-",
                    "12", ".5", "e9", "E+1", "é😀", "plain text of some length", "\0", "\u{1f}", "/",
                ]),
                0..16,
            ),
        ) {
            let text = words.concat();
            prop_assert_eq!(found(&text), expected(&text), "{:?}", text);
            for (before, after) in [("\"", "\""), ("[", "]"), ("{\"a\":", "}")] {
                let text = format!("{before}{text}{after}");
                prop_assert_eq!(found(&text), expected(&text), "{:?}", text);
            }
        }
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for others in [b'a', b' ', b'!', b'#', 0x7f, 0x80, 0xff] {
                    let mut bytes = [others; 8];
                    bytes[at] = byte;
                    let is_special = matches!(byte, b'"' | b'\\' | 0..0x20);
                    let expected = if is_special { at as u32 } else { 8 };
                    let found = special_bytes(u64::from_le_bytes(bytes)).trailing_zeros() / 8;
                    assert_eq!(found, expected, "{bytes:?}");
                }
            }
        }
    }
}
