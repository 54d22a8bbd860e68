//! Puts the discriminator back as a field of no size, which reads and writes
//! the event's wire type.

use syn::{Fields, ItemStruct, parse_quote};

use crate::passes::{Tag, docs};

pub(super) fn run(item: &mut ItemStruct, tag: &Tag<'_>) {
    let ident = &item.ident;
    let attributes = docs::lines(&docs::member_docs(tag.member));
    let name = &tag.member.name;
    let field: syn::Field = parse_quote! {
        #(#attributes)*
        #[serde(rename = #name)]
        wire_type: Tag<#ident>
    };
    if let Fields::Named(fields) = &mut item.fields {
        fields.named.insert(tag.index, field);
    }
}
