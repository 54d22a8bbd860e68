//! Emits the enum of all events, and the impls of each event's struct.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Item;

use crate::emit::items;
use crate::envelope;
use crate::model::{Event, EventStatus, Member, Model, Ty, TypeKind};
use crate::names;
use crate::passes::{PAYLOAD, doc_tokens, escape};

/// Writes the documentation of an event's struct.
pub(crate) fn event_docs(event: &Event) -> String {
    let wire_types: Vec<String> =
        event.wire_types.iter().map(|name| format!("`{}`", escape(name))).collect();
    // The table of events can come from a later version of the page than the section.
    let later =
        event.source.row().filter(|row| Some(&row.version) != event.source.version.as_ref());
    let listed = later
        .map(|row| format!("; last listed in {}, read on {}", escape(&row.version), row.captured))
        .unwrap_or_default();
    let mut text = format!(
        "{}\n\nDocumented as `{}` ({}) {}{listed}.\nOn the wire: {}.",
        escape(&event.description),
        event.name,
        event.status.in_words(),
        escape(&event.source.cited()),
        wire_types.join(", "),
    );
    if !event.decisions.is_empty() {
        text.push_str("\n\n# Decisions\n");
    }
    for decision in &event.decisions {
        text.push_str(&format!(
            "\n- `{}`: {} Chosen: {} Because: {}",
            decision.id,
            escape(&decision.documented),
            escape(&decision.chosen),
            escape(&decision.reason),
        ));
    }
    text
}

/// Emits the impls of an event's struct.
pub(crate) fn event_impls(model: &Model, event: &Event) -> Vec<Item> {
    let name = format_ident!("{}", event.title);
    let aliases = aliases(model, event);
    let aliases = aliases.iter().map(|(name, aliases)| {
        let aliases = aliases.iter();
        quote!(&[#name, #(#aliases),*])
    });
    let mut impls = items(quote! {
        impl crate::catalogue::sealed::Sealed for #name {
            const ALIASES: &'static [&'static [&'static str]] = &[#(#aliases),*];
        }

        impl KnownEvent for #name {
            const EVENT_TYPE: EventType = EventType::#name;
        }
    });
    impls.extend(raw_data(event));
    let expiring = expiring(model, &event.members);
    if !expiring.is_empty() {
        let methods = expiring.iter().map(|(member, seconds)| {
            let method = format_ident!("{}_expire_at", names::field(&member.name));
            let docs = doc_tokens(&format!(
                "Returns when the value of `{}` stops being of use: {seconds} seconds after\n\
                 [`created_at`](Self::created_at). The documentation does not say when the time starts;\n\
                 the event's creation is an inference.",
                member.name
            ));
            quote! {
                #docs
                pub fn #method(&self) -> Timestamp {
                    self.created_at.plus_seconds(#seconds)
                }
            }
        });
        impls.extend(items(quote!(impl #name { #(#methods)* })));
    }
    impls
}

/// Emits the method that returns the raw payload, if the event has one.
fn raw_data(event: &Event) -> Vec<Item> {
    let Some(member) = event.members.iter().find(|member| member.name == PAYLOAD) else {
        return Vec::new();
    };
    let value = match (&member.ty, member.keeps_raw, member.required) {
        (Ty::Raw, _, true) => quote!(Some(&self.data).filter(|raw| raw.as_str() != "null")),
        (Ty::Raw, _, false) => quote!(self.data.as_ref()),
        (_, true, true) => quote!(Some(WithRaw::raw(&self.data))),
        (_, true, false) => quote!(self.data.as_ref().map(WithRaw::raw)),
        _ => return Vec::new(),
    };
    let name = format_ident!("{}", event.title);
    items(quote! {
        impl #name {
            /// Returns the payload, the member `data`, as it arrived, or `None` if it was absent
            /// or null. A later version that types the payload keeps this method.
            pub fn raw_data(&self) -> Option<&RawJson> {
                #value
            }
        }
    })
}

/// Returns the aliases of members at any depth of an event, by the member's name.
fn aliases<'m>(model: &'m Model, event: &'m Event) -> BTreeMap<&'m str, BTreeSet<&'m str>> {
    let mut aliases: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut next: Vec<_> = model.envelope.iter().chain(&event.members).collect();
    while let Some(member) = next.pop() {
        if !member.aliases.is_empty() {
            let all = aliases.entry(member.name.as_str()).or_default();
            all.extend(member.aliases.iter().map(String::as_str));
        }
        let def = member.ty.named().and_then(|name| model.types.get(name));
        if let Some(TypeKind::Object(members)) = def.map(|def| &def.kind)
            && seen.insert(member.ty.named())
        {
            next.extend(members);
        }
    }
    aliases
}

/// Tells whether the head of an entry has a place for every member of the event, under each of
/// its names.
pub(crate) fn is_in_head(model: &Model, event: &Event) -> bool {
    let is_read = |member: &Member| envelope::key(&envelope::TYPE_ENVELOPE, &member.name).is_some();
    let payload = model.other_envelope.iter().find(|member| member.name == PAYLOAD);
    let is_payload = |member: &Member| {
        payload.is_some_and(|outer| outer.name == member.name && outer.aliases == member.aliases)
    };
    model.envelope.iter().all(is_read) && event.members.iter().all(is_payload)
}

/// Returns the members whose values are of use for a limited time, each with the time in seconds.
pub(crate) fn expiring<'m>(model: &'m Model, members: &'m [Member]) -> Vec<(&'m Member, u64)> {
    let mut found = Vec::new();
    for member in members {
        if let Some(seconds) = member.valid_for_seconds {
            found.push((member, seconds));
        }
        // A list of objects has many such values, so it gets no method; its documentation states
        // the time.
        if let Some(TypeKind::Object(members)) = model.kind(&member.ty) {
            found.extend(expiring(model, members));
        }
    }
    found
}

/// Emits the attributes of an event's enum variants: documentation, and deprecation, which the
/// compiler reports to users who match on the variant.
pub(crate) fn variant_attributes(event: &Event, prefix: &str) -> TokenStream {
    let docs = doc_tokens(&format!("{prefix}{}", escape(&event.description)));
    match event.status {
        EventStatus::Deprecated => {
            let note = "deprecated at spektr, which still sends it for now; `#[expect(deprecated)]` \
                        says that it is handled on purpose";
            quote!(#docs #[deprecated(note = #note)])
        }
        EventStatus::Available | EventStatus::Wip => docs,
    }
}

/// Emits the enum of all events.
pub(crate) fn event(model: &Model) -> Vec<Item> {
    let names: Vec<_> = model.events.iter().map(|event| format_ident!("{}", event.title)).collect();
    let attributes = model.events.iter().map(|event| variant_attributes(event, ""));
    items(quote! {
        /// Something that happened at spektr: one of the documented events, or an event
        /// that the schema does not know.
        ///
        /// An unknown event becomes a variant of its own once the schema knows it.
        /// Code that must work before and after that asks for
        /// [`event_type`](Self::event_type) and reads the raw JSON of the entry. A
        /// [`Router`](crate::Router) does so for each event that has no handler function.
        ///
        /// `Deserialize` reads an event from the JSON of either envelope, so a
        /// serialized event, for example in a job queue, can be read back.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            #(#attributes #names(#names),)*
            /// An event that the schema does not know.
            Unknown(Unknown),
        }

        impl Event {
            /// Returns the kind of the event.
            pub fn event_type(&self) -> EventType {
                match self {
                    #(Self::#names(_) => EventType::#names,)*
                    Self::Unknown(unknown) => unknown.event_type().clone(),
                }
            }

            /// Returns the event's id, which is the same in every delivery of the event. An
            /// unknown event may have no valid id.
            pub fn id(&self) -> Option<&EventId> {
                match self {
                    #(Self::#names(event) => Some(&event.id),)*
                    Self::Unknown(unknown) => unknown.id(),
                }
            }

            /// Returns the id of the end-user that the event is about. An unknown event
            /// may have no valid one.
            pub fn spektr_id(&self) -> Option<&SpektrId> {
                match self {
                    #(Self::#names(event) => Some(&event.spektr_id),)*
                    Self::Unknown(unknown) => unknown.spektr_id(),
                }
            }

            /// Returns the id of the workspace that sent the event, if present and valid.
            pub fn workspace_id(&self) -> Option<&WorkspaceId> {
                match self {
                    #(Self::#names(event) => event.workspace_id.as_ref(),)*
                    Self::Unknown(unknown) => unknown.workspace_id(),
                }
            }

            /// Returns the creation time. An unknown event may have no
            /// valid one.
            pub fn created_at(&self) -> Option<Timestamp> {
                match self {
                    #(Self::#names(event) => Some(event.created_at),)*
                    Self::Unknown(unknown) => unknown.created_at(),
                }
            }
        }

        #(
            impl From<#names> for Event {
                fn from(event: #names) -> Self {
                    Self::#names(event)
                }
            }

            impl TryFrom<Event> for #names {
                type Error = Event;

                /// Returns the event itself as the error if it is another event.
                fn try_from(event: Event) -> Result<Self, Event> {
                    match event {
                        Event::#names(event) => Ok(event),
                        other => Err(other),
                    }
                }
            }
        )*

        /// Writes the canonical envelope: `type`, and `createdAt` in milliseconds. An
        /// unknown event is written as it arrived.
        impl Serialize for Event {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    #(Self::#names(event) => event.serialize(serializer),)*
                    Self::Unknown(unknown) => unknown.serialize(serializer),
                }
            }
        }
    })
}
