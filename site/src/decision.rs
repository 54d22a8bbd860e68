//! Renders recorded decisions, and the links between decisions and their subjects.

use spektr_codegen::model::{Decision, Model};

use crate::link::{self, Link};
use crate::member::MemberRow;
use crate::text::Text;

/// A decision.
pub(crate) struct DecisionView<'m> {
    decision: &'m Decision,
    pub(crate) anchor: String,
    pub(crate) title: String,
    /// The decision's subjects: members if possible, otherwise places of the schema file.
    pub(crate) about: Vec<Link>,
}

impl<'m> DecisionView<'m> {
    pub(crate) fn documented(&self) -> Text<'m> {
        Text(&self.decision.documented)
    }

    pub(crate) fn chosen(&self) -> Text<'m> {
        Text(&self.decision.chosen)
    }

    pub(crate) fn reason(&self) -> Text<'m> {
        Text(&self.decision.reason)
    }

    pub(crate) fn is_reviewed(&self) -> bool {
        self.decision.reviewed
    }
}

/// Returns the decisions of a file, and adds links to each member in `rows` that a decision is
/// about. `prefix` is the start of the decisions' anchors.
pub(crate) fn decisions<'m>(
    model: &Model,
    decisions: &'m [Decision],
    file: &str,
    prefix: &str,
    rows: &mut [MemberRow<'m>],
) -> Vec<DecisionView<'m>> {
    let mut views = Vec::new();
    for decision in decisions {
        let anchor = link::anchor(&format!("{prefix}decision:{}", decision.id));
        let title = in_words(&decision.id);
        let mut about: Vec<Link> = Vec::new();
        for pointer in &decision.about {
            let link = match member_at(rows, file, pointer) {
                Some(at) => {
                    let row = &mut rows[at];
                    let href = format!("#{anchor}");
                    if row.decisions.iter().all(|link| link.href != href) {
                        row.decisions.push(Link { text: title.clone(), href });
                    }
                    to(row)
                }
                None => type_at(model, rows, file, pointer).unwrap_or_else(|| place(pointer)),
            };
            if about.iter().all(|known| known.text != link.text) {
                about.push(link);
            }
        }
        views.push(DecisionView { decision, anchor, title, about });
    }
    views
}

fn to(row: &MemberRow<'_>) -> Link {
    Link { text: row.path(), href: format!("#{}", row.anchor) }
}

/// Returns the index of the member whose schema is at the pointer, or contains it.
fn member_at(rows: &[MemberRow<'_>], file: &str, pointer: &str) -> Option<usize> {
    let is_around = |row: &&(usize, &MemberRow<'_>)| {
        let (_, row) = row;
        row.file == file && is_within(pointer, &row.member.pointer)
    };
    let around = rows.iter().enumerate().collect::<Vec<_>>();
    // If two members have the same schema, the first is taken.
    let around = around.iter().rev().filter(is_around);
    around.max_by_key(|(_, row)| row.member.pointer.len()).map(|(at, _)| *at)
}

/// Returns a link to the first member whose type is at the pointer, or contains it.
fn type_at(model: &Model, rows: &[MemberRow<'_>], file: &str, pointer: &str) -> Option<Link> {
    let is_meant = |row: &&MemberRow<'_>| {
        let def = row.member.ty.named().and_then(|name| model.types.get(name));
        def.is_some_and(|def| {
            def.file == file && !def.pointer.is_empty() && is_within(pointer, &def.pointer)
        })
    };
    rows.iter().find(is_meant).map(to)
}

/// Tells whether a pointer equals a place, or leads into it.
fn is_within(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns a text without a link, for a place of the schema file other than a member.
fn place(pointer: &str) -> Link {
    let text = match pointer {
        _ if is_within(pointer, "/properties/type/enum") => "wire type",
        _ if is_within(pointer, "/x-event") => {
            pointer.trim_start_matches("/x-event").trim_start_matches('/')
        }
        _ => pointer,
    };
    Link { text: text.to_owned(), href: String::new() }
}

/// Returns an id such as `members-beside-data` in the form of a heading.
fn in_words(id: &str) -> String {
    let mut chars = id.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect::<String>().replace('-', " ")
}
