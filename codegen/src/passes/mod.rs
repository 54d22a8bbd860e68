//! Passes over typify's structs: what typify cannot say, one file each, in the order
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

/// A struct that has to be made: the parts of the model that typify and the passes
/// need.
pub(crate) struct Target<'m> {
    /// Rust name.
    pub(crate) name: &'m str,
    /// Path of the file that defines it, below the schema folder.
    pub(crate) file: &'m str,
    /// JSON pointer of the definition in that file.
    pub(crate) pointer: &'m str,
    /// All members that typify makes a field of, in the order of the schema.
    pub(crate) members: Vec<&'m Member>,
    /// The text above the struct.
    pub(crate) docs: String,
    /// Whether it is an event, and where among the members its tag goes.
    pub(crate) tag: Option<Tag<'m>>,
}

/// The discriminator of an event: typify never sees it.
pub(crate) struct Tag<'m> {
    /// The member `type` of the envelope.
    pub(crate) member: &'m Member,
    /// Its place among the envelope's members.
    pub(crate) index: usize,
}

/// A struct in the making: each of its fields stands beside the member that it is of,
/// so that no pass has to look for it.
#[derive(Debug)]
pub(crate) struct Made<'m> {
    /// typify's struct, whose fields have been taken out.
    pub(crate) item: ItemStruct,
    /// The fields in the order of the schema.
    pub(crate) fields: Vec<(Field, &'m Member)>,
}

/// Adds to typify's struct what it cannot say; returns it with its `Debug`, where
/// that cannot be derived.
pub(crate) fn run<'m>(
    mut made: Made<'m>,
    target: &Target<'m>,
    model: &Model,
) -> Result<Vec<Item>, syn::Error> {
    paths::run(&mut made);
    // serde's attributes belong behind the derive that knows them.
    made.item.attrs.sort_by_key(|attribute| !attribute.path().is_ident("derive"));
    delivered::run(&mut made, model);
    if let Some(tag) = &target.tag {
        payload::run(&mut made);
        tag::run(&mut made, tag);
    }
    aliases::run(&mut made);
    docs::run(&mut made, target);
    let debug = redact::run(&mut made)?;
    let Made { mut item, fields } = made;
    item.fields = Fields::Named(FieldsNamed {
        brace_token: syn::token::Brace::default(),
        named: fields.into_iter().map(|(field, _)| field).collect(),
    });
    Ok(std::iter::once(Item::Struct(item)).chain(debug.map(Item::Impl)).collect())
}

/// Returns the type inside of an `Option`.
pub(crate) fn optional(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}
