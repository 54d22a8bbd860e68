//! Lists the public items of generated code, one a line, to compare two states of the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use syn::{Attribute, Fields, FnArg, ImplItem, Item, ItemImpl, Type, Visibility, parse_quote};

/// Returns the items that users of the types crate can name: types with their impls, fields,
/// variants, functions and constants, with their types. It leaves out bodies, values and texts, and
/// does not distinguish derived impls.
pub fn public_api(generated: &BTreeMap<PathBuf, String>) -> BTreeSet<String> {
    let mut api = BTreeSet::new();
    let types = generated.iter().filter(|(path, _)| path.starts_with("spektr-types"));
    for (path, text) in types.filter(|(path, _)| path.extension().is_some_and(|rs| rs == "rs")) {
        let file =
            syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.items.iter().for_each(|item| add_item(&mut api, item));
    }
    api
}

fn add_item(api: &mut BTreeSet<String>, item: &Item) {
    match item {
        Item::Struct(item) if is_public(&item.vis) => {
            let name = &item.ident;
            api.insert(format!("struct {name}"));
            add_derives(api, &name.to_string(), &item.attrs);
            if let Fields::Named(fields) = &item.fields {
                for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                    let ident = field.ident.as_ref().expect("a named field");
                    api.insert(format!("field {name}.{ident}: {}", text(&field.ty)));
                }
            }
        }
        Item::Enum(item) if is_public(&item.vis) => {
            let name = &item.ident;
            api.insert(format!("enum {name}"));
            add_derives(api, &name.to_string(), &item.attrs);
            for variant in &item.variants {
                let types: Vec<_> = variant.fields.iter().map(|field| text(&field.ty)).collect();
                api.insert(format!("variant {name}::{}({})", variant.ident, types.join(", ")));
            }
        }
        Item::Impl(item) => add_impl(api, item),
        // A macro of the crate makes impls; the listing names the macro for each type.
        Item::Macro(item) => {
            let name = item.mac.path.segments.last().expect("a macro has a name");
            api.insert(format!("impls {}({})", name.ident, item.mac.tokens));
        }
        _ => {}
    }
}

fn add_impl(api: &mut BTreeSet<String>, item: &ItemImpl) {
    let of = text(&item.self_ty);
    if let Some((path, _)) = &item.trait_ {
        let last = path.segments.last().expect("a trait has a name");
        // Traits that are private to the crate.
        if !["Object", "Sealed"].iter().any(|hidden| last.ident == hidden) {
            let ty: Type = parse_quote!(#last);
            // A derive of `Deserialize` makes an impl of `Deserialize<'de>`.
            api.insert(format!("impl {} for {of}", text(&ty).replace("<'de>", "")));
        }
        return;
    }
    for item in &item.items {
        match item {
            ImplItem::Fn(function) if is_public(&function.vis) => {
                let signature = &function.sig;
                let inputs: Vec<_> = signature
                    .inputs
                    .iter()
                    .map(|input| match input {
                        FnArg::Receiver(_) => "self".to_owned(),
                        FnArg::Typed(typed) => text(&typed.ty),
                    })
                    .collect();
                let output = match &signature.output {
                    syn::ReturnType::Default => String::new(),
                    syn::ReturnType::Type(_, ty) => text(ty),
                };
                let name = &signature.ident;
                api.insert(format!("fn {of}::{name}({}) -> {output}", inputs.join(", ")));
            }
            ImplItem::Const(constant) if is_public(&constant.vis) => {
                api.insert(format!("const {of}::{}: {}", constant.ident, text(&constant.ty)));
            }
            _ => {}
        }
    }
}

fn add_derives(api: &mut BTreeSet<String>, name: &str, attributes: &[Attribute]) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        attribute
            .parse_nested_meta(|meta| {
                let last = meta.path.segments.last().expect("a derive has a name");
                api.insert(format!("impl {} for {name}", last.ident));
                Ok(())
            })
            .expect("a list of derives");
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Formats a type as the renderer does.
fn text(ty: &Type) -> String {
    let file: syn::File = parse_quote!(type T = #ty;);
    let text = prettyplease::unparse(&file);
    text.trim().trim_start_matches("type T = ").trim_end_matches(';').to_owned()
}
