//! Summarises the working tree's changes by kind, and their effect on users.

use std::fmt::Write;

use anyhow::Result;

use crate::{git, schema};

/// The name of a kind, and a test whether a path is of this kind.
type ChangeKind = (&'static str, fn(&str) -> bool);

/// The kinds of changed files, in the order of a review.
const KINDS: [ChangeKind; 6] = [
    ("schema", |path| path.starts_with("schema/") && !path.starts_with("schema/examples/")),
    ("examples", |path| path.starts_with("schema/examples/")),
    ("what users see", |path| path.ends_with(".snap") || path.starts_with("spektr-cli/tests/cmd/")),
    ("generated", |path| path.contains("/generated/") || path.starts_with("contracts/")),
    ("rendered pages", |path| path.starts_with("doc-reader/tests/pages/")),
    ("other", |_| true),
];

/// Returns the summary: the files that differ from the last commit, followed by the
/// verdict of `schema diff`.
pub(super) fn text() -> Result<String> {
    let status =
        git::run(&["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"])?;
    let mut text = by_kind(&status);
    text.push_str(&schema::report("HEAD")?.verdict());
    Ok(text)
}

fn by_kind(status: &str) -> String {
    let mut kinds: [Vec<&str>; KINDS.len()] = Default::default();
    let entries = status.split('\0').filter(|entry| entry.len() > 3);
    for entry in entries {
        let path = &entry[3..];
        let kind = KINDS.iter().position(|(_, is_kind)| is_kind(path));
        kinds[kind.unwrap_or(KINDS.len() - 1)].push(entry);
    }
    let mut text = String::new();
    for ((name, _), entries) in KINDS.iter().zip(kinds) {
        if entries.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{name}: {} changed", entries.len());
        for entry in entries {
            let word = match &entry[..2] {
                "??" | "A " | "AM" => "new",
                "D " | " D" => "gone",
                _ => "changed",
            };
            let _ = writeln!(text, "  {word:<8}{}", &entry[3..]);
        }
    }
    if text.is_empty() {
        text.push_str("nothing differs from the last commit\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_by_kind_in_the_order_of_a_review() {
        let status = " M spektr-types/src/generated/event.rs\0\
                      \x20M contracts/openapi.json\0\
                      ?? schema/events/lamp_lit.schema.json\0\
                      ?? schema/examples/lamp_lit/full.json\0\
                      D  tests/tests/snapshots/examples__lamp_out.snap\0\
                      \x20M spektr-cli/tests/cmd/events.md\0\
                      M  doc-reader/tests/pages/webhooks.md\0\
                      AM README.md\0";
        assert_eq!(
            by_kind(status),
            "schema: 1 changed\n  new     schema/events/lamp_lit.schema.json\n\
             examples: 1 changed\n  new     schema/examples/lamp_lit/full.json\n\
             what users see: 2 changed\n  gone    tests/tests/snapshots/examples__lamp_out.snap\n  \
             changed spektr-cli/tests/cmd/events.md\n\
             generated: 2 changed\n  changed spektr-types/src/generated/event.rs\n  \
             changed contracts/openapi.json\n\
             rendered pages: 1 changed\n  changed doc-reader/tests/pages/webhooks.md\n\
             other: 1 changed\n  new     README.md\n"
        );
        assert_eq!(by_kind(""), "nothing differs from the last commit\n");
    }
}
