//! Resolves a discriminator: from the pointer in a schema file to the paths at which an entry can
//! have the member.

use spektr_json::pointer::tokens;

use crate::model::{Event, Member, Model, TypeKind};
use crate::passes::PAYLOAD;

/// Returns each path at which an entry can have the member to which `pointer` leads: one path for
/// each combination of names and aliases on the way, the schema's own names first. Returns no path
/// if the pointer leads to no member.
pub(crate) fn paths<'m>(model: &'m Model, event: &'m Event, pointer: &str) -> Vec<Vec<&'m str>> {
    let tokens = tokens(pointer).unwrap_or_default();
    follow(model, &event.members, &tokens)
}

fn follow<'m>(model: &'m Model, members: &'m [Member], tokens: &[String]) -> Vec<Vec<&'m str>> {
    let Some((first, rest)) = tokens.split_first() else {
        return Vec::new();
    };
    let Some(member) = members.iter().find(|member| member.name == *first) else {
        return Vec::new();
    };
    let below = match model.kind(&member.ty) {
        _ if rest.is_empty() => vec![Vec::new()],
        Some(TypeKind::Object(members)) => follow(model, members, rest),
        _ => Vec::new(),
    };
    member
        .all_names()
        .flat_map(|name| below.iter().map(move |rest| [&[name], &rest[..]].concat()))
        .collect()
}

/// Tells whether an entry of an event can have a member at a path. In the other envelope, the
/// payload's members and the members beside the payload are in one object.
pub(crate) fn can_have(model: &Model, event: &Event, path: &[&str]) -> bool {
    let path = match path {
        [PAYLOAD, inside @ ..] if !inside.is_empty() => inside,
        path => path,
    };
    has(model, &event.members, path) || has(model, &event.members, &[&[PAYLOAD], path].concat())
}

fn has(model: &Model, members: &[Member], path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    let is_it = |member: &&Member| member.all_names().any(|name| name == *first);
    members.iter().filter(is_it).any(|member| match model.kind(&member.ty) {
        _ if rest.is_empty() => true,
        Some(TypeKind::Object(members)) => has(model, members, rest),
        _ => false,
    })
}
