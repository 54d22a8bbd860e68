//! Explains checks and states in words, for the operator on call.

use spektr_inbox::store::State;

/// Returns the finding of a check and its remedy, in words.
pub(super) fn check(name: &str, word: &str) -> String {
    let text = match (name, word) {
        ("clock", "ok") => "The clock agrees.",
        ("clock", "not set") => {
            "The clock was never set. Set it: every signature looks too old or too new."
        }
        ("clock", "behind the database") => {
            "The clock is behind the clock of the database. Set it: signatures seem to come from the future."
        }
        ("clock", "ahead of the database") => {
            "The clock is ahead of the clock of the database. Set it: signatures look too old."
        }
        ("clock", "behind the sender") => {
            "The clock is behind the clock of the sender: signatures come from the future. Set it, and do not raise --tolerance."
        }
        ("keys", "ok") => "A signing key is valid.",
        ("keys", "none is valid") => {
            "No signing key is valid now. Put a valid one into the key file, then `systemctl reload spektr`."
        }
        ("disk", "ok") => "A test entry was written and taken back.",
        ("disk", "full") => {
            "The disk is full. Make room: `spektr inbox prune --older-than 30d --dry-run` shows what can go."
        }
        ("disk", "failing") => "The store refuses to write. The log of the service says why.",
        ("disk", "slow") => {
            "Writing took more than 3 seconds. See what else uses the disk: `iostat -x 1`."
        }
        ("figures", "ok") => "The store answers.",
        ("figures", "failing") => "The store refuses to be read. The log of the service says why.",
        ("figures", "slow") => {
            "Reading took more than 3 seconds. See what else uses the disk or the database."
        }
        ("queue", "ok") => "There is room in the queue.",
        ("queue", "full") => {
            "Deliveries arrive faster than the store writes them. Look at the disk."
        }
        ("handling", "ok") => "Events are handed out.",
        ("handling", "paused") => "Handling is paused. Deliveries are accepted, and events wait.",
        _ => return format!("{name}: {word}"),
    };
    text.to_owned()
}

/// Explains the state of an entry, and says what to do about it.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Pending => "waits for a worker, or for its next attempt",
        State::Done => "the handler has accepted it",
        State::Dead => "given up: handle it again once the reason is gone, or resolve it",
        State::Malformed => {
            "this version cannot decode it: `spektr inbox redecode` after an upgrade"
        }
        State::Unknown => {
            "this version does not know its type: `spektr inbox redecode` after an upgrade"
        }
        State::Unreadable => {
            "a whole body that cannot be split: `spektr inbox redecode` after an upgrade"
        }
        State::Conflict => {
            "an earlier entry has this id with another content: ask the sender which one is right"
        }
        State::Resolved => "an operator has dealt with it by hand",
        _ => "a state of a later version",
    }
}

/// Returns a sign for a state, so that states differ by more than their colour.
pub(super) fn sign(state: State) -> &'static str {
    match state {
        State::Pending => "○",
        State::Done => "✓",
        State::Dead => "✕",
        State::Malformed | State::Unreadable => "!",
        State::Unknown => "?",
        State::Conflict => "≠",
        State::Resolved => "●",
        _ => "·",
    }
}

#[cfg(test)]
mod tests {
    use spektr_inbox::Readiness;

    use super::*;

    #[test]
    fn every_word_of_every_check_is_explained() {
        for (name, words) in Readiness::WORDS {
            for word in words {
                assert_ne!(check(name, word), format!("{name}: {word}"));
            }
        }
    }
}
