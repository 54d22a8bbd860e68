//! The life of the service, from its start to its end.
//!
//! The service ends in steps, so that a successor can take over without refusing a delivery:
//!
//! 1. The work ends: no entry is claimed any more, handlers finish, and leases are given back.
//!    Deliveries are still accepted.
//! 2. The listener for deliveries is closed, and accepted deliveries are answered.
//! 3. Health and metrics end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use spektr_inbox::operate::Retention;
use spektr_inbox::reconcile::Reconciler;
use spektr_inbox::store::Store;
use spektr_inbox::{Receiver, Server, SystemClock, Workers};
use tokio::sync::watch;

use super::PATH;
use super::forward::ForwardHandler;
use super::sockets::Sockets;
use super::supervisor::Supervisor;
use crate::descriptors::{OPERATORS, make_room};
use crate::operations::{self, Operations};
use crate::runtime::Signals;

/// The step that the service has reached on its way to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    WorkEnds,
    DeliveriesEnd,
    OperationsEnd,
}

/// The work of the service until it ends.
pub(super) struct ServiceWork {
    pub(super) store: Arc<dyn Store>,
    pub(super) receiver: Receiver,
    pub(super) operations: Operations,
    pub(super) forwarding: Option<Workers<ForwardHandler>>,
    /// The number of events that are posted at a time.
    pub(super) posted: u32,
    pub(super) reconciler: Option<Reconciler>,
    pub(super) retention: Retention,
}

impl ServiceWork {
    /// Runs all work until a signal comes, then lets the work finish.
    pub(super) async fn run(self, sockets: Sockets, mut signals: Signals, supervisor: &Supervisor) {
        let connections = make_room(Server::DEFAULT_MAX_CONNECTIONS, self.posted);
        let (stage, _) = watch::channel(Stage::Running);
        let forwarding = async {
            if let Some(workers) = self.forwarding {
                workers.run(reached(&stage, Stage::WorkEnds)).await;
            }
        };
        let reconciling = async {
            if let Some(reconciler) = self.reconciler {
                reconciler.run(reached(&stage, Stage::WorkEnds)).await;
            }
        };
        let working = async {
            tokio::join!(forwarding, reconciling, reached(&stage, Stage::WorkEnds));
            stage.send_replace(Stage::DeliveriesEnd);
        };
        let deliveries = async {
            Server::new(self.receiver.router_alone(PATH))
                .with_receiver(&self.receiver)
                .with_max_connections(connections)
                .serve(sockets.public, reached(&stage, Stage::DeliveriesEnd))
                .await;
            stage.send_replace(Stage::OperationsEnd);
        };
        let operations = Server::new(operations::router(&self.operations))
            .with_linger(Duration::ZERO)
            .with_max_connections(OPERATORS)
            .serve(sockets.private, reached(&stage, Stage::OperationsEnd));
        let signals = async {
            signals.next().await;
            supervisor.is_stopping();
            stage.send_replace(Stage::WorkEnds);
            signals.next().await;
        };
        supervisor.is_ready();
        tokio::select! {
            _ = async { tokio::join!(deliveries, operations, working) } => {}
            () = prune(self.retention, &*self.store) => {}
            () = self.operations.sample() => {}
            () = supervisor.watch(|| self.receiver.is_alive()) => {}
            () = signals => tracing::warn!("ended at once, by a second signal"),
        }
    }
}

fn reached(stage: &watch::Sender<Stage>, awaited: Stage) -> impl Future<Output = ()> + use<> {
    let mut stage = stage.subscribe();
    async move {
        // An error means that the sender is gone, which is the end as well.
        let _gone = stage.wait_for(|stage| *stage >= awaited).await;
    }
}

async fn prune(retention: Retention, store: &dyn Store) {
    const PAUSE: Duration = Duration::from_secs(3600);
    retention.apply_every(PAUSE, store, &SystemClock::new()).await;
}
