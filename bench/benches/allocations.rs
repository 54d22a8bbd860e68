//! Counts allocations per delivery. It is a target of its own, because counting slows down
//! allocating code.

use divan::{AllocProfiler, Bencher};
use spektr_bench::Delivery;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const ENTRIES: [usize; 3] = [1, 100, 3_300];

fn main() {
    divan::main();
}

#[divan::bench(args = ENTRIES)]
fn verify(bencher: Bencher<'_, '_>, entries: usize) {
    let delivery = Delivery::new(entries);
    bencher.bench(|| delivery.verify());
}

#[divan::bench(args = ENTRIES)]
fn verify_and_list(bencher: Bencher<'_, '_>, entries: usize) {
    let delivery = Delivery::new(entries);
    bencher.bench(|| delivery.verify_and_list());
}

#[divan::bench(args = ENTRIES)]
fn standardwebhooks(bencher: Bencher<'_, '_>, entries: usize) {
    let delivery = Delivery::new(entries);
    bencher.bench(|| delivery.standardwebhooks());
}
