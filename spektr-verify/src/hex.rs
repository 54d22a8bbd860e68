//! Hexadecimal text, as signatures and secrets carry it.

/// Decodes an even number of digits; `uppercase` says whether `A` to `F` count.
///
/// The output is handed in by the caller, so that a secret's bytes are only
/// ever where the caller wipes them.
#[inline]
pub(crate) fn decode(text: &[u8], uppercase: bool, into: &mut [u8]) -> Option<()> {
    if text.len() != into.len() * 2 {
        return None;
    }
    let digit = |character: u8| {
        DIGITS[usize::from(if uppercase { character.to_ascii_lowercase() } else { character })]
    };
    let mut all = 0;
    for (pair, byte) in text.chunks_exact(2).zip(into) {
        let (high, low) = (digit(pair[0]), digit(pair[1]));
        all |= high | low;
        *byte = high << 4 | low;
    }
    (all < 16).then_some(())
}

/// Encodes bytes as lowercase digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .map(|nibble| char::from(LOWERCASE[usize::from(nibble)]))
        .collect()
}

/// The values of the digits by their characters, [`NO_DIGIT`] for all others.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[LOWERCASE[value as usize] as usize] = value;
        value += 1;
    }
    digits
};
const NO_DIGIT: u8 = 0xff;
const LOWERCASE: &[u8; 16] = b"0123456789abcdef";

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
