//! The examples of a new event whose payload is documented.

use std::collections::BTreeMap;

use spektr_codegen::Json;

use super::event::text;
use super::tree::{Node, object, string};

/// Returns the examples, as paths below the schema folder and texts.
pub(super) fn files(module: &str, wire_type: &str, members: &[Node]) -> BTreeMap<String, String> {
    let payload = |value: &dyn Fn(&Node) -> Json, full: bool| {
        let kept = members.iter().filter(|node| full || !node.nullable);
        kept.map(|node| (node.name.clone(), value(node))).collect::<Vec<_>>()
    };
    let minimal = payload(&|node| node.value(false), false);
    let full = payload(&|node| node.value(true), true);
    let nulls = payload(&Node::value_with_nulls, true);
    let kind = || ("type", string(wire_type));
    let created = || ("createdAt", Json::Number(1_672_531_199_000_i64.into()));
    let delivered = ("delivered", Json::Bool(true));
    let workspace = || ("workspaceId", string("wks_example"));

    let mut cases = vec![
        ("minimal", entry([kind(), created()], minimal)),
        ("full", entry([workspace(), kind(), delivered, created()], full.clone())),
        ("event_type_envelope", event_type_entry(wire_type, workspace(), full.clone())),
        ("invalid/created_at_string", {
            let body = entry([kind(), ("createdAt", string("2022-12-31T23:59:59Z"))], full.clone());
            invalid("A point in time is a number.", "/createdAt", body)
        }),
    ];
    let mut extended = full;
    extended.push(("exampleUnknownMember".to_owned(), Json::Bool(true)));
    cases.push(("unknown_member", entry([kind(), created()], extended)));
    if members.iter().any(Node::has_optional) {
        cases.push(("optional_null", entry([kind(), created()], nulls)));
    }
    let path = |case: &str| format!("examples/{module}/{case}.json");
    cases.into_iter().map(|(case, json)| (path(case), text(&json))).collect()
}

fn entry<const N: usize>(head: [(&str, Json); N], payload: Vec<(String, Json)>) -> Json {
    let ids = [("id", string("evt_example")), ("spektrId", string("spk_example"))];
    let head = ids.into_iter().chain(head).map(|(name, value)| (name.to_owned(), value));
    Json::Object(head.chain(payload).collect())
}

/// In this envelope `data` is the whole payload; members beside `data` move
/// inside.
fn event_type_entry(
    wire_type: &str,
    workspace: (&str, Json),
    payload: Vec<(String, Json)>,
) -> Json {
    let only_data = payload.len() == 1 && payload.iter().all(|(name, _)| name == "data");
    let data = match payload {
        mut payload if only_data => payload.pop().map_or(Json::Null, |(_, value)| value),
        payload => Json::Object(payload),
    };
    entry(
        [
            workspace,
            ("eventType", string(wire_type)),
            ("timestamp", Json::Number(1_731_057_600_i64.into())),
            ("data", data),
        ],
        Vec::new(),
    )
}

fn invalid(comment: &str, pointer: &str, body: Json) -> Json {
    object([("$comment", string(comment)), ("pointer", string(pointer)), ("body", body)])
}
