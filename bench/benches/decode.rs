//! Measures decoding, beside hand-written code.
//!
//! `spektr_types` decodes an entry that is already split. `bare_struct` is the limit: serde's
//! derived code on the one struct, with the event known beforehand. `tagged_enum` is `#[serde(tag =
//! "type")]` over equal structs, and `json_value` builds a tree. `split_and_decode` starts from the
//! bytes.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use serde::Deserialize;
use serde_json::Value;
use spektr_bench::peers::{Alert, End, Results, Start, Tagged};
use spektr_bench::{batch, process_run_end, process_run_start};
use spektr_types::{Entries, Entry};

fn main() {
    divan::main();
}

/// Measures the deserialization of a text into a `T`.
fn parse<T: for<'a> Deserialize<'a>>(bencher: Bencher<'_, '_>, text: &str) {
    bencher
        .counter(BytesCount::of_str(text))
        .bench(|| serde_json::from_str::<T>(black_box(text)).expect("the body is valid"));
}

fn decode_entry(bencher: Bencher<'_, '_>, text: &str) {
    let entry = Entry::from_json(text).expect("the body is valid");
    bencher
        .counter(BytesCount::of_str(text))
        .bench(|| black_box(&entry).decode().expect("the body is valid"));
}

fn split_and_decode(bencher: Bencher<'_, '_>, text: &str) {
    bencher.counter(BytesCount::of_str(text)).bench(|| {
        let entries = Entries::parse(black_box(text.as_bytes())).expect("the body is valid");
        let events: Vec<_> = entries.iter().map(|entry| entry.decode().expect("valid")).collect();
        events
    });
}

macro_rules! one_event {
    ($module:ident, $body:ident, $bare:ty) => {
        #[divan::bench_group]
        mod $module {
            use super::*;

            #[divan::bench]
            fn spektr_types(bencher: Bencher<'_, '_>) {
                decode_entry(bencher, &$body());
            }

            #[divan::bench]
            fn split_and_decode(bencher: Bencher<'_, '_>) {
                super::split_and_decode(bencher, &$body());
            }

            #[divan::bench]
            fn bare_struct(bencher: Bencher<'_, '_>) {
                parse::<$bare>(bencher, &$body());
            }

            #[divan::bench]
            fn tagged_enum(bencher: Bencher<'_, '_>) {
                parse::<Tagged>(bencher, &$body());
            }

            #[divan::bench]
            fn json_value(bencher: Bencher<'_, '_>) {
                parse::<Value>(bencher, &$body());
            }
        }
    };
}

one_event!(process_run_start_1_kb, process_run_start, Start);
one_event!(process_run_end_18_kb, process_run_end, End);

#[divan::bench_group]
mod batch_of_100 {
    use super::*;

    #[divan::bench]
    fn spektr_types(bencher: Bencher<'_, '_>) {
        super::split_and_decode(bencher, &batch());
    }

    #[divan::bench]
    fn split_only(bencher: Bencher<'_, '_>) {
        let text = batch();
        bencher
            .counter(BytesCount::of_str(&text))
            .bench(|| Entries::parse(black_box(text.as_bytes())).expect("the body is valid").len());
    }

    #[divan::bench]
    fn tagged_enum(bencher: Bencher<'_, '_>) {
        parse::<Results<Tagged>>(bencher, &batch());
    }

    #[divan::bench]
    fn bare_struct(bencher: Bencher<'_, '_>) {
        parse::<Results<Alert>>(bencher, &batch());
    }

    #[divan::bench]
    fn json_value(bencher: Bencher<'_, '_>) {
        parse::<Value>(bencher, &batch());
    }
}
