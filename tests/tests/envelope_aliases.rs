//! Compiles types whose envelope members and batch list have aliases, and reads entries with them.

use spektr_tests::compiled::{Workspace, generated};
use spektr_tests::fixtures::{BATCH, ENVELOPE, Event, Files, OTHER_ENVELOPE};

/// A program that prints the event of each entry, or its fault.
const READER: &str = r#"//! Reads bodies, one a line.

use spektr_types::{Entries, Event};

fn main() {
    for body in std::io::read_to_string(std::io::stdin()).expect("bodies").lines() {
        let entries = match Entries::parse(body.as_bytes()) {
            Ok(entries) => entries,
            Err(error) => {
                println!("{error}");
                continue;
            }
        };
        for entry in &entries {
            match entry.decode() {
                Ok(Event::LampLit(event)) => {
                    let workspace = event.workspace_id.as_ref().map(|id| id.as_str());
                    let time = event.created_at.as_millis();
                    let delivered = event.delivered.is_delivered();
                    println!("{} {} {workspace:?} {time} {delivered} {}", event.id, event.spektr_id, event.data.room);
                    assert_eq!(entry.id().as_deref(), Some(event.id.as_str()));
                    // The struct alone reads its own envelope.
                    let alone = serde_json::from_str::<spektr_types::LampLit>(entry.raw());
                    println!("alone: {}", alone.is_ok_and(|alone| alone == event));
                }
                Ok(other) => println!("{}: {}", other.event_type(), entries.beside_results().len()),
                Err(error) => println!("{error}"),
            }
        }
    }
    let names: Vec<_> = spektr_types::envelope().flat_map(|member| member.names()).collect();
    println!("{}", names.join(" "));
}
"#;

fn aliased() -> Files {
    let data = r#""data": {
        "description": "The payload.",
        "type": "object",
        "title": "LampLitData",
        "properties": { "room": { "description": "Where.", "type": "string" } },
        "required": ["room"]
    }"#;
    let mut files = Files::base()
        .event(&Event::new("lamp_lit", "LampLit").members(data, r#""data""#))
        // Uses every kind of text and member, so that no helper of the crate is unused.
        .event(
            &Event::new("lamp_sold", "LampSold").members(
                r#""price": { "description": "What for.", "type": ["string", "null"] }"#,
                "",
            ),
        )
        .common("lamp_url", "LampUrl", r#""type": "string", "x-type": "url""#)
        .common(
            "lamp_color",
            "LampColor",
            r#""type": "string", "x-known-values": [{ "value": "red", "description": "Red." }]"#,
        );
    for (file, name, aliases) in [
        (ENVELOPE, "id", r#""eventId", "event/id""#),
        (OTHER_ENVELOPE, "id", r#""eventId", "event/id""#),
        (ENVELOPE, "workspaceId", r#""workspace""#),
        (OTHER_ENVELOPE, "workspaceId", r#""workspace""#),
        (ENVELOPE, "type", r#""kind""#),
        (ENVELOPE, "delivered", r#""sent""#),
        (ENVELOPE, "createdAt", r#""created""#),
        (OTHER_ENVELOPE, "eventType", r#""eventKind""#),
        (OTHER_ENVELOPE, "timestamp", r#""at""#),
        (OTHER_ENVELOPE, "data", r#""payload""#),
        (BATCH, "results", r#""events""#),
    ] {
        let start = format!("\"{name}\": {{");
        files = files.edit(file, &start, &format!("{start} \"x-aliases\": [{aliases}],"));
    }
    files
}

/// Bodies, each with the expected output.
const READ: [(&str, &str); 19] = [
    (
        r#"{"events":[{"eventId":"e1","spektrId":"s","workspace":"w","kind":"lamp_lit","sent":true,"created":1672531199000,"payload":{"room":"hall"}}]}"#,
        "e1 s Some(\"w\") 1672531199000 true hall\nalone: true\n",
    ),
    (
        r#"{"eventId":"e2","spektrId":"s","workspace":"w","eventKind":"LAMP_LIT","at":1672531199,"payload":{"room":"attic"}}"#,
        "e2 s Some(\"w\") 1672531199000 false attic\nalone: false\n",
    ),
    // Entries with members of both envelopes side by side, some of them null.
    (
        r#"{"results":[{"id":"e3","spektrId":"s","kind":"lamp_lit","eventKind":"other","at":7,"created":1672531199000,"data":{"room":"hall"}}]}"#,
        "e3 s None 1672531199000 false hall\nalone: true\n",
    ),
    (
        r#"{"id":"e4","spektrId":"s","kind":null,"eventType":"lamp_lit","created":null,"at":1672531199,"data":{"room":"hall"}}"#,
        "e4 s None 1672531199000 false hall\nalone: false\n",
    ),
    (
        r#"{"\u0065vents":[{"event/id":"e5","spektrId":"s","\u006bind":"lamp_lit","created":1672531199000,"payload":{"room":"hall"}}]}"#,
        "e5 s None 1672531199000 false hall\nalone: true\n",
    ),
    (r#"{"events":[{"eventId":"e","kind":"unheard_of"}],"next":null}"#, "unheard_of: 1\n"),
    // An object with an alias of the wire type is an event, whatever its list holds.
    (r#"{"eventId":"e","kind":"unheard_of","events":[]}"#, "unheard_of: 0\n"),
    // Both names of a member are given.
    (
        r#"{"results":[],"events":[]}"#,
        "the batch is ambiguous: its list is given twice: as `results` and `events`\n",
    ),
    (r#"{"events":[],"events":[]}"#, "the batch is ambiguous: /events occurs twice\n"),
    (r#"{"events":{}}"#, "the batch has no entries: /events: expected array, found object\n"),
    (
        r#"{"id":"e","eventId":"e","spektrId":"s","type":"lamp_lit","createdAt":1,"data":{"room":"hall"}}"#,
        "malformed entry: /eventId is given twice: as `id` and `eventId`\n",
    ),
    (
        r#"{"event/id":"e","eventId":"e","spektrId":"s","type":"lamp_lit","createdAt":1,"data":{"room":"hall"}}"#,
        "malformed entry: /eventId is given twice: as `event/id` and `eventId`\n",
    ),
    (
        r#"{"id":"e","spektrId":"s","kind":"lamp_lit","type":null,"createdAt":1,"data":{"room":"hall"}}"#,
        "malformed entry: /type is given twice: as `kind` and `type`\n",
    ),
    (
        r#"{"id":"e","spektrId":"s","type":"lamp_lit","sent":true,"delivered":null,"createdAt":1,"data":{"room":"hall"}}"#,
        "malformed entry: /delivered is given twice: as `sent` and `delivered`\n",
    ),
    (
        r#"{"id":"e","spektrId":"s","eventType":"lamp_lit","timestamp":1,"payload":{},"payload":{}}"#,
        "malformed entry: /payload is given twice\n",
    ),
    // Faults are reported at the name that the entry has.
    (r#"{"id":"e","kind":7}"#, "malformed entry: /kind is integer, expected string\n"),
    (
        r#"{"event/id":7,"spektrId":"s","kind":"lamp_lit","createdAt":1,"data":{"room":"hall"}}"#,
        "malformed entry: /event~1id is integer, expected string\n",
    ),
    (
        r#"{"id":"e","spektrId":"s","eventKind":"lamp_lit","at":"noon","payload":{"room":"hall"}}"#,
        "malformed entry: /at is string, expected number\n",
    ),
    (
        r#"{"id":"e","spektrId":"s","eventKind":"lamp_lit","at":1,"payload":{"room":7}}"#,
        "malformed entry: /payload/room is integer, expected string\n",
    ),
];

#[test]
fn aliases_of_envelopes_and_batch_are_read_as_the_names_themselves() {
    let workspace = Workspace::new(env!("CARGO_TARGET_TMPDIR"), "envelope_aliases");
    workspace.write(&generated(&aliased().list().into_iter().collect()), READER);
    let bodies: Vec<_> = READ.iter().map(|(body, _)| *body).collect();
    let said: String = READ.iter().map(|(_, said)| *said).collect();
    let names = "id eventId event/id spektrId workspaceId workspace type kind delivered sent \
                 createdAt created eventType eventKind timestamp at\n";
    assert_eq!(workspace.run(&bodies.join("\n")), said + names);
}
