//! Reads objects from objects only: derived code would take an array as well.

use std::collections::BTreeSet;

use syn::{ItemStruct, parse_quote};

use crate::model::Member;

pub(super) fn run(item: &mut ItemStruct, members: &[&Member], objects: &BTreeSet<String>) {
    for (field, member) in item.fields.iter_mut().zip(members) {
        if !member.ty.named().is_some_and(|name| objects.contains(name)) {
            continue;
        }
        // A function for reading takes away serde's default for an `Option`.
        field.attrs.push(if member.required {
            parse_quote!(#[serde(deserialize_with = "crate::runtime::object")])
        } else {
            parse_quote!(#[serde(default, deserialize_with = "crate::runtime::object")])
        });
    }
}
