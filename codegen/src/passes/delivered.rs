//! Gives the delivery flag its own type: an `Option` could not tell absent from
//! null.

use syn::{ItemStruct, parse_quote};

use crate::passes::wire_name;

pub(super) fn run(item: &mut ItemStruct) {
    let flag: syn::Type = parse_quote!(Option<Delivered>);
    for field in item.fields.iter_mut().filter(|field| field.ty == flag) {
        let name = wire_name(field);
        field.ty = parse_quote!(Delivered);
        // What typify wrote is for the option.
        field.attrs.retain(|attribute| !attribute.path().is_ident("serde"));
        field.attrs.push(parse_quote! {
            #[serde(rename = #name, default, skip_serializing_if = "Delivered::is_absent")]
        });
    }
}
