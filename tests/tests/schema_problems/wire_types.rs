//! Wire types and discriminators, which decide the event of an entry.

use spektr_codegen::{Named, ProblemKind};
use spektr_tests::fixtures::{Event, Files, PING};

use super::support::{cases, discriminated, duplicate};

/// Returns two events that share a wire type: PONG, with the discriminator `right`, and PING, with
/// a member `left`.
fn shared_wire_type(discriminators: &str, keywords: &str) -> Files {
    let left = format!(r#""left": {{ "description": "L.", "type": "string"{keywords} }}"#);
    let ping = Event::new("ping", "Ping").discriminators(discriminators);
    Files::base().event(&ping.members(&left, r#""left""#)).event(&discriminated(
        "pong",
        "Pong",
        r#""pong", "ping""#,
        "right",
    ))
}

cases! {
    rejects_a_wire_type_of_two_events:
        Files::base().event(&Event::new("pong", "Pong").wire_types(r#""pong", "PING""#))
        => [("events/pong.schema.json", "/properties/type/enum/1", duplicate(Named::WireType, "PING", PING))];
    rejects_a_wire_type_that_stands_twice:
        Files::base().event(&Event::new("ping", "Ping").wire_types(r#""ping", "Ping""#))
        => [(PING, "/properties/type/enum/1", duplicate(Named::WireType, "Ping", "the same event"))];
    rejects_two_events_that_own_one_wire_type:
        Files::base()
            .event(&discriminated("ping", "Ping", r#""same""#, "left"))
            .event(&discriminated("pong", "Pong", r#""same""#, "right"))
        => [("events/pong.schema.json", "/properties/type/enum/0", duplicate(Named::WireType, "same", PING))];
    rejects_two_events_of_which_none_owns_their_wire_type:
        Files::base()
            .event(&discriminated("ping", "Ping", r#""ping", "same""#, "left"))
            .event(&discriminated("pong", "Pong", r#""pong", "same""#, "right"))
        => [("events/pong.schema.json", "/properties/type/enum/1", duplicate(Named::WireType, "same", PING))];
    rejects_discriminators_that_overlap:
        Files::base()
            .event(&discriminated("ping", "Ping", r#""ping""#, "left"))
            .event(&discriminated("pong", "Pong", r#""pong", "ping""#, "left"))
        => [("events/pong.schema.json", "/properties/type/enum/1", ProblemKind::OverlappingDiscriminators {
            wire_type: "ping".into(), other: PING.into(), discriminator: "/left".into() })];
    rejects_a_discriminator_that_the_other_event_has_too: {
        let both = r#""left": { "description": "A.", "type": "string" }, "right": { "description": "B.", "type": "string" }"#;
        Files::base()
            .event(&discriminated("ping", "Ping", r#""ping""#, "left").members(both, r#""left", "right""#))
            .event(&discriminated("pong", "Pong", r#""pong", "ping""#, "right"))
    } => [("events/pong.schema.json", "/properties/type/enum/1", ProblemKind::OverlappingDiscriminators {
            wire_type: "ping".into(), other: PING.into(), discriminator: "/right".into() })];
    rejects_a_discriminator_that_leads_nowhere:
        shared_wire_type(r#""/data/tag""#, "")
        => [(PING, "/x-event/discriminators/0", ProblemKind::DanglingPointer { what: "the discriminator", pointer: "/data/tag".into() })];
    rejects_a_discriminator_that_names_a_member_by_its_alias:
        shared_wire_type(r#""/mark""#, r#", "x-aliases": ["mark"]"#)
        => [(PING, "/x-event/discriminators/0", ProblemKind::DanglingPointer { what: "the discriminator", pointer: "/mark".into() })];
    rejects_a_discriminator_whose_alias_the_other_event_has:
        shared_wire_type(r#""/left""#, r#", "x-aliases": ["right"]"#)
        => [("events/pong.schema.json", "/properties/type/enum/1", ProblemKind::OverlappingDiscriminators {
            wire_type: "ping".into(), other: PING.into(), discriminator: "/right".into() })];
    rejects_a_discriminator_that_stands_in_the_other_event_s_payload: {
        let data = r#""data": { "description": "D.", "type": "object", "title": "PongData", "required": ["left"],
            "properties": { "left": { "description": "L.", "type": "string" }, "deep": { "description": "E.", "type": ["string", "null"] } } }"#;
        Files::base()
            .event(&discriminated("ping", "Ping", r#""ping""#, "left"))
            .event(&Event::new("pong", "Pong").wire_types(r#""pong", "ping""#).discriminators(r#""/data/deep""#).members(data, r#""data""#))
    } => [("events/pong.schema.json", "/properties/type/enum/1", ProblemKind::OverlappingDiscriminators {
            wire_type: "ping".into(), other: PING.into(), discriminator: "/left".into() })];
    rejects_discriminators_of_an_event_that_shares_no_wire_type:
        Files::base().event(&discriminated("ping", "Ping", r#""ping""#, "left"))
        => [(PING, "/x-event/discriminators", ProblemKind::UnusedDiscriminators)];
}
