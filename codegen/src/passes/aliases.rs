//! Lets a member be read under its other names too.

use syn::{ItemStruct, parse_quote};

use crate::model::Member;
use crate::passes::member_of;

pub(super) fn run(item: &mut ItemStruct, members: &[&Member]) {
    for field in item.fields.iter_mut() {
        let aliases = member_of(field, members).map_or(&[][..], |member| &member.aliases);
        if !aliases.is_empty() {
            field.attrs.push(parse_quote!(#[serde(#(alias = #aliases),*)]));
        }
    }
}
