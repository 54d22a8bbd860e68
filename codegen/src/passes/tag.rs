//! Adds the event's tag as a field of zero size, which reads and writes
//! the event's wire type.

use syn::parse_quote;

use crate::passes::{StructDraft, Tag};

pub(super) fn run<'m>(made: &mut StructDraft<'m>, tag: &Tag<'m>) {
    let ident = &made.item.ident;
    let name = &tag.member.name;
    let field = parse_quote! {
        #[serde(rename = #name)]
        wire_type: Tag<#ident>
    };
    made.fields.insert(tag.index, (field, tag.member));
}
