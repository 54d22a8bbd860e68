//! Statuses, headers and other vocabulary of pages.

use super::*;

#[test]
fn splits_a_header_that_runs_together() {
    let split = |line: &str| split_header(line).map(|cells| cells.join("|"));
    assert_eq!(split("NameTypeDescription").as_deref(), Some("Name|Type|Description"));
    assert_eq!(split("Event NameStatusNotes").as_deref(), Some("Event Name|Status|Notes"));
    assert_eq!(split("Name Type Description").as_deref(), Some("Name|Type|Description"));
    for line in ["Name", "Nametype", "NameTypeDescriptionOf", "TypeStatus", "Event of a name", ""] {
        assert_eq!(split(line), None, "{line}");
    }
}

#[test]
fn reads_statuses() {
    assert_eq!(status("**WIP**"), Some(EventStatus::Wip));
    assert_eq!(status("Available (beta)"), Some(EventStatus::Available));
    assert_eq!(status("Not available"), Some(EventStatus::Wip));
    assert_eq!(status("Deprecated since May"), Some(EventStatus::Deprecated));
    assert_eq!(status("Availability"), None);
    assert_eq!(status("✅ Available"), Some(EventStatus::Available));
    assert_eq!(status("~~WIP~~ Available"), Some(EventStatus::Available));
    assert_eq!(status("~~Available~~"), Some(EventStatus::Available));
    assert_eq!(status_suffix("it is not availableAvailable"), Some(19));
    assert_eq!(status_suffix("it is not available"), None);
    assert_eq!(status_prefix("WIPWhen it rings"), Some(3));
}

#[test]
fn tells_what_is_deprecated_from_what_replaces_it() {
    for text in
        ["Deprecated. Use another", "This event is deprecated", "x (deprecated)", "⚠️ deprecated"]
    {
        assert!(says_deprecated(text), "{text}");
    }
    for text in ["not deprecated", "Replaces the deprecated event", "see all deprecated ones"] {
        assert!(!says_deprecated(text), "{text}");
    }
}

#[test]
fn drops_what_is_struck_out_and_escapes() {
    assert_eq!(unstruck("~~string~~ number"), "number");
    assert_eq!(unstruck("~~string~~"), "string");
    assert!(is_struck("~~LAMP_LIT~~") && !is_struck("~~LAMP_LIT~~ LAMP_ON"));
    assert_eq!(squeeze("LAMP\\_LIT \\null"), "LAMP_LIT \\null");
}

#[test]
fn tells_optional_from_not_optional() {
    for text in
        ["Optional value", "an optional value.", "Optionally a note", "Absent or set, if present"]
    {
        assert!(says_optional(text), "{text}");
    }
    for text in ["not optional", "non-optional", "optionality", "The options", ""] {
        assert!(!says_optional(text), "{text}");
    }
}
