//! Emits the member names of envelopes and batch, which the reading code looks up.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Item;

use crate::emit::items;
use crate::envelope::{BATCH, EVENT_TYPE_ENVELOPE, TYPE_ENVELOPE, key};
use crate::model::{Member, Model};

/// Emits the members of both envelopes and of the batch, and the function that looks up
/// a member by its name.
pub(crate) fn envelope(model: &Model) -> Vec<Item> {
    let is_new = |member: &&Member| model.envelope.iter().all(|other| other.name != member.name);
    let members = model.envelope.iter().map(|member| (key(&TYPE_ENVELOPE, &member.name), member));
    let others = model.other_envelope.iter().filter(is_new);
    let others = others.map(|member| (key(&EVENT_TYPE_ENVELOPE, &member.name), member));
    let batch = model.batch.iter().map(|member| (key(&BATCH, &member.name), member));
    let all: Vec<_> = members.chain(others).chain(batch).collect();

    let entries = all.iter().map(|(key, member)| entry(*key, member));
    let count = all.len();
    let arms = all.iter().filter_map(|(key, member)| {
        let key = format_ident!("{}", (*key)?);
        let names = member.all_names().map(|name| Literal::byte_string(name.as_bytes()));
        Some(quote!(#(#names)|* => Self::#key))
    });
    items(quote! {
        impl crate::envelope::Key {
            /// Returns the key for a member's name.
            #[inline]
            pub(crate) fn of(name: &[u8]) -> Self {
                match name {
                    #(#arms,)*
                    _ => Self::Other,
                }
            }
        }

        pub(crate) static ENVELOPE: [crate::EnvelopeMember; #count] = [#(#entries),*];
    })
}

fn entry(key: Option<&str>, member: &Member) -> TokenStream {
    let key = format_ident!("{}", key.unwrap_or("Other"));
    let Member { name, aliases, sensitive, .. } = member;
    quote! {
        crate::EnvelopeMember {
            key: crate::envelope::Key::#key,
            name: #name,
            aliases: &[#(#aliases),*],
            is_sensitive: #sensitive,
        }
    }
}
