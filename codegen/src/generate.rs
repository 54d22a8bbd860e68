//! The whole way from a set of schemas to the files of the generated module.

use std::collections::BTreeMap;
use std::path::PathBuf;

use syn::{Item, ItemStruct};

use crate::model::{Event, Model, TypeDef, TypeKind};
use crate::passes::{self, Tag, Target};
use crate::problem::{Problem, ProblemKind, Problems};
use crate::reference::REFERENCE;
use crate::set::SchemaSet;
use crate::{embed, emit, render, structs};

/// Folder of the generated types, from the workspace's root.
const TYPES: &str = "spektr-types/src/generated";

/// Folder of the embedded schemas, from the workspace's root.
const SCHEMAS: &str = "spektr-verify/src/generated";

/// Folders, from the workspace's root, that hold generated files and nothing
/// else: any other file in them is left over.
pub const FOLDERS: [&str; 3] = [TYPES, SCHEMAS, REFERENCE];

/// Returns every file that follows from the schemas alone, as paths from the workspace's root and texts.
///
/// [`reference`](crate::reference) adds those that the examples go into.
///
/// # Errors
///
/// Fails with [`ProblemKind::Typify`] where typify made something else than the
/// schemas say, which is a defect of this crate.
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
    let model = set.model();
    let structs = structs::structs(model).map_err(Problems::from)?;
    let mut generator = Generator { model, structs, problems: Vec::new() };
    let files = generator.files();
    Problems::into_result(generator.problems)?;
    let in_folder = |(name, text)| (PathBuf::from(TYPES).join(name), text);
    let schemas = (PathBuf::from(SCHEMAS).join("mod.rs"), embed::schemas(set));
    Ok(files.into_iter().map(in_folder).chain([schemas]).collect())
}

struct Generator<'m> {
    model: &'m Model,
    /// What typify made, taken out as it is used.
    structs: BTreeMap<String, ItemStruct>,
    problems: Vec<Problem>,
}

impl Generator<'_> {
    fn files(&mut self) -> BTreeMap<String, String> {
        let model = self.model;
        let mut files = BTreeMap::new();
        for event in &model.events {
            let mut items = self.event_items(event);
            for def in model.types.values().filter(|def| def.file == event.file) {
                items.extend(self.type_items(def));
            }
            let purpose = format!("The event `{}`.", event.name);
            let from = format!("schema/{}", event.file);
            let items = emit::with_imports(model, items);
            files.insert(
                format!("events/{}.rs", event.module),
                render::render(&from, &purpose, items),
            );
        }
        let mut shared = Vec::new();
        for def in model.types.values().filter(|def| def.is_shared()) {
            shared.extend(self.type_items(def));
        }
        let everything = "schema/events";
        for (name, from, purpose, items) in [
            ("shared.rs", "schema/common", "Types that several events share.", shared),
            (
                "event.rs",
                everything,
                "The event: a documented one, or unknown.",
                emit::event(model),
            ),
            (
                "event_type.rs",
                everything,
                "Names and catalogue of the events.",
                emit::event_type(model),
            ),
            ("events/mod.rs", everything, "One module per event.", emit::events_module(model)),
            ("mod.rs", everything, "What the schema files say, as Rust.", emit::module()),
        ] {
            let items = emit::with_imports(model, items);
            files.insert(name.to_owned(), render::render(from, purpose, items));
        }
        files
    }

    fn event_items(&mut self, event: &Event) -> Vec<Item> {
        let envelope = &self.model.envelope;
        let tag = envelope.iter().position(|member| member.name == "type");
        let target = Target {
            members: envelope
                .iter()
                .filter(|member| member.name != "type")
                .chain(&event.members)
                .collect(),
            docs: emit::event_docs(event),
            tag: tag.map(|index| Tag { member: &envelope[index], index }),
        };
        let mut items = self.struct_items(&event.title, &event.file, "", &target);
        items.extend(emit::event_impls(self.model, event));
        items
    }

    fn type_items(&mut self, def: &TypeDef) -> Vec<Item> {
        match &def.kind {
            TypeKind::Object(members) => {
                let target = Target {
                    members: members.iter().collect(),
                    docs: passes::escape(&def.description),
                    tag: None,
                };
                self.struct_items(&def.name, &def.file, &def.pointer, &target)
            }
            TypeKind::Id => emit::id(def),
            TypeKind::Url => emit::url(def),
            TypeKind::OpenEnum(values) => emit::open_enum(def, values),
            // Written by hand.
            TypeKind::Timestamp | TypeKind::Delivered => Vec::new(),
        }
    }

    fn struct_items(
        &mut self,
        name: &str,
        file: &str,
        pointer: &str,
        target: &Target<'_>,
    ) -> Vec<Item> {
        let made = match self.structs.remove(name) {
            Some(item) => passes::run(item, target),
            None => Err("no struct of this name".to_owned()),
        };
        match made {
            Ok((item, impls)) => std::iter::once(Item::Struct(item))
                .chain(impls.into_iter().map(Item::Impl))
                .collect(),
            Err(message) => {
                self.problems.push(Problem {
                    file: file.to_owned(),
                    pointer: pointer.to_owned(),
                    kind: ProblemKind::Typify(message),
                });
                Vec::new()
            }
        }
    }
}
