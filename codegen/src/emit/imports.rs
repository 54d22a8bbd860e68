//! The imports of a generated file, found from the names of types that it uses.
//!
//! Functions are written with their whole path: a member may have the name of
//! one, and would look like a use of it.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::{Item, parse_quote};

use crate::model::Model;

/// Where the names that generated code uses come from, besides the schemas.
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

/// Tells whether generated files import something else under a name.
pub(crate) fn is_imported(name: &str) -> bool {
    FOREIGN.iter().any(|(_, names)| names.contains(&name))
}

/// Puts imports before the items, for what they use and do not define.
pub(crate) fn with_imports(model: &Model, items: Vec<Item>) -> Vec<Item> {
    let mut used = BTreeSet::new();
    let mut defined = BTreeSet::new();
    for item in &items {
        match item {
            Item::Struct(item) => drop(defined.insert(item.ident.to_string())),
            // The names of variants are no use of what they are named after.
            Item::Enum(item) => {
                defined.insert(item.ident.to_string());
                for variant in &item.variants {
                    collect(variant.fields.to_token_stream(), &mut used);
                }
                continue;
            }
            // A module that declares or re-exports imports nothing.
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

/// Collects the names at the start of paths, without that of an associated type,
/// which is being given.
fn collect(tokens: TokenStream, used: &mut BTreeSet<String>) {
    // How many colons stand before a token: two of them continue a path.
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
