//! Tests the output of `cargo xtask schema diff` for each kind of change, and the files of `schema
//! new`.

use spektr_codegen::diff::{Impact, bump, diff, reviews};
use spektr_codegen::examples::derive;
use spektr_codegen::model::{Event as ModelEvent, EventStatus};
use spektr_codegen::{Json, SchemaSet, generate, scaffold};
use spektr_tests::fixtures::{Event, Files, OTHER_ENVELOPE};

fn set(files: &Files) -> SchemaSet {
    SchemaSet::parse(files.list()).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the displayed changes, and the worst impact among them.
fn changes(old: &Files, new: &Files) -> (Option<Impact>, Vec<String>) {
    let found = diff(&set(old), &set(new));
    let worst = found.iter().map(|change| change.impact).max();
    (worst, found.iter().map(ToString::to_string).collect())
}

/// Returns the smallest set with one more member in its event.
fn note(schema: &str, required: bool) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {schema} }}"#);
    let required = if required { r#""note""# } else { "" };
    Files::base().event(&Event::new("ping", "Ping").members(&member, required))
}

const TEXT: &str = r#""type": "string""#;
const OPTIONAL_TEXT: &str = r#""type": ["string", "null"]"#;
const OBJECT: &str = r#""type": "object", "title": "Note", "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"]"#;

#[track_caller]
fn assert_change(old: &Files, new: &Files, impact: Impact, shown: &[&str]) {
    let (worst, lines) = changes(old, new);
    assert_eq!(lines, shown);
    assert_eq!(worst, Some(impact));
}

#[test]
fn equal_schemas_have_no_changes() {
    let files = note(TEXT, true);
    assert_eq!(changes(&files, &files), (None, vec![]));
}

#[test]
fn sources_and_decisions_of_common_files_are_documentation() {
    let base = Files::base();
    let id = "common/event_id.schema.json";
    let sourced = base.clone().edit(id, "2026-11-23", "2026-11-24");
    assert_change(
        &base,
        &sourced,
        Impact::Documentation,
        &["documentation  EventId: description or source changed"],
    );
    let decision = r#"{ "id": "a-name", "about": ["/title"], "documented": "This.", "chosen": "That.", "reason": "So.", "state": "accepted" }"#;
    let decided =
        base.clone().edit(id, "\"x-type\"", &format!("\"x-decisions\": [{decision}], \"x-type\""));
    assert_change(
        &base,
        &decided,
        Impact::Documentation,
        &["documentation  EventId: decision a-name added"],
    );
    let envelope = "common/type_envelope.schema.json";
    let described = base.clone().edit(envelope, "About TypeEnvelope.", "About every event.");
    assert_change(
        &base,
        &described,
        Impact::Documentation,
        &["documentation  TypeEnvelope: description or source changed"],
    );
}

#[test]
fn an_optional_member_is_stricter_and_a_required_one_breaking() {
    let (base, optional) = (Files::base(), note(OPTIONAL_TEXT, false));
    assert_change(
        &base,
        &optional,
        Impact::Stricter,
        &["stricter       PING note: member added: optional, string"],
    );
    assert_change(
        &base,
        &note(TEXT, true),
        Impact::Breaking,
        &["breaking       PING note: member added: required, string"],
    );
    assert_change(
        &optional,
        &base,
        Impact::Breaking,
        &["breaking       PING note: member removed"],
    );
}

#[test]
fn a_raw_payload_that_becomes_typed_is_breaking() {
    assert_change(
        &note(r#""x-type": "raw""#, true),
        &note(OBJECT, true),
        Impact::Breaking,
        &[
            "breaking       PING note: type changed from any JSON to Note",
            "additive       Note: type added",
        ],
    );
}

#[test]
fn a_raw_payload_that_becomes_typed_and_stays_at_hand_is_additive_for_code() {
    let data = |keywords: &str, required: bool| {
        let members = format!(r#""data": {{ "description": "The payload.", {keywords} }}"#);
        let required = if required { r#""data""# } else { "" };
        Files::base().event(&Event::new("ping", "Ping").members(&members, required))
    };
    let raw = data(r#""x-type": "raw""#, false);
    let kept = data(&format!(r#"{OBJECT}, "x-keeps-raw": true"#), true);
    let lines = [
        "stricter       PING data: payload typed as Note; its JSON stays at hand",
        "additive       Note: type added",
    ];
    assert_change(&raw, &kept, Impact::Stricter, &lines);
    let lost = data(OBJECT, true);
    let lines = ["breaking       PING data: its JSON is no longer at hand"];
    assert_change(&kept, &lost, Impact::Breaking, &lines);
    let lines = ["breaking       PING data: its JSON is kept beside the value"];
    assert_change(&lost, &kept, Impact::Breaking, &lines);
}

#[test]
fn whether_a_member_may_be_absent_is_part_of_its_type() {
    let (required, optional) = (note(TEXT, true), note(OPTIONAL_TEXT, false));
    let lines = ["breaking       PING note: became optional"];
    assert_change(&required, &optional, Impact::Breaking, &lines);
    let lines = ["breaking       PING note: became required"];
    assert_change(&optional, &required, Impact::Breaking, &lines);
}

#[test]
fn known_values_may_be_added_and_not_taken_away() {
    let (few, many) = (Files::colors(&["red"]), Files::colors(&["blue", "red"]));
    let lines = ["additive       Color: known value blue added"];
    assert_change(&few, &many, Impact::Additive, &lines);
    let lines = ["breaking       Color: known value blue removed"];
    assert_change(&many, &few, Impact::Breaking, &lines);
    let lines = ["documentation  Color: order of known values changed"];
    assert_change(&Files::colors(&["red", "blue"]), &many, Impact::Documentation, &lines);
    let described = many.clone().edit(
        "common/color.schema.json",
        r#""value": "red", "description": "A color.""#,
        r#""value": "red", "description": "The color.""#,
    );
    let lines = ["documentation  Color: description of red changed"];
    assert_change(&many, &described, Impact::Documentation, &lines);
}

#[test]
fn what_is_read_under_one_more_name_can_be_malformed() {
    let wire = |names| Files::base().event(&Event::new("ping", "Ping").wire_types(names));
    let (one, two) = (wire(r#""ping""#), wire(r#""ping", "pinged""#));
    let lines = ["stricter       PING: wire type pinged added"];
    assert_change(&one, &two, Impact::Stricter, &lines);
    let lines = ["breaking       PING: wire type pinged removed"];
    assert_change(&two, &one, Impact::Breaking, &lines);
    assert_change(
        &two,
        &wire(r#""pinged", "ping""#),
        Impact::Breaking,
        &["breaking       PING: canonical wire type changed from ping to pinged"],
    );
    assert_change(
        &one,
        &wire(r#""pinged", "ping""#),
        Impact::Breaking,
        &[
            "breaking       PING: canonical wire type changed from ping to pinged",
            "stricter       PING: wire type pinged added",
        ],
    );
    let lines = ["documentation  PING: order of wire types changed"];
    let (ab, ba) = (wire(r#""ping", "a", "b""#), wire(r#""ping", "b", "a""#));
    assert_change(&ab, &ba, Impact::Documentation, &lines);

    let aliased = |names: &str| note(&format!(r#""type": "string", "x-aliases": [{names}]"#), true);
    let lines = ["stricter       PING note: alias remark added"];
    assert_change(&note(TEXT, true), &aliased(r#""remark""#), Impact::Stricter, &lines);
    let lines = ["breaking       PING note: alias remark removed"];
    assert_change(&aliased(r#""remark""#), &note(TEXT, true), Impact::Breaking, &lines);
    let lines = ["documentation  PING note: order of aliases changed"];
    let (ab, ba) = (aliased(r#""aa", "bb""#), aliased(r#""bb", "aa""#));
    assert_change(&ab, &ba, Impact::Documentation, &lines);
}

#[test]
fn what_tells_events_apart_is_part_of_the_data() {
    let members = r#""note": { "description": "A note.", "type": "string" },
        "mark": { "description": "A mark.", "type": "string" }"#;
    let by = |pointers: &str| {
        let ping = Event::new("ping", "Ping").members(members, r#""note", "mark""#);
        let other = r#""other": { "description": "Another.", "type": "string" }"#;
        let pong = Event::new("pong", "Pong").wire_types(r#""pong", "ping""#);
        Files::base()
            .event(&ping.discriminators(pointers))
            .event(&pong.discriminators(r#""/other""#).members(other, r#""other""#))
    };
    let lines = ["breaking       PING: discriminators changed"];
    assert_change(&by(r#""/note""#), &by(r#""/mark""#), Impact::Breaking, &lines);
    // Any one of the discriminators suffices, so their order does not matter.
    let (files, other) = (by(r#""/note", "/mark""#), by(r#""/mark", "/note""#));
    assert_eq!(changes(&files, &other), (None, vec![]));
}

#[test]
fn how_long_a_value_is_good_for_is_a_method_and_a_time() {
    let valid =
        |seconds| note(&format!(r#""type": "string", "x-valid-for-seconds": {seconds}"#), true);
    let never = note(TEXT, true);
    let lines = ["additive       PING note: got an expiry"];
    assert_change(&never, &valid(60), Impact::Additive, &lines);
    let lines = ["breaking       PING note: lost its expiry"];
    assert_change(&valid(60), &never, Impact::Breaking, &lines);
    let lines = ["breaking       PING note: expires after 90 seconds instead of 60"];
    assert_change(&valid(60), &valid(90), Impact::Breaking, &lines);
}

#[test]
fn the_type_of_a_member_is_part_of_the_code() {
    let types = [TEXT, r#""type": "integer""#, r#""type": "number""#, r#""type": "boolean""#];
    let words = ["string", "integer", "number", "boolean"];
    for (old, was) in types.iter().zip(words) {
        for (new, now) in types.iter().zip(words).filter(|(new, _)| *new != old) {
            let line = format!("breaking       PING note: type changed from {was} to {now}");
            assert_change(&note(old, true), &note(new, true), Impact::Breaking, &[&line]);
        }
    }
}

#[test]
fn types_have_names_and_kinds() {
    let base = Files::base();
    let id = base.clone().common("color", "Color", r#""type": "string", "x-type": "id""#);
    let lines = ["additive       Color: type added"];
    assert_change(&base, &id, Impact::Additive, &lines);
    let lines = ["breaking       Color: type removed"];
    assert_change(&id, &base, Impact::Breaking, &lines);
    let lines = ["breaking       Color: became another kind of type"];
    assert_change(&id, &Files::colors(&["red"]), Impact::Breaking, &lines);
    let url = base.clone().common("color", "Color", r#""type": "string", "x-type": "url""#);
    assert_change(&id, &url, Impact::Breaking, &lines);
    let lines = ["breaking       Color: is an id and no longer a URL"];
    assert_change(&url, &id, Impact::Breaking, &lines);
    let described = id.clone().edit("common/color.schema.json", "About Color.", "A color.");
    let lines = ["documentation  Color: description or source changed"];
    assert_change(&id, &described, Impact::Documentation, &lines);

    let titled = Files::base().event(&Event::new("ping", "Pinged"));
    let lines = [
        "breaking       PING: type renamed from Ping to Pinged",
        // The fixture's description contains the name of the type.
        "documentation  PING: description or source changed",
    ];
    assert_change(&base, &titled, Impact::Breaking, &lines);

    let inline = note(OBJECT, true);
    let shared = note(r#""$ref": "../common/note.schema.json""#, true).common(
        "note",
        "Note",
        r#""type": "object", "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"]"#,
    );
    let (worst, lines) = changes(&inline, &shared);
    assert_eq!(worst, Some(Impact::Documentation), "{lines:?}");
    assert!(
        lines.contains(&"documentation  Note: defined in another place".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn members_of_every_event_and_of_types_are_compared_too() {
    let base = Files::base();
    let envelope = "common/type_envelope.schema.json";
    let hidden = base.clone().edit(
        envelope,
        r#""description": "The time.""#,
        r#""description": "The time.", "x-sensitive": true"#,
    );
    let lines = ["additive       every event createdAt: became sensitive"];
    assert_change(&base, &hidden, Impact::Additive, &lines);
    // No public item is generated from the other envelope.
    let required = r#""timestamp", "spektrId"]"#;
    let more = base.clone().edit(OTHER_ENVELOPE, required, &required.replace(']', ", \"data\"]"));
    let lines = ["breaking       the envelope with eventType data: became required"];
    assert_change(&base, &more, Impact::Breaking, &lines);
    assert!(diff(&set(&base), &set(&more)).iter().all(|change| !change.breaks_code));
    let described = base.clone().edit(OTHER_ENVELOPE, "The payload.", "What happened.");
    let lines = ["documentation  the envelope with eventType data: description or source changed"];
    assert_change(&base, &described, Impact::Documentation, &lines);
    let hidden = note(&OBJECT.replace("\"A.\",", "\"A.\", \"x-sensitive\": true,"), true);
    let lines = ["additive       Note a: became sensitive"];
    assert_change(&note(OBJECT, true), &hidden, Impact::Additive, &lines);
    let more = note(
        &OBJECT.replace(
            "\"properties\": {",
            "\"properties\": { \"b\": { \"description\": \"B.\", \"type\": [\"string\", \"null\"] },",
        ),
        true,
    );
    let lines = ["stricter       Note b: member added: optional, string"];
    assert_change(&note(OBJECT, true), &more, Impact::Stricter, &lines);
}

#[test]
fn statuses_decisions_and_orders_are_documentation() {
    let decision = |state: &str, chosen: &str| {
        let keyword = format!(
            r#""x-decisions": [{{ "id": "a-name", "about": ["/title"], "documented": "This.", "chosen": "{chosen}", "reason": "So.", "state": "{state}" }}]"#
        );
        Files::base().event(&Event::new("ping", "Ping").keywords(&keyword))
    };
    let (base, decided) = (Files::base(), decision("accepted", "That."));
    let line = |what| [what];
    let added = line("documentation  PING: decision a-name added");
    assert_change(&base, &decided, Impact::Documentation, &added);
    let removed = line("documentation  PING: decision a-name removed");
    assert_change(&decided, &base, Impact::Documentation, &removed);
    let changed = line("documentation  PING: decision a-name changed");
    assert_change(&decided, &decision("accepted", "Other."), Impact::Documentation, &changed);
    assert_change(&decided, &decision("unreviewed", "That."), Impact::Documentation, &changed);

    let wip = Files::base().event(&Event::new("ping", "Ping").status("wip"));
    let status = line("documentation  PING: status changed from wip to available");
    assert_change(&wip, &base, Impact::Documentation, &status);
    // Code that names the variants compiles, but with a warning.
    let ending = Files::base().event(&Event::new("ping", "Ping").status("deprecated"));
    let status = line("additive       PING: status changed from available to deprecated");
    assert_change(&base, &ending, Impact::Additive, &status);
    let status = line("additive       PING: status changed from deprecated to available");
    assert_change(&ending, &base, Impact::Additive, &status);

    let two = |members: &str| {
        Files::base().event(&Event::new("ping", "Ping").members(members, r#""aa", "bb""#))
    };
    let (aa, bb) = (
        r#""aa": { "description": "A.", "type": "string" }"#,
        r#""bb": { "description": "B.", "type": "string" }"#,
    );
    let order = line("documentation  PING: order of members changed");
    let (ab, ba) = (two(&format!("{aa}, {bb}")), two(&format!("{bb}, {aa}")));
    assert_change(&ab, &ba, Impact::Documentation, &order);
}

#[test]
fn an_event_that_is_no_longer_in_progress_has_to_be_read_again() {
    let event = |status: &str, captured: &str, state: &str, chosen: &str| {
        let keyword = format!(
            r#""x-decisions": [{{ "id": "no-payload", "about": ["/x-event/status"], "documented": "This.", "chosen": "{chosen}", "reason": "So.", "state": "{state}" }}]"#
        );
        Files::base().event(&Event::new("ping", "Ping").status(status).keywords(&keyword)).edit(
            "events/ping.schema.json",
            "2026-11-23",
            captured,
        )
    };
    let (wip, today) = (event("wip", "2026-11-23", "accepted", "Raw."), "2027-01-31");
    let said = |new: &Files| -> Vec<String> {
        reviews(&set(&wip), &set(new), today).iter().map(ToString::to_string).collect()
    };
    let captured = "schema/events/ping.schema.json: the status changed from wip to available, but the page \
        was last read on 2026-11-23: read it again and set `captured`";
    let decision = "schema/events/ping.schema.json: the status changed from wip to available, but the \
        decision `no-payload` about it did not: remove it, correct it, or set it to `unreviewed`";
    assert_eq!(said(&wip), [""; 0]);
    assert_eq!(said(&event("available", "2026-11-23", "accepted", "Raw.")), [captured, decision]);
    assert_eq!(said(&event("available", today, "accepted", "Raw.")), [decision]);
    assert_eq!(said(&event("available", "2027-01-30", "unreviewed", "Raw.")), [""; 0]);
    assert_eq!(said(&event("available", today, "accepted", "Typed.")), [""; 0]);
    assert_eq!(said(&event("available", "2026-11-23", "accepted", "Typed.")), [captured]);
    // The page was read before, on the day on which the status changed.
    let same_day = reviews(
        &set(&wip),
        &set(&event("available", "2026-11-23", "accepted", "Typed.")),
        "2026-11-23",
    );
    assert_eq!(same_day, []);
}

#[test]
fn what_was_sensitive_must_stay_so() {
    let (open, hidden) = (note(TEXT, true), note(r#""type": "string", "x-sensitive": true"#, true));
    let lines = ["additive       PING note: became sensitive"];
    assert_change(&open, &hidden, Impact::Additive, &lines);
    let lines = ["breaking       PING note: is no longer sensitive"];
    assert_change(&hidden, &open, Impact::Breaking, &lines);
}

#[test]
fn an_event_that_was_unknown_can_be_malformed_and_none_is_taken_away() {
    let (one, two) = (Files::base(), Files::base().event(&Event::new("pong", "Pong")));
    let lines = ["stricter       PONG: event added"];
    assert_change(&one, &two, Impact::Stricter, &lines);
    let lines = ["breaking       PONG: event removed"];
    assert_change(&two, &one, Impact::Breaking, &lines);
}

#[test]
fn texts_are_documentation() {
    let files = note(TEXT, true);
    let other = files.clone().edit("events/ping.schema.json", "A note.", "A remark.");
    let lines = ["documentation  PING note: description or source changed"];
    assert_change(&files, &other, Impact::Documentation, &lines);
}

#[test]
fn what_breaks_stands_first() {
    let old = note(TEXT, true).event(&Event::new("pong", "Pong"));
    let new = note(OPTIONAL_TEXT, false)
        .edit("events/ping.schema.json", "A note.", "A remark.")
        .event(&Event::new("peng", "Peng"));
    assert_change(
        &old,
        &new,
        Impact::Breaking,
        &[
            "breaking       PING note: became optional",
            "breaking       PONG: event removed",
            "stricter       PENG: event added",
            "documentation  PING note: description or source changed",
        ],
    );
}

#[test]
fn versions_go_up_as_cargo_reads_them() {
    for (version, impact, next) in [
        ("0.1.3", Impact::Documentation, Some("0.1.4")),
        ("0.1.3", Impact::Additive, Some("0.1.4")),
        ("0.1.3", Impact::Stricter, Some("0.2.0")),
        ("0.1.3", Impact::Breaking, Some("0.2.0")),
        ("1.2.3", Impact::Documentation, Some("1.2.4")),
        ("1.2.3", Impact::Additive, Some("1.3.0")),
        ("1.2.3", Impact::Stricter, Some("1.3.0")),
        ("1.2.3", Impact::Breaking, Some("2.0.0")),
        ("1.2", Impact::Breaking, None),
        ("1.2.3-rc.1", Impact::Breaking, None),
    ] {
        assert_eq!(bump(version, impact).as_deref(), next, "{version}, {impact}");
    }
}

#[test]
fn a_scaffolded_event_fits_into_the_schemas() {
    let files = scaffold::event("CASE_OPENED", "2026-11-23").expect("the name is one");
    let schemas = Files::base().list().into_iter();
    let added = files.iter().filter(|(path, _)| path.starts_with("events/"));
    let set =
        SchemaSet::parse(schemas.chain(added.map(|(path, text)| (path.clone(), text.clone()))))
            .unwrap_or_else(|error| panic!("{error}"));
    let event: &ModelEvent = set.model().event("CASE_OPENED").expect("the event is there");
    assert_eq!(event.title, "CaseOpened");
    assert_eq!(event.status, EventStatus::Wip);
    assert!(event.decisions.iter().all(|decision| !decision.reviewed), "nobody has read them");
    let generated = generate(&set).expect("the schemas generate");
    let path = std::path::Path::new("spektr-types/src/generated/events/case_opened.rs");
    assert!(
        generated[path].contains("pub fn raw_data(&self) -> Option<&RawJson>"),
        "{}",
        generated[path]
    );
    // The full example is complete, so the other examples can be derived from it.
    let full = files["examples/case_opened/full.json"].as_str();
    let full: Json = serde_json::from_str(full).expect("the example is JSON");
    derive(set.model(), event, &full).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn rejects_names_that_no_event_can_have() {
    for name in ["", "case_opened", "CaseOpened", "CASE OPENED", "CASE-OPENED", "1CASE", "../X"] {
        let error = scaffold::event(name, "2026-11-23").expect_err("the name is none");
        assert!(error.to_string().starts_with(&format!("`{name}` is no event name")), "{error}");
    }
}
