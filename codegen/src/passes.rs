//! Passes that add to typify's structs what typify cannot express: one file each, in the order
//! in which they run.

mod aliases;
mod delivered;
mod docs;
mod paths;
mod payload;
mod redact;
mod tag;

pub(crate) use docs::{escape, tokens as doc_tokens, wrap};
pub(crate) use payload::PAYLOAD;

use syn::{Field, Fields, FieldsNamed, GenericArgument, Item, ItemStruct, PathArguments, Type};

use crate::model::{Member, Model};

/// A struct to be made: the parts of the model that typify and the passes
/// need.
pub(crate) struct StructTarget<'m> {
    /// Rust name.
    pub(crate) name: &'m str,
    /// Path of the defining file, below the schema folder.
    pub(crate) file: &'m str,
    /// JSON pointer of the definition in that file.
    pub(crate) pointer: &'m str,
    /// All members that typify makes fields of, in the order of the schema.
    pub(crate) members: Vec<&'m Member>,
    /// The struct's documentation.
    pub(crate) docs: String,
    /// The tag, if the struct is an event.
    pub(crate) tag: Option<Tag<'m>>,
}

/// The member that tells an event; it is kept from typify.
pub(crate) struct Tag<'m> {
    /// The member `type` of the envelope.
    pub(crate) member: &'m Member,
    /// Index among the envelope's members, at which the field is inserted.
    pub(crate) index: usize,
}

/// A struct in the making. Each field is paired with its member, so that no pass needs to search
/// for it.
#[derive(Debug)]
pub(crate) struct StructDraft<'m> {
    /// typify's struct without its fields.
    pub(crate) item: ItemStruct,
    /// The fields in the order of the schema.
    pub(crate) fields: Vec<(Field, &'m Member)>,
}

/// Runs the passes over typify's struct. Returns it with an impl of `Debug`, if
/// `Debug` cannot be derived.
pub(crate) fn run<'m>(
    mut made: StructDraft<'m>,
    target: &StructTarget<'m>,
    model: &Model,
) -> Result<Vec<Item>, syn::Error> {
    paths::run(&mut made);
    // serde's attributes must follow the derive that reads them.
    made.item.attrs.sort_by_key(|attribute| !attribute.path().is_ident("derive"));
    delivered::run(&mut made, model);
    if let Some(tag) = &target.tag {
        payload::run(&mut made);
        tag::run(&mut made, tag);
    }
    aliases::run(&mut made);
    docs::run(&mut made, target);
    let debug = redact::run(&mut made)?;
    let StructDraft { mut item, fields } = made;
    item.fields = Fields::Named(FieldsNamed {
        brace_token: syn::token::Brace::default(),
        named: fields.into_iter().map(|(field, _)| field).collect(),
    });
    Ok(std::iter::once(Item::Struct(item)).chain(debug.map(Item::Impl)).collect())
}

/// Returns the type inside an `Option`.
pub(crate) fn optional(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}
