//! Writes a `Debug` that leaves out sensitive members.

use quote::quote;
use syn::{ItemImpl, ItemStruct, parse_quote};

use crate::model::Member;
use crate::passes::wire_name;

/// Returns the impl for a struct with a sensitive member, none for others.
pub(super) fn run(item: &ItemStruct, members: &[&Member]) -> Option<ItemImpl> {
    if !members.iter().any(|member| member.sensitive) {
        return None;
    }
    let fields = item.fields.iter().map(|field| {
        let ident = &field.ident;
        let label = ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = wire_name(field);
        match members.iter().find(|member| member.name == name) {
            Some(member) if member.sensitive && member.required => {
                quote!(.field(#label, &Redacted))
            }
            Some(member) if member.sensitive => {
                quote!(.field(#label, &self.#ident.as_ref().map(|_| Redacted)))
            }
            _ => quote!(.field(#label, &self.#ident)),
        }
    });
    let (ident, label) = (&item.ident, item.ident.to_string());
    Some(parse_quote! {
        impl std::fmt::Debug for #ident {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(#label) #(#fields)* .finish()
            }
        }
    })
}
