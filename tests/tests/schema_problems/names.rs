//! Names that must become valid and distinct names in Rust.

use std::collections::BTreeSet;
use std::path::Path;

use spektr_codegen::{Named, ProblemKind, SchemaSet};
use spektr_tests::corpus;
use spektr_tests::fixtures::{Event, Files, PING};
use syn::{Item, UseTree, Visibility};

use super::support::{cases, duplicate, not_a_name, note};

cases! {
    rejects_a_title_of_two_types:
        Files::base().common("other", "Ping", r#""type": "string", "x-type": "id""#)
        => [("common/other.schema.json", "/title", duplicate(Named::Type, "Ping", "events/ping.schema.json#/title"))];
    rejects_a_title_of_an_inline_object_that_is_taken:
        note(r#""type": "object", "title": "EventId", "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"]"#)
        => [(PING, "/properties/note/title", duplicate(Named::Type, "EventId", "common/event_id.schema.json#/title"))];
    rejects_a_title_that_is_no_rust_name:
        Files::base().common("other", "Other-Id", r#""type": "string", "x-type": "id""#)
        => [("common/other.schema.json", "/title", not_a_name(Named::Type, "Other-Id"))];
    rejects_a_title_with_an_acronym_in_capitals:
        Files::base().common("check", "KYCCheck", r#""type": "string", "x-type": "id""#)
        => [("common/check.schema.json", "/title", not_a_name(Named::Type, "KYCCheck"))];
    rejects_a_member_that_is_no_rust_name:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""the first": { "description": "The first.", "type": "string" }"#, r#""the first""#))
        => [(PING, "/properties/the first", not_a_name(Named::Member, "the first"))];
    rejects_members_that_become_one_field:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""userId": { "description": "A.", "type": "string" }, "user_id": { "description": "B.", "type": "string" }"#,
            r#""userId", "user_id""#))
        => [(PING, "/properties/user_id", duplicate(Named::Member, "user_id", "`userId`"))];
    rejects_a_title_that_the_crate_uses_itself:
        Files::base().common("entry", "Entry", r#""type": "string", "x-type": "id""#)
        => [("common/entry.schema.json", "/title", ProblemKind::ReservedName("Entry".into()))];
    rejects_a_title_that_generated_files_import:
        Files::base().common("tag", "Tag", r#""type": "string", "x-type": "id""#)
        => [("common/tag.schema.json", "/title", ProblemKind::ReservedName("Tag".into()))];
    rejects_a_title_that_generated_functions_use:
        Files::base().common("key", "Key", r#""type": "string", "x-type": "id""#)
        => [("common/key.schema.json", "/title", ProblemKind::ReservedName("Key".into()))];
    rejects_titles_that_would_hide_the_prelude:
        Files::base()
            .event(&Event::new("clone", "Clone"))
            .event(&Event::new("into_iterator", "IntoIterator"))
            .common("string", "String", r#""type": "string", "x-type": "id""#)
        => [("common/string.schema.json", "/title", ProblemKind::ReservedName("String".into())),
            ("events/clone.schema.json", "/title", ProblemKind::ReservedName("Clone".into())),
            ("events/into_iterator.schema.json", "/title", ProblemKind::ReservedName("IntoIterator".into()))];
    rejects_the_title_of_an_envelope:
        Files::base().common("a", "TypeEnvelope", r#""type": "string", "x-type": "id""#)
        => [("common/a.schema.json", "/title", duplicate(Named::Type, "TypeEnvelope", "common/type_envelope.schema.json#/title"))];
    rejects_an_event_titled_like_the_unknown_one:
        Files::base().event(&Event::new("unknown", "Unknown"))
        => [("events/unknown.schema.json", "/title", ProblemKind::ReservedName("Unknown".into()))];
}

/// Returns the names that the crate exports beside the generated types: a generated type with such
/// a name would be shadowed without any error.
fn exported() -> BTreeSet<String> {
    fn leaves(tree: &UseTree, found: &mut BTreeSet<String>) {
        match tree {
            UseTree::Path(path) => leaves(&path.tree, found),
            UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, found)),
            UseTree::Name(name) => drop(found.insert(name.ident.to_string())),
            UseTree::Rename(name) => drop(found.insert(name.rename.to_string())),
            UseTree::Glob(_) => {}
        }
    }
    let path = Path::new(corpus::workspace_root()).join("spektr-types/src/lib.rs");
    let file = syn::parse_file(&corpus::read(&path)).expect("the file is Rust");
    let mut found = BTreeSet::new();
    for item in &file.items {
        if let Item::Use(item) = item
            && matches!(item.vis, Visibility::Public(_))
        {
            leaves(&item.tree, &mut found);
        }
    }
    found
}

#[test]
fn rejects_the_title_of_whatever_the_crate_exports_by_hand() {
    // The name of a type contains lower-case letters. Two of the exported types are defined in the
    // schemas.
    let is_type = |name: &String| name.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_type = |name: &String| is_type(name) && name.starts_with(char::is_uppercase);
    let is_own = |name: &String| ["Delivered", "Timestamp"].contains(&name.as_str());
    let names: BTreeSet<String> =
        exported().into_iter().filter(|name| is_type(name) && !is_own(name)).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let files = Files::base().common("other", &name, r#""type": "string", "x-type": "id""#);
        let problems = SchemaSet::parse(files.list()).expect_err(&name);
        let kinds: Vec<_> = problems.iter().map(|problem| &problem.kind).collect();
        assert_eq!(kinds, [&ProblemKind::ReservedName(name)]);
    }
}
