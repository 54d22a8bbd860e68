//! Emits the names of the events, and the catalogue of the documented facts about them.

use std::collections::BTreeMap;

use proc_macro2::Literal;
use quote::{format_ident, quote};
use syn::Item;

use crate::discriminators;
use crate::emit::event::{is_in_head, variant_attributes};
use crate::emit::items;
use crate::model::{Event, Model, WireTypes};
use crate::names;
use crate::passes::PAYLOAD;

/// Emits the enum of the events' names, and the catalogue.
pub(crate) fn event_type(model: &Model) -> Vec<Item> {
    let names: Vec<_> = model.events.iter().map(|event| format_ident!("{}", event.title)).collect();
    let attributes =
        model.events.iter().map(|event| variant_attributes(event, &format!("`{}`. ", event.name)));
    let wire_types = model.events.iter().map(|event| &event.wire_types.canonical);
    let entries = model.events.iter().map(|event| entry(model, event));
    let count = model.events.len();
    let mut candidates: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (place, event) in model.events.iter().enumerate() {
        for wire_type in event.wire_types.iter() {
            candidates.entry(wire_type.to_ascii_lowercase()).or_default().push(place);
        }
    }
    let candidates = candidates.iter().map(|(wire_type, places)| {
        let wire_type = Literal::byte_string(wire_type.as_bytes());
        quote!(#wire_type => &[#(#places),*])
    });
    let indices = 0..count;
    items(quote! {
        /// The kind of an event.
        ///
        /// Its text form, for `Display` and for serde, is the wire type. Reading accepts each wire
        /// type of an event. A wire type that several events accept means the event that lists it
        /// as canonical. Comparison, order and `Hash` are those of the text, and ignore ASCII case,
        /// for unknown events too.
        ///
        /// # Examples
        ///
        /// ```
        /// use spektr_types::EventType;
        ///
        /// let known: EventType = "ALERT_RESOLVED".parse()?;
        /// assert_eq!(known, EventType::AlertResolved);
        /// assert_eq!(known, "alert_resolved");
        /// let unknown = EventType::from("Something_New");
        /// assert!(unknown.info().is_none());
        /// assert_eq!(unknown, EventType::from("something_new"));
        /// assert_eq!(unknown.as_str(), "Something_New");
        /// # Ok::<(), std::convert::Infallible>(())
        /// ```
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum EventType {
            #(#attributes #names,)*
            /// A wire type that the schema does not know. Compare its text by
            /// [`as_str`](Self::as_str): that still works once a later version knows
            /// the event.
            Unknown(UnknownValue),
        }

        impl EventType {
            /// Returns the wire type: the canonical one for a known event, the received one
            /// for an unknown event.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#names => #wire_types,)*
                    Self::Unknown(value) => value.as_str(),
                }
            }

            /// Returns the documented facts about a known event, or `None` for an unknown one.
            pub fn info(&self) -> Option<&'static EventInfo> {
                match self {
                    #(Self::#names => Some(&CATALOGUE[#indices]),)*
                    Self::Unknown(_) => None,
                }
            }
        }

        crate::runtime::open_text_impls!(EventType, str::eq_ignore_ascii_case);
        crate::runtime::shown_text_impls!(EventType);

        /// Returns the catalogue indexes of the events that a wire type, in lower
        /// case, can mean.
        pub(crate) fn candidates(wire_type: &[u8]) -> &'static [usize] {
            match wire_type {
                #(#candidates,)*
                _ => &[],
            }
        }

        pub(crate) static CATALOGUE: [EventInfo; #count] = [#(#entries),*];
    })
}

fn entry(model: &Model, event: &Event) -> proc_macro2::TokenStream {
    let variant = format_ident!("{}", event.title);
    let (name, summary) = (&event.name, &event.description);
    let WireTypes { canonical, accepted } = &event.wire_types;
    let status = format_ident!("{}", names::variant(event.status.as_str()));
    let source = &event.source;
    let (page, section, captured) = (&source.page, &source.section, &source.captured);
    let version = match &source.version {
        Some(version) => quote!(Some(#version)),
        None => quote!(None),
    };
    let paths = event.discriminators.iter();
    let paths = paths.flat_map(|pointer| discriminators::paths(model, event, pointer));
    let discriminators = paths.map(|path| quote!(&[#(#path),*]));
    let beside = event.members.iter().filter(|member| member.name != PAYLOAD).map(|member| {
        let (name, aliases, required) = (&member.name, &member.aliases, member.required);
        quote!(Beside { name: #name, aliases: &[#(#aliases),*], required: #required })
    });
    let is_in_head = is_in_head(model, event);
    quote! {
        EventInfo {
            event_type: EventType::#variant,
            name: #name,
            status: EventStatus::#status,
            wire_types: WireTypes { canonical: #canonical, accepted: &[#(#accepted),*] },
            summary: #summary,
            source: EventSource {
                page: #page,
                version: #version,
                section: #section,
                captured: #captured,
            },
            discriminators: &[#(#discriminators),*],
            beside: &[#(#beside),*],
            is_in_head: #is_in_head,
            read: |entry, info| crate::runtime::read(entry, info).map(crate::Event::#variant),
        }
    }
}
