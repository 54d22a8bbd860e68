//! Gives the delivery flag its own type: an `Option` cannot distinguish absent from
//! null.

use syn::parse_quote;

use crate::model::{Model, TypeKind};
use crate::passes::StructDraft;

pub(super) fn run(made: &mut StructDraft<'_>, model: &Model) {
    for (field, member) in made.fields.iter_mut().filter(|(_, member)| !member.required) {
        if !matches!(model.kind(&member.ty), Some(TypeKind::Delivered)) {
            continue;
        }
        let name = &member.name;
        field.ty = parse_quote!(Delivered);
        // typify's attributes are for an `Option`.
        field.attrs.retain(|attribute| !attribute.path().is_ident("serde"));
        field.attrs.push(parse_quote! {
            #[serde(rename = #name, default, skip_serializing_if = "Delivered::is_absent")]
        });
    }
}
