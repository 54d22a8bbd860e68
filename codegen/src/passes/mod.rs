//! Passes over typify's structs: what typify cannot say, one file each, in the order
//! in which they run.

mod aliases;
mod delivered;
mod docs;
mod order;
mod paths;
mod payload;
mod redact;
mod tag;

pub(crate) use docs::{escape, tokens as doc_tokens};
pub(crate) use payload::PAYLOAD;

use syn::{Field, ItemImpl, ItemStruct, LitStr};

use crate::model::Member;

/// A struct that has to be made: the parts of the model that typify and the passes
/// need.
pub(crate) struct Target<'m> {
    /// Rust name.
    pub(crate) name: &'m str,
    /// Path of the file that defines it, below the schema folder.
    pub(crate) file: &'m str,
    /// JSON pointer of the definition in that file.
    pub(crate) pointer: &'m str,
    /// All members that typify makes a field of, in the order of the schema.
    pub(crate) members: Vec<&'m Member>,
    /// The text above the struct.
    pub(crate) docs: String,
    /// Whether it is an event, and where among the members its tag goes.
    pub(crate) tag: Option<Tag<'m>>,
}

/// The discriminator of an event: typify never sees it.
pub(crate) struct Tag<'m> {
    /// The member `type` of the envelope.
    pub(crate) member: &'m Member,
    /// Its place among the envelope's members.
    pub(crate) index: usize,
}

/// Adds to typify's struct what it cannot say; returns it with its `Debug`, where
/// that cannot be derived.
pub(crate) fn run(mut item: ItemStruct, target: &Target<'_>) -> (ItemStruct, Option<ItemImpl>) {
    paths::run(&mut item);
    // serde's attributes belong behind the derive that knows them.
    item.attrs.sort_by_key(|attribute| !attribute.path().is_ident("derive"));
    order::run(&mut item, &target.members);
    delivered::run(&mut item);
    if target.tag.is_some() {
        payload::run(&mut item, &target.members);
    }
    aliases::run(&mut item, &target.members);
    docs::run(&mut item, target);
    if let Some(tag) = &target.tag {
        tag::run(&mut item, tag);
    }
    let debug = redact::run(&mut item, &target.members);
    (item, debug)
}

/// Returns the name that a field has on the wire: typify writes a `rename` where it
/// is not the field's own.
pub(crate) fn wire_name(field: &Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if let Ok(value) = meta.value() {
                let text: LitStr = value.parse()?;
                if meta.path.is_ident("rename") {
                    name = text.value();
                }
            }
            Ok(())
        });
    }
    name
}

/// Returns the member that a field is of; none of the tag's.
fn member_of<'m>(field: &Field, members: &[&'m Member]) -> Option<&'m Member> {
    let name = wire_name(field);
    members.iter().find(|member| member.name == name).copied()
}
