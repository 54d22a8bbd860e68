//! Reads a body within the limits of its size and of the memory for all bodies.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::failure::Failure;

/// Reads a body, and holds the memory that it takes until the permit is dropped.
///
/// Memory counts once it is filled, so that announcing a large body costs nobody
/// anything.
pub(super) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    limit: usize,
    memory: &Arc<Semaphore>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Failure> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Failure::TooLarge);
    }
    let mut whole = BytesMut::new();
    let mut held: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Failure::BodyBroken)?.into_data() else { continue };
        let length = whole.len() + data.len();
        if length > limit {
            return Err(Failure::TooLarge);
        }
        let needed = length.div_ceil(1024) - held.as_ref().map_or(0, |held| held.num_permits());
        let needed = u32::try_from(needed).map_err(|_| Failure::Memory)?;
        let more =
            Arc::clone(memory).try_acquire_many_owned(needed).map_err(|_| Failure::Memory)?;
        match &mut held {
            Some(held) => held.merge(more),
            None => held = Some(more),
        }
        whole.extend_from_slice(&data);
    }
    Ok((whole.freeze(), held))
}
