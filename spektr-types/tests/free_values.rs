//! Tests that free values survive decoding and encoding with this crate's features alone.

use spektr_types::ProcessRunEnd;

/// Decodes an event with one free value, and returns that value encoded again.
fn encoded_again(value: &str) -> String {
    let json = format!(
        r#"{{"id":"e","spektrId":"s","type":"process_run_end","createdAt":1,"process_name":"n",
            "process_output":"o","files":{{"clientFiles":[]}},"fields":[],"data":{{"key":{value}}}}}"#
    );
    let event: ProcessRunEnd = serde_json::from_str(&json).expect("a valid event");
    event.data["key"].to_string()
}

#[test]
fn a_float_is_the_same_after_decoding_and_encoding() {
    // If serde_json read numbers without its feature `float_roundtrip`, one number in a few
    // hundred would differ in the last place.
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..2000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let float = f64::from_bits(bits);
        if float.is_finite() {
            let text = serde_json::to_string(&float).expect("a finite float is JSON");
            assert_eq!(encoded_again(&text), text);
        }
    }
}

#[test]
fn integers_and_texts_are_unchanged() {
    for value in ["18446744073709551615", "-9223372036854775808", r#""ä \" 𝄞""#, "[null,{}]"] {
        assert_eq!(encoded_again(value), value);
    }
}
