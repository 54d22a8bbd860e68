//! Replaces the derived `Debug` of a struct that has a sensitive member by an impl that
//! redacts it.

use quote::quote;
use syn::punctuated::Punctuated;
use syn::{ItemImpl, Path, Token, parse_quote};

use crate::passes::{StructDraft, optional};

/// Returns the impl for a struct that has a sensitive member, and `None` for others.
pub(super) fn run(made: &mut StructDraft<'_>) -> Result<Option<ItemImpl>, syn::Error> {
    let StructDraft { item, fields } = made;
    if !fields.iter().any(|(_, member)| member.sensitive) {
        return Ok(None);
    }
    for attribute in item.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let derives = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?;
        let others = derives.iter().filter(|path| !path.is_ident("Debug"));
        *attribute = parse_quote!(#[derive(#(#others),*)]);
    }
    let shown = fields.iter().map(|(field, member)| {
        let ident = &field.ident;
        let label = quote!(#ident).to_string();
        match (member.sensitive, optional(&field.ty)) {
            (true, None) => quote!(.field(#label, &Redacted)),
            (true, Some(_)) => quote!(.field(#label, &self.#ident.as_ref().map(|_| Redacted))),
            (false, _) => quote!(.field(#label, &self.#ident)),
        }
    });
    let (ident, label) = (&item.ident, item.ident.to_string());
    Ok(Some(parse_quote! {
        impl std::fmt::Debug for #ident {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(#label) #(#shown)* .finish()
            }
        }
    }))
}
