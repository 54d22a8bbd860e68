//! Clients that deliver at fixed times, even if the answers are slow, and give up as the sender
//! does.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::deliver::Connection;
use crate::list::List;

const CLIENTS: usize = 8;

/// There are enough customers that a killed service leaves most of them without a lease.
const CUSTOMERS_OF_A_CLIENT: usize = 6;

/// The time between two events of a client.
const PACE: Duration = Duration::from_millis(60);

/// The sender makes four attempts, a second apart.
const ATTEMPTS: usize = 4;
const BETWEEN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);

/// The record of the clients.
pub(crate) struct Sent {
    /// The acknowledged events of each customer, in the order in which they were delivered.
    pub(crate) acknowledged: Vec<Vec<String>>,
    /// The number of events, including those that the clients gave up.
    pub(crate) created: usize,
    /// The number of attempts without the answer 200.
    pub(crate) failures: usize,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acknowledged = self.acknowledged.iter().map(Vec::len).sum::<usize>();
        let Self { created, failures, .. } = self;
        write!(f, "{acknowledged} of {created} events acknowledged, {failures} attempts failed")
    }
}

pub(crate) struct Load {
    address: Arc<Mutex<SocketAddr>>,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Sent>>,
}

impl Load {
    pub(crate) fn start(address: SocketAddr, list: &List) -> Self {
        let (address, stop) = (Arc::new(Mutex::new(address)), Arc::<AtomicBool>::default());
        let client = |number| {
            let (address, stop, list) = (Arc::clone(&address), Arc::clone(&stop), list.clone());
            std::thread::spawn(move || deliver(number, &address, &stop, &list))
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { address, stop, clients }
    }

    /// Delivers to another address from now on.
    pub(crate) fn to(&self, address: SocketAddr) {
        *self.address.lock().expect("nobody panics") = address;
    }

    pub(crate) fn finish(self) -> Sent {
        self.stop.store(true, Ordering::SeqCst);
        let mut whole = Sent { acknowledged: Vec::new(), created: 0, failures: 0 };
        for client in self.clients {
            let sent = client.join().expect("does not panic");
            whole.acknowledged.extend(sent.acknowledged);
            whole.created += sent.created;
            whole.failures += sent.failures;
        }
        whole
    }
}

/// Delivers the events of some customers in turn.
fn deliver(client: usize, address: &Mutex<SocketAddr>, stop: &AtomicBool, list: &List) -> Sent {
    let acknowledged = vec![Vec::new(); CUSTOMERS_OF_A_CLIENT];
    let mut sent = Sent { acknowledged, created: 0, failures: 0 };
    let mut connection = None;
    let mut due = Instant::now();
    while !stop.load(Ordering::SeqCst) {
        let customer = sent.created % CUSTOMERS_OF_A_CLIENT;
        let id = format!("e{client}_{customer}_{}", sent.created);
        sent.created += 1;
        let event = list.create(&id, &format!("s{client}_{customer}"));
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(BETWEEN);
            }
            let to = *address.lock().expect("nobody panics");
            if is_acknowledged(&mut connection, to, event.as_bytes()) {
                sent.acknowledged[customer].push(id);
                break;
            }
            connection = None;
            sent.failures += 1;
        }
        due += PACE;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    sent
}

fn is_acknowledged(connection: &mut Option<Connection>, to: SocketAddr, event: &[u8]) -> bool {
    let mut attempt = || -> io::Result<bool> {
        let mut open = match connection.take() {
            Some(open) => open,
            None => Connection::within(to, PATIENCE)?,
        };
        let answer = open.deliver(event)?;
        *connection = Some(open).filter(|_| !answer.closes);
        Ok(answer.status == 200)
    };
    // An error means no connection, no answer in time, or an incomplete answer.
    attempt().unwrap_or(false)
}
