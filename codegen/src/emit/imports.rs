//! Adds imports to a generated file, for the names of types in it.
//!
//! Generated code calls functions by their whole path: a member may have the name of
//! a function, and would look like a use of it.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::{Item, parse_quote};

use crate::model::Model;

/// Origins of the names that generated code uses, besides names from the schemas.
const FOREIGN: [(&str, &[&str]); 4] = [
    ("serde", &["Deserialize", "Deserializer", "Serialize", "Serializer"]),
    ("serde_json", &["Map", "Value"]),
    (
        "crate",
        &[
            "Delivered",
            "EventInfo",
            "EventSource",
            "EventStatus",
            "EventType",
            "KnownEvent",
            "RawJson",
            "Timestamp",
            "Unknown",
            "UnknownValue",
            "WithRaw",
            "WireTypes",
        ],
    ),
    ("crate::runtime", &["Beside", "Redacted", "Tag"]),
];

/// Tells whether generated files import an item with this name.
pub(crate) fn is_imported(name: &str) -> bool {
    FOREIGN.iter().any(|(_, names)| names.contains(&name))
}

/// Puts imports before the items, for names that they use and do not define.
pub(crate) fn with_imports(model: &Model, items: Vec<Item>) -> Vec<Item> {
    let mut used = BTreeSet::new();
    let mut defined = BTreeSet::new();
    for item in &items {
        match item {
            Item::Struct(item) => drop(defined.insert(item.ident.to_string())),
            // A variant is named after its type; only its fields are uses of names.
            Item::Enum(item) => {
                defined.insert(item.ident.to_string());
                for variant in &item.variants {
                    collect(variant.fields.to_token_stream(), &mut used);
                }
                continue;
            }
            // A file of module declarations and re-exports needs no imports.
            Item::Mod(_) => return items,
            _ => {}
        }
        collect(item.to_token_stream(), &mut used);
    }
    let generated = model.types.keys().chain(model.events.iter().map(|event| &event.title));
    let generated: BTreeSet<&str> = generated.map(String::as_str).collect();
    let mut imports = Vec::new();
    for (root, names) in FOREIGN {
        let names = names.iter().copied();
        let mut names: BTreeSet<&str> = if root == "crate" {
            names.chain(generated.iter().copied()).collect()
        } else {
            names.collect()
        };
        names.retain(|name| used.contains(*name) && !defined.contains(*name));
        if names.is_empty() {
            continue;
        }
        let names = names.iter().map(|name| format_ident!("{name}"));
        let root = root.split("::").map(|segment| format_ident!("{segment}"));
        imports.push(parse_quote!(use #(#root)::*::{#(#names),*};));
    }
    imports.extend(items);
    imports
}

/// Collects the names at the start of paths. Skips the name behind `type`, which defines an
/// associated type.
fn collect(tokens: TokenStream, used: &mut BTreeSet<String>) {
    // The number of colons before a token: two of them continue a path.
    let mut colons = 0;
    let mut is_given = false;
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                colons += 1;
                continue;
            }
            TokenTree::Ident(ident) => {
                if colons < 2 && !is_given {
                    used.insert(ident.to_string());
                }
                is_given = ident == "type";
            }
            TokenTree::Group(group) => collect(group.stream(), used),
            _ => {}
        }
        colons = 0;
    }
}
