//! Has typify make the structs, and insists that they are what was asked for.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::{Item, ItemStruct};
use typify::{TypeSpace, TypeSpaceSettings};

use crate::lower;
use crate::model::{Member, Model, Ty};
use crate::passes;
use crate::problem::{Problem, ProblemKind};

/// Returns typify's structs by name, each with exactly the fields of its
/// definition, at the types that the members have.
///
/// typify renames, merges or drops what it finds inconvenient without an
/// error, so every difference is made one here.
pub(crate) fn structs(model: &Model) -> Result<BTreeMap<String, ItemStruct>, Problem> {
    let file = run_typify(model).map_err(|message| Problem {
        file: String::new(),
        pointer: String::new(),
        kind: ProblemKind::Typify(message),
    })?;
    Ok(file
        .items
        .into_iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some((item.ident.to_string(), item)),
            // Its error module and the impls of conversions are not used.
            _ => None,
        })
        .collect())
}

fn run_typify(model: &Model) -> Result<syn::File, String> {
    let mut settings = TypeSpaceSettings::default();
    for name in lower::replaced(model) {
        settings.with_replacement(name, name, std::iter::empty());
    }
    let mut space = TypeSpace::new(&settings);
    let definitions = lower::definitions(model).map_err(|error| error.to_string())?;
    space.add_ref_types(definitions).map_err(|error| error.to_string())?;
    syn::parse2(space.to_stream()).map_err(|error| error.to_string())
}

/// Checks that a struct has a field for each member, of the member's type.
/// Paths must have been shortened before.
pub(crate) fn check(item: &ItemStruct, members: &[&Member]) -> Result<(), String> {
    if item.fields.len() != members.len() {
        return Err(format!("{} fields for {} members", item.fields.len(), members.len()));
    }
    for (field, member) in item.fields.iter().zip(members) {
        let name = passes::wire_name(field);
        let expected = rust_type(member);
        let ty: syn::Type = syn::parse_str(&expected).map_err(|error| error.to_string())?;
        if name != member.name || field.ty != ty {
            let found = field.ty.to_token_stream();
            return Err(format!("`{name}: {found}` stands for `{}: {expected}`", member.name));
        }
    }
    Ok(())
}

/// Returns the Rust type of a member's field.
pub(crate) fn rust_type(member: &Member) -> String {
    fn plain(ty: &Ty) -> String {
        match ty {
            Ty::String => "String".into(),
            Ty::Boolean => "bool".into(),
            Ty::Integer => "i64".into(),
            Ty::Number => "f64".into(),
            Ty::Named(name) => name.clone(),
            Ty::Array(items) => format!("Vec<{}>", plain(items)),
            Ty::Map => "Map<String, Value>".into(),
            Ty::Raw => lower::RAW_JSON.into(),
        }
    }
    let ty = plain(&member.ty);
    if member.required { ty } else { format!("Option<{ty}>") }
}
