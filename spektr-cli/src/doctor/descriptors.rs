//! The limit of open files, which includes connections.

use spektr_inbox::Server;

use super::Finding;
use crate::descriptors;

const SUBJECT: &str = "open files";

/// Compares the limit with the open files that `serve` needs if it posts `posted` events at a time.
/// This is the limit of this process. A unit of systemd or a container has its own limit.
pub(crate) fn descriptors(posted: u32) -> Vec<Finding> {
    vec![judge(descriptors::highest(), descriptors::beside(posted))]
}

fn judge(limit: usize, beside: usize) -> Finding {
    const WANTED: usize = Server::DEFAULT_MAX_CONNECTIONS;
    let needed = WANTED + beside;
    if limit >= needed {
        return Finding::ok(SUBJECT, format!("room for {WANTED} connections"));
    }
    let room = limit.saturating_sub(beside).max(1);
    Finding::fault(
        SUBJECT,
        format!("{limit} are allowed, which leaves room for {room} of {WANTED} connections"),
        format!("allow {needed}: LimitNOFILE= of the unit, or `ulimit -n`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn the_limit_has_to_leave_room_for_every_connection() {
        assert_eq!(judge(612, 100).level, Severity::Ok);
        let text = "611 are allowed, which leaves room for 511 of 512 connections";
        let remedy = "allow 612: LimitNOFILE= of the unit, or `ulimit -n`";
        assert_eq!(judge(611, 100), Finding::fault(SUBJECT, text, remedy));
        assert!(judge(0, 100).text.contains(" room for 1 of "));
    }
}
