//! Lets serde read a member under its aliases too.

use syn::parse_quote;

use crate::passes::StructDraft;

pub(super) fn run(made: &mut StructDraft<'_>) {
    for (field, member) in &mut made.fields {
        let aliases = &member.aliases;
        if !aliases.is_empty() {
            field.attrs.push(parse_quote!(#[serde(#(alias = #aliases),*)]));
        }
    }
}
