//! The example of a new event whose payload is documented.

use std::collections::BTreeMap;

use spektr_codegen::Json;

use super::super::text;
use super::tree::{Node, string};

/// Returns the full example, as its path below the schema folder and its text. The
/// others are derived from it.
pub(super) fn files(module: &str, wire_type: &str, members: &[Node]) -> BTreeMap<String, String> {
    let head = [
        ("id", string("evt_example")),
        ("spektrId", string("spk_example")),
        ("workspaceId", string("wks_example")),
        ("type", string(wire_type)),
        ("delivered", Json::Bool(true)),
        ("createdAt", Json::Number(1_672_531_199_000_i64.into())),
    ];
    let head = head.into_iter().map(|(name, value)| (name.to_owned(), value));
    let payload = members.iter().map(|node| (node.name.clone(), node.value()));
    let full = Json::Object(head.chain(payload).collect());
    BTreeMap::from([(format!("examples/{module}/full.json"), text(&full))])
}
