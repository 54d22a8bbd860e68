//! Hexadecimal text, as in signatures and secrets.

/// Decodes an even number of digits. `uppercase` is whether `A` to `F` are accepted.
///
/// The caller provides the output, so that a secret's bytes exist only where the caller wipes
/// them.
#[inline]
pub(crate) fn decode(text: &[u8], uppercase: bool, into: &mut [u8]) -> Option<()> {
    if text.len() != into.len() * 2 {
        return None;
    }
    let (mut text, mut into, mut all_valid) = (text, into, true);
    while let Some((word, digits)) = text.split_first_chunk::<DIGITS>() {
        let (output, valid) = decode_word(*word, uppercase);
        let (bytes, rest) = into.split_at_mut(output.len());
        bytes.copy_from_slice(&output);
        all_valid &= valid;
        (text, into) = (digits, rest);
    }
    if !text.is_empty() {
        let mut word = [b'0'; DIGITS];
        word.get_mut(..text.len())?.copy_from_slice(text);
        let (output, valid) = decode_word(word, uppercase);
        into.copy_from_slice(output.get(..into.len())?);
        all_valid &= valid;
    }
    all_valid.then_some(())
}

/// The number of digits that are decoded at once, in one register.
const DIGITS: usize = 8;

/// Decodes digits. Also returns whether all characters are digits.
#[inline]
fn decode_word(digits: [u8; DIGITS], uppercase: bool) -> ([u8; DIGITS / 2], bool) {
    /// One in each byte.
    const ONES: u64 = u64::from_ne_bytes([1; DIGITS]);
    let text = u64::from_be_bytes(digits);
    // Bit 6 distinguishes letters from decimal digits in ASCII, and bit 5 lower from upper
    // case.
    let letters = (text >> 6) & ONES;
    let text = if uppercase { text | (letters << 5) } else { text };
    let values = (text & (0x0f * ONES)) + 9 * letters;
    // A character that is not a digit gets a value above 15, or differs from the digit of its
    // value. No byte overflows into the next.
    let tens = ((values + 6 * ONES) >> 4) & ONES;
    let written = values + u64::from(b'0') * ONES + u64::from(b'a' - b'9' - 1) * tens;
    let valid = written == text && values & (0xf0 * ONES) == 0;
    let bytes = ((values >> 4) | values) & 0x00ff_00ff_00ff_00ff;
    let halves = ((bytes >> 8) | bytes) & 0x0000_ffff_0000_ffff;
    let [.., a, b, c, d] = ((halves >> 16) | halves).to_be_bytes();
    ([a, b, c, d], valid)
}

fn digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble })
}

/// Encodes bytes as lowercase digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_being_encoded_and_decoded() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut decoded = [0; 256];
        assert_eq!(decode(encode(&bytes).as_bytes(), false, &mut decoded), Some(()));
        assert_eq!(decoded, bytes[..]);
    }

    #[test]
    fn a_digit_counts_at_each_place_and_no_other_character_does() {
        for place in 0..24 {
            for character in 0..=u8::MAX {
                let mut text = [b'7'; 24];
                text[place] = character;
                let mut decoded = [0; 12];
                for uppercase in [false, true] {
                    let is_digit = matches!(character, b'0'..=b'9' | b'a'..=b'f')
                        || uppercase
                            && character.is_ascii_uppercase()
                            && character.is_ascii_hexdigit();
                    let done = decode(&text, uppercase, &mut decoded);
                    assert_eq!(done.is_some(), is_digit, "{character} at {place}");
                    if is_digit {
                        let value = char::from(character).to_digit(16).expect("a digit");
                        let mut expected = [0x77; 12];
                        let shift = 4 - 4 * (place % 2);
                        expected[place / 2] &= !(0xf << shift);
                        expected[place / 2] |= u8::try_from(value).expect("a digit") << shift;
                        assert_eq!(decoded, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn uppercase_digits_count_only_where_allowed() {
        assert_eq!(decode(b"AF", true, &mut [0]), Some(()));
        assert_eq!(decode(b"AF", false, &mut [0]), None);
    }

    #[test]
    fn refuses_other_lengths_and_characters() {
        for text in [&b"a"[..], b"abc", b"", b"g0", b"0g", b" 0", b"\xff\xff"] {
            assert_eq!(decode(text, true, &mut [0]), None);
        }
    }
}
