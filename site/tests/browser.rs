//! Tests the pages in Chromium: search, copying, keyboard, colours, phone, print, accessibility.
//! `tests/browser/site.test.js` has the tests; this program writes the site, and passes facts about
//! it.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use spektr_codegen::model::{Event, Model, TypeKind};
use spektr_tests::corpus::workspace_root;
use support::{Site, pages, real};

/// Returns the name and the address of a member of an event's payload.
fn member(model: &Model, event: &Event) -> Option<(String, String)> {
    let payload = event.members.iter().find(|member| member.name == "data")?;
    let TypeKind::Object(members) = model.kind(&payload.ty)? else { return None };
    let name = &members.first()?.name;
    Some((name.clone(), format!("events/{}.html#/data/{name}", event.module)))
}

/// Writes the files of a site.
fn write(site: &Site) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in site {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("can create");
        fs::write(path, text).expect("can write");
    }
    folder
}

/// Runs a script of `tests/browser` and checks that it succeeds.
fn node(script: &str, arguments: &[&Path], facts: &str) {
    let output = Command::new("node")
        .arg(workspace_root().join("tests/browser").join(script))
        .args(arguments)
        .env("FACTS", facts)
        .output()
        .expect("node is installed: run `cargo xtask setup`");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_pages_work_in_a_browser() {
    let (set, site) = real();
    let model = set.model();
    let folder = write(&site);
    // The longest event page contains every element that an event page can have.
    let longest = pages(&site).filter(|(path, _)| path.starts_with("events/"));
    let (longest, _) = longest.max_by_key(|(_, text)| text.len()).expect("there are events");
    let found = model.events.iter().find_map(|event| Some((event, member(model, event)?)));
    let (event, (name, href)) = found.expect("an event has a typed payload");
    let facts = json!({
        "folder": folder.path(),
        "pages": pages(&site).map(|(path, _)| path).collect::<Vec<_>>(),
        "longest": longest,
        "member": { "name": name, "event": event.name, "href": href },
        "wireType": event.wire_types.canonical,
    });
    node("site.test.js", &[], &facts.to_string());
}

#[test]
fn a_page_is_drawn_into_a_small_picture() {
    let (_, site) = real();
    let folder = write(&site);
    let picture = folder.path().join("page.png");
    node("picture.js", &[&folder.path().join("index.html"), &picture], "");
    let committed = workspace_root().join("docs/reference.png");
    for path in [picture, committed] {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(bytes.starts_with(b"\x89PNG"), "{}", path.display());
        assert!(bytes.len() < 200_000, "{}: {} bytes", path.display(), bytes.len());
    }
}
