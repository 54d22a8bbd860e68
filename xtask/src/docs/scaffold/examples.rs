//! Builds the examples of an event with a documented payload, with invented values.

use std::collections::BTreeMap;

use spektr_codegen::Json;
use spektr_codegen::scaffold::{head, text};
use spektr_doc_reader::{ExampleMember, JsonType};

use super::tree::MemberNode;
use super::types::KnownDefinitions;

/// Returns the full example: its path below the schema folder, and its text. Other examples are
/// derived from it.
pub(super) fn full(
    module: &str,
    wire_type: &str,
    members: &[MemberNode],
    types: &KnownDefinitions,
) -> (String, String) {
    let head = head(wire_type).into_iter().map(|(name, value)| (name.to_owned(), value));
    let payload = members.iter().map(|node| (node.name.clone(), node.value(types)));
    let full = Json::Object(head.chain(payload).collect());
    (format!("examples/{module}/full.json"), text(&full))
}

/// Returns the example with the members of the page's example, in the page's order; `None` if it
/// lacks a member that the schema requires.
pub(super) fn documented(
    module: &str,
    wire_type: &str,
    shown: &[ExampleMember],
    members: &[MemberNode],
    types: &KnownDefinitions,
) -> Option<(String, String)> {
    let kinds: BTreeMap<&str, &[JsonType]> =
        shown.iter().map(|member| (member.path.as_str(), member.kinds.as_slice())).collect();
    let mut example = Vec::new();
    for member in shown.iter().filter(|member| !member.path.contains(['.', '['])) {
        let name = member.path.as_str();
        let envelope = head(wire_type).into_iter().find(|(known, _)| *known == name);
        let value = match (envelope, members.iter().find(|node| node.name == name)) {
            (Some(_), _) if kinds.get(name) == Some(&&[JsonType::Null][..]) => Json::Null,
            (Some((_, value)), _) => value,
            (None, Some(node)) => shown_value(node, name, &kinds, types)?,
            (None, None) => return None,
        };
        example.push((name.to_owned(), value));
    }
    let has = |name: &str| example.iter().any(|(known, _)| known == name);
    let whole = members.iter().all(|node| node.nullable || has(&node.name));
    let event = whole && has("id") && has("type");
    event.then(|| (format!("examples/{module}/documented.json"), text(&Json::Object(example))))
}

/// Returns the invented value of a member, without inner members that the page's example lacks.
fn shown_value(
    node: &MemberNode,
    path: &str,
    kinds: &BTreeMap<&str, &[JsonType]>,
    types: &KnownDefinitions,
) -> Option<Json> {
    if node.nullable && kinds.get(path) == Some(&&[JsonType::Null][..]) {
        return Some(Json::Null);
    }
    if node.inside.is_empty() {
        return Some(node.value(types));
    }
    let below = if node.list { format!("{path}[].") } else { format!("{path}.") };
    let mut inside = Vec::new();
    for node in &node.inside {
        let path = format!("{below}{}", node.name);
        if kinds.contains_key(path.as_str()) {
            inside.push((node.name.clone(), shown_value(node, &path, kinds, types)?));
        } else if !node.nullable {
            return None;
        }
    }
    let inside = Json::Object(inside);
    Some(if node.list { Json::Array(vec![inside]) } else { inside })
}
