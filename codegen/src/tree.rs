//! Makes trees of members for readers: each member with its type in words, and the members below
//! it.

use crate::model::{KnownValue, Member, Model, Ty, TypeKind};

/// A member of an object, with facts that follow from its type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MemberBranch<'m> {
    /// The member.
    pub member: &'m Member,
    /// Type of its value on the wire, in words.
    pub type_in_words: String,
    /// Whether its value may hold personal data or grant access.
    pub is_sensitive: bool,
    /// The known values of an open set.
    pub known_values: &'m [KnownValue],
    /// The members of the object, or of the objects in a list. Empty below a type that contains
    /// itself, from its second occurrence on a path.
    pub below: Vec<MemberBranch<'m>>,
}

/// Returns members with the members below them.
pub fn members<'m>(model: &'m Model, members: &'m [Member]) -> Vec<MemberBranch<'m>> {
    walk(model, members, &mut Vec::new())
}

fn walk<'m>(
    model: &'m Model,
    members: &'m [Member],
    open: &mut Vec<&'m str>,
) -> Vec<MemberBranch<'m>> {
    members.iter().map(|member| branch(model, member, open)).collect()
}

fn branch<'m>(model: &'m Model, member: &'m Member, open: &mut Vec<&'m str>) -> MemberBranch<'m> {
    let kind = member.ty.named().and_then(|name| model.types.get(name)).map(|def| &def.kind);
    let below = match (kind, member.ty.named()) {
        (Some(TypeKind::Object(below)), Some(name)) if !open.contains(&name) => {
            open.push(name);
            let below = walk(model, below, open);
            open.pop();
            below
        }
        _ => Vec::new(),
    };
    MemberBranch {
        member,
        type_in_words: in_words(model, &member.ty),
        is_sensitive: member.sensitive || matches!(kind, Some(TypeKind::Url)),
        known_values: match kind {
            Some(TypeKind::OpenEnum(values)) => values,
            _ => &[],
        },
        below,
    }
}

/// Returns the words for a type's values on the wire.
fn in_words(model: &Model, ty: &Ty) -> String {
    match ty {
        Ty::Array(items) => format!("array of {}", in_words(model, items)),
        Ty::Named(name) => match model.types.get(name) {
            Some(def) => def.kind.in_words(),
            None => "object",
        }
        .to_owned(),
        other => other.to_string(),
    }
}

impl TypeKind {
    /// Returns the word for the type's values on the wire.
    pub fn in_words(&self) -> &'static str {
        match self {
            TypeKind::Object(_) => "object",
            TypeKind::Id | TypeKind::OpenEnum(_) => "string",
            TypeKind::Url => "URL",
            TypeKind::Timestamp => "timestamp",
            TypeKind::Delivered => "boolean",
        }
    }
}
