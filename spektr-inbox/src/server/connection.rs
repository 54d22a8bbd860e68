//! One connection: its requests, and the reasons to close it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::{HeaderValue, Request, header};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::slots::Slot;
use super::stream::Impatient;
use super::{Server, ShutdownStage};

/// How long a request may go on that was in progress when the connection reached its age limit.
const LAST_REQUEST: Duration = Duration::from_secs(60);

/// The address of the client, in the extensions of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Marks the response to an authentic delivery, in its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivered;

/// Serves a connection until it ends for any reason.
pub(super) async fn serve(
    server: Arc<Server>,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    slot: Slot,
    mut stage: watch::Receiver<ShutdownStage>,
) {
    let slot = Arc::new(slot);
    let router = TowerToHyperService::new(server.router.clone());
    let (opened, has_answered) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let (place, answering, answered) =
        (Arc::clone(&slot), stage.clone(), Arc::clone(&has_answered));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (slot, stage) = (Arc::clone(&place), answering.clone());
        answered.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(Peer(slot.peer()));
        slot.waits();
        let answering = router.call(request.map(|body| WatchedBody::new(body, Arc::clone(&slot))));
        async move {
            let mut response = answering.await?;
            if *stage.borrow() > ShutdownStage::Serving {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            if response.extensions().get::<Delivered>().is_some() {
                slot.has_delivered();
            }
            slot.waits();
            Ok::<_, Infallible>(response)
        }
    });
    let mut serving = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(server.header_timeout)
            .max_buf_size(Server::MAX_HEAD)
            .serve_connection(TokioIo::new(Impatient::new(stream, server.write_timeout)), service)
    );
    let mut may_be_cut = pin!(async {
        drop(stage.wait_for(|stage| *stage == ShutdownStage::Ending).await);
        // A client that has just connected is about to send its first request.
        if !has_answered.load(Ordering::Relaxed) {
            sleep_until(opened + server.linger).await;
        }
    });
    let mut age = pin!(sleep(server.connection_timeout));
    let (mut is_ending, mut is_old) = (false, false);
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = slot.is_needed() => return,
            () = &mut may_be_cut, if !is_ending => {
                is_ending = true;
                serving.as_mut().graceful_shutdown();
            }
            () = age.as_mut() => {
                if is_old {
                    return;
                }
                is_old = true;
                serving.as_mut().graceful_shutdown();
                age.as_mut().reset(Instant::now() + LAST_REQUEST);
            }
        }
    }
}

/// The body of a request; tells the slot when the body is complete.
struct WatchedBody {
    body: Incoming,
    slot: Arc<Slot>,
}

impl WatchedBody {
    fn new(body: Incoming, slot: Arc<Slot>) -> Self {
        let watched = Self { body, slot };
        watched.tell();
        watched
    }

    fn tell(&self) {
        if self.body.is_end_stream() {
            self.slot.answers();
        }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match frame {
            None => self.slot.answers(),
            Some(_) => self.tell(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use axum::Router;
    use tokio::io::AsyncWriteExt as _;

    use super::super::slots::Slots;
    use super::*;
    use crate::Metrics;

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_byte_by_byte_does_not_gain_time() {
        let limit = Duration::from_secs(10);
        let server = Arc::new(Server::new(Router::new()).with_header_timeout(limit));
        let slots = Arc::new(Slots::new(1, Metrics::new()));
        let slot = slots.take(IpAddr::from([10, 0, 0, 1])).await;
        let (_stage, stage) = watch::channel(ShutdownStage::Serving);
        let (mut client, stream) = tokio::io::duplex(1024);
        let began = Instant::now();
        let serving = tokio::spawn(serve(server, stream, slot, stage));
        let dripping = async {
            loop {
                client.write_all(b"a").await.unwrap();
                sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            ended = serving => ended.unwrap(),
            () = dripping => unreachable!("it drips for ever"),
        }
        // By tokio's paused clock, which advances when no task is ready.
        assert_eq!(began.elapsed().as_secs(), limit.as_secs());
    }
}
