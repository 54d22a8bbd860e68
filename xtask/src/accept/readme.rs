//! Updates the schema file that `schema/README.md` quotes in full.

use std::fs;

use anyhow::{Context, Result};

use crate::workspace;

/// The start of the line before the block; the path of the file below `schema/` follows.
const START: &str = "<!-- the whole of ";

/// Copies the file's current text into the README; tells whether the README changed.
pub(super) fn update() -> Result<bool> {
    let path = workspace::root().join("schema/README.md");
    let text = fs::read_to_string(&path).context("cannot read schema/README.md")?;
    let new = with_files(&text, |name| {
        let path = workspace::root().join("schema").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read schema/{name}"))
    })?;
    if new == text {
        return Ok(false);
    }
    fs::write(&path, new).context("cannot write schema/README.md")?;
    Ok(true)
}

/// Returns the text with the block after each marker replaced by its file.
fn with_files(text: &str, read: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut parts = text.split(START);
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n```json\n").context(
            "schema/README.md: a ```json block must follow the line `<!-- the whole of FILE -->`",
        )?;
        let (_, after) = rest
            .split_once("\n```\n")
            .context("schema/README.md: the block of the quoted file has no end")?;
        new.push_str(&format!(
            "{START}{name} -->\n```json\n{}\n```\n{after}",
            read(name)?.trim_end()
        ));
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_after_the_marker_is_the_file() {
        let read = |name: &str| Ok(format!("{{ \"file\": \"{name}\" }}\n"));
        let text = "Before.\n<!-- the whole of a.json -->\n```json\nold\n```\nAfter.\n";
        let new = "Before.\n<!-- the whole of a.json -->\n```json\n{ \"file\": \"a.json\" }\n```\nAfter.\n";
        assert_eq!(with_files(text, read).expect("in order"), new);
        assert_eq!(with_files(new, read).expect("in order"), new);
        for (broken, said) in [
            (
                "<!-- the whole of a.json -->\nold",
                "schema/README.md: a ```json block must follow the line `<!-- the whole of FILE -->`",
            ),
            (
                "<!-- the whole of a.json -->\n```json\nold",
                "schema/README.md: the block of the quoted file has no end",
            ),
        ] {
            let error = with_files(broken, read).expect_err(broken);
            assert_eq!(error.to_string(), said, "{broken}");
        }
    }

    #[test]
    fn the_readme_shows_a_whole_file_as_it_is() {
        let root = workspace::root().join("schema");
        let text = fs::read_to_string(root.join("README.md")).expect("the README is there");
        assert_eq!(text.matches(START).count(), 1, "one file is shown");
        let read = |name: &str| Ok(fs::read_to_string(root.join(name))?);
        let new = with_files(&text, read).expect("in order");
        assert!(new == text, "schema/README.md shows an old file: run `cargo xtask accept`");
    }
}
