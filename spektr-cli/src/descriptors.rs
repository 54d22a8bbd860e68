//! Raises the limit of open files to the number that the service needs, as far as the system
//! allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The number of open files beside connections and the store: standard streams, listeners,
/// timers, the sender's list, certificates and keys while they are read, name resolution.
const SPARE: usize = 64;

/// The number of open files of the store: three for each connection of SQLite, or the connections
/// of PostgreSQL.
const STORE: usize = 16;

/// The maximum number of simultaneous connections for the pages, health and metrics.
pub(crate) const OPERATORS: usize = 32;

/// Returns the number of open files beside the connections of clients. `posted` is the number of
/// events that are posted at a time.
pub(crate) fn beside(posted: u32) -> usize {
    OPERATORS + usize::try_from(posted).unwrap_or(usize::MAX) + STORE + SPARE
}

/// Returns the highest limit of open files that the process may set.
pub(crate) fn highest() -> usize {
    allowed(getrlimit(Resource::Nofile).maximum)
}

/// Raises the limit for a number of connections of clients, and for the events that are posted at
/// a time. Returns the number of connections of clients that the limit allows, and logs a warning
/// if it is less than wanted.
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
        "the limit of open files is too low, so fewer connections are accepted: raise \
         `ulimit -n`, or LimitNOFILE= of the unit"
    );
    connections
}

/// Raises the limit to the needed number, or as far as possible. Returns the new limit.
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
