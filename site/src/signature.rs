//! Renders the page of the signature: headers, signed bytes, and verification in three languages,
//! with code from files that have their own tests.

use askama::Template;
use spektr_codegen::facts::{self, Header};

use crate::page::Page;
use crate::text::Text;

/// A program that verifies a delivery.
pub(crate) struct Snippet {
    pub(crate) anchor: &'static str,
    pub(crate) title: &'static str,
    /// The file that contains the program, relative to the workspace's root.
    pub(crate) file: &'static str,
    pub(crate) code: &'static str,
}

#[derive(Template)]
#[template(path = "signature.html", whitespace = "minimize")]
pub(crate) struct SignaturePage<'p> {
    page: Page<'p>,
    signing: Text<'static>,
    headers: &'static [Header],
    snippets: [Snippet; 3],
}

pub(crate) fn page(page: Page<'_>) -> SignaturePage<'_> {
    let readme = include_str!("../../spektr-verify/README.md");
    let snippets = [
        Snippet {
            anchor: "rust",
            title: "Rust",
            file: "spektr-verify/README.md",
            code: first_block(readme, "rust"),
        },
        Snippet {
            anchor: "node",
            title: "Node",
            file: "examples/typescript/verify.ts",
            code: include_str!("../../examples/typescript/verify.ts"),
        },
        Snippet {
            anchor: "python",
            title: "Python",
            file: "examples/python/verify.py",
            code: include_str!("../../examples/python/verify.py"),
        },
    ];
    SignaturePage { page, signing: Text(facts::SIGNING), headers: &facts::HEADERS, snippets }
}

/// Returns the first code block in a language from a Markdown text.
fn first_block<'t>(markdown: &'t str, language: &str) -> &'t str {
    let (_, rest) = markdown.split_once(&format!("```{language}\n")).unwrap_or_default();
    rest.split_once("```").unwrap_or_default().0
}
