//! Measures the verification of one small delivery, beside the bare MAC and a peer.

use std::time::{Duration, Instant};

use crate::Delivery;
use crate::load::{Latencies, Result};

/// Verifications of each kind in a round.
const TIMES: u32 = 2000;

/// Throughput relative to the bare MAC's: medians of rounds.
pub struct Shares {
    /// Throughput of `Verifier::verify`.
    pub verify: f64,
    /// Throughput of `Verifier::verify_at`, which reads no clock.
    pub verify_at: f64,
    /// Throughput of `standardwebhooks::Webhook::verify`.
    pub standardwebhooks: f64,
}

/// Verifies a delivery of 0.3 KB in each way, in turns.
pub fn measure(rounds: usize) -> Result<Shares> {
    let delivery = Delivery::new(1);
    let ways: [fn(&Delivery) -> bool; 4] =
        [Delivery::bare_hmac, Delivery::verify, Delivery::verify_at, Delivery::standardwebhooks];
    let mut took: [Vec<Duration>; 4] = [const { Vec::new() }; 4];
    for _ in 0..rounds {
        for (way, took) in ways.iter().zip(&mut took) {
            let began = Instant::now();
            for _ in 0..TIMES {
                if !way(std::hint::black_box(&delivery)) {
                    return Err("the delivery is not authentic".into());
                }
            }
            took.push(began.elapsed());
        }
    }
    let [bare, verify, verify_at, standardwebhooks] = took.map(Latencies::median);
    let bare = bare?.as_secs_f64();
    Ok(Shares {
        verify: bare / verify?.as_secs_f64(),
        verify_at: bare / verify_at?.as_secs_f64(),
        standardwebhooks: bare / standardwebhooks?.as_secs_f64(),
    })
}
