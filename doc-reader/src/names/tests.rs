//! Names in the forms that headings give them.

use super::*;

fn names() -> EventNames {
    EventNames::new(
        ["DOOR_OPENED", "DOOR_CLOSED", "GATE_PASS_GRANTED", "GATE_PASS_REVOKED", "BELL_RUNG"]
            .into_iter(),
    )
}

fn found(heading: &str) -> (Vec<usize>, Matched, Option<EventStatus>) {
    let heading = names().heading(heading);
    assert!(!heading.partly, "{heading:?}");
    (heading.events, heading.matched, heading.status)
}

#[test]
fn matches_a_name_however_its_heading_is_dressed() {
    for heading in [
        "DOOR_OPENED",
        "`DOOR_OPENED`",
        "2.1 DOOR_OPENED",
        "Event: DOOR_OPENED",
        "DOOR_OPENED event",
    ] {
        assert_eq!(found(heading), (vec![0], Matched::Name, None), "{heading}");
    }
}

#[test]
fn takes_the_status_off_a_heading() {
    let wip =
        |heading| assert_eq!(found(heading), (vec![4], Matched::Name, Some(EventStatus::Wip)));
    wip("BELL_RUNG (WIP)");
    wip("BELL_RUNG - WIP");
    wip("[WIP] BELL_RUNG");
    wip("WIP: BELL_RUNG");
    wip("BELL_RUNG – coming soon");
    assert_eq!(
        found("BELL_RUNG (deprecated)"),
        (vec![4], Matched::Name, Some(EventStatus::Deprecated))
    );
}

#[test]
fn restores_underscores_from_the_table() {
    assert_eq!(found("DOOROPENED"), (vec![0], Matched::Letters, None));
    assert_eq!(found("DOOR\\_OPENED"), (vec![0], Matched::Letters, None));
    assert_eq!(found("Door opened"), (vec![0], Matched::Letters, None));
}

#[test]
fn spells_out_alternatives() {
    for heading in
        ["GATEPASS<GRANT|REVOKE>", "GATE_PASS_<GRANT|REVOKE>", "GATE\\_PASS\\_<GRANT|REVOKE>"]
    {
        assert_eq!(found(heading), (vec![2, 3], Matched::Inflection, None), "{heading}");
    }
    for heading in [
        "DOOR_OPENED/CLOSED",
        "DOOR_(OPENED|CLOSED)",
        "DOOR_OPENED and DOOR_CLOSED",
        "DOOR_{OPENED,CLOSED}",
    ] {
        assert_eq!(found(heading), (vec![0, 1], Matched::Name, None), "{heading}");
    }
}

#[test]
fn finds_the_only_event_that_a_heading_mentions() {
    for heading in ["The `BELL_RUNG` event in detail", "What BELL_RUNG holds", "Ring (BELL_RUNG)"] {
        assert_eq!(found(heading), (vec![4], Matched::Mention, None), "{heading}");
    }
    assert_eq!(found("From DOOR_OPENED to BELL_RUNG"), (vec![], Matched::Nothing, None));
}

#[test]
fn says_when_only_some_names_are_known() {
    assert_eq!(
        names().heading("DOOR_<OPENED|PAINTED>"),
        EventHeading { events: vec![0], matched: Matched::Name, status: None, partly: true }
    );
}

#[test]
fn leaves_other_headings_alone() {
    for heading in
        ["Events and payloads", "Door", "DOOR", "Retries", "", "<|>", "DOOR_OPENED_TWICE"]
    {
        assert_eq!(found(heading), (vec![], Matched::Nothing, None), "{heading}");
    }
}

#[test]
fn finds_all_names_that_a_heading_begins() {
    assert_eq!(names().beginning_with("GATEPASS"), [2, 3]);
    assert_eq!(names().beginning_with("GATE_PASS_"), [2, 3]);
    assert_eq!(names().beginning_with("GATE_PA"), [0_usize; 0]);
    assert_eq!(names().beginning_with("Gate pass"), [0_usize; 0]);
}

#[test]
fn knows_an_event_from_other_headings() {
    for heading in ["LAMP_LIT", "LAMP_LIT (WIP)", "LAMPLIT<ON|OFF>", "LAMP_<ON|OFF>", "lamp_lit"] {
        assert!(looks_like_event(heading), "{heading}");
    }
    for heading in
        ["WIP", "JSON", "Example", "API Reference", "FAQ", "lamp", "{", "process.run", "V2.0"]
    {
        assert!(!looks_like_event(heading), "{heading}");
    }
}
