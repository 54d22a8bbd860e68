//! Decoding, beside what one would write by hand.
//!
//! `spektr_types` decodes an entry that is split already; `bare_struct` is the
//! limit: serde's derived code on the one struct, with the event known
//! beforehand. `tagged_enum` is `#[serde(tag = "type")]` over equal structs, and
//! `json_value` builds a tree. `split_and_decode` starts from the bytes.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use serde::Deserialize;
use serde_json::{Map, Value};
use spektr_bench::{batch, process_run_end, process_run_start};
use spektr_types::{Entries, Entry};

fn main() {
    divan::main();
}

/// The hand-made peer: equal fields, plain types.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "the fields are there to be filled")]
enum Tagged {
    ProcessRunStart(Start),
    ProcessRunEnd(End),
    AlertResolved(Alert),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct Start {
    id: String,
    spektr_id: String,
    workspace_id: Option<String>,
    delivered: Option<bool>,
    created_at: i64,
    reference: Option<String>,
    data: StartData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct StartData {
    process_type: String,
    process_name: String,
    process_id: String,
    context_id: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct End {
    id: String,
    #[serde(rename = "spektrId")]
    spektr_id: String,
    #[serde(rename = "workspaceId")]
    workspace_id: Option<String>,
    delivered: Option<bool>,
    #[serde(rename = "createdAt")]
    created_at: i64,
    process_name: String,
    process_output: String,
    files: Files,
    fields: Vec<Field>,
    data: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct Files {
    client_files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct Field {
    key: Option<String>,
    label: Option<String>,
    helptext: Option<String>,
    placeholder: Option<String>,
    internal_id: Option<String>,
    children: Option<Vec<Child>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct Child {
    key: Option<String>,
    label: Option<String>,
    helptext: Option<String>,
    placeholder: Option<String>,
    internal_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct Alert {
    id: String,
    spektr_id: String,
    workspace_id: Option<String>,
    delivered: Option<bool>,
    created_at: i64,
    data: AlertData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are there to be filled")]
struct AlertData {
    context_id: String,
    process_id: String,
    user_id: String,
    alert_id: String,
    alert_name: String,
}

/// Measures how fast a text becomes a `T`.
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
one_event!(process_run_end_20_kb, process_run_end, End);

#[divan::bench_group]
mod batch_of_100 {
    use super::*;

    #[derive(Deserialize)]
    struct Results<T> {
        #[expect(dead_code, reason = "the field is there to be filled")]
        results: Vec<T>,
    }

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
