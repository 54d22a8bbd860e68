//! Follows the recipes of `schema/README.md` on a copy of this workspace, as they are written: each
//! must change exactly the files listed here, and `cargo xtask accept` must succeed after them.
//!
//! The copy takes over the compiled third-party packages of the workspace, and builds the
//! workspace's own packages once more. It is kept in the target folder, so a later run only builds
//! the packages that have changed since.

mod support;

use std::collections::BTreeSet;

use spektr_codegen::Json;
use support::{Change, Copy, Recipe, recipes};

/// Files that contain a part of every event's schema and examples.
const ALL: [&str; 7] = [
    "contracts/asyncapi.json",
    "contracts/openapi.json",
    "contracts/spektr.d.ts",
    "contracts/spektr.schema.json",
    "spektr-cli/src/generated/reference.json",
    "spektr-types/src/generated/fixtures.json",
    "spektr-verify/src/generated/schemas.json",
];

/// Further files that list every event.
const LISTS: [&str; 3] = [
    "spektr-types/src/generated/event.rs",
    "spektr-types/src/generated/event_type.rs",
    "spektr-types/src/generated/events/mod.rs",
];

/// Files with users' views of all events: a transcript, and two snapshots.
const TRANSCRIPT: &str = "spektr-cli/tests/cmd/events.md";
const CATALOGUE: &str = "tests/tests/snapshots/generated_files__catalogue.snap";
const TYPES: &str = "tests/tests/snapshots/generated_files__public_types.snap";

/// A generated file of an event that has no schema.
const GONE: &str = "spektr-types/src/generated/events/gone.rs";

/// The file that insta writes if a test with a snapshot fails.
const PROPOSAL: &str = "generated_files__catalogue.snap.new";

/// Returns the files of an event: its schema and full example, written by hand, and its generated
/// type.
fn event(module: &str) -> [String; 3] {
    [
        format!("schema/events/{module}.schema.json"),
        format!("schema/examples/{module}/full.json"),
        format!("spektr-types/src/generated/events/{module}.rs"),
    ]
}

/// Returns the changes that a recipe must make. `names` replaces event names of the recipes by the
/// copy's.
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
        // The first changes the event's status, the second its wire types.
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
        // The recipe has no edit to follow, since the decision's file depends on the decision.
        "Record a decision" => changes.clear(),
        other => panic!("nothing is known of the recipe {other:?}"),
    }
    changes
}

/// Follows a recipe. After "Add an event" it also sets `captured` to another day.
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
        if every_test_is_wanted() {
            copy.take_dependencies();
            copy.succeed(&["accept"]);
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

/// Follows all recipes before "Remove an event" at once, and adds optional members to every event,
/// in a workspace whose snapshots are stale.
#[test]
fn what_the_recipes_change_is_accepted_by_one_command() {
    let edited = Copy::new("edited");
    let present = edited.events();
    for recipe in recipes().iter().take_while(|recipe| recipe.name != "Remove an event") {
        follow(&edited, recipe);
    }
    add_members_to_every_event(&edited, &present);
    // Generates before the copy is duplicated: there, unchanged files then keep the times of a
    // former run.
    edited.succeed(&["codegen"]);
    spoil(&edited);
    let copy = edited.duplicate("accepted");
    copy.take_dependencies();

    let said = copy.succeed(&["accept"]);

    let added = copy.names("case_started");
    let snapshot = |module: &String| format!("tests/tests/snapshots/examples__{module}.snap");
    let mut expected: BTreeSet<_> = event(&added).into_iter().map(Change::Added).collect();
    expected.insert(Change::Added(snapshot(&added)));
    for module in &present {
        expected.extend(event(module).map(Change::Changed));
        expected.insert(Change::Changed(snapshot(module)));
    }
    // The README quotes the file of an event.
    expected.extend(changed(&["schema/README.md", TRANSCRIPT, CATALOGUE, TYPES]));
    expected.extend(changed(&ALL).chain(changed(&LISTS)));
    assert_eq!(copy.changes(), expected, "{said}");
    for line in [
        format!("  new     schema/events/{added}.schema.json"),
        format!("  changed {TRANSCRIPT}"),
        "read every difference with `git diff`, then run `cargo xtask check`".to_owned(),
    ] {
        assert!(said.lines().any(|found| found == line), "{line}\n{said}");
    }
    let proposal = copy.path("tests/tests/snapshots").join(PROPOSAL);
    assert!(!proposal.exists(), "{} is left", proposal.display());
    if every_test_is_wanted() {
        copy.cargo(&tests_of_the_schema(&copy));
    }
}

/// Tells whether to run the slow tests too, which `cargo xtask recipes` asks for.
fn every_test_is_wanted() -> bool {
    std::env::var_os("RECIPES").is_some_and(|value| value == "test")
}

/// Packages whose tests all read the schema, or decode its events.
const READERS: [&str; 4] = ["site", "spektr-types", "spektr-verify", "tests"];

/// Packages in which some tests do.
const PARTLY: [&str; 2] = ["spektr-cli", "spektr-inbox"];

/// Folders whose npm packages tests run.
const NPM: [&str; 2] = ["tests/browser", "tests/contracts"];

/// Returns cargo's arguments for the tests that a change of the schema can affect. Leaves
/// out tests that build a crate from schemas of their own, and tests that run
/// npm packages, which the copy does not have.
fn tests_of_the_schema(copy: &Copy) -> Vec<String> {
    let fixed =
        "test --workspace --all-features --locked --quiet --no-fail-fast --lib --bin spektr";
    let mut arguments: Vec<_> = fixed.split(' ').map(str::to_owned).collect();
    for package in READERS.iter().chain(&PARTLY) {
        let files = std::fs::read_dir(copy.path(package).join("tests")).expect("a folder");
        for path in files.map(|entry| entry.expect("can be listed").path()) {
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let builds_a_crate = text.contains("CARGO_TARGET_TMPDIR");
            let reads = READERS.contains(package) || text.contains("catalogue()");
            let runs_packages = NPM.iter().any(|folder| text.contains(folder));
            if reads && !builds_a_crate && !runs_packages {
                let name = path.file_stem().expect("a name").to_string_lossy();
                arguments.extend(["--test".to_owned(), name.into_owned()]);
            }
        }
    }
    arguments
}

/// Leaves traces of an interrupted or careless change: a stale transcript and stale
/// snapshots, a snapshot of a removed test, a proposal of insta, and generated
/// code of no event.
fn spoil(copy: &Copy) {
    for path in [CATALOGUE, "tests/tests/snapshots/generated_code__lists.snap"] {
        copy.write(path, &(copy.read(path) + "a line that a person added\n"));
    }
    let help = "spektr-cli/tests/cmd/help.md";
    copy.write(help, &copy.read(help).replace("Usage:", "Usages:"));
    for name in ["examples__gone.snap", PROPOSAL] {
        copy.write(&format!("tests/tests/snapshots/{name}"), "---\nsource: x\n---\nold\n");
    }
    copy.write(GONE, &copy.read("spektr-types/src/generated/events/mod.rs"));
}

/// Adds an optional text and an optional sensitive number to every event: to the payload
/// if its file describes the payload, otherwise beside it.
fn add_members_to_every_event(copy: &Copy, modules: &[String]) {
    let text = r#"{ "description": "A text.", "type": ["string", "null"] }"#;
    let number =
        r#"{ "description": "A number.", "type": ["integer", "null"], "x-sensitive": true }"#;
    let added = [("textOfATest", text, "\"some text\""), ("numberOfATest", number, "17")];
    let json = |text: &str| serde_json::from_str::<Json>(text).expect("JSON");
    for module in modules {
        let [schema, full, _] = event(module);
        let mut is_inside = false;
        copy.edit_json(&schema, |schema| {
            let mut properties = member(schema, "properties");
            let data = properties.get("data");
            is_inside = data.is_some_and(|data| data.get("properties").is_some());
            if is_inside {
                properties = member(member(properties, "data"), "properties");
            }
            for (name, described, _) in added {
                push(properties, name, json(described));
            }
        });
        copy.edit_json(&full, |example| {
            let to = if is_inside { member(example, "data") } else { example };
            for (name, _, value) in added {
                push(to, name, json(value));
            }
        });
    }
}

fn member<'j>(json: &'j mut Json, name: &str) -> &'j mut Json {
    let Json::Object(members) = json else { panic!("`{name}` is in an object") };
    members.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value).expect(name)
}

fn push(json: &mut Json, name: &str, value: Json) {
    let Json::Object(members) = json else { panic!("`{name}` goes into an object") };
    members.push((name.to_owned(), value));
}
