//! Hexadecimal text, as signatures and secrets carry it.

/// Decodes an even number of digits; `uppercase` says whether `A` to `F` count.
///
/// The output is handed in by the caller, so that a secret's bytes are only
/// ever where the caller wipes them.
pub(crate) fn decode(text: &[u8], uppercase: bool, into: &mut [u8]) -> Option<()> {
    if text.len() != into.len() * 2 {
        return None;
    }
    for (pair, byte) in text.chunks_exact(2).zip(into) {
        *byte = digit(pair[0], uppercase)? << 4 | digit(pair[1], uppercase)?;
    }
    Some(())
}

/// Encodes bytes as lowercase digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

fn digit(character: u8, uppercase: bool) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' if uppercase => Some(character - b'A' + 10),
        _ => None,
    }
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
