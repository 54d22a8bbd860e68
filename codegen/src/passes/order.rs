//! Puts the fields into the order of the schema; typify sorts them.

use syn::{Fields, ItemStruct};

use crate::model::Member;
use crate::passes::wire_name;

pub(super) fn run(item: &mut ItemStruct, members: &[&Member]) {
    let Fields::Named(fields) = &mut item.fields else { return };
    let mut sorted: Vec<_> = std::mem::take(&mut fields.named).into_iter().collect();
    sorted.sort_by_cached_key(|field| {
        let name = wire_name(field);
        members.iter().position(|member| member.name == name)
    });
    fields.named.extend(sorted);
}
