//! Lists the public items of Rust source as text: the items that users of the crate can name.

use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Visibility, parse_quote};

/// Returns the public items of a file without documentation, private fields and function bodies:
/// types with their fields and variants, functions, constants, traits, modules, re-exports, and
/// implemented traits.
pub fn public_items(source: &str) -> String {
    let mut file = syn::parse_file(source).expect("the source is Rust");
    file.attrs.clear();
    file.items = file.items.into_iter().filter_map(public_item).collect();
    prettyplease::unparse(&file)
}

fn public_item(mut item: Item) -> Option<Item> {
    match &mut item {
        Item::Struct(item) => {
            telling(&mut item.attrs);
            if let Fields::Named(fields) = &mut item.fields {
                let public = std::mem::take(&mut fields.named).into_iter();
                fields.named = public.filter(|field| is_public(&field.vis)).collect();
                fields.named.iter_mut().for_each(|field| field.attrs.clear());
            }
            is_public(&item.vis)
        }
        Item::Enum(item) => {
            telling(&mut item.attrs);
            item.variants.iter_mut().for_each(|variant| variant.attrs.clear());
            is_public(&item.vis)
        }
        Item::Impl(item) => {
            item.attrs.retain(|attribute| attribute.path().is_ident("cfg"));
            let is_of_trait = item.trait_.is_some();
            item.items.retain_mut(|item| match item {
                ImplItem::Fn(function) => {
                    function.attrs.clear();
                    function.block = parse_quote!({});
                    !is_of_trait && is_public(&function.vis)
                }
                ImplItem::Const(constant) => {
                    constant.attrs.clear();
                    is_of_trait || is_public(&constant.vis)
                }
                _ => false,
            });
            let is_private = item.trait_.as_ref().is_some_and(|(path, _)| is_private_trait(path));
            !is_private && (is_of_trait || !item.items.is_empty())
        }
        // Such a macro of the crate implements traits.
        Item::Macro(_) => true,
        Item::Fn(item) => {
            telling(&mut item.attrs);
            *item.block = parse_quote!({});
            is_public(&item.vis)
        }
        Item::Trait(item) => {
            telling(&mut item.attrs);
            for item in &mut item.items {
                match item {
                    TraitItem::Fn(function) => {
                        function.attrs.clear();
                        function.default = function.default.as_ref().map(|_| parse_quote!({}));
                    }
                    TraitItem::Const(constant) => constant.attrs.clear(),
                    TraitItem::Type(ty) => ty.attrs.clear(),
                    _ => {}
                }
            }
            is_public(&item.vis)
        }
        Item::Const(item) => {
            item.attrs.clear();
            is_public(&item.vis)
        }
        Item::Static(item) => {
            item.attrs.clear();
            is_public(&item.vis)
        }
        Item::Type(item) => {
            item.attrs.clear();
            is_public(&item.vis)
        }
        Item::Use(item) => {
            item.attrs.retain(|attribute| attribute.path().is_ident("cfg"));
            is_public(&item.vis)
        }
        Item::Mod(item) => {
            item.attrs.retain(|attribute| attribute.path().is_ident("cfg"));
            // A module with a body has items of its own.
            if let Some((_, items)) = &mut item.content {
                *items = std::mem::take(items).into_iter().filter_map(public_item).collect();
            }
            is_public(&item.vis)
        }
        _ => false,
    }
    .then_some(item)
}

/// Tells whether a trait is private to the crate.
fn is_private_trait(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|name| name.ident == "Object" || name.ident == "Sealed")
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Keeps the attributes that affect users.
fn telling(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| {
        attribute.path().is_ident("derive") || attribute.path().is_ident("non_exhaustive")
    });
}
