//! The facts on the overview: destination, reconciliation, verification, disk, inbox, and start.

use spektr_types::Timestamp;

use super::figures::MetricsText;
use super::numbers::When;
use super::state::Operations;
use crate::terminal::{count, safe};

/// A fact in words: a name, a value, and a note.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) note: String,
    /// Whether the value is good, if it can be good or bad. The page shows a sign for it.
    pub(super) is_good: Option<bool>,
}

impl Fact {
    /// Creates a fact that is neither good nor bad.
    fn neutral(name: &'static str, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self { name, value: value.into(), note: note.into(), is_good: None }
    }
}

pub(super) fn facts(
    operations: &Operations,
    metrics: &MetricsText<'_>,
    size: String,
    free: String,
) -> Vec<Fact> {
    let inner = &*operations.0;
    let about = &inner.about;
    let started = When::new(inner.started_at);
    vec![
        destination(about.forwarding.as_deref(), metrics),
        reconciliation(about.is_reconciling, metrics),
        verification(metrics),
        Fact::neutral("Disk", size, free),
        Fact::neutral("Inbox", &*about.store, format!("source {}", safe(&about.source))),
        Fact::neutral(
            "Started",
            started.shown,
            format!("UTC, {}; version {}", started.distance, env!("CARGO_PKG_VERSION")),
        ),
    ]
}

/// Returns whether the destination is down, so that events wait for it.
pub(super) fn is_down(metrics: &MetricsText<'_>) -> bool {
    metrics.sum("destination_up", "") == Some(0.0)
}

/// Returns the state of the destination, by its breaker. A store has one destination.
fn destination(url: Option<&str>, metrics: &MetricsText<'_>) -> Fact {
    let name = "Destination";
    let Some(url) = url else {
        return Fact::neutral(name, "none", "events stay pending: --forward URL posts them");
    };
    let is_up = !is_down(metrics);
    let opened = metrics.sum("destination_opened_total", "").unwrap_or_default() as usize;
    let times = match opened {
        0 => "it was never down since the start".to_owned(),
        some => format!("it was down {} since the start", count(some, "time", "times")),
    };
    Fact {
        name,
        value: if is_up { "up" } else { "down: one event at a time is tried" }.to_owned(),
        note: format!("{}; {times}", safe(url)),
        is_good: Some(is_up),
    }
}

fn reconciliation(is_reconciling: bool, metrics: &MetricsText<'_>) -> Fact {
    let name = "Reconciliation";
    if !is_reconciling {
        let why = "missed events are not fetched: there is no API key";
        return Fact::neutral(name, "off", why);
    }
    let runs = |label| metrics.sum("reconciliations_total", label).unwrap_or_default();
    let failed = (runs("") - runs("result=\"ok\"")) as usize;
    let missed = metrics.sum("entries_missed_total", "").unwrap_or_default() as usize;
    let last = when(metrics, "last_reconciliation_timestamp_seconds");
    let value = match &last {
        Some(last) => format!("{} UTC, {}", last.shown, last.distance),
        None => "none has ended yet".to_owned(),
    };
    let failures = match failed {
        0 => "no run has failed".to_owned(),
        some => format!("{} failed", count(some, "run has", "runs have")),
    };
    let found = count(missed, "missed entry", "missed entries");
    Fact {
        name,
        value,
        note: format!("since the start: {failures}; found {found}"),
        is_good: Some(last.is_some() && failed == 0),
    }
}

fn verification(metrics: &MetricsText<'_>) -> Fact {
    let name = "Verification";
    let found = metrics.sum("verification_entries", "");
    let last = when(metrics, "last_verification_timestamp_seconds");
    let (Some(found), Some(last)) = (found, last) else {
        let how = "spektr inbox verify compares the sender's list with the inbox";
        return Fact::neutral(name, "none in the last two days", how);
    };
    let value = match found {
        0.0 => "nothing is missing".to_owned(),
        some => format!("{} differ", count(some as usize, "entry", "entries")),
    };
    Fact {
        name,
        value,
        note: format!("{} UTC, {}", last.shown, last.distance),
        is_good: Some(found == 0.0),
    }
}

/// Reads a time. Zero means that there is none.
fn when(metrics: &MetricsText<'_>, name: &str) -> Option<When> {
    let seconds = metrics.sum(name, "").filter(|seconds| *seconds > 0.0)?;
    Timestamp::from_millis((seconds * 1000.0) as i64).ok().map(When::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(fact: &Fact) -> (&str, &str, Option<bool>) {
        (&fact.value, &fact.note, fact.is_good)
    }

    #[test]
    fn a_destination_that_is_down_is_said_to_be_down() {
        let of = |text: &str| destination(Some("http://localhost/"), &MetricsText::new(text));
        let up = of("spektr_inbox_destination_up 1\nspektr_inbox_destination_opened_total 0\n");
        let never = "http://localhost/; it was never down since the start";
        assert_eq!(said(&up), ("up", never, Some(true)));
        let down = of("spektr_inbox_destination_up 0\nspektr_inbox_destination_opened_total 2\n");
        let twice = "http://localhost/; it was down 2 times since the start";
        assert_eq!(said(&down), ("down: one event at a time is tried", twice, Some(false)));
        assert_eq!(destination(None, &MetricsText::new("")).is_good, None);
    }

    #[test]
    fn reconciliations_and_verifications_are_good_if_nothing_failed_or_was_found() {
        let reconciled = |ok: u32, refused: u32, last: u32| {
            let text = format!(
                "spektr_inbox_reconciliations_total{{result=\"ok\"}} {ok}\n\
                 spektr_inbox_reconciliations_total{{result=\"refused\"}} {refused}\n\
                 spektr_inbox_entries_missed_total{{source=\"a\",type=\"b\"}} 1\n\
                 spektr_inbox_last_reconciliation_timestamp_seconds {last}\n"
            );
            reconciliation(true, &MetricsText::new(&text))
        };
        let found = "found 1 missed entry";
        let fine = reconciled(3, 0, 1_700_000_000);
        assert!(fine.value.starts_with("2023-11-14 22:13:20 UTC, "), "{fine:?}");
        assert_eq!(
            (fine.note, fine.is_good),
            (format!("since the start: no run has failed; {found}"), Some(true))
        );
        let failed = reconciled(3, 1, 1_700_000_000);
        assert_eq!(
            (failed.note, failed.is_good),
            (format!("since the start: 1 run has failed; {found}"), Some(false))
        );
        assert_eq!(reconciled(0, 0, 0).value, "none has ended yet");
        assert_eq!(reconciliation(false, &MetricsText::new("")).value, "off");

        let verified = |missing: u32| {
            let text = format!(
                "spektr_inbox_last_verification_timestamp_seconds 1700000000\n\
                 spektr_inbox_verification_entries{{result=\"missing\"}} {missing}\n\
                 spektr_inbox_verification_entries{{result=\"conflict\"}} 1\n"
            );
            verification(&MetricsText::new(&text))
        };
        let fact = verified(1);
        assert_eq!((&*fact.value, fact.is_good), ("2 entries differ", Some(false)));
        let none = "spektr_inbox_last_verification_timestamp_seconds 0\n";
        assert_eq!(verification(&MetricsText::new(none)).value, "none in the last two days");
    }
}
