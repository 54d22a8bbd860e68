//! Writes the documentation of structs and fields: the schema's descriptions, and the source of a
//! fact.

use quote::quote;
use syn::{Attribute, parse_quote};

use crate::model::Member;
use crate::passes::{StructDraft, StructTarget};

pub(super) fn run(made: &mut StructDraft<'_>, target: &StructTarget<'_>) {
    replace(&mut made.item.attrs, &target.docs);
    for (field, member) in &mut made.fields {
        replace(&mut field.attrs, &member_docs(member));
    }
}

/// Replaces typify's documentation by a text.
fn replace(attributes: &mut Vec<Attribute>, text: &str) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    attributes.splice(0..0, lines(text));
}

/// Returns one `doc` attribute for each line, as `///` comments would be.
fn lines(text: &str) -> Vec<Attribute> {
    text.lines()
        .flat_map(wrap)
        .map(|line| {
            let line = if line.is_empty() { String::new() } else { format!(" {line}") };
            parse_quote!(#[doc = #line])
        })
        .collect()
}

/// Wraps a line between words, and indents the continuation lines of a list item.
pub(crate) fn wrap(line: &str) -> Vec<String> {
    const WIDTH: usize = 88;
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in line.split(' ') {
        if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut current, format!("{indent}{word}")));
            continue;
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    lines.push(current);
    lines
}

/// Returns a text as documentation tokens, for items made with `quote!`.
pub(crate) fn tokens(text: &str) -> proc_macro2::TokenStream {
    let lines = lines(text);
    quote!(#(#lines)*)
}

/// Escapes characters that rustdoc would read as links and tags.
pub(crate) fn escape(text: &str) -> String {
    text.replace('[', "\\[").replace(']', "\\]").replace('<', "\\<").replace('>', "\\>")
}

fn member_docs(member: &Member) -> String {
    let mut text = escape(&member.description);
    if !member.required {
        text.push_str("\n\nMay be absent or null.");
    }
    if member.sensitive {
        text.push_str("\n\nSensitive: `Debug` does not show it.");
    }
    if let Some(source) = &member.source {
        text.push_str(&format!("\n\nDocumented {}.", escape(&source.cited())));
    }
    text
}
