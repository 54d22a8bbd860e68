//! The recipes of `schema/README.md`, followed on a copy of this workspace as they are
//! written there: each changes the files that are listed here and no others.

mod support;

use std::collections::BTreeSet;

use support::{Change, Copy, Recipe, recipes};

/// Carry something of every event's schema and examples.
const ALL: [&str; 3] = [
    "spektr-cli/src/generated/reference.json",
    "spektr-types/src/generated/fixtures.json",
    "spektr-verify/src/generated/schemas.json",
];

/// Besides, what every event is listed in.
const LISTS: [&str; 3] = [
    "spektr-types/src/generated/event.rs",
    "spektr-types/src/generated/event_type.rs",
    "spektr-types/src/generated/events/mod.rs",
];

/// Returns the files of an event: what is written by hand, and its type.
fn event(module: &str) -> [String; 3] {
    [
        format!("schema/events/{module}.schema.json"),
        format!("schema/examples/{module}/full.json"),
        format!("spektr-types/src/generated/events/{module}.rs"),
    ]
}

/// Returns what a recipe changes, and its own words for the names of the events.
fn changed_by(recipe: &str, names: &dyn Fn(&str) -> String) -> BTreeSet<Change> {
    let (opened, started) = (event(&names("case_opened")), event(&names("case_started")));
    let [_, event_type, _] = LISTS;
    let mut changes: BTreeSet<_> = changed(&ALL).collect();
    match recipe {
        "Add an event" => {
            changes.extend(opened.map(Change::Added));
            changes.extend(changed(&LISTS));
        }
        "Add an optional member" | "Rename a member" => {
            changes.extend(opened.map(Change::Changed));
        }
        // The status of the one, and the wire types of the other.
        "Type the payload of an event in progress" | "Correct a wire type" => {
            changes.extend(opened.map(Change::Changed));
            changes.extend(changed(&[event_type]));
        }
        "Rename an event" => {
            changes.extend(opened.map(Change::Removed));
            changes.extend(started.map(Change::Added));
            changes.extend(changed(&LISTS));
        }
        "Remove an event" => {
            changes.extend(started.map(Change::Removed));
            changes.extend(changed(&LISTS));
        }
        // It has no edit to follow: the file is the one that the decision is about.
        "Record a decision" => changes.clear(),
        other => panic!("nothing is known of the recipe {other:?}"),
    }
    changes
}

/// Follows a recipe. Some days pass after an event was added.
fn follow(copy: &Copy, recipe: &Recipe) {
    recipe.follow(copy);
    if recipe.name == "Add an event" {
        let path = copy.names("schema/events/case_opened.schema.json");
        let text = copy.read(&path);
        let captured = text.lines().find(|line| line.contains("\"captured\": "));
        copy.edit(&path, captured.expect("the day is given"), "    \"captured\": \"2026-11-24\"");
    }
}

#[test]
fn each_recipe_changes_these_files_and_no_others() {
    let copy = Copy::new("recipes");
    let mut followed = Vec::new();
    for recipe in recipes() {
        follow(&copy, &recipe);
        copy.succeed(&["codegen"]);
        let expected = changed_by(recipe.name, &|text| copy.names(text));
        assert_eq!(copy.changes(), expected, "{}", recipe.name);

        let said = copy.succeed(&["schema", "diff"]);
        let (lines, _sum) = said.trim_end().rsplit_once('\n').unwrap_or_default();
        assert_eq!(lines, copy.names(recipe.said.trim_end()), "{}", recipe.name);
        for (least, words) in [
            ("breaking", &["breaking"][..]),
            ("stricter", &["breaking", "stricter"]),
            ("additive", &["breaking", "stricter", "additive"]),
        ] {
            let fails = words.iter().any(|word| lines.lines().any(|line| line.starts_with(word)));
            let output = copy.xtask(&["schema", "diff", "--fail-on", least]);
            assert_eq!(output.status.code(), Some(fails.into()), "{}: {least}", recipe.name);
        }
        copy.commit();
        followed.push(recipe.name);
    }
    assert_eq!(
        followed,
        [
            "Add an event",
            "Type the payload of an event in progress",
            "Add an optional member",
            "Rename a member",
            "Correct a wire type",
            "Rename an event",
            "Remove an event",
            "Record a decision",
        ]
    );
}

fn changed(paths: &[&str]) -> impl Iterator<Item = Change> {
    paths.iter().map(|path| Change::Changed((*path).to_owned()))
}
