//! `docs/FILES.md`: every source file with the first paragraph of its documentation.

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
        let folder = Path::new(name).join("src");
        add(&mut text, root, &folder, &folder)?;
    }
    Ok(text)
}

/// Adds the files of a folder, and then those of the folders in it.
fn add(text: &mut String, root: &Path, source: &Path, folder: &Path) -> Result<()> {
    let entries = fs::read_dir(root.join(folder)).context("cannot read a folder of sources")?;
    let mut names =
        entries.map(|entry| Ok(folder.join(entry?.file_name()))).collect::<Result<Vec<_>>>()?;
    names.sort_by_key(|path| (root.join(path).is_dir(), path.clone()));
    for path in names {
        let name = path.file_stem().unwrap_or_default();
        if root.join(&path).is_dir() {
            if name != "generated" && name != "tests" {
                add(text, root, source, &path)?;
            }
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests" {
            let content = fs::read_to_string(root.join(&path))
                .with_context(|| format!("cannot read {}", path.display()))?;
            let purpose = first_paragraph(&content);
            ensure!(!purpose.is_empty(), "{} begins with no `//!`", path.display());
            let shown = path.strip_prefix(source)?.display();
            _ = writeln!(text, "- [`{shown}`](../{}): {purpose}", path.display());
        }
    }
    Ok(())
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
