//! Shortens typify's absolute paths of types: every generated file imports the types that it
//! uses.

use syn::Path;
use syn::visit_mut::{self, VisitMut};

use crate::passes::StructDraft;

pub(super) fn run(made: &mut StructDraft<'_>) {
    for (field, _) in &mut made.fields {
        LastSegment.visit_type_mut(&mut field.ty);
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
