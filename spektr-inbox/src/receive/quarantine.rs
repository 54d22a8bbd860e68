//! The quarantine of a receiver: keeps rejected deliveries, and recovers those that turn out to be
//! authentic.

use std::sync::Arc;

use axum::http::HeaderMap;
use bytes::Bytes;
use spektr_verify::VerifyError;
use tokio::sync::Semaphore;

use super::Receiver;
use super::storing::type_labels;
use crate::intake::intake;
use crate::store::{Action, Operator, Original, Rejected, StoreError};

/// The bounds of the quarantine.
#[derive(Clone)]
pub(super) struct QuarantineBounds {
    max_count: usize,
    max_bytes: usize,
    /// Permits one write at a time, so that a flood of forged deliveries does not block the
    /// store for authentic deliveries.
    gate: Arc<Semaphore>,
}

impl QuarantineBounds {
    pub(super) fn new(max_count: usize, max_bytes: usize) -> Self {
        Self { max_count, max_bytes, gate: Arc::new(Semaphore::new(1)) }
    }
}

impl Receiver {
    /// Verifies the deliveries in the quarantine again, whenever they were signed, and stores
    /// the authentic ones. Returns how many deliveries were recovered, and how many remain.
    ///
    /// A captured delivery that somebody sent again passes too. Its entries are duplicates,
    /// unless they have been erased since.
    ///
    /// # Errors
    ///
    /// Returns the errors of the store. Deliveries recovered before the error stay recovered.
    pub async fn recover(&self, operator: &Operator) -> Result<(u64, u64), StoreError> {
        let record = operator.record(Action::Recover, self.0.clock.now());
        let (mut recovered, mut remaining, mut last) = (0, 0, 0);
        loop {
            let page = self.0.store.quarantined(last, 10).await?;
            let Some(end) = page.last() else { return Ok((recovered, remaining)) };
            last = end.number;
            for kept in page {
                let Rejected { headers, body, .. } = kept.rejected;
                match self.0.verifier.verify_ignoring_time_window(&headers, body) {
                    Ok(delivery) => {
                        let intake = intake(&self.0.source, &delivery, self.0.clock.now());
                        let types = type_labels(&intake.entries);
                        let original = Original::Rejected(kept.number);
                        let replacing =
                            self.0.store.replace(original, intake.entries, record.clone());
                        // Another process may have recovered it first.
                        let Some(accepted) = replacing.await? else { continue };
                        let bytes = delivery.body().len();
                        self.count(&accepted, &types, intake.unreadable.as_ref(), bytes);
                        recovered += 1;
                    }
                    Err(_) => remaining += 1,
                }
            }
        }
    }

    /// Keeps a rejected delivery, if the quarantine is on.
    pub(super) async fn quarantine(&self, headers: &HeaderMap, body: Bytes, error: &VerifyError) {
        let Some(quarantine) = &self.0.quarantine else { return };
        let Ok(_permit) = quarantine.gate.try_acquire() else { return };
        if body.len() > quarantine.max_bytes {
            return;
        }
        let rejected = Rejected {
            received_at: self.0.clock.now(),
            reason: error.reason().to_owned(),
            headers: Rejected::signature_headers(headers),
            body,
        };
        let kept =
            self.0.store.quarantine(rejected, quarantine.max_count, quarantine.max_bytes).await;
        let Err(error) = kept else { return };
        if let Some(suppressed) = self.0.samples.take("not_kept") {
            tracing::warn!(
                suppressed,
                error = &error as &dyn std::error::Error,
                "not kept in quarantine"
            );
        }
    }
}
