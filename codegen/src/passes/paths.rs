//! Shortens typify's absolute paths: every generated file imports what it uses.

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, ItemStruct, Meta, Path, parse_quote};

pub(super) fn run(item: &mut ItemStruct) {
    LastSegment.visit_item_struct_mut(item);
    for field in &mut item.fields {
        for attribute in &mut field.attrs {
            shorten_skip(attribute);
        }
    }
}

struct LastSegment;

impl VisitMut for LastSegment {
    fn visit_path_mut(&mut self, path: &mut Path) {
        path.leading_colon = None;
        if let Some(last) = path.segments.pop() {
            path.segments.clear();
            path.segments.push(last);
        }
        visit_mut::visit_path_mut(self, path);
    }
}

/// serde's attribute holds the path in a string, which no visitor reaches.
fn shorten_skip(attribute: &mut Attribute) {
    if let Meta::List(list) = &mut attribute.meta {
        let text =
            list.tokens.to_string().replace("::std::option::Option::is_none", "Option::is_none");
        if let Ok(tokens) = text.parse::<proc_macro2::TokenStream>() {
            *attribute = parse_quote!(#[serde(#tokens)]);
        }
    }
}
