//! Every link of the site leads to an existing place, and anchors do not depend on the order of the
//! schema.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use spektr_tests::fixtures::{Event, Files};
use support::{PING, Site, attribute, ids, pages, real, small};

/// Returns the target of an address on a page: a path and an anchor.
fn resolve(page: &str, href: &str) -> (String, String) {
    let (path, anchor) = href.split_once('#').unwrap_or((href, ""));
    if path.is_empty() {
        return (page.to_owned(), anchor.to_owned());
    }
    let mut folders: Vec<&str> = page.split('/').collect();
    folders.pop();
    for part in path.split('/') {
        if part == ".." {
            folders.pop().unwrap_or_else(|| panic!("{page}: {href} leads out of the site"));
        } else {
            folders.push(part);
        }
    }
    (folders.join("/"), anchor.to_owned())
}

fn assert_leads_somewhere(site: &Site, page: &str, href: &str) {
    let (path, anchor) = resolve(page, href);
    let target = site.get(&path).unwrap_or_else(|| panic!("{page}: {href}: there is no {path}"));
    assert!(anchor.is_empty() || ids(target).contains(&anchor), "{page}: {href}: no such anchor");
}

#[test]
fn every_link_leads_to_a_page_and_an_anchor_of_the_site() {
    let (set, site) = real();
    let mut count = 0;
    for (path, page) in pages(&site) {
        for name in ["href", "src"] {
            for address in attribute(page, name) {
                assert_leads_somewhere(&site, path, &address);
                count += 1;
            }
        }
    }
    assert!(count > 20 * set.model().events.len(), "only {count} links were found");
}

#[test]
fn every_result_of_a_search_leads_to_a_page_and_an_anchor_of_the_site() {
    let (set, site) = real();
    let found = results(&site);
    assert!(found.len() > 5 * set.model().events.len(), "only {} results", found.len());
    for [_, _, _, href] in found {
        assert_leads_somewhere(&site, "index.html", &href);
    }
}

/// Returns the entries of the search index: text, kind, context and address.
fn results(site: &Site) -> Vec<[String; 4]> {
    let script = &site["search-index.js"];
    let list = script.strip_prefix("globalThis.searchIndex = ").expect("a list of results");
    let list: Vec<Value> =
        serde_json::from_str(list.trim_end().trim_end_matches(';')).expect("JSON");
    list.iter()
        .map(|entry| [0, 1, 2, 3].map(|at| entry[at].as_str().expect("a text").to_owned()))
        .collect()
}

#[test]
fn a_search_finds_every_event_wire_type_member_and_type() {
    let (set, site) = real();
    let model = set.model();
    let found: BTreeSet<_> =
        results(&site).into_iter().map(|[text, kind, about, _]| [text, kind, about]).collect();
    let has = |text: &str, kind: &str, about: &str| {
        assert!(
            found.contains(&[text, kind, about].map(str::to_owned)),
            "{kind} {text} of {about}"
        );
    };
    for event in &model.events {
        has(&event.name, "event", &event.description);
        for wire_type in event.wire_types.iter() {
            has(wire_type, "wire type", &event.name);
        }
        for member in &event.members {
            has(&member.name, "member", &event.name);
        }
    }
    for def in model.types.values().filter(|def| def.is_shared()) {
        has(&def.name, "type", &def.description);
    }
}

#[test]
fn no_page_has_an_anchor_twice() {
    let (_, site) = real();
    for (path, page) in pages(&site) {
        let all = attribute(page, "id");
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), distinct.len(), "{path}: {all:?}");
    }
}

/// Returns the site of an event whose members and values are in one order or the reverse.
fn lamp(is_reversed: bool) -> Site {
    let mut members = [
        r#""color": { "description": "Its color.", "type": ["string", "null"] }"#,
        r#""parts": {
            "description": "Its parts.", "type": ["array", "null"],
            "items": {
                "type": "object", "title": "LampPart", "description": "A part.",
                "properties": { "name": { "description": "Its name.", "type": "string" } },
                "required": ["name"]
            }
        }"#,
    ];
    if is_reversed {
        members.reverse();
    }
    let lamp = Event::new("lamp", "Lamp").members(&members.join(","), "");
    let full = PING
        .1
        .replace("ping", "lamp")
        .replace('}', r#", "color": "red", "parts": [{ "name": "bulb" }] }"#);
    small(&Files::base().event(&lamp), &[PING, ("lamp", &full)])
}

#[test]
fn anchors_of_members_are_their_places_in_an_entry_in_any_order() {
    let anchors = |site: &Site| -> BTreeSet<String> {
        ids(&site["events/lamp.html"]).into_iter().filter(|id| id.starts_with('/')).collect()
    };
    let expected = ["/color", "/parts", "/parts/*/name"].map(str::to_owned);
    assert_eq!(anchors(&lamp(false)), expected.clone().into());
    assert_eq!(anchors(&lamp(true)), expected.into());
}
