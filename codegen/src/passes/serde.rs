//! Writes how a struct is read and written, in place of serde's derives.
//!
//! What serde's macros would make is made here once, for everybody: users build
//! no procedural macro, and a struct is read from an object only, while derived
//! code would take an array as well.

use quote::{format_ident, quote};
use syn::{Field, ItemImpl, ItemStruct, parse_quote};

use crate::model::Member;
use crate::passes::wire_name;

/// Returns the impls of `Deserialize` and `Serialize`, and takes serde's
/// attributes away.
pub(super) fn run(item: &mut ItemStruct, members: &[&Member]) -> [ItemImpl; 2] {
    let fields: Vec<Wire> = item.fields.iter().map(|field| Wire::new(field, members)).collect();
    for (field, wire) in item.fields.iter_mut().zip(&fields) {
        field.attrs.retain(|attribute| !attribute.path().is_ident("serde"));
        let name = &wire.name;
        field.attrs.push(match wire.kind {
            Kind::Flag => {
                parse_quote!(#[cfg_attr(feature = "schemars", schemars(rename = #name, default))])
            }
            _ => parse_quote!(#[cfg_attr(feature = "schemars", schemars(rename = #name))]),
        });
    }
    [deserialize(item, &fields), serialize(item, &fields)]
}

/// A field, and how it stands on the wire.
struct Wire {
    ident: proc_macro2::Ident,
    /// Variant of the enum of keys.
    key: proc_macro2::Ident,
    ty: syn::Type,
    name: String,
    aliases: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Required,
    /// An `Option`: absent and null are one value.
    Optional,
    /// The delivery flag, which has a value of its own for absent.
    Flag,
}

impl Wire {
    fn new(field: &Field, members: &[&Member]) -> Self {
        let name = wire_name(field);
        let member = members.iter().find(|member| member.name == name);
        let flag: syn::Type = parse_quote!(Delivered);
        let kind = match member {
            _ if field.ty == flag => Kind::Flag,
            Some(member) if !member.required => Kind::Optional,
            _ => Kind::Required,
        };
        let ident = field.ident.clone().unwrap_or_else(|| format_ident!("unnamed"));
        Self {
            key: format_ident!("{}", crate::names::key(&ident.to_string())),
            ident,
            ty: field.ty.clone(),
            aliases: member.map(|member| member.aliases.clone()).unwrap_or_default(),
            name,
            kind,
        }
    }
}

fn deserialize(item: &ItemStruct, fields: &[Wire]) -> ItemImpl {
    let ident = &item.ident;
    let keys: Vec<_> = fields.iter().map(|field| &field.key).collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    // With an underscore they are no name that the code around them uses.
    let places: Vec<_> = fields.iter().map(|field| format_ident!("{}_", field.ident)).collect();
    let patterns = fields.iter().map(|field| {
        let all = std::iter::once(&field.name).chain(&field.aliases);
        quote!(#(#all)|*)
    });
    let values = fields.iter().zip(&places).map(|(field, place)| {
        let (ident, name) = (&field.ident, &field.name);
        match field.kind {
            Kind::Required => quote!(#ident: crate::object::required(#place, #name)?),
            Kind::Optional => quote!(#ident: #place.flatten()),
            Kind::Flag => quote!(#ident: #place.unwrap_or_default()),
        }
    });
    parse_quote! {
        impl<'de> Deserialize<'de> for #ident {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                enum Key {
                    #(#keys,)*
                }
                struct Members;
                impl<'de> Visitor<'de> for Members {
                    type Value = #ident;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(crate::object::EXPECTED)
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<#ident, A::Error> {
                        #(let mut #places: Option<#types> = None;)*
                        let known = |name: &str| match name {
                            #(#patterns => Some(Key::#keys),)*
                            _ => None,
                        };
                        while let Some(key) = map.next_key_seed(crate::object::Name(known))? {
                            match key {
                                #(Some(Key::#keys) => crate::object::read(&mut map, &mut #places, #names)?,)*
                                None => crate::object::skip(&mut map)?,
                            }
                        }
                        Ok(#ident { #(#values,)* })
                    }
                }
                deserializer.deserialize_map(Members)
            }
        }
    }
}

fn serialize(item: &ItemStruct, fields: &[Wire]) -> ItemImpl {
    let ident = &item.ident;
    let entries = fields.iter().map(|field| {
        let (ident, name) = (&field.ident, &field.name);
        match field.kind {
            Kind::Required => {
                quote!(SerializeMap::serialize_entry(&mut map, #name, &self.#ident)?;)
            }
            Kind::Optional => quote! {
                if let Some(value) = &self.#ident {
                    SerializeMap::serialize_entry(&mut map, #name, value)?;
                }
            },
            Kind::Flag => quote! {
                if !self.#ident.is_absent() {
                    SerializeMap::serialize_entry(&mut map, #name, &self.#ident)?;
                }
            },
        }
    });
    parse_quote! {
        impl Serialize for #ident {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                #(#entries)*
                SerializeMap::end(map)
            }
        }
    }
}
