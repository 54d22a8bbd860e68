//! The values of labels that are known at compile time.

use spektr_types::catalogue;

/// The label of all values beyond the limit of distinct values.
pub(super) const OTHER: &str = "other";

/// The type of an entry whose wire type no schema knows.
const UNKNOWN: &str = "unknown";

/// The type of an entry without a readable wire type.
const NONE: &str = "none";

/// The key id of a delivery that was accepted without a signature.
pub(super) const UNSIGNED: &str = "none";

/// The results of attempts.
pub(super) const ATTEMPT_RESULTS: [&str; 7] =
    ["done", "retry", "deferred", "dead", "malformed", "unknown", "lease_lost"];

/// The reasons for which a delivery is not answered with 200.
pub(super) const REJECTION_REASONS: [&str; 23] = [
    "algorithm_unsupported",
    "body_timeout",
    "body_too_large",
    "body_unreadable",
    "commit_timeout",
    "disk_full",
    "header_malformed",
    "header_missing",
    "header_repeated",
    "key_expired",
    "key_not_yet_valid",
    "key_unknown",
    "media_type_unsupported",
    "memory_full",
    "method_unknown",
    "no_valid_key",
    "path_unknown",
    "queue_full",
    "signature_mismatch",
    "store_failed",
    "timestamp_in_future",
    "timestamp_too_old",
    OTHER,
];

/// The results of reconciliations.
#[cfg(feature = "reconcile")]
pub(super) const RECONCILIATION_RESULTS: [&str; 13] = [
    "ok",
    "endless",
    "no_watermark",
    "not_a_page",
    "query",
    "refused",
    "status",
    "store",
    "too_large",
    "unavailable",
    "untrusted",
    "watermark",
    "wrong_unit",
];

/// Returns the wire type as the schema spells it.
///
/// The label counts entries before they are decoded. If two events share a wire type, only
/// decoding tells them apart.
pub(crate) fn type_label(wire_type: Option<&str>) -> &'static str {
    let Some(wire_type) = wire_type else { return NONE };
    let known = || catalogue().flat_map(|event| event.wire_types().iter());
    known().find(|known| known.eq_ignore_ascii_case(wire_type)).unwrap_or(UNKNOWN)
}

/// Returns every value of [`type_label`].
pub(super) fn type_labels() -> impl Iterator<Item = &'static str> {
    catalogue().flat_map(|event| event.wire_types().iter()).chain([UNKNOWN, NONE])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_type_in_any_case_has_one_label_of_the_listed_ones() {
        for event in catalogue() {
            for wire_type in event.wire_types().iter() {
                assert_eq!(type_label(Some(&wire_type.to_ascii_uppercase())), wire_type);
                assert!(type_labels().any(|label| label == wire_type), "{wire_type}");
            }
        }
        assert_eq!(type_label(Some("no_such_event")), "unknown");
        assert_eq!(type_label(None), "none");
    }
}
