//! Generates the files of the types and the embedded schemas from a set of schema files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use syn::Item;

use crate::folders::{SCHEMAS, TYPES};
use crate::model::{Event, Member, Model, TypeKind};
use crate::passes::{self, StructTarget, Tag};
use crate::problem::{Problem, Problems};
use crate::set::SchemaSet;
use crate::{embed, emit, names, render, structs};

/// Returns every file that depends on the schemas alone: the path from the workspace's root, and
/// the text.
///
/// [`reference`](crate::reference) and [`contracts`](crate::contracts()) return the files that also
/// depend on the examples.
///
/// # Errors
///
/// Fails with [`ProblemKind::Defect`](crate::ProblemKind::Defect) if the generated code would
/// differ from the schemas, which is a defect of this crate.
///
/// # Examples
///
/// ```no_run
/// # fn files() -> Vec<(String, String)> { Vec::new() }
/// use spektr_codegen::{SchemaSet, generate};
///
/// let set = SchemaSet::parse(files())?;
/// for (path, text) in generate(&set)? {
///     println!("{}: {} bytes", path.display(), text.len());
/// }
/// # Ok::<(), spektr_codegen::Problems>(())
/// ```
pub fn generate(set: &SchemaSet) -> Result<BTreeMap<PathBuf, String>, Problems> {
    let files = types(set.model()).map_err(Problems::from)?;
    let in_folder = |(name, text)| (PathBuf::from(TYPES).join(name), text);
    let schemas = (PathBuf::from(SCHEMAS).join("schemas.json"), embed::schemas(set));
    Ok(files.into_iter().map(in_folder).chain([schemas]).collect())
}

/// Returns the files of the generated types, by their paths below [`TYPES`].
fn types(model: &Model) -> Result<BTreeMap<String, String>, Problem> {
    let targets = targets(model);
    let mut structs = BTreeMap::new();
    for (target, made) in targets.iter().zip(structs::structs(model, &targets)?) {
        let items = passes::run(made, target, model)
            .map_err(|error| structs::problem(target.file, target.pointer, error.to_string()))?;
        structs.insert(target.name, items);
    }
    let mut of = |name: &str, file: &str| {
        let no_struct = || structs::problem(file, "", format!("no struct `{name}`"));
        structs.remove(name).ok_or_else(no_struct)
    };
    let mut files = BTreeMap::new();
    let mut add = |name: String, from: &str, purpose: &str, items: Vec<Item>| {
        // syn parses tokens that form no item into `Item::Verbatim`.
        if items.iter().any(|item| matches!(item, Item::Verbatim(_))) {
            return Err(structs::problem(
                "",
                "",
                format!("the items of {name} are not valid Rust"),
            ));
        }
        let items = emit::with_imports(model, items);
        files.insert(name, render::render(from, purpose, items));
        Ok(())
    };

    let mut shared = Vec::new();
    let mut own: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
    for def in model.types.values() {
        let items = match &def.kind {
            TypeKind::Object(_) => of(&def.name, &def.file)?,
            TypeKind::Id => emit::id(def),
            TypeKind::Url => emit::url(def),
            TypeKind::OpenEnum(values) => emit::open_enum(def, values),
            // Their code is written by hand.
            TypeKind::Timestamp | TypeKind::Delivered => Vec::new(),
        };
        if def.is_shared() { &mut shared } else { own.entry(&def.file).or_default() }.extend(items);
    }
    for event in &model.events {
        let mut items = of(&event.title, &event.file)?;
        items.extend(emit::event_impls(model, event));
        items.extend(own.remove(event.file.as_str()).into_iter().flatten());
        let from = format!("schema/{}", event.file);
        let purpose = format!("The event `{}`.", event.name);
        let module = names::module_ident(&event.module);
        add(format!("events/{module}.rs"), &from, &purpose, items)?;
    }
    add("shared.rs".into(), "schema/common", "Types that several events share.", shared)?;
    for (name, purpose, items) in [
        ("event.rs", "The event: a documented one, or unknown.", emit::event(model)),
        (
            "envelope.rs",
            "Names of the envelopes' members, and of a batch's.",
            emit::envelope(model),
        ),
        ("event_type.rs", "Names and catalogue of the events.", emit::event_type(model)),
        ("events/mod.rs", "One module per event.", emit::events_module(model)),
        ("mod.rs", "What the schema files say, as Rust.", emit::module()),
    ] {
        add(name.into(), "schema/events", purpose, items)?;
    }
    Ok(files)
}

/// Returns the targets for structs: the events, and the objects in them.
fn targets(model: &Model) -> Vec<StructTarget<'_>> {
    let events = model.events.iter().map(|event| event_target(model, event));
    let objects = model.types.values().filter_map(|def| match &def.kind {
        TypeKind::Object(members) => Some(StructTarget {
            name: &def.name,
            file: &def.file,
            pointer: &def.pointer,
            members: members.iter().collect(),
            docs: passes::escape(&def.description),
            tag: None,
        }),
        _ => None,
    });
    events.chain(objects).collect()
}

fn event_target<'m>(model: &'m Model, event: &'m Event) -> StructTarget<'m> {
    let is_tag = |member: &Member| member.name == "type";
    let envelope = model.envelope.iter().filter(|member| !is_tag(member));
    let index = model.envelope.iter().position(is_tag);
    StructTarget {
        name: &event.title,
        file: &event.file,
        pointer: "",
        members: envelope.chain(&event.members).collect(),
        docs: emit::event_docs(event),
        tag: index.map(|index| Tag { member: &model.envelope[index], index }),
    }
}
