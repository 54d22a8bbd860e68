//! Gives the delivery flag its own type: an `Option` could not tell absent from
//! null.

use syn::{ItemStruct, parse_quote};

pub(super) fn run(item: &mut ItemStruct) {
    let flag: syn::Type = parse_quote!(Option<Delivered>);
    for field in item.fields.iter_mut().filter(|field| field.ty == flag) {
        field.ty = parse_quote!(Delivered);
    }
}
