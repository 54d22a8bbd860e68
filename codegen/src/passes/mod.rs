//! Passes over typify's structs, one file each, in the order in which they run.

mod attributes;
mod delivered;
mod docs;
mod order;
mod paths;
mod redact;
mod serde;
mod tag;

pub(crate) use docs::{escape, tokens as doc_tokens};

use syn::{Field, ItemImpl, ItemStruct, LitStr};

use crate::model::Member;
use crate::structs;

/// What a struct stands for: the parts of the model that its passes need.
pub(crate) struct Target<'m> {
    /// All members that have a field, in the order of the schema.
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

/// Makes typify's struct ours; returns it with its impls.
pub(crate) fn run(
    mut item: ItemStruct,
    target: &Target<'_>,
) -> Result<(ItemStruct, Vec<ItemImpl>), String> {
    paths::run(&mut item);
    order::run(&mut item, &target.members)?;
    structs::check(&item, &target.members)?;
    delivered::run(&mut item);
    docs::run(&mut item, target);
    if let Some(tag) = &target.tag {
        tag::run(&mut item, tag);
    }
    let debug = redact::run(&item, &target.members);
    attributes::run(&mut item, debug.is_none());
    let serde = serde::run(&mut item, &target.members);
    Ok((item, debug.into_iter().chain(serde).collect()))
}

/// Returns the name that a field has on the wire.
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
