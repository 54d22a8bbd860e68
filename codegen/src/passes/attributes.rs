//! Replaces typify's derives with the crate's own, and gives every field one
//! attribute for serde at the most.

use proc_macro2::TokenStream;
use syn::{Field, ItemStruct, Meta, parse_quote};

use crate::passes::is_serde;

pub(super) fn run(item: &mut ItemStruct, derive_debug: bool) {
    item.fields.iter_mut().for_each(merge_serde);
    item.attrs.retain(|attribute| attribute.path().is_ident("doc"));
    item.attrs.push(if derive_debug {
        parse_quote!(#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)])
    } else {
        parse_quote!(#[derive(Clone, PartialEq, Deserialize, Serialize)])
    });
    item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]));
    item.attrs.push(parse_quote!(#[non_exhaustive]));
}

fn merge_serde(field: &mut Field) {
    let (serde, mut attrs): (Vec<_>, Vec<_>) = field.attrs.drain(..).partition(is_serde);
    let parts: Vec<TokenStream> = serde
        .into_iter()
        .filter_map(|attribute| match attribute.meta {
            Meta::List(list) => Some(list.tokens),
            _ => None,
        })
        .collect();
    if !parts.is_empty() {
        attrs.push(parse_quote!(#[serde(#(#parts),*)]));
    }
    field.attrs = attrs;
}
