//! The limit of open files: raised to what the service needs, as far as the system lets it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The open files beside connections and the store: standard streams, listeners, timers, the
/// sender's list, certificates and keys while they are read, name resolution.
const SPARE: usize = 64;

/// The open files of the store: three for each connection of SQLite, or the connections of
/// PostgreSQL.
const STORE: usize = 16;

/// How many connections pages, health and metrics have at a time.
pub(crate) const OPERATORS: usize = 32;

/// Returns how many files are open beside the connections of clients, where so many events are
/// posted at a time.
pub(crate) fn beside(posted: u32) -> usize {
    OPERATORS + usize::try_from(posted).unwrap_or(usize::MAX) + STORE + SPARE
}

/// Returns how many files may be open once the limit is raised.
pub(crate) fn highest() -> usize {
    allowed(getrlimit(Resource::Nofile).maximum)
}

/// Makes room for a number of connections of clients, and for the events that are posted at a
/// time. Returns for how many connections of clients there is room; says so if there is less
/// than wanted.
pub(crate) fn make_room(connections: usize, posted: u32) -> usize {
    let beside = beside(posted);
    let needed = connections + beside;
    let limit = raise(needed);
    if limit >= needed {
        return connections;
    }
    let connections = limit.saturating_sub(beside).max(1);
    tracing::warn!(
        limit,
        needed,
        connections,
        "too few files may be open, so fewer connections are: raise `ulimit -n`, or \
         LimitNOFILE= of the unit"
    );
    connections
}

/// Raises the limit as far as needed and possible; returns it.
fn raise(needed: usize) -> usize {
    let before = getrlimit(Resource::Nofile);
    if allowed(before.current) >= needed {
        return allowed(before.current);
    }
    let wanted = allowed(before.maximum).min(needed);
    let raised = Rlimit { current: Some(wanted as u64), maximum: before.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => {
            tracing::info!(from = before.current, to = wanted, "more files may be open now");
            wanted
        }
        Err(_) => allowed(before.current),
    }
}

fn allowed(limit: Option<u64>) -> usize {
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
