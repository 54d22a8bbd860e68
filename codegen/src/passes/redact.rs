//! Replaces the derived `Debug` of a struct with a sensitive member by one that does
//! not show it.

use quote::quote;
use syn::punctuated::Punctuated;
use syn::{ItemImpl, ItemStruct, Path, Token, parse_quote};

use crate::model::Member;
use crate::passes::member_of;

/// Returns the impl for a struct with a sensitive member, none for others.
pub(super) fn run(item: &mut ItemStruct, members: &[&Member]) -> Option<ItemImpl> {
    if !members.iter().any(|member| member.sensitive) {
        return None;
    }
    for attribute in item.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let parse = Punctuated::<Path, Token![,]>::parse_terminated;
        if let Ok(derives) = attribute.parse_args_with(parse) {
            let others = derives.iter().filter(|path| !path.is_ident("Debug"));
            *attribute = parse_quote!(#[derive(#(#others),*)]);
        }
    }
    let fields = item.fields.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        let label = ident.to_string();
        Some(match member_of(field, members) {
            Some(member) if member.sensitive && member.required => {
                quote!(.field(#label, &Redacted))
            }
            Some(member) if member.sensitive => {
                quote!(.field(#label, &self.#ident.as_ref().map(|_| Redacted)))
            }
            _ => quote!(.field(#label, &self.#ident)),
        })
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
