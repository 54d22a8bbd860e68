//! Keeps a payload that may be typed one day from being a public field of raw JSON,
//! and keeps the raw JSON of one that has been typed since.

use syn::{ItemStruct, Visibility, parse_quote};

use crate::model::{Member, Ty};
use crate::passes::member_of;

/// The member that holds an event's payload.
pub(crate) const PAYLOAD: &str = "data";

pub(super) fn run(item: &mut ItemStruct, members: &[&Member]) {
    for field in item.fields.iter_mut() {
        let Some(member) = member_of(field, members).filter(|member| member.name == PAYLOAD) else {
            continue;
        };
        if member.ty == Ty::Raw {
            field.vis = Visibility::Inherited;
        }
        if member.keeps_raw {
            let ty = &field.ty;
            field.ty = match inner(ty) {
                Some(inner) => parse_quote!(Option<WithRaw<#inner>>),
                None => parse_quote!(WithRaw<#ty>),
            };
        }
    }
}

/// Returns the type inside of an `Option`.
fn inner(ty: &syn::Type) -> Option<&syn::Type> {
    let syn::Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}
