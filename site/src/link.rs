//! Addresses on the site: paths of pages, and anchors in them.

use std::fmt::Write;

use spektr_codegen::model::{Event, Model, TypeDef, TypeKind};

/// A link with its text.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) text: String,
    /// An address relative to the root of the site, or within the page if it begins with `#`; empty
    /// for a text without a link.
    pub(crate) href: String,
}

/// Returns the path of an event's page.
pub(crate) fn event(event: &Event) -> String {
    format!("events/{}.html", event.module)
}

/// Returns the address of a type if the page of types describes it. Objects of one event are shown
/// with the event's members instead.
pub(crate) fn type_named(model: &Model, name: &str) -> Option<String> {
    let def = model.types.get(name)?;
    has_place(def).then(|| format!("types.html#{}", anchor(name)))
}

/// Tells whether the page of types describes a type.
pub(crate) fn has_place(def: &TypeDef) -> bool {
    def.is_shared() || !matches!(def.kind, TypeKind::Object(_))
}

/// Returns a text as an anchor that needs no escaping in an `id` or a URL: characters other than
/// those of names, pointers and `*` become `=` and two hexadecimal digits for each byte.
pub(crate) fn anchor(text: &str) -> String {
    let mut anchor = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/_-.*~:".contains(&byte) {
            anchor.push(char::from(byte));
        } else {
            let _ = write!(anchor, "={byte:02X}");
        }
    }
    anchor
}
