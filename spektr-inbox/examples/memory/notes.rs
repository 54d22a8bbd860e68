//! The notes, by name.

use spektr_inbox::store::{Notes, StoreFuture};

use super::MemoryStore;

impl Notes for MemoryStore {
    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>> {
        Box::pin(async move { Ok(self.data()?.notes.clone().into_iter().collect()) })
    }

    fn note(&self, name: String) -> StoreFuture<'_, Option<String>> {
        Box::pin(async move { Ok(self.data()?.notes.get(&name).cloned()) })
    }

    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.data()?.notes.insert(name, text);
            Ok(())
        })
    }
}
