//! Renders members as rows: one for each member at any depth, by its path in an entry.

use spektr_codegen::model::{KnownValue, Member, Model, Ty};
use spektr_codegen::pointer;
use spektr_codegen::tree::{self, MemberBranch};

use crate::link::{self, Link};
use crate::text::Text;

/// Number of known values of an open set that a row shows; the page of types shows all of them.
const SHOWN: usize = 6;

/// A member.
pub(crate) struct MemberRow<'m> {
    /// The path of its parent, as `fields[].`.
    pub(crate) parent: String,
    /// JSON pointer into an entry, with `*` for the elements of a list. On a page with several
    /// objects, the object's name is put before it.
    pub(crate) anchor: String,
    pub(crate) member: &'m Member,
    /// The schema file that declares the member.
    pub(crate) file: &'m str,
    pub(crate) type_in_words: String,
    pub(crate) is_sensitive: bool,
    known_values: &'m [KnownValue],
    /// A link to the type, if the page of types describes it.
    pub(crate) named: Option<Link>,
    /// Links to the decisions about the member.
    pub(crate) decisions: Vec<Link>,
}

impl<'m> MemberRow<'m> {
    /// Returns the path, as `fields[].key`.
    pub(crate) fn path(&self) -> String {
        format!("{}{}", self.parent, self.member.name)
    }

    pub(crate) fn description(&self) -> Text<'m> {
        Text(&self.member.description)
    }

    /// Returns the first known values.
    pub(crate) fn known(&self) -> &'m [KnownValue] {
        &self.known_values[..self.known_values.len().min(SHOWN)]
    }

    /// Returns the number of known values that [`known`](Self::known) leaves out.
    pub(crate) fn more_known(&self) -> usize {
        self.known_values.len().saturating_sub(SHOWN)
    }

    /// Returns the time for which the value is of use, in words.
    pub(crate) fn valid_for(&self) -> Option<String> {
        let seconds = self.member.valid_for_seconds?;
        Some(match (seconds / 3600, seconds % 3600) {
            (1, 0) => "1 hour".to_owned(),
            (hours, 0) => format!("{hours} hours"),
            _ => format!("{seconds} seconds"),
        })
    }
}

/// Returns a row for each of the members, and for the members below them. `file` declares them, and
/// `prefix` is the start of their anchors.
pub(crate) fn rows<'m>(
    model: &'m Model,
    members: &'m [Member],
    file: &'m str,
    prefix: &str,
) -> Vec<MemberRow<'m>> {
    let mut rows = Vec::new();
    add(model, tree::members(model, members), file, ("", prefix), &mut rows);
    rows
}

fn add<'m>(
    model: &'m Model,
    branches: Vec<MemberBranch<'m>>,
    file: &'m str,
    (parent, pointer): (&str, &str),
    rows: &mut Vec<MemberRow<'m>>,
) {
    for branch in branches {
        let member = branch.member;
        let pointer = pointer::join(pointer, &member.name);
        let def = member.ty.named().and_then(|name| model.types.get(name));
        let named = def.and_then(|def| {
            let href = link::type_named(model, &def.name)?;
            Some(Link { text: def.name.clone(), href })
        });
        rows.push(MemberRow {
            parent: parent.to_owned(),
            anchor: link::anchor(&pointer),
            member,
            file,
            type_in_words: branch.type_in_words,
            is_sensitive: branch.is_sensitive,
            known_values: branch.known_values,
            named,
            decisions: Vec::new(),
        });
        let lists = lists(&member.ty);
        let parent = format!("{parent}{}{}.", member.name, "[]".repeat(lists));
        let pointer = pointer + &"/*".repeat(lists);
        let file = def.map_or(file, |def| &def.file);
        add(model, branch.below, file, (&parent, &pointer), rows);
    }
}

/// Returns the number of nested lists around a type's elements.
fn lists(ty: &Ty) -> usize {
    match ty {
        Ty::Array(items) => 1 + lists(items),
        _ => 0,
    }
}
