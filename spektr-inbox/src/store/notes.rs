//! The notes of a store: short named texts.

use super::StoreFuture;

/// Keeps short texts by name.
pub trait Notes: Send + Sync + 'static {
    /// Returns all notes, as pairs of name and text.
    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>>;

    /// Returns a note, such as the watermark of a reconciliation.
    fn note(&self, name: String) -> StoreFuture<'_, Option<String>>;

    /// Sets a note, replacing the earlier text.
    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()>;
}
