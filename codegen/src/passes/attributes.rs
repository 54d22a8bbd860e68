//! Replaces typify's derives with the crate's own.

use syn::{ItemStruct, parse_quote};

pub(super) fn run(item: &mut ItemStruct, derive_debug: bool) {
    item.attrs.retain(|attribute| attribute.path().is_ident("doc"));
    item.attrs.push(if derive_debug {
        parse_quote!(#[derive(Clone, Debug, PartialEq)])
    } else {
        parse_quote!(#[derive(Clone, PartialEq)])
    });
    item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]));
    item.attrs.push(parse_quote!(#[non_exhaustive]));
}
