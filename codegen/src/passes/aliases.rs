//! Adds the other names under which a member is accepted.

use syn::{ItemStruct, parse_quote};

use crate::model::Member;

pub(super) fn run(item: &mut ItemStruct, members: &[&Member]) {
    for (field, member) in item.fields.iter_mut().zip(members) {
        for alias in &member.aliases {
            field.attrs.push(parse_quote!(#[serde(alias = #alias)]));
        }
    }
}
