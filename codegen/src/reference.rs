//! What a person looks up about the events, as Rust source for the command-line
//! tool: members, recorded decisions and examples.
//!
//! The tool is published by itself and cannot read the schema folder, and the
//! types carry only what decoding needs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Item;

use crate::examples::{Example, Examples, Origin};
use crate::json::Json;
use crate::model::{Decision, Event, Member, Model, Ty, TypeKind};
use crate::problem::Problems;
use crate::set::SchemaSet;
use crate::{embed, emit, render};

/// Folder of the reference, from the workspace's root.
pub(crate) const REFERENCE: &str = "spektr-cli/src/generated";

/// Returns the files of the tool's reference, as paths from the workspace's root
/// and texts.
///
/// The examples are given as paths below the schema folder and what is in them. The
/// tool gets those of the events and of `examples/unknown/`, without invalid ones,
/// whole batches, and those that are the full example with one edit.
///
/// # Errors
///
/// All [`Problems`] of the examples, as [`Examples::parse`] finds them.
pub fn reference<T: AsRef<[u8]>>(
    set: &SchemaSet,
    examples: impl IntoIterator<Item = (String, T)>,
) -> Result<BTreeMap<PathBuf, String>, Problems> {
    let examples = Examples::parse(set.model(), examples)?;
    let model = set.model();
    let mut files = BTreeMap::new();
    for event in &model.events {
        let from = format!("schema/{} and its examples", event.file);
        let purpose = format!("What is to know about `{}`.", event.name);
        let items = details(model, event, &examples);
        files.insert(format!("{}.rs", event.module), render::render(&from, &purpose, items));
    }
    let purpose = "What is to know about the events.";
    let items = root(set, examples_of(&examples, "unknown"));
    files.insert("mod.rs".to_owned(), render::render("schema", purpose, items));
    Ok(files.into_iter().map(|(name, text)| (PathBuf::from(REFERENCE).join(name), text)).collect())
}

/// Returns the examples of a folder that are not the full one with one edit: the
/// tool makes those with `--set`.
fn examples_of(examples: &Examples, folder: &str) -> TokenStream {
    let kept = examples.of(folder).iter().filter(|example| !is_edit(example));
    let kept = kept.map(|example| {
        let case = &example.case;
        let json = raw_string(&serde_json::to_string(&example.body).unwrap_or_default());
        quote!(Example { case: #case, json: #json })
    });
    quote!(&[#(#kept),*])
}

fn is_edit(example: &Example) -> bool {
    matches!(example.origin, Origin::Edited { .. })
}

/// Returns the text as a raw string, which people can read in a diff.
fn raw_string(text: &str) -> TokenStream {
    let hashes = embed::fence(text);
    match format!("r{hashes}\"{text}\"{hashes}").parse::<Literal>() {
        Ok(literal) => quote!(#literal),
        Err(_) => quote!(#text),
    }
}

fn root(set: &SchemaSet, unknown: TokenStream) -> Vec<Item> {
    let model = set.model();
    let modules: Vec<_> =
        model.events.iter().map(|event| format_ident!("{}", event.module)).collect();
    let envelope = members(model, &model.envelope);
    let count = model.events.len();
    let shared = shared_decisions(set);
    emit::items(quote! {
        #(mod #modules;)*
        use crate::catalogue::{Decision, Details, Example, Member};

        /// The members that every event has.
        pub(crate) static ENVELOPE: &[Member] = #envelope;

        /// What is to know about each event.
        pub(crate) static DETAILS: [&Details; #count] = [#(&#modules::DETAILS),*];

        /// Decisions that concern more than one event, by what they are about.
        pub(crate) static SHARED_DECISIONS: &[(&str, &[Decision])] = #shared;

        /// Events that the schema does not know.
        pub(crate) static UNKNOWN: &[Example] = #unknown;
    })
}

/// Returns the decisions of the files in `common/`. The model has only those of
/// the events: nothing else is generated from these.
fn shared_decisions(set: &SchemaSet) -> TokenStream {
    let files = set.files().iter().filter(|(file, _)| file.starts_with("common/"));
    let files = files.filter_map(|(_, json)| {
        let text = |json: &Json, name| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let decisions = json.get("x-decisions")?.elements().iter().filter_map(|json| {
            Some(decision(&Decision {
                id: text(json, "id")?,
                about: json
                    .get("about")?
                    .elements()
                    .iter()
                    .filter_map(Json::as_str)
                    .map(str::to_owned)
                    .collect(),
                documented: text(json, "documented")?,
                chosen: text(json, "chosen")?,
                reason: text(json, "reason")?,
                reviewed: text(json, "state")? == "accepted",
                explains: Vec::new(),
            }))
        });
        let title = text(json, "title")?;
        Some(quote!((#title, &[#(#decisions),*])))
    });
    quote!(&[#(#files),*])
}

fn details(model: &Model, event: &Event, examples: &Examples) -> Vec<Item> {
    let (name, module) = (&event.name, &event.module);
    let examples = examples_of(examples, module);
    let members = members(model, &event.members);
    let decisions = event.decisions.iter().map(decision);
    let mut used = vec![format_ident!("Details"), format_ident!("Example")];
    if !event.decisions.is_empty() {
        used.push(format_ident!("Decision"));
    }
    if !event.members.is_empty() {
        used.push(format_ident!("Member"));
    }
    used.sort();
    emit::items(quote! {
        use crate::catalogue::{#(#used),*};

        pub(super) static DETAILS: Details = Details {
            name: #name,
            module: #module,
            members: #members,
            decisions: &[#(#decisions),*],
            examples: #examples,
        };
    })
}

fn decision(decision: &Decision) -> TokenStream {
    let Decision { id, about, documented, chosen, reason, reviewed, .. } = decision;
    quote! {
        Decision {
            id: #id,
            about: &[#(#about),*],
            documented: #documented,
            chosen: #chosen,
            reason: #reason,
            reviewed: #reviewed,
        }
    }
}

fn members(model: &Model, members: &[Member]) -> TokenStream {
    let members = members.iter().map(|member| self::member(model, member));
    quote!(&[#(#members),*])
}

fn member(model: &Model, member: &Member) -> TokenStream {
    let Member { name, description, required, sensitive, aliases, ty, .. } = member;
    let kind = ty.named().and_then(|name| model.types.get(name)).map(|def| &def.kind);
    let sensitive = *sensitive || matches!(kind, Some(TypeKind::Url));
    let ty = in_words(model, ty);
    let (values, below) = match kind {
        Some(TypeKind::OpenEnum(values)) => (&values[..], quote!(&[])),
        Some(TypeKind::Object(below)) => (&[][..], members(model, below)),
        _ => (&[][..], quote!(&[])),
    };
    let values = values.iter().map(|known| &known.value);
    quote! {
        Member {
            name: #name,
            aliases: &[#(#aliases),*],
            ty: #ty,
            required: #required,
            sensitive: #sensitive,
            description: #description,
            values: &[#(#values),*],
            members: #below,
        }
    }
}

/// Returns a type as what stands on the wire.
fn in_words(model: &Model, ty: &Ty) -> String {
    match ty {
        Ty::Array(items) => format!("array of {}", in_words(model, items)),
        Ty::Named(name) => match model.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Object(_)) | None => "object",
            Some(TypeKind::Id | TypeKind::OpenEnum(_)) => "string",
            Some(TypeKind::Url) => "URL",
            Some(TypeKind::Timestamp) => "timestamp",
            Some(TypeKind::Delivered) => "boolean",
        }
        .to_owned(),
        other => other.to_string(),
    }
}
