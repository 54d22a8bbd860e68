//! The target `diagnose` of `spektr-fuzz-targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spektr_fuzz_targets::run("diagnose", input));
