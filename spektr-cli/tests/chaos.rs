//! Stops, kills, pauses and restarts `spektr serve`, its database and the endpoint that it forwards
//! to, at random moments under load. Then a checker compares the inbox and the endpoint's log with
//! the answers that the clients got.
//!
//! `SPEKTR_CHAOS_SECONDS` sets the duration, and `SPEKTR_CHAOS_SEED` selects other faults. A seed
//! gives the same faults, but not the same run, because their timing depends on the machine too.

#[path = "chaos/checker.rs"]
mod checker;
#[path = "support/deliver.rs"]
mod deliver;
#[path = "chaos/endpoint.rs"]
mod endpoint;
#[path = "chaos/faults.rs"]
mod faults;
#[path = "chaos/list.rs"]
mod list;
#[path = "chaos/load.rs"]
mod load;
#[path = "chaos/process.rs"]
mod process;
mod support;

use std::fmt::Debug;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use checker::Checker;
use endpoint::Endpoint;
use faults::{Fault, Faults};
use list::List;
use load::Load;
use process::Service;
use spektr_inbox::testing::postgres::Cluster;

/// Reads a number from an environment variable.
fn variable<T: FromStr<Err: Debug>>(name: &str, otherwise: T) -> T {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

/// Runs the test on a store. `database` is the server of the store, if it has one.
fn run(folder: &Path, store: &str, database: Option<&Cluster>) {
    let seconds = variable("SPEKTR_CHAOS_SECONDS", 15);
    let seed = variable("SPEKTR_CHAOS_SEED", 14);
    println!("chaos for {seconds} s, seed {seed}: {store}");
    let mut endpoint = Endpoint::start(folder);
    let mut service = Service::start(folder, store, &endpoint.url());
    let list = List::start();
    let load = Load::start(service.address(), &list);
    let mut faults = Faults::new(seed, database.is_some());
    let end = Instant::now() + Duration::from_secs(seconds);
    // Each kind of fault happens at least once, even if the time is short.
    while faults.is_incomplete() || Instant::now() < end {
        faults.pause();
        let fault = faults.next();
        match fault {
            Fault::ServiceKilled => service.kill(),
            Fault::ServiceEnded => service.end(),
            Fault::ServicePaused => service.pause_for(faults.outage()),
            Fault::EndpointKilled => endpoint.kill(),
            Fault::EndpointPaused => endpoint.pause_for(faults.outage()),
            Fault::DatabaseRestarted => database.expect("there is one").restart("fast"),
            Fault::DatabaseStopped => database.expect("there is one").stop("immediate"),
            Fault::DatabaseKilled => database.expect("there is one").kill(),
            Fault::DatabasePaused => {
                let database = database.expect("there is one");
                database.pause();
                std::thread::sleep(faults.outage());
                database.resume();
            }
        }
        match fault {
            Fault::ServiceKilled | Fault::ServiceEnded => {
                service = Service::start(folder, store, &endpoint.url());
                load.to(service.address());
            }
            Fault::EndpointKilled => {
                std::thread::sleep(faults.outage());
                endpoint = Endpoint::start_again(endpoint);
            }
            Fault::DatabaseStopped | Fault::DatabaseKilled => {
                std::thread::sleep(faults.outage());
                database.expect("there is one").restart("fast");
            }
            _ => {}
        }
    }
    let sent = load.finish();
    let checker = Checker { folder, store, sent: &sent, list: &list };
    checker.waits_until_everything_is_handled();
    service.end();
    checker.check();
    println!("{faults}; {sent}");
}

#[test]
fn what_was_acknowledged_is_forwarded_in_order_from_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), "sqlite://inbox.db", None);
}

#[test]
fn what_was_acknowledged_is_forwarded_in_order_from_postgresql() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::start(&[]);
    // A busy machine may take long to connect.
    let store = format!("{}?connect_timeout=60", cluster.url("postgres"));
    run(folder.path(), &store, Some(&cluster));
}
