//! The quarantine of a store: a bounded number of rejected deliveries.

use std::fmt;

use bytes::Bytes;
use spektr_types::Timestamp;
use spektr_verify::{HeaderSource, SignatureHeader};

use super::{Record, StoreError, StoreFuture};
use crate::hex;

/// Keeps rejected deliveries, apart from the entries.
pub trait Quarantine: Send + Sync + 'static {
    /// Keeps a rejected delivery. The oldest are dropped so that at most `max_count` deliveries
    /// with at most `max_bytes` of bodies remain. A delivery with a body that is in the
    /// quarantine already replaces the earlier one.
    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()>;

    /// Returns at most `limit` rejected deliveries with numbers greater than `after`.
    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>>;

    /// Deletes rejected deliveries. Returns how many of them existed.
    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64>;
}

/// A rejected delivery.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate takes it apart")]
pub struct Rejected {
    /// When the delivery arrived.
    pub received_at: Timestamp,
    /// The code of the reason for the rejection.
    pub reason: String,
    /// The signature headers of the request, including repeated ones.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Rejected {
    /// Shows the reason for the rejection, not the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("reason", &self.reason)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A rejected delivery, and its number in the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store of another crate makes it")]
pub struct Quarantined {
    /// The number of the delivery; it increases.
    pub number: i64,
    /// The delivery.
    pub rejected: Rejected,
}

impl Rejected {
    /// Returns the signature headers among a request's headers.
    pub(crate) fn signature_headers(headers: &http::HeaderMap) -> Vec<(String, Vec<u8>)> {
        let names = [
            SignatureHeader::Algorithm,
            SignatureHeader::Timestamp,
            SignatureHeader::KeyId,
            SignatureHeader::Signature,
        ];
        headers
            .headers()
            .filter(|(name, _)| names.iter().any(|header| header.name().eq_ignore_ascii_case(name)))
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect()
    }

    /// Returns the headers as stores keep them: a JSON list of pairs of name and value, the
    /// value in hexadecimal digits.
    pub(super) fn headers_to_json(&self) -> Result<String, StoreError> {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers.map(|(name, value)| (name, hex::encode(value))).collect();
        serde_json::to_string(&headers)
            .map_err(|source| StoreError::Database { source: Box::new(source) })
    }

    /// Parses the JSON of [`headers_to_json`](Self::headers_to_json).
    pub(super) fn headers_from_json(json: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
        let headers: Vec<(String, String)> = serde_json::from_slice(json).ok()?;
        let headers = headers.into_iter();
        headers.map(|(name, value)| Some((name, hex::decode(&value)?))).collect()
    }
}
