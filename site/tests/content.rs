//! The pages show the facts of the schema, and no text of the schema is interpreted as markup.

mod support;

use spektr_codegen::diff::diff;
use spektr_codegen::tree::{self, MemberBranch};
use spektr_site::Since;
use spektr_tests::corpus::workspace_root;
use spektr_tests::fixtures::{Event, Files, PING as PING_FILE};
use support::{PING, ids, pages, parse, real, site, small, texts};

/// Returns the text of a page without markup, as a reader sees it.
fn seen(page: &str) -> String {
    let mut text = String::new();
    for part in page.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    let text = text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"");
    text.replace("&#39;", "'").replace("&#38;", "&")
}

fn places(branches: &[MemberBranch<'_>], at: &str) -> Vec<String> {
    let mut list = Vec::new();
    for branch in branches {
        let place = format!("{at}/{}", branch.member.name);
        let lists = branch.type_in_words.matches("array of").count();
        list.extend(places(&branch.below, &(place.clone() + &"/*".repeat(lists))));
        list.push(place);
    }
    list
}

#[test]
fn the_page_of_an_event_has_its_members_decisions_and_wire_types() {
    let (set, site) = real();
    for event in &set.model().events {
        let page = &site[&format!("events/{}.html", event.module)];
        let (ids, seen) = (ids(page), seen(page));
        for place in places(&tree::members(set.model(), &event.members), "") {
            assert!(ids.contains(&place), "{}: {place}", event.name);
        }
        for decision in &event.decisions {
            assert!(ids.contains(&format!("decision:{}", decision.id)), "{}", decision.id);
            for text in [&decision.documented, &decision.chosen, &decision.reason] {
                assert!(seen.contains(&text.replace('`', "")), "{}: {text}", decision.id);
            }
        }
        for text in event.wire_types.iter().chain([&event.source.captured, &event.title]) {
            assert!(seen.contains(text), "{}: {text}", event.name);
        }
        assert!(ids.contains("example:full"), "{}", event.name);
        assert!(ids.contains("example:event_type_envelope"), "{}", event.name);
    }
}

#[test]
fn decisions_about_no_event_are_on_the_pages_of_types_and_deliveries() {
    let (set, site) = real();
    let shown = seen(&site["types.html"]) + &seen(&site["deliveries.html"]);
    let decisions = set.model().common.iter().flat_map(|common| &common.decisions);
    let texts: Vec<_> = decisions.map(|decision| decision.chosen.replace('`', "")).collect();
    assert!(!texts.is_empty(), "common types have decisions");
    for text in texts {
        assert!(shown.contains(&text), "{text}");
    }
}

#[test]
fn the_page_of_the_signature_shows_tested_programs_as_they_are() {
    let (_, site) = real();
    let seen = seen(&site["signature.html"]);
    let read = |path: &str| {
        std::fs::read_to_string(workspace_root().join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let readme = read("spektr-verify/README.md");
    let (_, block) = readme.split_once("```rust\n").expect("the README has Rust");
    let (block, _) = block.split_once("```").expect("the block ends");
    let (node, python) = (read("examples/typescript/verify.ts"), read("examples/python/verify.py"));
    for program in [block, &node, &python] {
        assert!(program.contains("verify"), "{program}");
        assert!(seen.contains(program), "{program}");
    }
}

/// An event whose texts are all hostile.
#[test]
fn no_text_of_a_schema_or_an_example_is_markup() {
    const HOSTILE: &str = "</code><script>alert(1)</script><img src=x onerror='alert(2)'>";
    let json = serde_json::json!(HOSTILE);
    let keywords = format!(
        r#""x-decisions": [{{
            "id": "a-decision", "about": ["/properties/data"], "documented": {json},
            "chosen": {json}, "reason": {json}, "state": "accepted"
        }}]"#
    );
    let lamp = Event::new("lamp", "Lamp").keywords(&keywords).members(
        &format!(
            r#""data": {{
                "description": {json}, "type": "object", "title": "LampData",
                "properties": {{ "<b>&#": {{ "description": "A `<b>`.", "type": "string" }} }},
                "required": ["<b>&#"]
            }}"#
        ),
        r#""data""#,
    );
    let full = PING
        .1
        .replace("ping", "lamp")
        .replace('}', &format!(r#", "data": {{ "<b>&#": {json} }} }}"#));
    let files = Files::base().event(&lamp).edit(
        "events/lamp.schema.json",
        r#""About Lamp.""#,
        &json.to_string(),
    );
    let site = small(&files, &[PING, ("lamp", &full)]);
    let mut shown = 0;
    for (path, page) in pages(&site) {
        for markup in ["<script>", "<img src=x", "<b>"] {
            assert!(!page.contains(markup), "{path}: {markup}");
        }
        shown += seen(page).matches(HOSTILE).count();
    }
    // The event's text is on two pages; the others are the member's and three of the decision.
    assert!(shown >= 6, "shown {shown} times");
    let page = &site["events/lamp.html"];
    assert!(ids(page).contains("/data/=3Cb=3E=26=23"), "{:?}", ids(page));
    assert!(site["search-index.js"].contains("#/data/=3Cb=3E=26=23"));
}

#[test]
fn the_page_of_changes_says_what_the_comparison_says() {
    let lamp = |description: &str| {
        let member =
            format!(r#""on": {{ "description": "{description}", "type": ["boolean", "null"] }}"#);
        Files::base().event(&Event::new("lamp", "Lamp").members(&member, ""))
    };
    let old = parse(&Files::base());
    let new = parse(&lamp("Whether it is on."));
    let changes = diff(&old, &new);
    let since = Since { revision: "v0.1.0", changes: &changes };
    let full = PING.1.replace("ping", "lamp").replace('}', r#", "on": true }"#);
    let examples = texts(&[PING, ("lamp", &full)]);
    let page = site(&new, examples.clone(), Some(since))["changes.html"].clone();
    let seen = seen(&page);
    assert!(seen.contains("v0.1.0"), "{seen}");
    assert!(!changes.is_empty(), "an event was added");
    for change in &changes {
        assert!(seen.contains(&change.what), "{change}");
        assert!(ids(&page).contains(change.impact.as_str()), "{change}");
    }
    let without = site(&new, examples, None)["changes.html"].clone();
    assert!(without.contains("cargo xtask site --since"), "it says how to compare");
}

#[test]
fn the_page_of_changes_compares_the_captures_of_the_documentation() {
    let reading = |version: &str, day: &str, status: &str| {
        format!(
            r#"{{ "part": "row", "version": "{version}", "captured": "{day}", "place": 1,
                 "status": "{status}", "digest": "0123456789abcdef" }}"#
        )
    };
    let source = r#""captured": "2026-11-23" }"#;
    let (old, new) = (reading("v1", "2026-11-23", "wip"), reading("v2", "2026-12-01", "available"));
    let readings = format!(r#""captured": "2026-11-23", "readings": [{old}, {new}] }}"#);
    let lamp = format!(r#""captured": "2026-12-01", "readings": [{new}] }}"#);
    let files = Files::base()
        .event(&Event::new("lamp", "Lamp"))
        .edit(PING_FILE, source, &readings)
        .edit("events/lamp.schema.json", source, &lamp);
    let full = PING.1.replace("ping", "lamp");
    let site = small(&files, &[PING, ("lamp", &full)]);
    let page = &site["changes.html"];
    let rows: Vec<String> = page
        .split("<tr ")
        .skip(1)
        .map(|row| seen(row.split_once('>').expect("a tag ends").1))
        .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .map(|row| row.split(" Between revisions").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        rows,
        [
            "Event v1 2026-11-23 v2 2026-12-01",
            "LAMP changed not listed available",
            "PING changed in progress available",
        ]
    );
}
