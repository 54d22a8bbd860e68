//! Measures the verification of deliveries, and compares it with the bare MAC and another crate.
//!
//! `bare_hmac` is the limit: the MAC crate alone over the same bytes. `standardwebhooks` is the
//! common crate for the similar scheme of Standard Webhooks. The argument is the number of entries
//! in the batch: 0.3 KB, 30 KB and 1 MB.

use divan::Bencher;
use divan::counter::BytesCount;
use spektr_bench::Delivery;

const ENTRIES: [usize; 3] = [1, 100, 3_300];

fn main() {
    divan::main();
}

#[divan::bench(args = ENTRIES)]
fn bare_hmac(bencher: Bencher<'_, '_>, entries: usize) {
    let delivery = Delivery::new(entries);
    bencher.counter(BytesCount::new(delivery.bytes())).bench(|| delivery.bare_hmac());
}

#[divan::bench(args = ENTRIES)]
fn verify(bencher: Bencher<'_, '_>, entries: usize) {
    let delivery = Delivery::new(entries);
    bencher.counter(BytesCount::new(delivery.bytes())).bench(|| delivery.verify());
}

#[divan::bench(args = ENTRIES)]
fn verify_and_list(bencher: Bencher<'_, '_>, entries: usize) {
    let delivery = Delivery::new(entries);
    bencher.counter(BytesCount::new(delivery.bytes())).bench(|| delivery.verify_and_list());
}

#[divan::bench(args = ENTRIES)]
fn standardwebhooks(bencher: Bencher<'_, '_>, entries: usize) {
    let delivery = Delivery::new(entries);
    bencher.counter(BytesCount::new(delivery.bytes())).bench(|| delivery.standardwebhooks());
}
