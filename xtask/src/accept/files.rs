//! `docs/FILES.md`: every source file with the first paragraph of its documentation.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// The folders of the crates, in the order of the list.
const CRATES: [&str; 11] = [
    "spektr-types",
    "spektr-verify",
    "spektr-axum",
    "spektr-inbox",
    "spektr-cli",
    "spektr-json",
    "codegen",
    "doc-reader",
    "site",
    "tests",
    "xtask",
];

const FILE: &str = "docs/FILES.md";

const HEAD: &str = "\
# The source files

`cargo xtask accept` writes this list. It has the first paragraph of each file's documentation, without generated files
and tests. [ARCHITECTURE.md](../ARCHITECTURE.md) says which file to open first.
";

/// Writes the list; tells whether it has changed.
pub(super) fn update() -> Result<bool> {
    let path = workspace::root().join(FILE);
    let new = list(workspace::root())?;
    if fs::read_to_string(&path).is_ok_and(|text| text == new) {
        return Ok(false);
    }
    fs::write(&path, new).with_context(|| format!("cannot write {FILE}"))?;
    Ok(true)
}

fn list(root: &Path) -> Result<String> {
    let mut text = HEAD.to_owned();
    for name in CRATES {
        _ = write!(text, "\n## {name}\n\n");
        let source = root.join(name).join("src");
        let mut paths = workspace::files_below(&source)?;
        // A module comes before the files in its folder.
        paths.sort_by_key(|path| path.with_extension(""));
        for path in paths {
            let shown = path.strip_prefix(&source)?;
            if !is_listed(shown) {
                continue;
            }
            let content = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let purpose = first_paragraph(&content);
            ensure!(!purpose.is_empty(), "{} begins with no `//!`", path.display());
            let (shown, path) = (shown.display(), path.strip_prefix(root)?.display());
            _ = writeln!(text, "- [`{shown}`](../{path}): {purpose}");
        }
    }
    Ok(text)
}

/// Tells whether a path below a folder of sources is a source that people write, and no test.
fn is_listed(path: &Path) -> bool {
    let is_left_out = |part: &OsStr| part == "generated" || part == "tests" || part == "tests.rs";
    path.extension().is_some_and(|end| end == "rs") && !path.iter().any(is_left_out)
}

/// Returns the first paragraph of a file's documentation as one line, without links.
fn first_paragraph(content: &str) -> String {
    let lines = content.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join(" ").replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_paragraph_ends_at_an_empty_line_or_with_the_documentation() {
        let text = "//! Reads [`Keys`]\n//! and no more.\n//!\n//! More.\n\nuse a;\n";
        assert_eq!(first_paragraph(text), "Reads `Keys` and no more.");
        assert_eq!(first_paragraph("//! One line.\nuse a;\n"), "One line.");
        assert_eq!(first_paragraph("use a;\n"), "");
    }

    #[test]
    fn the_list_has_every_file_as_it_is() {
        let text = fs::read_to_string(workspace::root().join(FILE)).expect("the list is there");
        let new = list(workspace::root()).expect("files that can be read");
        assert!(text == new, "{FILE} is old: run `cargo xtask accept`");
        assert!(new.lines().count() > 200, "{new}");
    }
}
