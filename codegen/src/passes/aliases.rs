//! Lets a member be read under its other names too.

use syn::parse_quote;

use crate::passes::Made;

pub(super) fn run(made: &mut Made<'_>) {
    for (field, member) in &mut made.fields {
        let aliases = &member.aliases;
        if !aliases.is_empty() {
            field.attrs.push(parse_quote!(#[serde(#(alias = #aliases),*)]));
        }
    }
}
