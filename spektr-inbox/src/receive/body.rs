//! Reads a body within the limits of size, time, and memory for all bodies.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, sleep_until};

use super::memory::{BodyMemory, Memory, NoMemory, SMALL};
use super::refusal::Refusal;

/// The least rate, in bytes per second, of a body that is not small, once [`GRACE`] is over.
pub(super) const LEAST_RATE: u64 = 64 * 1024;

const GRACE: Duration = Duration::from_secs(2);

/// The bytes of a body together with their share of the memory, which is given back when the
/// last slice of the bytes is dropped.
struct Paid {
    bytes: Vec<u8>,
    _held: Arc<BodyMemory>,
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a body, and reserves memory as the body needs it.
///
/// Announcing a large body by `Content-Length` reserves nothing.
pub(super) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    limit: usize,
    memory: &Arc<Memory>,
    peer: Option<IpAddr>,
) -> Result<(Bytes, Arc<BodyMemory>), Refusal> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Refusal::TooLarge);
    }
    let began = Instant::now();
    let held = memory.hold(peer);
    let mut bytes = Vec::new();
    loop {
        let is_large = announced.unwrap_or(bytes.len()) > SMALL;
        let due = began + GRACE + Duration::from_secs(bytes.len() as u64 / LEAST_RATE);
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = held.gives_way() => return Err(Refusal::Memory),
            () = sleep_until(due), if is_large => return Err(Refusal::BodyTimeout),
        };
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(Refusal::BodyBroken)?.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > limit {
            return Err(Refusal::TooLarge);
        }
        if length > bytes.capacity() {
            let capacity = grown(bytes.capacity(), announced.unwrap_or(limit)).max(length);
            held.grow_to(capacity).await?;
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&data);
    }
    held.is_complete();
    let held = Arc::new(held);
    Ok((Bytes::from_owner(Paid { bytes, _held: Arc::clone(&held) }), held))
}

/// Returns the next capacity: twice as much, or a quarter more from [`SMALL`] on.
fn grown(capacity: usize, longest: usize) -> usize {
    let more = if capacity < SMALL { capacity } else { capacity / 4 };
    (capacity + more).min(longest)
}

impl From<NoMemory> for Refusal {
    fn from(_: NoMemory) -> Self {
        Self::Memory
    }
}
