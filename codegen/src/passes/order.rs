//! Puts the fields into the order of the schema; typify sorts them.

use syn::{Fields, ItemStruct};

use crate::model::Member;
use crate::passes::wire_name;

pub(super) fn run(item: &mut ItemStruct, members: &[&Member]) -> Result<(), String> {
    let Fields::Named(fields) = &mut item.fields else {
        return Err("a struct without named fields".into());
    };
    let mut unordered: Vec<_> = std::mem::take(&mut fields.named).into_iter().collect();
    for member in members {
        let place = unordered
            .iter()
            .position(|field| wire_name(field) == member.name)
            .ok_or_else(|| format!("no field for `{}`", member.name))?;
        fields.named.push(unordered.swap_remove(place));
    }
    match unordered.first() {
        Some(field) => Err(format!("a field `{}` that no member asked for", wire_name(field))),
        None => Ok(()),
    }
}
