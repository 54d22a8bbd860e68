//! Detection of renderings and encodings.

use super::*;

#[test]
fn tells_the_renderings_apart() {
    let of = |text: &str| sniff(text);
    assert_eq!(of("<!-- saved -->\n<!DOCTYPE html><p>x"), Rendering::Html);
    assert_eq!(of("# Events\n\n| A | B |\n|---|---|\n"), Rendering::Markdown);
    assert_eq!(of("Events\n\nEvent\tStatus\nDOOR_OPENED\tWIP\n"), Rendering::Plain);
    assert_eq!(of("Events\n{\n# a comment\n}\n"), Rendering::Plain);
}

#[test]
fn decodes_what_editors_save() {
    assert_eq!(decode(b"\xef\xbb\xbfa\r\nb\rc").as_deref(), Ok("a\nb\nc"));
    assert_eq!(decode(b"\xff\xfea\0\xe4\0").as_deref(), Ok("aä"));
    assert_eq!(decode(b"\xfe\xff\0a").as_deref(), Ok("a"));
    assert_eq!(decode(b"#\0 \0\xe4\0").as_deref(), Ok("# ä"));
    assert_eq!(decode(b"\0#\0 \0\xe4").as_deref(), Ok("# ä"));
}

#[test]
fn leaves_one_kind_of_space_and_nothing_invisible() {
    let text = "A_\u{200b}B\u{a0}c\u{202f}d\te\u{2028}f\u{c}g\r\r\n\nh";
    assert_eq!(decode(text.as_bytes()).as_deref(), Ok("A_B c d\te\nf\ng\n\n\nh"));
}

#[test]
fn names_the_first_byte_that_is_no_text() {
    assert_eq!(decode(b"\x89PNG\r\n\x1a\n\0"), Err(ReadError::Binary { offset: 6 }));
    assert_eq!(decode(b"caf\xe9"), Err(ReadError::NotUtf8 { offset: 3 }));
    assert_eq!(decode(b" \n\t"), Err(ReadError::Empty));
    assert_eq!(decode(b"From: <Saved by Blink>\r\nMIME-Version: 1.0"), Err(ReadError::WebArchive));
    assert_eq!(
        decode(&vec![b' '; MAX_BYTES + 1]),
        Err(ReadError::TooLarge { bytes: MAX_BYTES + 1, limit: MAX_BYTES })
    );
}
