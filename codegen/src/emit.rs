//! Emits the code that typify cannot make, by `quote!`.

mod catalogue;
mod envelope;
mod event;
mod imports;
mod text_types;

use quote::{format_ident, quote};
use syn::Item;

pub(crate) use catalogue::event_type;
pub(crate) use envelope::envelope;
pub(crate) use event::{event, event_docs, event_impls, expiring};
pub(crate) use imports::{is_imported, with_imports};
pub(crate) use text_types::{id, open_enum, url};

use crate::model::Model;
use crate::names;

/// Parses the tokens of several items.
pub(crate) fn items(tokens: proc_macro2::TokenStream) -> Vec<Item> {
    match syn::parse2::<syn::File>(tokens) {
        Ok(file) => file.items,
        // `generate` refuses a file that contains a verbatim item.
        Err(error) => vec![Item::Verbatim(error.to_compile_error())],
    }
}

/// Emits the module with one submodule for each event.
pub(crate) fn events_module(model: &Model) -> Vec<Item> {
    let modules =
        model.events.iter().map(|event| format_ident!("{}", names::module_ident(&event.module)));
    let uses = modules.clone();
    items(quote! {
        #(mod #modules;)*
        #(pub use #uses::*;)*
    })
}

/// Emits the root of the generated module.
pub(crate) fn module() -> Vec<Item> {
    items(quote! {
        mod envelope;
        mod event;
        mod event_type;
        mod events;
        mod shared;
        pub use event::Event;
        pub use event_type::EventType;
        pub use events::*;
        pub use shared::*;
        pub(crate) use envelope::ENVELOPE;
        pub(crate) use event_type::{CATALOGUE, candidates};
    })
}
