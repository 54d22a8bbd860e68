//! Emits types that are a string on the wire: ids, URLs, open enums.

use quote::{format_ident, quote};
use syn::Item;

use crate::emit::items;
use crate::model::{KnownValue, TypeDef};
use crate::names;
use crate::passes::{doc_tokens, escape};

/// Emits the type of an id: a string that is not interchangeable with other ids.
pub(crate) fn id(def: &TypeDef) -> Vec<Item> {
    let name = format_ident!("{}", def.name);
    let docs = doc_tokens(&escape(&def.description));
    items(quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schemars-1", derive(schemars::JsonSchema), schemars(transparent))]
        pub struct #name(String);

        crate::runtime::owned_text_impls!(#name);
        crate::runtime::shown_text_impls!(#name);
    })
}

/// Emits the type of a bearer URL, which `Debug` hides.
pub(crate) fn url(def: &TypeDef) -> Vec<Item> {
    let name = format_ident!("{}", def.name);
    let label = &def.name;
    let docs = doc_tokens(&format!(
        "{}\n\nPossession of the URL grants access to the file, so `Debug` does not show it and\nthere is no `Display`.",
        escape(&def.description)
    ));
    items(quote! {
        #docs
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schemars-1", derive(schemars::JsonSchema), schemars(transparent))]
        pub struct #name(String);

        impl std::fmt::Debug for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(#label).field(&Redacted).finish()
            }
        }

        crate::runtime::owned_text_impls!(#name);
    })
}

/// Emits an enum of the known values, with one variant for all others.
pub(crate) fn open_enum(def: &TypeDef, values: &[KnownValue]) -> Vec<Item> {
    let name = format_ident!("{}", def.name);
    let docs = doc_tokens(&format!(
        "{}\n\nThe set is open: [`{}::Unknown`] keeps any other value.",
        escape(&def.description),
        def.name
    ));
    let texts: Vec<&str> = values.iter().map(|known| known.value.as_str()).collect();
    let variants: Vec<_> =
        values.iter().map(|known| format_ident!("{}", names::variant(&known.value))).collect();
    let variant_docs = values.iter().map(|known| doc_tokens(&escape(&known.description)));
    let unknown_docs = doc_tokens(
        "A value that the schema does not know. Compare its text by [`as_str`](Self::as_str):\n\
         that still works once a later version knows the value.",
    );
    items(quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#variant_docs #variants,)*
            #unknown_docs
            Unknown(UnknownValue),
        }

        impl #name {
            /// The known values, as on the wire.
            pub const KNOWN: &'static [&'static str] = &[#(#texts),*];

            /// Returns the text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #texts,)*
                    Self::Unknown(value) => value.as_str(),
                }
            }
        }

        impl From<&str> for #name {
            fn from(text: &str) -> Self {
                match text {
                    #(#texts => Self::#variants,)*
                    _ => Self::Unknown(UnknownValue::new(text)),
                }
            }
        }

        crate::runtime::open_text_impls!(#name);
        crate::runtime::shown_text_impls!(#name);
    })
}
