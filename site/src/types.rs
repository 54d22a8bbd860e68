//! Renders the page of types: types that several events share, and types with known values.

use askama::Template;
use spektr_codegen::model::{CommonFile, KnownValue, Model, TypeDef, TypeKind};

use crate::decision::{self, DecisionView};
use crate::event::EventView;
use crate::link::{self, Link};
use crate::member::{self, MemberRow};
use crate::page::Page;
use crate::text::Text;

/// A type with its members, decisions and uses.
pub(crate) struct TypeView<'m> {
    pub(crate) def: &'m TypeDef,
    pub(crate) anchor: String,
    pub(crate) rows: Vec<MemberRow<'m>>,
    pub(crate) decisions: Vec<DecisionView<'m>>,
    /// Members that have this type.
    pub(crate) used_by: Vec<TypeUse>,
    common: Option<&'m CommonFile>,
}

/// Members of one event that have the type.
pub(crate) struct TypeUse {
    pub(crate) event: String,
    pub(crate) members: Vec<Link>,
}

impl<'m> TypeView<'m> {
    pub(crate) fn description(&self) -> Text<'m> {
        Text(&self.def.description)
    }

    /// Describes a value on the wire.
    pub(crate) fn kind(&self) -> &'static str {
        match self.def.kind {
            TypeKind::Id => "string, an opaque id",
            TypeKind::OpenEnum(_) => "string, open to unknown values",
            TypeKind::Url => "URL that grants access to its holder: sensitive",
            _ => self.def.kind.in_words(),
        }
    }

    pub(crate) fn known_values(&self) -> &'m [KnownValue] {
        match &self.def.kind {
            TypeKind::OpenEnum(values) => values,
            _ => &[],
        }
    }

    /// Returns the source of the type, if the type has a file of its own.
    pub(crate) fn source(&self) -> Option<&'m spektr_codegen::model::Source> {
        self.common.map(|common| &common.source)
    }
}

/// All types that the page describes.
pub(crate) struct TypesView<'m>(pub(crate) Vec<TypeView<'m>>);

impl<'m> TypesView<'m> {
    pub(crate) fn new(model: &'m Model, events: &[EventView<'m>]) -> Self {
        let defs = model.types.values().filter(|def| link::has_place(def));
        Self(defs.map(|def| view(model, def, events)).collect())
    }
}

fn view<'m>(model: &'m Model, def: &'m TypeDef, events: &[EventView<'m>]) -> TypeView<'m> {
    let anchor = link::anchor(&def.name);
    let mut rows = match &def.kind {
        TypeKind::Object(members) => member::rows(model, members, &def.file, &def.name),
        _ => Vec::new(),
    };
    let common = model.common.iter().find(|common| common.file == def.file);
    // The decisions of a file belong to the type at its root.
    let common = common.filter(|_| def.pointer.is_empty());
    let decisions = common.map(|common| {
        let prefix = format!("{}/", def.name);
        decision::decisions(model, &common.decisions, &def.file, &prefix, &mut rows)
    });
    TypeView {
        def,
        anchor,
        decisions: decisions.unwrap_or_default(),
        rows,
        used_by: events.iter().filter_map(|event| used_by(event, &def.name)).collect(),
        common,
    }
}

fn used_by(view: &EventView<'_>, name: &str) -> Option<TypeUse> {
    let members = view.rows.iter().filter(|row| row.member.ty.named() == Some(name));
    let members: Vec<_> = members
        .map(|row| Link { text: row.path(), href: format!("{}#{}", view.href(), row.anchor) })
        .collect();
    (!members.is_empty()).then(|| TypeUse { event: view.event.name.clone(), members })
}

#[derive(Template)]
#[template(path = "types.html", whitespace = "minimize")]
pub(crate) struct TypesPage<'p, 'm> {
    pub(crate) page: Page<'p>,
    pub(crate) types: &'p TypesView<'m>,
}
